"""Compiled entries: who may enter a journey, on what, and when again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from orchestrator.engine.condition import Condition


class Reentry(StrEnum):
    """When a customer may enter a journey again."""

    NEVER = "never"
    AFTER_EXIT = "after_exit"
    AFTER_TIME = "after_time"


@dataclass(frozen=True, slots=True)
class Entry:
    """Who enters: on one of ``events``, if ``condition`` holds, one at a time for each value of ``key``."""

    events: frozenset[str]
    condition: Condition | None
    key: Condition | None
    reentry: Reentry
    reentry_ms: int
