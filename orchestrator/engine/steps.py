"""Compiled steps. ``next`` is the id of the step after, wherever it stands; None is the end of the journey."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.engine.action import Action
    from orchestrator.engine.arms import Test
    from orchestrator.engine.condition import Condition
    from orchestrator.engine.experiments import Arm
    from orchestrator.engine.placement import Candidate


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
class WaitUntil:
    """Goes on to ``next`` when it is ``daytime_ms`` after midnight on one of ``weekdays`` (Monday is 0), there."""

    id: str
    next: str | None
    daytime_ms: int
    weekdays: frozenset[int]


@dataclass(frozen=True, slots=True)
class WaitForDate:
    """Goes on to ``next`` at ``date`` and ``offset_ms``, at ``daytime_ms`` of that day if it is given."""

    id: str
    next: str | None
    date: Condition
    offset_ms: int
    daytime_ms: int | None


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
class WaitForOpened:
    """Goes on to ``next`` when the last message of step ``act`` is opened, to ``timed_out`` after ``timeout_ms``."""

    id: str
    next: str | None
    timed_out: str | None
    act: str
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class Branch:
    """Goes the way of the first arm whose test holds; None is "else"; no arm goes to ``next``."""

    id: str
    next: str | None
    arms: tuple[tuple[Test | None, str | None], ...]


@dataclass(frozen=True, slots=True)
class Split:
    """Goes the way of the customer's arm of an experiment; without an open arm to ``next``."""

    id: str
    next: str | None
    experiment: str
    arms: tuple[tuple[Arm, str | None], ...]


@dataclass(frozen=True, slots=True)
class Act:
    """Offers ``action`` after ``delay_ms``, if ``condition`` still holds then; goes on at once.

    ``awaited`` says that a step waits for its message to be opened. ``send_within_ms`` is how long that may wait for
    the customer's best hour, as in ``Action``, if the step says so itself.
    """

    id: str
    next: str | None
    action: Action
    delay_ms: int
    condition: Condition | None
    awaited: bool = False
    send_within_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Choose:
    """Offers the best ``places`` of ``candidates``, or has a ``placement`` decided; goes on at once."""

    id: str
    next: str | None
    placement: str | None
    candidates: tuple[Candidate, ...] = ()
    places: int = 1
    per_group: int | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """Sets traits to the values of expressions, in order; goes on at once."""

    id: str
    next: str | None
    traits: tuple[tuple[str, Condition], ...]


@dataclass(frozen=True, slots=True)
class Quiet:
    """Holds what has ``purpose`` for ``duration_ms``."""

    id: str
    next: str | None
    purpose: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Join:
    """Lets the customer into another journey, if that lets them; goes on at once."""

    id: str
    next: str | None
    journey: str


@dataclass(frozen=True, slots=True)
class Goto:
    """Goes on with a step that may stand before it."""

    id: str
    next: str | None


@dataclass(frozen=True, slots=True)
class End:
    """The journey ends here."""

    id: str
    next: None = None


TimedWait = Wait | WaitForAbsence | WaitUntil | WaitForDate
EventWait = WaitForEvent | WaitForOpened
Step = TimedWait | EventWait | Branch | Split | Act | Choose | Update | Quiet | Join | Goto | End
