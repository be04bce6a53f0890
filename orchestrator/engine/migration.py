"""Rules of this file: a stay in an older version of a journey goes on in the new one, where that says so.

What was waited counts: a stay that comes to a wait is due when it would be if it had waited there since it began to.
"""

from __future__ import annotations

from orchestrator.engine.customer import Instance
from orchestrator.engine.journey import Journey
from orchestrator.engine.progress import leave, walk
from orchestrator.engine.turn import Turn
from orchestrator.engine.waits import due_of


def migrate(turn: Turn, instance: Instance) -> None:
    """Moves one stay, or leaves it where it is: without ``migrate``, or at a step of which nothing is said."""
    journey = turn.env.current.get(instance.journey)
    if journey is None or journey.migrate is None or journey.version == instance.version or instance.step is None:
        return
    old = instance.step
    new = journey.migrate.get(old, old)
    if new is None:
        leave(turn, instance, f"version {journey.version} ends those who stand at '{old}'")
    elif new in journey.steps:
        _move(turn, instance, journey, new)
    elif turn.env.ends_unmapped:
        leave(turn, instance, f"version {journey.version} has no step '{old}', and ends those who stand there")
    else:
        turn.note("unmapped", instance, old, f"version {journey.version} has no step '{old}' and does not map it")


def _move(turn: Turn, instance: Instance, journey: Journey, new: str) -> None:
    since = instance.since if instance.since is not None else turn.now
    # The line is one of the new version, as its step is.
    instance.version = journey.version
    turn.note("migrated", instance, new, f"from '{instance.step}' to version {journey.version}")
    due = due_of(turn, instance, journey.steps[new], since)
    if due is None:
        walk(turn, instance, journey, new)
    else:
        instance.step, instance.since, instance.due = new, since, due
