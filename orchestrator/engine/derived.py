"""What is derived of a customer follows each event, each window that runs out, each merge and each new definition."""

from __future__ import annotations

from typing import Any, Final

from orchestrator.engine import history, segments, traits
from orchestrator.engine.audience import EVERYTHING
from orchestrator.engine.customer import Customer
from orchestrator.engine.entries import on_segment
from orchestrator.engine.profile import OF_PERMISSION, PREFERRED
from orchestrator.engine.segments import Moved
from orchestrator.engine.turn import Turn
from orchestrator.events.event import IDENTIFIED, PAGE_VIEWED, Event

ALARMS: Final = frozenset((history.ALARM, traits.ALARM))
MOST_ROUNDS: Final = 8
"""Two journeys that push a customer in and out of a segment must not do so for ever."""


def observe(turn: Turn, event: Event) -> Moved:
    """What an event means for history, traits and segments; it has changed the profile already."""
    audience = turn.env.audience
    if not audience.version:
        return []
    history.keep(turn, event)
    traits.count(turn, event)
    if not audience.segments:
        return []
    turn.changed |= _changed_by(event)
    return segments.update(turn)


def settle(turn: Turn, moved: Moved) -> None:
    """Lets journeys hear of the segments that were entered and left, and follows what they do to the customer."""
    for _ in range(MOST_ROUNDS):
        if turn.changed:
            moved = [*moved, *segments.update(turn)]
        if not moved:
            return
        for name, entered in moved:
            on_segment(turn, name, entered)
            turn.profile_changed()
        moved = []


def ring(turn: Turn, name: str, due: int) -> None:
    """An alarm of ours is due."""
    if name == history.ALARM:
        history.trim(turn)
    else:
        traits.run_out(turn, due)
        settle(turn, [])


def unite(turn: Turn, other: Customer, moved: list[dict[str, Any]]) -> Moved:
    """What another record of the same customer brings along; nobody enters a segment twice by it."""
    customer = turn.customer
    traits.unite(turn, other, map(history.revived, moved))
    history.take_in(turn, moved)
    known = turn.env.audience.segments
    customer.segments = sorted({*customer.segments, *other.segments}.intersection(known))
    turn.changed.add(EVERYTHING)
    return segments.update(turn)


def backfill(turn: Turn) -> None:
    """Brings traits, segments and history up to their definitions; whoever is new here has nothing to be brought up."""
    if EVERYTHING in turn.changed:
        return
    history.trim(turn)
    traits.backfill(turn, history.events(turn))
    customer, known = turn.customer, turn.env.audience.segments
    customer.segments = [name for name in customer.segments if name in known]
    turn.profile_changed()
    turn.changed.add(EVERYTHING)
    moved = segments.update(turn, "backfilled")
    settle(turn, [(name, entered) for name, entered in moved if entered and known[name].backfill_enters])


def _changed_by(event: Event) -> set[str]:
    changed = {"first_seen", "last_seen"}
    if event.traits and event.name == IDENTIFIED:
        changed |= {f"traits.{name}" for name in event.traits}
    if event.context:
        changed |= {"traits.locale", "traits.timezone"}
    if event.context or event.name == PAGE_VIEWED:
        changed.add("campaign")
    if event.name in OF_PERMISSION:
        changed |= {"consents", f"traits.{PREFERRED}"}
    return changed
