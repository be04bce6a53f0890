"""Rules of this file: a customer moves from step to step and leaves a journey only here.

Goals come before exits, exits before waits, waits before entries; so an event that ends a stay may begin the next one.
"""

from __future__ import annotations

from typing import Final

from orchestrator.engine.customer import Instance
from orchestrator.engine.goals import log_goal, reached
from orchestrator.engine.journey import ANY, Journey
from orchestrator.engine.offering import withdraw
from orchestrator.engine.passing import take
from orchestrator.engine.standing import choose
from orchestrator.engine.steps import (
    Choose,
    EventWait,
    Step,
    TimedWait,
    WaitForAbsence,
    WaitForDate,
    WaitForEvent,
    WaitForOpened,
)
from orchestrator.engine.turn import Turn, remember
from orchestrator.engine.waits import date_of, due_of, said_of
from orchestrator.errors import Bug
from orchestrator.events.engagement import OPENED
from orchestrator.events.event import Event

_STEPS_AT_ONCE: Final = 1_000


def hear(turn: Turn, event: Event) -> None:
    """Shows an event to the journeys that the customer is in."""
    for instance in list(turn.customer.instances.values()):
        hear_in(turn, event, instance)


def hear_in(turn: Turn, event: Event, instance: Instance) -> None:
    """Shows an event to one stay."""
    journey = turn.journey(instance.journey, instance.version)
    hears = journey.hears
    if event.name not in hears and ANY not in hears:
        return
    if not _reach(turn, event, instance, journey) and not _exit_by(turn, event, instance, journey):
        _receive(turn, event, instance, journey)


def _reach(turn: Turn, event: Event, instance: Instance, journey: Journey) -> bool:
    goal = reached(turn, event, instance, journey) if journey.goals else None
    if goal is None:
        return False
    if not instance.set_aside:
        log_goal(turn, instance, journey, goal)
    leave(turn, instance, f"goal {goal.name}: {event.name} came")
    return True


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
    opened = _opened(event, instance) if instance.said and event.name in OPENED else None
    if instance.step is None:
        return
    step = journey.steps[instance.step]
    if not (opened == step.act if isinstance(step, WaitForOpened) else _is_awaited(turn, event, instance, step)):
        return
    instance.last = remember(event)
    turn.note("moved", instance, step.id, f"{event.name} came")
    walk(turn, instance, journey, step.next)


def _is_awaited(turn: Turn, event: Event, instance: Instance, step: Step) -> bool:
    if not isinstance(step, WaitForEvent) or not (event.name in step.events or ANY in step.events):
        return False
    return step.condition is None or turn.holds(step.condition, instance)[0]


def _opened(event: Event, instance: Instance) -> str | None:
    """The act step whose last message the event shows to be opened; that is kept for waits that begin later."""
    opened = event.properties.get("action_id")
    for step, id_ in instance.said.items():
        if id_ and isinstance(opened, str) and opened in id_.split(","):
            instance.said[step] = ""
            return step
    return None


def wake(turn: Turn, instance: Instance) -> None:
    """Ends a wait whose time is over."""
    if instance.step is None:
        instance.due = None  # No goal can be reached any more; forget_expired sees to the rest.
        return
    journey = turn.journey(instance.journey, instance.version)
    step = journey.steps[instance.step]
    if not isinstance(step, TimedWait | EventWait):
        raise Bug(f"'{instance.key}' is due at step '{instance.step}', which is no wait")
    if isinstance(step, WaitForAbsence | WaitForDate) and _waits_on(turn, instance, step):
        return
    turn.note("moved", instance, step.id, _over(step))
    walk(turn, instance, journey, step.timed_out if isinstance(step, EventWait) else step.next)


def _waits_on(turn: Turn, instance: Instance, step: WaitForAbsence | WaitForDate) -> bool:
    """Whether it is too early, since what is waited for is later now; a stay without its date leaves."""
    if isinstance(step, WaitForDate):
        date = date_of(turn, instance, step)
        if isinstance(date, str):
            leave(turn, instance, f"it waits for a date that is not known: {date}")
            return True
    else:
        date = turn.customer.last_seen + step.duration_ms
    if date > turn.now:
        instance.due = date
    return date > turn.now


def _over(step: TimedWait | EventWait) -> str:
    if isinstance(step, EventWait):
        return "timed out"
    return "not seen since" if isinstance(step, WaitForAbsence) else "waited"


def walk(turn: Turn, instance: Instance, journey: Journey, step_id: str | None) -> None:
    """Goes on from a step until one waits or the journey ends."""
    instance.due = instance.since = None
    for _ in range(_STEPS_AT_ONCE):
        instance.step = step_id
        if step_id is None:
            _finish(turn, instance, journey)
            return
        step = journey.steps[step_id]
        if isinstance(step, WaitForOpened) and instance.said.get(step.act) == "":
            turn.note("moved", instance, step.id, "opened already")
            step_id = step.next
            continue
        due = due_of(turn, instance, step, turn.at)
        if due is not None:
            instance.due, instance.since = due, turn.at
            turn.note("waiting", instance, step.id, said_of(step, due))
            return
        step_id = choose(turn, instance, step) if isinstance(step, Choose) else take(turn, instance, step)
    raise Bug(f"journey '{journey.name}' {journey.version} went {_STEPS_AT_ONCE} steps without a wait")


def _finish(turn: Turn, instance: Instance, journey: Journey) -> None:
    """The last step is done: what stays is what is open, and goals that may still be reached."""
    turn.note("ended", instance, None)
    watched_until = instance.entered_at + journey.watch_ms
    if watched_until > turn.now:
        instance.due = watched_until
    elif not any(made.instance == instance.key for made in turn.customer.offers.values()):
        turn.customer.instances.pop(instance.key, None)


def forget_expired(turn: Turn) -> None:
    """Lets go of published offers that expired, of finished stays that nobody watches, and of quiet that is over."""
    customer = turn.customer
    for made in list(customer.offers.values()):
        if made.due is None and made.expires_at <= turn.now:
            del customer.offers[made.id]
    watched = {made.instance for made in customer.offers.values()}
    for instance in list(customer.instances.values()):
        if instance.step is None and instance.due is None and instance.key not in watched:
            del customer.instances[instance.key]
    for purpose in [purpose for purpose, until in customer.quiet.items() if until <= turn.now]:
        del customer.quiet[purpose]
