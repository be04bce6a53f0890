"""Compiled definitions: what the engine runs. ``orchestrator.journeys`` makes them from YAML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from orchestrator.engine.audience import Audience
from orchestrator.engine.condition import Condition
from orchestrator.engine.entry import Entry
from orchestrator.engine.policy import DEFAULT_POLICY, Policy


class Consent(StrEnum):
    """What a channel needs before a marketing message: a yes, the absence of a no, or nothing."""

    OPT_IN = "opt_in"
    OPT_OUT = "opt_out"
    NONE = "none"


class Content(Protocol):
    """The compiled content of an action."""

    def render(self, event: Any, customer: Any, journey: Any) -> dict[str, Any]:
        """The content for one customer, right for its channel. Raises ``errors.ContentError``."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to reach a customer. ``address`` is a path of traits, tried in order; ``id`` is the customer id."""

    name: str
    address: tuple[str, ...]
    consent: Consent


@dataclass(frozen=True, slots=True)
class Treatment:
    """An action in its channel: what an ``act`` step publishes.

    ``expires_ms`` counts from the time it is due; ``priority`` is larger for what matters more.
    """

    name: str
    channel: Channel
    purpose: str
    priority: int
    expires_ms: int
    content: Content


@dataclass(frozen=True, slots=True)
class Wait:
    """Goes on to ``next`` after ``duration_ms``."""

    id: str
    next: str | None
    duration_ms: int


@dataclass(frozen=True, slots=True)
class WaitForAbsence:
    """Goes on to ``next`` when the customer has not been seen for ``duration_ms``."""

    id: str
    next: str | None
    duration_ms: int


@dataclass(frozen=True, slots=True)
class WaitForEvent:
    """Goes on to ``next`` when one of ``events`` comes, to ``timed_out`` after ``timeout_ms``."""

    id: str
    next: str | None
    timed_out: str | None
    events: frozenset[str]
    condition: Condition | None
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class Branch:
    """Goes the way of the first arm whose condition holds; None is "else"; no arm goes to ``next``."""

    id: str
    next: str | None
    arms: tuple[tuple[Condition | None, str | None], ...]


@dataclass(frozen=True, slots=True)
class Act:
    """Offers ``treatment`` after ``delay_ms``, if ``condition`` still holds then; goes on at once."""

    id: str
    next: str | None
    treatment: Treatment
    delay_ms: int
    condition: Condition | None


@dataclass(frozen=True, slots=True)
class Quiet:
    """Holds what has ``purpose`` for ``duration_ms``."""

    id: str
    next: str | None
    purpose: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class End:
    """The journey ends here."""

    id: str
    next: None = None


Step = Wait | WaitForAbsence | WaitForEvent | Branch | Act | Quiet | End


@dataclass(frozen=True, slots=True)
class Exit:
    """What ends the journey at once and withdraws what it published."""

    events: frozenset[str]
    condition: Condition | None


@dataclass(frozen=True, slots=True)
class Journey:
    """One version of a journey. ``first`` is the step where a customer begins; None means it has none."""

    name: str
    version: str
    purpose: str
    priority: int
    entry: Entry
    exits: tuple[Exit, ...]
    steps: Mapping[str, Step]
    first: str | None
    hears: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """A customer in the journey is only looked at for events that the journey ``hears``."""
        names = {name for exit_ in self.exits for name in exit_.events}
        for step in self.steps.values():
            if isinstance(step, WaitForEvent):
                names |= step.events
        object.__setattr__(self, "hears", frozenset(names))


@dataclass(frozen=True, slots=True)
class Env:
    """All that a step needs to know beside the customer, under one version.

    ``pinned`` has every (journey, version) that a customer may stand in; ``entries`` has, by event
    name, the current journeys that begin with it, those of highest priority first. "*" is any event.
    ``heard`` are the events that any of them hears. ``adaption`` is the version of what matters to
    customers who exist already: see ``engine.adapt``.
    """

    version: str
    pinned: Mapping[tuple[str, str], Journey]
    entries: Mapping[str, tuple[Journey, ...]]
    dedupe_count: int
    dedupe_window_ms: int
    late_after_ms: int
    policy: Policy = DEFAULT_POLICY
    adaption: str = ""
    audience: Audience = field(default_factory=Audience)
    heard: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """What nobody hears need not be kept for anybody."""
        object.__setattr__(self, "heard", frozenset().union(*(journey.hears for journey in self.pinned.values())))
