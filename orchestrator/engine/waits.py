"""When a wait is over, if nothing ends it before."""

from __future__ import annotations

from orchestrator.engine.steps import Step, Wait, WaitForAbsence, WaitForEvent
from orchestrator.engine.turn import Turn


def due_of(turn: Turn, step: Step, since: int) -> int | None:
    """The moment at which a stay goes on that has waited at a step since ``since``; None if the step is no wait."""
    if isinstance(step, Wait):
        return since + step.duration_ms
    if isinstance(step, WaitForAbsence):
        return turn.customer.last_seen + step.duration_ms
    if isinstance(step, WaitForEvent):
        return since + step.timeout_ms
    return None
