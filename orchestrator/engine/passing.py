"""What steps do that do not wait."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import orjson

from orchestrator.engine.assignment import assign, expose
from orchestrator.engine.customer import Instance
from orchestrator.engine.offering import action_id, decide_all, offer
from orchestrator.engine.profile import set_trait
from orchestrator.engine.steps import Act, Branch, Goto, Join, Quiet, Split, Step, Update
from orchestrator.engine.turn import Turn
from orchestrator.engine.waits import follow
from orchestrator.errors import Unmet
from orchestrator.moments import format_moment

LONGEST_TRAIT: Final = 10_000
"""In bytes of JSON: what a journey may put into one trait."""


def take(turn: Turn, instance: Instance, step: Step) -> str | None:
    """Takes a step that does not wait; gives the id of the next one."""
    if isinstance(step, Branch):
        return _branch(turn, instance, step)
    if isinstance(step, Split):
        return _split(turn, instance, step)
    if isinstance(step, Act):
        offer(turn, instance, step)
    elif isinstance(step, Update):
        decide_all(turn)  # What is said before it does not see it.
        _update(turn, instance, step)
    elif isinstance(step, Quiet):
        decide_all(turn)  # What is said before it is not held by it.
        quiet = turn.customer.quiet
        quiet[step.purpose] = max(quiet.get(step.purpose, 0), turn.at + step.duration_ms)
        turn.note("quiet", instance, step.id, step.purpose)
    elif isinstance(step, Join):
        _join(turn, instance, step)
    elif isinstance(step, Goto):
        instance.laps += 1
    return step.next


def _branch(turn: Turn, instance: Instance, step: Branch) -> str | None:
    for number, (test, target) in enumerate(step.arms, 1):
        if test is None:
            turn.note("branched", instance, step.id, f"arm {number}: else")
            return target
        holds, unmet = turn.holds(test, instance)
        if holds:
            turn.note("branched", instance, step.id, f"arm {number}: {test.source}")
            return target
        if unmet is not None:
            turn.note("unmet", instance, step.id, f"arm {number}: {unmet}")
    turn.note("branched", instance, step.id, "no arm")
    return step.next


def _split(turn: Turn, instance: Instance, step: Split) -> str | None:
    targets = {arm.name: target for arm, target in step.arms}
    assigned = assign(turn, step.experiment, [arm for arm, _ in step.arms])
    if assigned is None:
        turn.note("branched", instance, step.id, "no arm")
        return step.next
    arm, first = assigned
    expose(turn, instance, step.id, step.experiment, arm, first=first)
    turn.note("branched", instance, step.id, f"{arm.name}: the arm in {step.experiment}")
    return targets[arm.name]


def _join(turn: Turn, instance: Instance, step: Join) -> None:
    if step.journey not in turn.env.current:
        turn.note("refused", instance, step.id, f"there is no journey {step.journey} any more")
        return
    turn.note("joined", instance, step.id, step.journey)
    turn.join(step.journey, f"join/{action_id(instance, step.id, instance.laps)}", instance)


def _update(turn: Turn, instance: Instance, step: Update) -> None:
    for name, expression in step.traits:
        try:
            value = _plain(turn.value(expression, instance))
            if len(orjson.dumps(value)) > LONGEST_TRAIT:
                raise Unmet(f"{expression.source} is longer than {LONGEST_TRAIT} bytes")
        except (Unmet, orjson.JSONEncodeError) as error:
            turn.note("unmet", instance, step.id, f"{name}: {error}")
            continue
        set_trait(turn.customer, name, value, turn.at)
        turn.changed.add(f"traits.{name}")
        turn.profile_changed()
        turn.note("updated", instance, step.id, name)
    follow(turn)


def _plain(value: Any) -> Any:
    """A value of an expression as JSON has it. Raises Unmet for what JSON does not have."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, datetime):
        return format_moment(round(value.timestamp() * 1000))
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    raise Unmet("the value is nothing that a trait can hold")
