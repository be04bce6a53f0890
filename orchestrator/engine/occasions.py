"""Which journeys begin with what, beside events: by segment, request, place, absence and time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from orchestrator.engine.entry import (
    AtPlace,
    OnAbsence,
    OnBroadcast,
    OnDate,
    OnSchedule,
    OnSegment,
    Whereabouts,
)

if TYPE_CHECKING:
    from orchestrator.engine.journey import Journey

ByTime = OnSchedule | OnDate | OnBroadcast


@dataclass(frozen=True, slots=True)
class Occasions:
    """The journeys of each kind, those of highest priority first.

    ``timed`` have alarms that go by clock, calendar and traits alone; ``goes_by`` are the names of these traits, that
    of the time zone first.
    ``rank`` has the place of each journey with an alarm. ``version`` is that of all for which a customer is armed, and
    empty if there is no such journey.
    """

    version: str = ""
    timed: tuple[tuple[Journey, ByTime], ...] = ()
    goes_by: tuple[str, ...] = ()
    places: tuple[tuple[Journey, AtPlace], ...] = ()
    absences: Mapping[str, tuple[tuple[Journey, OnAbsence], ...]] = field(default_factory=dict)
    segments: Mapping[tuple[str, bool], tuple[Journey, ...]] = field(default_factory=dict)
    alarmed: Mapping[str, Journey] = field(default_factory=dict)
    rank: Mapping[str, int] = field(default_factory=dict)


NO_OCCASIONS: Final = Occasions()


def occasions_of(journeys: Iterable[Journey], timezone: str) -> Occasions:
    """The occasions of the journeys that may be entered; ``timezone`` is the policy's."""
    ordered = sorted(journeys, key=lambda journey: (-journey.priority, journey.name))
    timed, places = [], []
    absences: dict[str, list[tuple[Journey, OnAbsence]]] = {}
    segments: dict[tuple[str, bool], list[Journey]] = {}
    alarmed: dict[str, Journey] = {}
    for journey in ordered:
        match journey.entry.occasion:
            case OnSchedule() | OnDate() | OnBroadcast() as occasion:
                timed.append((journey, occasion))
                alarmed[journey.name] = journey
            case OnAbsence() as occasion:
                for name in sorted(occasion.events):
                    absences.setdefault(name, []).append((journey, occasion))
                alarmed[journey.name] = journey
            case AtPlace() as occasion:
                places.append((journey, occasion))
                if occasion.when is Whereabouts.DWELL:
                    alarmed[journey.name] = journey
            case OnSegment(segment, entered):
                segments.setdefault((segment, entered), []).append(journey)
    return Occasions(
        version=_version([*alarmed.values(), *(journey for journey, _ in places)], timezone),
        timed=tuple(timed),
        goes_by=("timezone", *sorted({occasion.trait for _, occasion in timed if isinstance(occasion, OnDate)})),
        places=tuple(places),
        absences={name: tuple(found) for name, found in absences.items()},
        segments={key: tuple(found) for key, found in segments.items()},
        alarmed=alarmed,
        rank={name: rank for rank, name in enumerate(alarmed)},
    )


def _version(journeys: list[Journey], timezone: str) -> str:
    if not journeys:
        return ""
    parts = sorted({f"{journey.name} {journey.version}" for journey in journeys})
    return blake2b("\x1f".join([timezone, *parts]).encode(), digest_size=6).hexdigest()
