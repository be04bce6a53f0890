"""Rules of this file: computed traits follow each event that they listen to, and no other; time is the alarm's matter.

A trait's state depends on the events alone, not on their order, nor on when the trait was declared, nor on which
record they came to before two became one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from orchestrator.engine.audience import ANY_EVENT, Audience, Source, State, Trait, own_state
from orchestrator.engine.customer import Customer
from orchestrator.engine.turn import Turn
from orchestrator.errors import Unmet
from orchestrator.events.event import Event
from orchestrator.events.view import View

ALARM: Final = "traits"
_NOTHING: Final = View({}, {})


def count(turn: Turn, event: Event) -> None:
    """Adds an event to the traits that listen to it."""
    listeners = turn.env.audience.listeners
    for trait in (*listeners.get(event.name, ()), *listeners.get(ANY_EVENT, ())):
        for value in _values(trait, event, turn.event_view()):
            _add(turn, trait, value, event.timestamp)


def recomputed(trait: Trait, events: Iterable[Event], now: int) -> State | None:
    """The state as if the trait had been there when these events came."""
    state = None
    for event in events:
        for value in _values(trait, event, None):
            state = trait.add(state, value, event.timestamp, now)
    return state


def as_of(audience: Audience, customer: Customer, now: int) -> dict[str, Any]:
    """All computed traits of a customer, as conditions see them at a moment."""
    return {
        name: trait.read(own_state(trait, customer.computed.get(name)), now) for name, trait in audience.traits.items()
    }


def backfill(turn: Turn, events: Iterable[Event]) -> None:
    """Computes what is new or defined otherwise from the history; what is not declared any more goes."""
    customer, traits = turn.customer, turn.env.audience.traits
    computed = customer.computed
    for name in [name for name in computed if name not in traits]:
        del computed[name]
    stale = [trait for name, trait in traits.items() if own_state(trait, computed.get(name)) is None]
    history = list(events) if stale else []
    for trait in stale:
        _keep(customer, trait, recomputed(trait, history, turn.now))
    arm(turn)
    turn.profile_changed()


def unite(turn: Turn, other: Customer, moved: Iterable[Event]) -> None:
    """Adds what another record of the same customer has; what that has of older definitions comes from its events."""
    customer = turn.customer
    moved = list(moved)
    for name, trait in turn.env.audience.traits.items():
        theirs = own_state(trait, other.computed.get(name))
        if theirs is None:
            theirs = recomputed(trait, moved, turn.now)
        mine = own_state(trait, customer.computed.get(name))
        _keep(customer, trait, trait.unite(mine, theirs, turn.now))
    arm(turn)
    turn.profile_changed()


def run_out(turn: Turn, due: int) -> None:
    """The alarm that was set for ``due`` rings: says which traits have changed by time, and sets the next."""
    for trait in turn.env.audience.watched.values():
        state = own_state(trait, turn.customer.computed.get(trait.name))
        moment = trait.runs_out(state, due - 1)
        if moment is not None and moment <= turn.now:
            turn.changed.add(f"computed.{trait.name}")
            _keep(turn.customer, trait, trait.pruned(state, turn.now))
    arm(turn)
    turn.profile_changed()


def arm(turn: Turn) -> None:
    """Sets the alarm for when time changes the next trait that a segment looks at."""
    computed, alarms = turn.customer.computed, turn.customer.alarms
    alarms.pop(ALARM, None)
    for trait in turn.env.audience.watched.values():
        _bring_forward(turn, trait.runs_out(own_state(trait, computed.get(trait.name)), turn.now))


def _add(turn: Turn, trait: Trait, value: Any, at: int) -> None:
    customer, now = turn.customer, turn.now
    one = trait.one(value, at)
    if one is None:
        return
    if trait.name in turn.env.audience.watched:
        _bring_forward(turn, trait.runs_out(one, now))
    _keep(customer, trait, trait.unite(own_state(trait, customer.computed.get(trait.name)), one, now))
    turn.changed.add(f"computed.{trait.name}")
    turn.profile_changed()


def _bring_forward(turn: Turn, moment: int | None) -> None:
    alarms = turn.customer.alarms
    if moment is not None and moment < alarms.get(ALARM, moment + 1):
        alarms[ALARM] = moment


def _keep(customer: Customer, trait: Trait, state: State | None) -> None:
    if state is None:
        customer.computed.pop(trait.name, None)
    else:
        customer.computed[trait.name] = [trait.version, state]


def _values(trait: Trait, event: Event, view: View | None) -> Iterator[Any]:
    """What the event brings to a trait: one value for each of its sources that takes it."""
    for source in trait.sources:
        if event.name in source.events or ANY_EVENT in source.events:
            if view is None:
                view = event.view()
            try:
                if source.condition is None or source.condition.met(view, _NOTHING, _NOTHING):
                    yield _value(source, view)
            except Unmet:
                continue


def _value(source: Source, view: View) -> Any:
    return source.constant if source.value is None else source.value.evaluate(view, _NOTHING, _NOTHING)
