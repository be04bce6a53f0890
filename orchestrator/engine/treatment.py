"""Actions in their channels, compiled."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from orchestrator.engine.condition import Condition
    from orchestrator.engine.content import Content

CONSENT_FREE: Final = frozenset({"service", "transactional"})
"""Purposes that need no consent: they serve what the customer asked for."""


class Consent(StrEnum):
    """What a channel needs before a marketing message: a yes, the absence of a no, or nothing."""

    OPT_IN = "opt_in"
    OPT_OUT = "opt_out"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to reach a customer. ``address`` is a path of traits, tried in order; ``id`` is the customer id."""

    name: str
    address: tuple[str, ...]
    consent: Consent


@dataclass(frozen=True, slots=True)
class Treatment:
    """An action in its channel: what is published. ``name``, ``goal``, ``group`` and ``kind`` are the action's.

    ``expires_ms`` counts from the time it is due; ``priority`` is larger for what matters more. ``cost`` is a
    number, or an expression that gives one; ``costs_itself``: it is that of this channel, not of the action on all of
    them. ``queue`` is that of the channel whose places it needs, if there is one.
    """

    name: str
    channel: Channel
    purpose: str
    priority: int
    expires_ms: int
    content: Content
    goal: str | None = None
    group: str | None = None
    kind: str | None = None
    cost: float | Condition = 0.0
    queue: str = ""
    costs_itself: bool = False
