"""Actions, compiled: what could be said to a customer, to whom, when, and what it is worth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from orchestrator.engine.condition import Condition
from orchestrator.engine.treatment import Treatment


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition that must hold, by the name that decisions have of it."""

    name: str
    condition: Condition


@dataclass(frozen=True, slots=True)
class Weight:
    """What an action's priority is multiplied with where ``condition`` holds."""

    name: str
    condition: Condition
    factor: float


@dataclass(frozen=True, slots=True)
class Action:
    """What could be said, and on which channels: the same in any journey, or without one.

    ``propensity``, ``value`` and ``cost`` are numbers, or expressions that give one; ``lever`` is a factor.
    ``starts`` and ``ends`` are moments, or what the clock shows in the project's time zone.
    """

    name: str
    treatments: tuple[Treatment, ...]
    purpose: str
    priority: int
    expires_ms: int
    goal: str | None = None
    group: str | None = None
    kind: str | None = None
    propensity: float | Condition | None = None
    value: float | Condition = 1.0
    cost: float | Condition = 0.0
    lever: float = 1.0
    weights: tuple[Weight, ...] = ()
    starts: datetime | None = None
    ends: datetime | None = None
    eligibility: tuple[Rule, ...] = ()
    applicability: tuple[Rule, ...] = ()
    suitability: tuple[Rule, ...] = ()

    @property
    def treatment(self) -> Treatment:
        """The first of them: what is said unless there is a reason to say another."""
        return self.treatments[0]
