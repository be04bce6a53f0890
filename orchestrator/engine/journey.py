"""Compiled definitions: what the engine runs. ``orchestrator.journeys`` makes them from YAML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from orchestrator.engine.audience import Audience
from orchestrator.engine.condition import Condition
from orchestrator.engine.contact_policy import Pause
from orchestrator.engine.entry import Entry
from orchestrator.engine.occasions import NO_OCCASIONS, Occasions
from orchestrator.engine.policy import DEFAULT_POLICY, Attribution, Policy
from orchestrator.engine.steps import Act, Split, Step, WaitForEvent, WaitForOpened
from orchestrator.events.engagement import OPENED

if TYPE_CHECKING:
    from orchestrator.engine.action import Action
    from orchestrator.engine.partners import Partner
    from orchestrator.engine.placement import Placement
    from orchestrator.engine.window import Capacity

ANY: Final = "*"
"""Stands for any event."""


@dataclass(frozen=True, slots=True)
class Exit:
    """What ends the journey at once and withdraws what it published."""

    events: frozenset[str]
    condition: Condition | None


@dataclass(frozen=True, slots=True)
class Goal:
    """What a journey is for. It counts for ``within_ms`` after entry; None is as long as the stay is in the record."""

    name: str
    events: frozenset[str]
    condition: Condition | None
    within_ms: int | None
    value: Condition | None


@dataclass(frozen=True, slots=True)
class Journey:
    """One version of a journey. ``first`` is the step where a customer begins; None means it has none.

    ``holdout`` is the percentage of customers who do not enter, ``watch_ms`` how long after entry a goal
    may be reached even if the last step is done. ``experiments`` are the names of those that it splits by.
    ``migrate`` asks those who stand in another version to come here: from the step to the step that it says, or else
    to the one of the same id; None as a step ends the stay.
    """

    name: str
    version: str
    purpose: str
    priority: int
    entry: Entry
    exits: tuple[Exit, ...]
    steps: Mapping[str, Step]
    first: str | None
    goals: tuple[Goal, ...] = ()
    holdout: float = 0.0
    migrate: Mapping[str, str | None] | None = None
    hears: frozenset[str] = field(init=False)
    watch_ms: int = field(init=False)
    experiments: frozenset[str] = field(init=False)
    times_sends: bool = field(init=False)

    def __post_init__(self) -> None:
        """A customer in the journey is only looked at for events that the journey ``hears``."""
        names = {name for exit_ in self.exits for name in exit_.events}
        names |= {name for goal in self.goals for name in goal.events}
        for step in self.steps.values():
            if isinstance(step, WaitForEvent):
                names |= step.events
            elif isinstance(step, WaitForOpened):
                names |= OPENED
        object.__setattr__(self, "hears", frozenset(names))
        acts = [step for step in self.steps.values() if isinstance(step, Act)]
        timed = any(step.send_within_ms or step.action.send_within_ms for step in acts)
        object.__setattr__(self, "times_sends", timed)
        object.__setattr__(self, "watch_ms", max((goal.within_ms or 0 for goal in self.goals), default=0))
        splits = frozenset(step.experiment for step in self.steps.values() if isinstance(step, Split))
        object.__setattr__(self, "experiments", splits)


@dataclass(frozen=True, slots=True)
class Env:
    """All that a step needs to know beside the customer, under one version.

    ``pinned`` has every (journey, version) that a customer may stand in; ``entries`` has, by event
    name, the current journeys that begin with it, those of highest priority first. "*" is any event.
    ``actions`` are all actions by name, as they stand without a journey; ``capacities`` are the channels and queues
    that take only so many or close, by name.
    ``placements`` are where actions stand without a journey, ``standing`` those that are decided at an event, by event.
    ``occasions`` has those that begin otherwise, ``current`` all current journeys by name, ``heard``
    are the events that any journey hears.
    ``attribution`` says what outcomes are put down to; None if none are, ``credited`` are the events that may be.
    ``adaption`` is the version of what matters to customers who exist already: see ``engine.adapt``.
    ``partners`` are those who may ask that customers enter journeys, by name.
    Nobody enters a journey that is ``closed``; of these, the ``paused`` stand still, and of the
    ``ended`` all stays end. ``ends_unmapped``: so do those that a journey asks to come to its version
    and has no step for; else they go on in the version where they are. ``channels`` are the names of all.
    ``tells_all``: traces have every candidate, for whoever explains; it changes nothing that is decided.
    ``pauses`` are what is said to nobody now, in whatever journey.
    """

    version: str
    pinned: Mapping[tuple[str, str], Journey]
    entries: Mapping[str, tuple[Journey, ...]]
    dedupe_count: int
    dedupe_window_ms: int
    late_after_ms: int
    policy: Policy = DEFAULT_POLICY
    attribution: Attribution | None = None
    adaption: str = ""
    partners: Mapping[str, Partner] = field(default_factory=dict)
    audience: Audience = field(default_factory=Audience)
    current: Mapping[str, Journey] = field(default_factory=dict)
    actions: Mapping[str, Action] = field(default_factory=dict)
    placements: Mapping[str, Placement] = field(default_factory=dict)
    capacities: Mapping[str, Capacity] = field(default_factory=dict)
    occasions: Occasions = NO_OCCASIONS
    closed: frozenset[str] = frozenset()
    paused: frozenset[str] = frozenset()
    ended: frozenset[str] = frozenset()
    pauses: tuple[Pause, ...] = ()
    ends_unmapped: bool = False
    channels: frozenset[str] = frozenset()
    tells_all: bool = False
    heard: frozenset[str] = field(init=False)
    credited: frozenset[str] = field(init=False)
    standing: Mapping[str, tuple[Placement, ...]] = field(init=False)
    derives: bool = field(init=False)
    browsed: frozenset[str] = field(init=False)
    attends: bool = field(init=False)
    times_sends: bool = field(init=False)
    remembers: bool = field(init=False)

    def __post_init__(self) -> None:
        """What nobody hears need not be kept for anybody; ``derives``: events count for traits, segments or times.

        ``browsed`` are the events that recommendations go by.
        ``remembers``: something is decided by what was said before.
        ``times_sends``: it matters in which hours customers read; ``attends``: that, or where they are.
        """
        object.__setattr__(self, "standing", _standing(self.placements))
        recommending = self.policy.recommending
        object.__setattr__(self, "browsed", recommending.events if recommending is not None else frozenset())
        object.__setattr__(self, "derives", bool(self.audience.version or self.occasions.version))
        policy = self.policy.channel
        timed = policy is not None and any(policy.send_within_ms.values())
        timed = timed or any(action.send_within_ms for action in self.actions.values())
        timed = timed or any(journey.times_sends for journey in self.pinned.values())
        object.__setattr__(self, "times_sends", timed)
        object.__setattr__(self, "attends", timed or policy is not None)
        decides = self.attribution is not None or self.policy != DEFAULT_POLICY
        chained = any(action.chain or action.routed for action in self.actions.values())
        object.__setattr__(self, "remembers", decides or chained)
        object.__setattr__(self, "credited", self.attribution.events if self.attribution is not None else frozenset())
        object.__setattr__(self, "heard", frozenset().union(*(journey.hears for journey in self.pinned.values())))


def _standing(placements: Mapping[str, Placement]) -> dict[str, tuple[Placement, ...]]:
    found: dict[str, list[Placement]] = {}
    for placement in placements.values():
        for event in sorted(placement.events):
            found.setdefault(event, []).append(placement)
    return {event: tuple(each) for event, each in found.items()}
