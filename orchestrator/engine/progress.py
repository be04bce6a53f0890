"""Rules of this file: a customer moves from step to step and leaves a journey only here.

Exits come before waits, waits before entries; so an event that ends a stay may begin the next one.
"""

from __future__ import annotations

from typing import Final

from orchestrator.engine.customer import Instance
from orchestrator.engine.journey import Journey
from orchestrator.engine.offering import offer, withdraw
from orchestrator.engine.steps import Act, Branch, Quiet, Wait, WaitForAbsence, WaitForEvent
from orchestrator.engine.turn import Turn, remember
from orchestrator.engine.waits import due_of
from orchestrator.errors import Bug
from orchestrator.events.event import Event

ANY: Final = "*"
_STEPS_AT_ONCE: Final = 1_000


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
    walk(turn, instance, journey, step.next)


def wake(turn: Turn, instance: Instance) -> None:
    """Ends a wait whose time is over."""
    journey = turn.journey(instance.journey, instance.version)
    step = journey.steps[instance.step] if instance.step is not None else None
    if isinstance(step, WaitForAbsence):
        back = turn.customer.last_seen + step.duration_ms
        if back > turn.now:
            instance.due = back
            return
        turn.note("moved", instance, step.id, "not seen since")
        walk(turn, instance, journey, step.next)
    elif isinstance(step, WaitForEvent):
        turn.note("moved", instance, step.id, "timed out")
        walk(turn, instance, journey, step.timed_out)
    elif isinstance(step, Wait):
        turn.note("moved", instance, step.id, "waited")
        walk(turn, instance, journey, step.next)
    else:
        raise Bug(f"'{instance.key}' is due at step '{instance.step}', which is no wait")


def walk(turn: Turn, instance: Instance, journey: Journey, step_id: str | None) -> None:
    """Goes on from a step until one waits or the journey ends."""
    instance.due = instance.since = None
    for _ in range(_STEPS_AT_ONCE):
        instance.step = step_id
        if step_id is None:
            _finish(turn, instance, journey)
            return
        step = journey.steps[step_id]
        due = due_of(turn, step, turn.at)
        if due is not None:
            instance.due, instance.since = due, turn.at
            turn.note("waiting", instance, step.id)
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


def forget_expired(turn: Turn) -> None:
    """Lets go of published offers that expired, of finished stays that nobody watches, and of quiet that is over."""
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
