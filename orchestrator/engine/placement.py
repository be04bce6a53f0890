"""Places where one of many actions may stand, such as the top of a page; what may stand there, and when it is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from orchestrator.engine.action import Action
from orchestrator.engine.condition import Condition
from orchestrator.engine.treatment import Treatment


class Candidate(NamedTuple):
    """An action on one channel, as it may be chosen."""

    action: Action
    treatment: Treatment


@dataclass(frozen=True, slots=True)
class Placement:
    """``places`` next best actions on one channel, at most ``per_group`` of one group.

    They are decided anew at ``events``, if ``condition`` holds, and whenever somebody asks.
    """

    name: str
    channel: str
    candidates: tuple[Candidate, ...]
    places: int = 1
    per_group: int | None = None
    events: frozenset[str] = frozenset()
    condition: Condition | None = None
