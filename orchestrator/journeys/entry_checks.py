"""What an entry must mean, beyond its form: that somebody can enter at some time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from orchestrator.journeys.definition import JourneyDefinition
from orchestrator.journeys.entries import read_written
from orchestrator.journeys.finding import Finding
from orchestrator.journeys.model import ANY_EVENT
from orchestrator.journeys.schedules import fires_between
from orchestrator.journeys.source import Location

_UNSET = (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))


def check_entry(journey: JourneyDefinition) -> Iterator[Finding]:
    """What is wrong with the entry of a journey, and with the time that it is open."""
    starts, ends = _open(journey)
    entry = journey.entry
    if starts >= ends:
        yield Finding(("ends",), f"nobody could enter: it ends before it starts, on {journey.starts}")
        return
    if entry.absence is not None and ANY_EVENT in entry.absence.of and len(entry.absence.of) > 1:
        yield Finding(("entry", "absence", "of"), "'*' is any event: name it alone, or name the others only")
    for location, schedule in _schedules(journey):
        if journey.starts and journey.ends and not fires_between(schedule, _ms(starts), _ms(ends)):
            yield Finding(location, f"'{schedule}' never fires between {journey.starts} and {journey.ends}")
    if entry.broadcast is not None and entry.broadcast.at is not None:
        at = _moment(entry.broadcast.at)
        if not starts <= at < ends:
            bound = f"before the journey starts, on {journey.starts}" if at < starts else "when the journey has ended"
            yield Finding(("entry", "broadcast", "at"), f"nobody could enter: it is {bound}")


def entry_segments(journey: JourneyDefinition) -> Iterator[tuple[Location, str]]:
    """The segments that the entry names, with their places."""
    segment, broadcast = journey.entry.segment, journey.entry.broadcast
    if segment is not None and segment.entered is not None:
        yield ("entry", "segment", "entered"), segment.entered
    if segment is not None and segment.left is not None:
        yield ("entry", "segment", "left"), segment.left
    if broadcast is not None and broadcast.segment is not None:
        yield ("entry", "broadcast", "segment"), broadcast.segment


def _open(journey: JourneyDefinition) -> tuple[datetime, datetime]:
    starts = _moment(journey.starts) if journey.starts is not None else _UNSET[0]
    ends = _moment(journey.ends, end=True) if journey.ends is not None else _UNSET[1]
    return starts, ends


def _moment(text: str, *, end: bool = False) -> datetime:
    """What has no offset is taken as UTC here: only what is wrong in every zone matters much."""
    written = read_written(text, end=end)
    return written if written.tzinfo is not None else written.replace(tzinfo=UTC)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _schedules(journey: JourneyDefinition) -> Iterator[tuple[Location, str]]:
    entry = journey.entry
    if entry.schedule is not None:
        yield ("entry", "schedule"), entry.schedule
    if entry.broadcast is not None and entry.broadcast.every is not None:
        yield ("entry", "broadcast", "every"), entry.broadcast.every
