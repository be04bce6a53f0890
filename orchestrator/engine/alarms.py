"""What falls due for one customer, in order of due: offers, waits, and alarms by name.

An alarm's name begins with what it belongs to: ``entry:`` and a journey's name. It is gone when it fires; whoever it
belongs to may set it anew.
"""

from __future__ import annotations

from orchestrator.engine import answers, derived, timetable
from orchestrator.engine.contact import holding
from orchestrator.engine.offering import put
from orchestrator.engine.offers import stay_of
from orchestrator.engine.progress import forget_expired, wake
from orchestrator.engine.turn import Turn
from orchestrator.errors import Bug


def fire(turn: Turn) -> None:
    """Does all that is due by now for this customer, the earliest first; of one moment offers, waits, then alarms."""
    while (found := _first(turn)) is not None:
        due, kind, _, key = found
        if due > turn.now:
            break
        customer = turn.customer
        if kind == 0:
            made = customer.offers[key]
            put(turn, made, stay_of(turn, made))
        elif kind == 1:
            wake(turn, customer.instances[key])
        else:
            del customer.alarms[key]
            _ring(turn, key, due)
    derived.settle(turn, [])
    forget_expired(turn)


def next_due(turn: Turn) -> int | None:
    """The earliest moment at which something falls due; published offers count until they expire.

    In a journey that is paused, and of messages that are, nothing falls due but what was published.
    """
    customer = turn.customer
    if not customer.instances and not customer.offers and not customer.alarms:
        return None
    moments = [made.expires_at for made in customer.offers.values() if made.due is None]
    moments += [due for due, _, _ in _of_journeys(turn)]
    moments += _alarms(turn).values()
    return min(moments, default=None)


def _first(turn: Turn) -> tuple[int, int, int, str] | None:
    waiting = [(due, kind, 0, key) for due, kind, key in _of_journeys(turn)]
    alarms = _alarms(turn)
    if alarms:
        due = min(alarms.values())
        waiting += [(due, 2, timetable.rank(turn, name), name) for name in alarms if alarms[name] == due]
    return min(waiting, default=None)


def _of_journeys(turn: Turn) -> list[tuple[int, int, str]]:
    customer, paused = turn.customer, turn.env.paused
    waiting = [
        (made.due, 0, made.id)
        for made in customer.offers.values()
        if made.due is not None
        and made.journey not in paused
        and made.id not in turn.pending
        and holding(turn, made) is None
    ]
    waiting += [
        (stay.due, 1, stay.key)
        for stay in customer.instances.values()
        if stay.due is not None and stay.journey not in paused
    ]
    return waiting


def _alarms(turn: Turn) -> dict[str, int]:
    alarms, paused = turn.customer.alarms, turn.env.paused
    if not paused:
        return alarms
    return {name: due for name, due in alarms.items() if timetable.journey_of(name) not in paused}


def _ring(turn: Turn, name: str, due: int) -> None:
    if name.startswith(timetable.ALARM):
        timetable.fire(turn, name, due)
    elif name in derived.ALARMS:
        derived.ring(turn, name, due)
    elif name == answers.ALARM:
        answers.ring(turn.customer, turn.home.chunks, turn.now)
    else:
        raise Bug(f"nobody knows what the alarm '{name}' is for")
