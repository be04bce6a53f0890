"""Rules of this file: a customer enters a journey only here.

Time, segments and requests let in as events do: each becomes a signal, an event of our own making, so that
conditions, templates and the story see what it was.
"""

from __future__ import annotations

from typing import Final

from orchestrator.durations import format_duration
from orchestrator.engine import caps
from orchestrator.engine.assignment import held_out
from orchestrator.engine.calendar import moment_of
from orchestrator.engine.condition import Condition
from orchestrator.engine.customer import PAST_KEPT, Instance, Past, stay_key
from orchestrator.engine.entry import Entry, OnRequest, Reentry
from orchestrator.engine.journey import ANY, Journey
from orchestrator.engine.progress import hear_in, walk
from orchestrator.engine.turn import NOTHING, Turn, remember
from orchestrator.errors import Unmet
from orchestrator.events.event import JOURNEY_REQUESTED, Event
from orchestrator.moments import format_moment
from orchestrator.zones import zone

_MINUTE_MS: Final = 60_000
_JOINS_AT_ONCE: Final = 100
"""Journeys that join each other without a wait are refused when they are written: only a bug would need more."""


def enter_all(turn: Turn, event: Event) -> None:
    """Lets the customer into the journeys that begin with this event."""
    entries = turn.env.entries
    begun = entries.get(event.name, ())
    for journey in (*begun, *entries[ANY]) if ANY in entries else begun:
        condition = journey.entry.condition
        # Most events begin nothing: that is found out first, and without words for it.
        if (condition is None or turn.holds(condition, None)[0]) and _closed(turn, journey) is None:
            _begin(turn, event, journey)
    if event.name == JOURNEY_REQUESTED:
        _answer(turn, event)


def tell_late(turn: Turn, event: Event) -> None:
    """Says that the event came too late to begin what it would have begun in time."""
    entries = turn.env.entries
    if event.name not in entries and ANY not in entries:
        return
    minutes = max(1, (turn.now - event.timestamp) // _MINUTE_MS)
    after = format_duration(minutes * _MINUTE_MS)
    turn.say(
        {
            "kind": "late",
            "customer_id": turn.customer_id,
            "at": format_moment(turn.now),
            "happened": "late",
            "reason": f"{event.name} came {after} after it happened: it is known, but begins no journey",
            "trigger": turn.trigger(),
        }
    )


def on_segment(turn: Turn, name: str, entered: bool) -> None:
    """The customer entered or left a segment: shows it to the journeys that they are in, then lets them into others.

    Call it when the event that changed the segment has been heard itself. What listens to any event does not hear it.
    """
    signal = _segment_signal(turn, name, entered)
    told = turn.about(signal)
    for instance in list(turn.customer.instances.values()):
        if signal.name in turn.journey(instance.journey, instance.version).hears:
            hear_in(told, signal, instance)
    for journey in turn.env.entries.get(signal.name, ()):
        enter(told, signal, journey)
    for journey in turn.env.occasions.segments.get((name, entered), ()):
        enter(told, signal, journey)


def enter(turn: Turn, event: Event, journey: Journey) -> str | None:
    """Begins a stay, if the entry allows it; else why not, where the story does not say it yet."""
    entry = journey.entry
    closed = _closed(turn, journey)
    if closed is not None:
        return closed
    if entry.condition is not None:
        holds, unmet = turn.holds(entry.condition, None)
        if not holds:
            return unmet or f"not true: {entry.condition.source}"
    return _begin(turn, event, journey)


def _begin(turn: Turn, event: Event, journey: Journey) -> str | None:
    entry = journey.entry
    try:
        key = _entry_key(turn, entry.key)
    except Unmet as unmet_key:
        return str(unmet_key)
    name = stay_key(journey.name, key)
    customer = turn.customer
    current = customer.instances.get(name)
    if current is not None and current.step is not None:
        return "is in it already"
    instance = Instance(journey.name, journey.version, name, customer.key, event.at, remember(event), value=key)
    refusal = reentry_refusal(turn, entry, name, event.at)
    if refusal is not None:
        turn.note("refused", instance, None, refusal)
        return None
    held = held_out(turn, journey)
    if held is not None:
        return held
    refusal = caps.refusal(turn, journey)
    if refusal is not None:
        turn.note("refused", instance, None, refusal)
        return None
    if current is not None:
        _set_aside(turn, current)
    _remember_entry(turn, entry, name, event.at)
    caps.count(turn, journey)
    customer.instances[name] = instance
    turn.note("entered", instance, journey.first)
    walk(turn, instance, journey, journey.first)
    return None


def _answer(turn: Turn, event: Event) -> None:
    """Somebody asked for a journey: the customer enters it, or the story says why not."""
    name = str(event.properties.get("journey"))
    journey = turn.env.current.get(name)
    if journey is None:
        version: str = turn.env.version
        refusal: str | None = "there is no such journey"
    elif not isinstance(journey.entry.occasion, OnRequest):
        version = journey.version
        refusal = "the journey is not entered on request: its entry has no 'api: true'"
    else:
        version, refusal = journey.version, enter(turn, event, journey)
    if refusal is not None:
        unborn = Instance(name, version, name, turn.customer.key, event.at, remember(event))
        turn.note("refused", unborn, None, refusal)


def _closed(turn: Turn, journey: Journey) -> str | None:
    entry = journey.entry
    if journey.name in turn.env.closed:
        return "the journey takes nobody in at present"
    if entry.starts is None and entry.ends is None:
        return None
    there = zone(turn.env.policy.timezone)
    if entry.starts is not None and turn.at < moment_of(entry.starts, there):
        return f"it starts on {format_moment(moment_of(entry.starts, there))}"
    if entry.ends is not None and turn.at >= moment_of(entry.ends, there):
        return f"it ended on {format_moment(moment_of(entry.ends, there))}"
    return None


def _segment_signal(turn: Turn, name: str, entered: bool) -> Event:
    word = "entered" if entered else "left"
    cause = turn.event.id if turn.event is not None else str(turn.now)
    return turn.signal(f"segment/{name}/{word}/{cause}", f"Segment {word.capitalize()}", {"segment": name})


def enter_joined(turn: Turn) -> None:
    """Lets the customer into the journeys that a step of another one named; why not, the story says."""
    for _ in range(_JOINS_AT_ONCE):
        if not turn.joins:
            return
        name, event = turn.joins.pop(0)
        journey, joining = turn.env.current[name], turn.about(event)
        refusal = enter(joining, event, journey)
        if refusal is not None:
            unborn = Instance(name, journey.version, name, turn.customer.key, event.at, remember(event))
            joining.note("refused", unborn, None, refusal)
    turn.joins.clear()


def _entry_key(turn: Turn, key: Condition | None) -> str:
    if key is None:
        return ""
    value = key.evaluate(turn.event_view(), turn.customer_view(), NOTHING, turn.catalog)
    if isinstance(value, str | int | float | bool):
        return str(value)
    raise Unmet(f"{key.source} is no text or number")


def reentry_refusal(turn: Turn, entry: Entry, name: str, at: int) -> str | None:
    """Why a stay may not begin at a moment, as far as those before it are known."""
    if entry.reentry is Reentry.AFTER_EXIT:
        return None
    past = turn.customer.past.get(name)
    if past is None:
        return None
    if entry.reentry is Reentry.NEVER:
        return "re-entry is never"
    if at < past.entered_at + entry.reentry_ms:
        return "too soon after the last entry"
    return None


def _remember_entry(turn: Turn, entry: Entry, name: str, at: int) -> None:
    if entry.reentry is Reentry.AFTER_EXIT:
        return
    past = turn.customer.past
    before = past.pop(name, None)
    past[name] = Past(at, before.entries + 1 if before else 1)
    bound_past(past)


def bound_past(past: dict[str, Past]) -> None:
    """Forgets the entries that are too many, the oldest first."""
    while len(past) > PAST_KEPT:
        del past[min(past, key=lambda key: (past[key].entered_at, key))]


def _set_aside(turn: Turn, finished: Instance) -> None:
    """A finished stay whose offers are still watched makes room for a new one under the same key.

    Goals are the new one's from now on.
    """
    customer = turn.customer
    finished.due = None
    if not any(made.instance == finished.key for made in customer.offers.values()):
        del customer.instances[finished.key]
        return
    aside = f"{finished.key}@{finished.entered_at}.{finished.entry['id']}"
    for made in customer.offers.values():
        if made.instance == finished.key:
            made.instance = aside
    del customer.instances[finished.key]
    finished.key = aside
    customer.instances[aside] = finished
