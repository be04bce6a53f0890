"""When a wait is over, if nothing ends it before."""

from __future__ import annotations

from orchestrator.engine.calendar import zone_of
from orchestrator.engine.customer import Instance
from orchestrator.engine.dates import moment_beside, next_daytime
from orchestrator.engine.steps import (
    EventWait,
    Step,
    Wait,
    WaitForAbsence,
    WaitForDate,
    WaitUntil,
)
from orchestrator.engine.turn import Turn
from orchestrator.errors import Unmet
from orchestrator.events.timestamps import LATEST_MS
from orchestrator.moments import format_moment


def due_of(turn: Turn, instance: Instance, step: Step, since: int) -> int | None:
    """The moment at which a stay goes on that has waited at a step since ``since``; None if the step is no wait.

    A wait for a date that is not known is over at once: who wakes it sees to that.
    """
    if isinstance(step, Wait):
        return since + step.duration_ms
    if isinstance(step, WaitForAbsence):
        return turn.customer.last_seen + step.duration_ms
    if isinstance(step, WaitUntil):
        zone = zone_of(turn.customer, turn.env.policy.timezone)
        return next_daytime(since, step.daytime_ms, step.weekdays, zone)
    if isinstance(step, WaitForDate):
        date = date_of(turn, instance, step)
        return since if isinstance(date, str) else max(date, since)
    return since + step.timeout_ms if isinstance(step, EventWait) else None


def date_of(turn: Turn, instance: Instance, step: WaitForDate) -> int | str:
    """The moment that a stay waits for, as far as is known now; else a sentence that says why it is not known."""
    try:
        value = turn.value(step.date, instance)
    except Unmet as unmet:
        return str(unmet)
    zone = zone_of(turn.customer, turn.env.policy.timezone)
    moment = moment_beside(value, step.offset_ms, step.daytime_ms, zone)
    return min(moment, LATEST_MS) if moment is not None else f"{step.date.source} is no date"


def said_of(step: Step, due: int) -> str | None:
    """What the story says of a wait whose end the clock or the calendar gives."""
    return f"until {format_moment(due)}" if isinstance(step, WaitUntil | WaitForDate) else None


def follow(turn: Turn) -> None:
    """After a change of traits: waits for a date or a time of day go by what is known now."""
    for instance in turn.customer.instances.values():
        if instance.step is None or instance.due is None or instance.since is None:
            continue
        step = turn.journey(instance.journey, instance.version).steps[instance.step]
        if isinstance(step, WaitUntil | WaitForDate):
            due = due_of(turn, instance, step, instance.since)
            if due is not None and due != instance.due:
                instance.due = due
                turn.note("waiting", instance, step.id, said_of(step, due))
