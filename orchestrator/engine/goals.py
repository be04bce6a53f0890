"""What a journey is for: whether it is reached, and what that is worth."""

from __future__ import annotations

import math

from orchestrator.engine.customer import Instance
from orchestrator.engine.experiments import arms_of
from orchestrator.engine.journey import ANY, Goal, Journey
from orchestrator.engine.turn import Turn
from orchestrator.errors import Unmet
from orchestrator.events.event import Event
from orchestrator.moments import format_moment


def reached(turn: Turn, event: Event, instance: Instance, journey: Journey) -> Goal | None:
    """The first goal of a stay that an event reaches."""
    for goal in journey.goals:
        if not (event.name in goal.events or ANY in goal.events):
            continue
        if goal.within_ms is not None and event.at >= instance.entered_at + goal.within_ms:
            continue
        if goal.condition is None or turn.holds(goal.condition, instance)[0]:
            return goal
    return None


def log_goal(turn: Turn, instance: Instance, journey: Journey, goal: Goal) -> None:
    """Logs a goal with its value, and with the arms of the journey's experiments that the customer has."""
    turn.say(
        {
            "kind": "goal",
            "customer_id": turn.customer_id,
            "at": format_moment(turn.now),
            "journey": instance.journey,
            "version": instance.version,
            "instance": instance.key,
            "entered_at": format_moment(instance.entered_at),
            "goal": goal.name,
            "value": _value(turn, instance, goal),
            "arms": arms_of(turn.customer, journey.experiments),
            "trigger": turn.trigger(),
        }
    )


def _value(turn: Turn, instance: Instance, goal: Goal) -> int | float | None:
    if goal.value is None:
        return None
    try:
        value = turn.value(goal.value, instance)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise Unmet(f"{goal.value.source} is no number")
    except Unmet as unmet:
        turn.note("unmet", instance, instance.step, f"value of {goal.name}: {unmet}")
        return None
    return value
