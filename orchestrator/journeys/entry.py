"""From a written entry to what the engine runs."""

from __future__ import annotations

from typing import Final

from orchestrator.engine.entry import (
    AtPlace,
    Cap,
    Entry,
    Occasion,
    OnAbsence,
    OnBroadcast,
    OnDate,
    OnRequest,
    OnSchedule,
    OnSegment,
    Reentry,
    Whereabouts,
)
from orchestrator.journeys.definition import JourneyDefinition
from orchestrator.journeys.entries import BroadcastDefinition, CapDefinition, EntryDefinition, read_written
from orchestrator.journeys.expressions import ENTRY_VARIABLES, condition, events

_DAY_MS: Final = 86_400_000


def compile_entry(journey: JourneyDefinition) -> Entry:
    """The entry of a journey. Raises CelError for an expression that does not compile."""
    definition = journey.entry
    after_ms = definition.reentry_ms()
    reentry = Reentry.NEVER if after_ms is None else Reentry.AFTER_TIME if after_ms else Reentry.AFTER_EXIT
    return Entry(
        events=events(definition.events),
        condition=condition(definition.if_, ENTRY_VARIABLES),
        key=condition(definition.key, ENTRY_VARIABLES),
        reentry=reentry,
        reentry_ms=after_ms or 0,
        occasion=_occasion(definition),
        caps=tuple(map(_cap, definition.cap)),
        starts=read_written(journey.starts) if journey.starts is not None else None,
        ends=read_written(journey.ends, end=True) if journey.ends is not None else None,
    )


def _occasion(entry: EntryDefinition) -> Occasion | None:
    if entry.segment is not None:
        return OnSegment(entry.segment.entered or entry.segment.left or "", entry.segment.entered is not None)
    if entry.schedule is not None:
        return OnSchedule(entry.schedule)
    if entry.absence is not None:
        return OnAbsence(events(entry.absence.of), entry.absence.for_)
    if entry.date is not None:
        date = entry.date
        return OnDate(date.trait, date.offset // _DAY_MS, date.at, date.yearly, date.leap_day)
    if entry.place is not None:
        place = entry.place
        return AtPlace(place.latitude, place.longitude, place.radius_m, Whereabouts(place.when), place.for_ or 0)
    if entry.broadcast is not None:
        return _broadcast(entry.broadcast)
    return OnRequest() if entry.api else None


def _broadcast(broadcast: BroadcastDefinition) -> OnBroadcast:
    at = read_written(broadcast.at) if broadcast.at is not None else None
    return OnBroadcast(at, broadcast.every, broadcast.segment, broadcast.per_minute)


def _cap(cap: CapDefinition) -> Cap:
    each = cap.most_per_customer is not None
    return Cap(cap.most_per_customer or cap.most or 0, each, cap.per)
