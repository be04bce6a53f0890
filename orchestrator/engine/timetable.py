"""Rules of this file: entries by time are alarms of the customer, set and fired only here.

What the alarms of schedules, dates and broadcasts go by stands in ``Customer.armed``: the version of the entries, the
time zone, the dates. When one of these is another, they are set anew: so it does not matter what changed it. What is
due already fires as it stands. Who moves to another zone is told there at the hour that was meant here.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from orchestrator.engine import history
from orchestrator.engine.calendar import in_year, moment_of, moment_on, next_time, read_date, wall_of
from orchestrator.engine.customer import Instance
from orchestrator.engine.entries import enter
from orchestrator.engine.entry import AtPlace, OnAbsence, OnBroadcast, OnDate, OnSchedule
from orchestrator.engine.journey import ANY, Journey
from orchestrator.engine.ledger import in_slot
from orchestrator.engine.occasions import ByTime
from orchestrator.engine.places import locate
from orchestrator.engine.turn import Turn
from orchestrator.events.event import LOCATION_CHANGED, Event
from orchestrator.zones import first_zone, zone

ALARM: Final = "entry:"
"""How the names of alarms begin that belong here: the journey's name follows, and what else is to be told apart."""

SERVED_KEPT: Final = 256
_ABSENCE: Final = "/absence"
_SLOT: Final = "/slot"
_YEARS_SEARCHED: Final = 12
_LONGEST_VALUE: Final = 64


def rank(turn: Turn, alarm: str) -> int:
    """The place among alarms of one moment: journeys of higher priority come first."""
    return turn.env.occasions.rank.get(journey_of(alarm), -1)


def journey_of(alarm: str) -> str:
    """The journey that an alarm is for; empty if it is for none."""
    return alarm.removeprefix(ALARM).partition("/")[0] if alarm.startswith(ALARM) else ""


def arm(turn: Turn) -> None:
    """Sets the alarms of schedules, dates and broadcasts as this customer's zone and dates are now.

    A second time it changes nothing, and costs nothing.
    """
    customer, occasions = turn.customer, turn.env.occasions
    if not occasions.version:
        if customer.armed:
            customer.armed = []
        return
    before, goes_by = customer.armed, [occasions.version, *map(customer.traits.get, occasions.goes_by)]
    if before == goes_by:
        return
    goes_by = [_text(value) for value in goes_by]
    if before == goes_by:
        return
    customer.armed = goes_by
    there = _zone(turn, goes_by[1])
    moved_from = _zone(turn, before[1]) if before[:1] == goes_by[:1] else None
    if moved_from is None:
        _arm_absences(turn)
    changed = {
        name for name, old, new in zip(occasions.goes_by[1:], before[2:], goes_by[2:], strict=False) if old != new
    }
    for journey, occasion in occasions.timed:
        due = customer.alarms.get(ALARM + journey.name)
        if due is not None and due <= turn.now:
            continue
        if due is None or moved_from is None or (isinstance(occasion, OnDate) and occasion.trait in changed):
            due = _next(turn, journey, occasion, there)
        elif not isinstance(occasion, OnBroadcast):
            due = moment_of(wall_of(due, moved_from), there)
        _set(turn, ALARM + journey.name, due)


def notice(turn: Turn, event: Event, *, late: bool) -> None:
    """Takes in what an event says about absence and place; one that comes late begins no journey by it."""
    occasions = turn.env.occasions
    if not occasions.version:
        return
    absences = occasions.absences
    for journey, absence in (*absences.get(event.name, ()), *absences.get(ANY, ())):
        if event.timestamp + absence.for_ms > turn.now or _absence_of(journey) in turn.customer.alarms:
            _await_absence(turn, journey, absence, event.timestamp)
    if event.name == LOCATION_CHANGED and occasions.places:
        locate(turn, event, late=late)


def _arm_absences(turn: Turn) -> None:
    """For journeys that are new: what the history knows of what has not come since."""
    absences = turn.env.occasions.absences
    if not absences or not turn.customer.history:
        return
    for event in history.events(turn):
        for journey, absence in (*absences.get(event.name, ()), *absences.get(ANY, ())):
            if event.timestamp + absence.for_ms > turn.now:
                _await_absence(turn, journey, absence, event.timestamp)


def _await_absence(turn: Turn, journey: Journey, absence: OnAbsence, last: int) -> None:
    last = max(last, turn.customer.served.get(journey.name, 0))
    _serve(turn, journey, last)
    turn.customer.alarms[_absence_of(journey)] = last + absence.for_ms


def fire(turn: Turn, alarm: str, due: int) -> None:
    """An alarm of an entry is due. What it was set for may not be there any more."""
    journey = turn.env.occasions.alarmed.get(journey_of(alarm))
    if journey is None:
        return
    kind = alarm[len(ALARM) + len(journey.name) :]
    match journey.entry.occasion, kind:
        case OnSchedule(), "":
            _begin_on_time(turn, journey, due, _signal(turn, "schedule", journey, due, {}))
        case OnDate() as occasion, "":
            _begin_on_date(turn, journey, occasion, due)
        case OnAbsence() as absence, "/absence":
            _begin_since(turn, journey, alarm, turn.customer.served.get(journey.name, 0), absence.for_ms)
        case AtPlace() as place, "/dwell" if place.key in turn.customer.places:
            _begin_since(turn, journey, alarm, turn.customer.places[place.key], place.for_ms)
        case OnBroadcast() as occasion, "":
            _draw(turn, journey, occasion, due)
        case OnBroadcast() as occasion, "/slot":
            _let_go(turn, journey, occasion, due)


def _begin_on_time(turn: Turn, journey: Journey, due: int, signal: Event) -> None:
    """Enters, unless that is too long ago by now; then looks for the next time."""
    if turn.now - due <= turn.env.late_after_ms:
        _enter(turn, journey, signal)
    occasion = journey.entry.occasion
    assert isinstance(occasion, OnSchedule | OnDate)
    _set(turn, ALARM + journey.name, _next(turn, journey, occasion, _zone(turn, turn.customer.traits.get("timezone"))))


def _begin_since(turn: Turn, journey: Journey, alarm: str, since: int, for_ms: int) -> None:
    """Enters, unless it has to last longer by now than when the alarm was set."""
    due = since + for_ms
    if due > turn.now:
        turn.customer.alarms[alarm] = due
    else:
        _enter(turn, journey, _signal(turn, alarm.rpartition("/")[2], journey, due, {"since": since}))


def _begin_on_date(turn: Turn, journey: Journey, occasion: OnDate, due: int) -> None:
    there = _zone(turn, turn.customer.traits.get("timezone"))
    day = wall_of(due, there).date() - timedelta(days=occasion.offset_days)
    _serve(turn, journey, day.toordinal())
    _begin_on_time(turn, journey, due, _signal(turn, "date", journey, due, {"date": day.isoformat()}))


def _draw(turn: Turn, journey: Journey, occasion: OnBroadcast, due: int) -> None:
    """A broadcast begins: the customer enters, or gets a moment of their own if only so many may in a minute."""
    _serve(turn, journey, due)
    _set(turn, ALARM + journey.name, _next_broadcast(turn, journey, occasion))
    if _slot_of(journey) in turn.customer.alarms:
        _refuse(turn, journey, due, "the last one is still on its way to this customer")
    elif _is_addressed(turn, journey, occasion, due):
        _take_slot(turn, journey, occasion)


def _let_go(turn: Turn, journey: Journey, occasion: OnBroadcast, due: int) -> None:
    if not in_slot(due, turn.now):
        _take_slot(turn, journey, occasion)
    elif _is_addressed(turn, journey, occasion, due):
        _enter(turn, journey, _broadcast_signal(turn, journey))


def _take_slot(turn: Turn, journey: Journey, occasion: OnBroadcast) -> None:
    moment = turn.now
    if occasion.per_minute is not None:
        moment = turn.ledger.slot(f"broadcast/{journey.name}", occasion.per_minute, turn.now)
    if moment > turn.now:
        turn.customer.alarms[_slot_of(journey)] = moment
    else:
        _enter(turn, journey, _broadcast_signal(turn, journey))


def _is_addressed(turn: Turn, journey: Journey, occasion: OnBroadcast, due: int) -> bool:
    """Whether it is for this customer: who is not takes no place in its minute."""
    if occasion.segment is not None and occasion.segment not in turn.customer.segments:
        return False
    condition = journey.entry.condition
    return condition is None or turn.about(_broadcast_signal(turn, journey)).holds(condition, None)[0]


def _broadcast_signal(turn: Turn, journey: Journey) -> Event:
    at = turn.customer.served.get(journey.name, turn.now)
    return _signal(turn, "broadcast", journey, at, {})


def _next(turn: Turn, journey: Journey, occasion: ByTime, there: ZoneInfo) -> int | None:
    if isinstance(occasion, OnBroadcast):
        return _next_broadcast(turn, journey, occasion)
    after = _after(turn, journey)
    found = (
        next_time(occasion.cron, there, after)
        if isinstance(occasion, OnSchedule)
        else _next_date(turn, journey, occasion, there, after)
    )
    return _before_end(turn, journey, found)


def _next_broadcast(turn: Turn, journey: Journey, occasion: OnBroadcast) -> int | None:
    """Customers who were there at its moment are in it, even if they hear of it a little later."""
    project = zone(turn.env.policy.timezone)
    if occasion.every is not None:
        return _before_end(turn, journey, next_time(occasion.every, project, _after(turn, journey)))
    assert occasion.at is not None
    at = moment_of(occasion.at, project)
    missed = turn.customer.first_seen > at or turn.now - at > turn.env.late_after_ms
    if turn.customer.served.get(journey.name, at - 1) >= at or (at <= turn.now and missed):
        return None
    return at


def _next_date(turn: Turn, journey: Journey, occasion: OnDate, there: ZoneInfo, after: int) -> int | None:
    value = turn.customer.traits.get(occasion.trait)
    found = read_date(value, there)
    if found is None:
        if value is not None:
            _refuse(
                turn, journey, turn.now, f"customer.traits.{occasion.trait} is no date: {str(value)[:40]!r}", "unmet"
            )
        return None
    day, daytime_ms = found
    if occasion.daytime_ms is not None:
        daytime_ms = occasion.daytime_ms
    served = turn.customer.served.get(journey.name, 0)
    try:
        for that_day in _days(occasion, day, after, there):
            moment = moment_on(that_day + timedelta(days=occasion.offset_days), daytime_ms, there)
            if moment > after and that_day.toordinal() > served:
                return moment
    except (OverflowError, ValueError):
        pass
    return None


def _days(occasion: OnDate, day: date, after: int, there: ZoneInfo) -> list[date]:
    if not occasion.yearly:
        return [day]
    first = (wall_of(after, there) - timedelta(days=occasion.offset_days)).year - 1
    return [in_year(day, max(first, day.year) + number, occasion.leap_day) for number in range(_YEARS_SEARCHED)]


def _after(turn: Turn, journey: Journey) -> int:
    starts = journey.entry.starts
    return turn.now if starts is None else max(turn.now, moment_of(starts, zone(turn.env.policy.timezone)) - 1)


def _before_end(turn: Turn, journey: Journey, moment: int | None) -> int | None:
    ends = journey.entry.ends
    if moment is None or ends is None or moment < moment_of(ends, zone(turn.env.policy.timezone)):
        return moment
    return None


def _signal(turn: Turn, kind: str, journey: Journey, due: int, properties: dict[str, Any]) -> Event:
    signal = turn.signal(f"{kind}/{journey.name}/{due}", f"{kind.capitalize()} Due", properties)
    signal.timestamp = due
    return signal


def _enter(turn: Turn, journey: Journey, signal: Event) -> None:
    enter(turn.about(signal), signal, journey)


def _refuse(turn: Turn, journey: Journey, at: int, reason: str, happened: str = "refused") -> None:
    unborn = Instance(journey.name, journey.version, journey.name, turn.customer.key, at, {})
    turn.note(happened, unborn, None, reason)


def _serve(turn: Turn, journey: Journey, occasion: int) -> None:
    served = turn.customer.served
    served.pop(journey.name, None)
    served[journey.name] = occasion
    while len(served) > SERVED_KEPT:
        del served[next(iter(served))]


def _set(turn: Turn, alarm: str, due: int | None) -> None:
    if due is None:
        turn.customer.alarms.pop(alarm, None)
    else:
        turn.customer.alarms[alarm] = due


def _absence_of(journey: Journey) -> str:
    return f"{ALARM}{journey.name}{_ABSENCE}"


def _slot_of(journey: Journey) -> str:
    return f"{ALARM}{journey.name}{_SLOT}"


def _zone(turn: Turn, name: Any) -> ZoneInfo:
    return first_zone(name, turn.env.policy.timezone)


def _text(value: Any) -> str | None:
    return value[:_LONGEST_VALUE] if isinstance(value, str) else None
