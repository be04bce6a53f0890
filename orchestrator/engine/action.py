"""Actions, compiled: what could be said to a customer, to whom, when, and what it is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from orchestrator.engine.condition import Condition
from orchestrator.engine.treatment import Treatment

if TYPE_CHECKING:
    from orchestrator.engine.blocks import Block


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
class Link:
    """One channel of a chain: the next one follows ``within_ms`` after it, if it was not opened, or ``clicked``."""

    channel: str
    clicked: bool
    within_ms: int


@dataclass(frozen=True, slots=True)
class Action:
    """What could be said, and on which channels: the same in any journey, or without one.

    ``propensity``, ``value`` and ``cost`` are numbers, or expressions that give one; ``lever`` is a factor.
    ``blocks`` are the parts of it that others may write.
    ``starts`` and ``ends`` are moments, or what the clock shows in the project's time zone.
    ``chain`` are channels one after the other; an action that is ``together`` goes out on all of its channels, one
    without either on the best one. ``send_within_ms`` is how long it may wait for the customer's best hour; 0 sends it
    at once, None leaves that to the policy. ``routed``: there is a channel to choose.
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
    chain: tuple[Link, ...] = ()
    together: bool = False
    send_within_ms: int | None = None
    blocks: Mapping[str, Block] = field(default_factory=dict)
    routed: bool = field(init=False)
    rules: tuple[tuple[str, Rule], ...] = field(init=False)
    asks_nothing: bool = field(init=False)

    def __post_init__(self) -> None:
        """Most actions have one treatment, ask nothing and are always worth it: that must be cheap to know.

        ``rules`` are all of them in the order in which they are asked.
        """
        kinds = {
            "eligibility": self.eligibility,
            "applicability": self.applicability,
            "suitability": self.suitability,
        }
        rules = tuple((kind, rule) for kind, found in kinds.items() for rule in found)
        always = self.starts is None and self.ends is None and not rules
        object.__setattr__(self, "routed", len(self.treatments) > 1 or bool(self.chain))
        object.__setattr__(self, "rules", rules)
        object.__setattr__(self, "asks_nothing", always and all(map(self._is_worth, self.treatments)))

    @property
    def treatment(self) -> Treatment:
        """The first of them: what is said unless there is a reason to say another."""
        return self.treatments[0]

    def on(self, channel: str) -> Treatment:
        """What is said on a channel; on one that it has no treatment for, the first of them."""
        return next((each for each in self.treatments if each.channel.name == channel), self.treatments[0])

    def _is_worth(self, treatment: Treatment) -> bool:
        value, cost = self.value, treatment.cost
        return isinstance(value, float) and isinstance(cost, float) and cost <= value
