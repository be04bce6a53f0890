"""Rules of this file: a customer enters a journey, moves from step to step and leaves it only here.

Exits come before waits, waits before entries; so an event that ends a stay may begin the next one.
"""

from __future__ import annotations

from typing import Final

from orchestrator.engine.customer import PAST_KEPT, Instance, Past
from orchestrator.engine.journey import (
    Act,
    Branch,
    Condition,
    Entry,
    Journey,
    Quiet,
    Reentry,
    Wait,
    WaitForAbsence,
    WaitForEvent,
)
from orchestrator.engine.offering import decide, offer, withdraw
from orchestrator.engine.turn import Turn, remember
from orchestrator.errors import Bug, Unmet
from orchestrator.events.event import Event
from orchestrator.events.view import View

ANY: Final = "*"
_STEPS_AT_ONCE: Final = 1_000
_NONE: Final = View({}, {})


def hear(turn: Turn, event: Event) -> None:
    """Shows an event to the journeys that the customer is in."""
    for instance in list(turn.customer.instances.values()):
        hear_in(turn, event, instance)


def hear_in(turn: Turn, event: Event, instance: Instance) -> None:
    """Shows an event to one stay."""
    journey = turn.journey(instance.journey, instance.version)
    hears = journey.hears
    if (event.name in hears or ANY in hears) and not _exit_by(turn, event, instance, journey):
        _receive(turn, event, instance, journey)


def enter_all(turn: Turn, event: Event) -> None:
    """Lets the customer into the journeys that begin with this event."""
    entries = turn.env.entries
    for journey in entries.get(event.name, ()):
        _enter(turn, event, journey)
    for journey in entries.get(ANY, ()):
        _enter(turn, event, journey)


def _exit_by(turn: Turn, event: Event, instance: Instance, journey: Journey) -> bool:
    for way in journey.exits:
        if not (event.name in way.events or ANY in way.events):
            continue
        if way.condition is None or turn.holds(way.condition, instance)[0]:
            leave(turn, instance, f"{event.name} came")
            return True
    return False


def leave(turn: Turn, instance: Instance, reason: str) -> None:
    """Ends a stay now: waits end, held actions are dropped, published ones are withdrawn."""
    customer = turn.customer
    for made in [made for made in customer.offers.values() if made.instance == instance.key]:
        withdraw(turn, made, reason)
    customer.instances.pop(instance.key, None)
    if instance.step is not None:
        turn.note("exited", instance, instance.step, reason)


def fire(turn: Turn) -> None:
    """Does all that is due by now for this customer, the earliest first."""
    customer = turn.customer
    while True:
        due, kind, key = min(
            [
                *((made.due, 0, made.id) for made in customer.offers.values() if made.due is not None),
                *(
                    (instance.due, 1, instance.key)
                    for instance in customer.instances.values()
                    if instance.due is not None
                ),
            ],
            default=(None, 0, ""),
        )
        if due is None or due > turn.now:
            break
        if kind == 0:
            made = customer.offers[key]
            decide(turn, made, customer.instances[made.instance])
        else:
            _wake(turn, customer.instances[key])
    _forget_expired(turn)


def next_due(turn: Turn) -> int | None:
    """The earliest moment at which something falls due; published offers count until they expire."""
    customer = turn.customer
    if not customer.instances and not customer.offers:
        return None
    moments = [made.expires_at if made.due is None else made.due for made in customer.offers.values()]
    moments += [instance.due for instance in customer.instances.values() if instance.due is not None]
    return min(moments, default=None)


def instance_key(journey: str, key: str) -> str:
    """The key of a stay: one at a time for each value of the entry's ``key``."""
    return f"{journey}/{key}" if key else journey


def _enter(turn: Turn, event: Event, journey: Journey) -> None:
    entry = journey.entry
    if entry.condition is not None and not turn.holds(entry.condition, None)[0]:
        return
    try:
        key = _entry_key(turn, entry.key)
    except Unmet:
        return
    name = instance_key(journey.name, key)
    customer = turn.customer
    current = customer.instances.get(name)
    if current is not None and current.step is not None:
        return
    instance = Instance(journey.name, journey.version, name, customer.key, event.at, remember(event), value=key)
    refusal = reentry_refusal(turn, entry, name, event.at)
    if refusal is not None:
        turn.note("refused", instance, None, refusal)
        return
    if current is not None:
        _set_aside(turn, current)
    _remember_entry(turn, entry, name, event.at)
    customer.instances[name] = instance
    turn.note("entered", instance, journey.first)
    _walk(turn, instance, journey, journey.first)


def _entry_key(turn: Turn, key: Condition | None) -> str:
    if key is None:
        return ""
    value = key.evaluate(turn.event_view(), turn.customer_view(), _NONE)
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
    """A finished stay whose offers are still watched makes room for a new one under the same key."""
    customer = turn.customer
    aside = f"{finished.key}@{finished.entered_at}.{finished.entry['id']}"
    for made in customer.offers.values():
        if made.instance == finished.key:
            made.instance = aside
    del customer.instances[finished.key]
    finished.key = aside
    customer.instances[aside] = finished


def _receive(turn: Turn, event: Event, instance: Instance, journey: Journey) -> None:
    if instance.step is None:
        return
    step = journey.steps[instance.step]
    if not isinstance(step, WaitForEvent) or not (event.name in step.events or ANY in step.events):
        return
    if step.condition is not None and not turn.holds(step.condition, instance)[0]:
        return
    instance.last = remember(event)
    turn.note("moved", instance, step.id, f"{event.name} came")
    _walk(turn, instance, journey, step.next)


def _wake(turn: Turn, instance: Instance) -> None:
    journey = turn.journey(instance.journey, instance.version)
    step = journey.steps[instance.step] if instance.step is not None else None
    if isinstance(step, WaitForAbsence):
        back = turn.customer.last_seen + step.duration_ms
        if back > turn.now:
            instance.due = back
            return
        turn.note("moved", instance, step.id, "not seen since")
        _walk(turn, instance, journey, step.next)
    elif isinstance(step, WaitForEvent):
        turn.note("moved", instance, step.id, "timed out")
        _walk(turn, instance, journey, step.timed_out)
    elif isinstance(step, Wait):
        turn.note("moved", instance, step.id, "waited")
        _walk(turn, instance, journey, step.next)
    else:
        raise Bug(f"'{instance.key}' is due at step '{instance.step}', which is no wait")


def _walk(turn: Turn, instance: Instance, journey: Journey, step_id: str | None) -> None:
    """Goes on from a step until one waits or the journey ends."""
    instance.due = None
    for _ in range(_STEPS_AT_ONCE):
        instance.step = step_id
        if step_id is None:
            _finish(turn, instance, journey)
            return
        step = journey.steps[step_id]
        if isinstance(step, Wait):
            _wait(turn, instance, step.id, turn.at + step.duration_ms)
            return
        if isinstance(step, WaitForAbsence):
            _wait(turn, instance, step.id, turn.customer.last_seen + step.duration_ms)
            return
        if isinstance(step, WaitForEvent):
            _wait(turn, instance, step.id, turn.at + step.timeout_ms)
            return
        if isinstance(step, Branch):
            step_id = _branch(turn, instance, step)
            continue
        if isinstance(step, Act):
            offer(turn, instance, step)
        elif isinstance(step, Quiet):
            quiet = turn.customer.quiet
            quiet[step.purpose] = max(quiet.get(step.purpose, 0), turn.at + step.duration_ms)
            turn.note("quiet", instance, step.id, step.purpose)
        step_id = step.next
    raise Bug(f"journey '{journey.name}' {journey.version} went {_STEPS_AT_ONCE} steps without a wait")


def _wait(turn: Turn, instance: Instance, step_id: str, due: int) -> None:
    instance.due = due
    turn.note("waiting", instance, step_id)


def _branch(turn: Turn, instance: Instance, step: Branch) -> str | None:
    for number, (condition, target) in enumerate(step.arms, 1):
        if condition is None:
            turn.note("branched", instance, step.id, f"arm {number}: else")
            return target
        holds, unmet = turn.holds(condition, instance)
        if holds:
            turn.note("branched", instance, step.id, f"arm {number}: {condition.source}")
            return target
        if unmet is not None:
            turn.note("unmet", instance, step.id, f"arm {number}: {unmet}")
    turn.note("branched", instance, step.id, "no arm")
    return step.next


def _finish(turn: Turn, instance: Instance, journey: Journey) -> None:
    turn.note("ended", instance, None)
    if not any(made.instance == instance.key for made in turn.customer.offers.values()):
        turn.customer.instances.pop(instance.key, None)


def _forget_expired(turn: Turn) -> None:
    customer = turn.customer
    for made in list(customer.offers.values()):
        if made.due is None and made.expires_at <= turn.now:
            del customer.offers[made.id]
    watched = {made.instance for made in customer.offers.values()}
    for instance in list(customer.instances.values()):
        if instance.step is None and instance.key not in watched:
            del customer.instances[instance.key]
    for purpose in [purpose for purpose, until in customer.quiet.items() if until <= turn.now]:
        del customer.quiet[purpose]
