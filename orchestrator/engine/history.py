"""Rules of this file: a customer's events are kept apart from their record, in chunks, within count and age.

The record says which chunks there are: the numbers of the first and the last, and how many events they hold. A new
event rewrites the last chunk alone; a chunk that is not needed any more is deleted as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import orjson

from orchestrator.engine.audience import ANY_EVENT, HistoryRule
from orchestrator.engine.chunks import Chunks, chunk_key
from orchestrator.engine.customer import Customer
from orchestrator.engine.turn import Turn
from orchestrator.events.event import Event

ALARM: Final = "history"
MOVED_BYTES_ALLOWED: Final = 200_000
"""What goes along to the customer whose an anonymous id is, beside its record: a message holds both."""

_CHUNK_BYTES: Final = 4_000
_EVENT_BYTES: Final = 4_000
_LINE: Final = b"\n"


def keep(turn: Turn, event: Event) -> None:
    """Keeps an event, if the history is to have it."""
    rule = turn.env.audience.history
    if rule is not None and (event.name in rule.events or ANY_EVENT in rule.events):
        _append(turn, rule, [_line(event, rule)])


def take_in(turn: Turn, moved: Iterable[dict[str, Any]]) -> None:
    """Adds what an anonymous id brought along."""
    rule = turn.env.audience.history
    if rule is not None:
        _append(turn, rule, [orjson.dumps(kept) for kept in moved])


def hand_over(customer: Customer, chunks: Chunks) -> list[dict[str, Any]]:
    """All that is kept, the oldest first, as it moves to another record; nothing stays here."""
    lines = list(_lines(customer, chunks))
    _forget(customer, chunks)
    size, moved = 0, []
    for line in reversed(lines):
        size += len(line)
        if size > MOVED_BYTES_ALLOWED:
            break
        moved.append(orjson.loads(line))
    return moved[::-1]


def events(turn: Turn) -> list[Event]:
    """What is kept, in order of time."""
    rule = turn.env.audience.history
    if rule is None:
        return []
    found = [revived(orjson.loads(line)) for line in _lines(turn.customer, turn.home.chunks)]
    fresh = [event for event in found if event.timestamp + rule.for_ms > turn.now]
    return sorted(fresh, key=lambda event: (event.timestamp, event.id))[-rule.keep :]


def trim(turn: Turn) -> None:
    """Deletes what is too much or too old, and sets the alarm for the next that will be; all of it without a rule."""
    customer, rule = turn.customer, turn.env.audience.history
    if not customer.history:
        return
    if rule is None:
        _forget(customer, turn.home.chunks)
        return
    while customer.history:
        first, last, count = customer.history
        key = chunk_key(customer.key, first)
        kept = [orjson.loads(line) for line in turn.home.chunks[key].split(_LINE) if line]
        runs_out = max((event["timestamp"] for event in kept), default=0) + rule.for_ms
        if runs_out > turn.now and (first == last or count - len(kept) < rule.keep):
            customer.alarms[ALARM] = runs_out
            return
        del turn.home.chunks[key]
        customer.history = [first + 1, last, count - len(kept)] if first < last else []
    customer.alarms.pop(ALARM, None)


def revived(kept: dict[str, Any]) -> Event:
    """A kept event as traits see it."""
    return Event(
        id=kept["id"],
        name=kept["name"],
        timestamp=kept["timestamp"],
        at=kept["timestamp"],
        user_id=None,
        anonymous_id=None,
        previous_id=None,
        properties=kept.get("properties", {}),
        traits=kept.get("traits", {}),
        context={},
    )


def _append(turn: Turn, rule: HistoryRule, lines: list[bytes]) -> None:
    customer, chunks = turn.customer, turn.home.chunks
    grown = not customer.history
    for line in lines:
        first, last, count = customer.history or (0, 0, 0)
        held = chunks[chunk_key(customer.key, last)] if count else b""
        if held and len(held) + len(line) > _CHUNK_BYTES:
            last, held, grown = last + 1, b"", True
        chunks[chunk_key(customer.key, last)] = held + _LINE + line if held else line
        customer.history = [first, last, count + 1]
    if grown:
        trim(turn)


def _line(event: Event, rule: HistoryRule) -> bytes:
    kept: dict[str, Any] = {"id": event.id, "name": event.name, "timestamp": event.timestamp}
    properties = event.properties
    if rule.properties is not None:
        properties = {name: value for name, value in properties.items() if name in rule.properties}
    if event.traits:
        kept["traits"] = event.traits
    line = orjson.dumps({**kept, "properties": properties})
    if len(line) <= _EVENT_BYTES:
        return line
    # Lists and maps are what makes an event large, and what a trait seldom asks for.
    kept.pop("traits", None)
    plain = {name: value for name, value in properties.items() if not isinstance(value, list | dict)}
    line = orjson.dumps({**kept, "properties": plain})
    return line if len(line) <= _EVENT_BYTES else orjson.dumps(kept)


def _lines(customer: Customer, chunks: Chunks) -> Iterator[bytes]:
    if customer.history:
        first, last, _ = customer.history
        for number in range(first, last + 1):
            yield from filter(None, chunks[chunk_key(customer.key, number)].split(_LINE))


def _forget(customer: Customer, chunks: Chunks) -> None:
    if customer.history:
        first, last, _ = customer.history
        for number in range(first, last + 1):
            del chunks[chunk_key(customer.key, number)]
    customer.history = []
    customer.alarms.pop(ALARM, None)
