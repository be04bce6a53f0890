"""How much one file may ask for: what is more takes too long to check, and nobody could read it."""

from __future__ import annotations

from itertools import islice
from typing import Final

from orchestrator.journeys.definition import JourneyDefinition
from orchestrator.journeys.finding import Finding
from orchestrator.journeys.marked import expressions
from orchestrator.journeys.model import Model
from orchestrator.journeys.outline import walk

MOST_STEPS: Final = 500
"""More would not pass in one go through the engine, which takes so many for a loop of our own making."""

MOST_EXPRESSIONS: Final = 2_000
MOST_BYTES: Final = 10_000_000
"""Of all files of a project together."""


def too_large(model: Model) -> Finding | None:
    """What there is too much of in a file."""
    if isinstance(model, JourneyDefinition):
        steps = sum(1 for _ in walk(model.steps, ()))
        if steps > MOST_STEPS:
            return Finding(("steps",), f"has {steps} steps, and at most {MOST_STEPS} are allowed: split it up")
    if len(list(islice(expressions(model), MOST_EXPRESSIONS + 1))) > MOST_EXPRESSIONS:
        return Finding((), f"has more than {MOST_EXPRESSIONS} conditions and other expressions: split it up")
    return None
