"""Every step of a journey, in the order of the file, with its place in the file and its id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.journeys.definition import JourneyDefinition, StepDefinition, WaitForEventDefinition
from orchestrator.journeys.source import Location


@dataclass(frozen=True, slots=True)
class PlacedStep:
    """A step, its id, and the keys and positions that lead to it."""

    id: str
    location: Location
    step: StepDefinition


def outline(journey: JourneyDefinition) -> tuple[PlacedStep, ...]:
    """All steps, each before those within it.

    A step without an id gets one of its kind and its number, such as ``wait-2``; an act has the action's name in it.
    """
    steps = list(walk(journey.steps, ("steps",)))
    taken = {step.id for _, step in steps if step.id is not None}
    counts: Counter[str] = Counter()
    return tuple(PlacedStep(step.id or _new_id(step, taken, counts), location, step) for location, step in steps)


def walk(steps: tuple[StepDefinition, ...], at: Location) -> Iterator[tuple[Location, StepDefinition]]:
    """The steps and all within them, with their locations."""
    for number, step in enumerate(steps):
        location = (*at, number)
        yield location, step
        for way, inner in ways(step):
            yield from walk(inner, (*location, *way))


def ways(step: StepDefinition) -> Iterator[tuple[Location, tuple[StepDefinition, ...]]]:
    """The lists of steps within a step, with their locations in it."""
    if isinstance(step.wait, WaitForEventDefinition):
        yield ("wait", "received"), step.wait.received
        yield ("wait", "timed_out"), step.wait.timed_out
    for number, arm in enumerate(step.branch or ()):
        yield ("branch", number, "steps"), arm.steps


def _new_id(step: StepDefinition, taken: set[str], counts: Counter[str]) -> str:
    base = f"act-{step.act}" if step.act is not None else step.kind
    while True:
        counts[base] += 1
        numbered = step.act is None or counts[base] > 1
        name = f"{base}-{counts[base]}" if numbered else base
        if name not in taken:
            taken.add(name)
            return name
