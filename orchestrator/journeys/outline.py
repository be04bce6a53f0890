"""Every step of a journey, in the order of the file, with its place in the file and its id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.journeys.definition import JourneyDefinition
from orchestrator.journeys.source import Location
from orchestrator.journeys.steps import (
    ChoiceDefinition,
    StepDefinition,
    WaitForEventDefinition,
    WaitForOpenedDefinition,
)


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
    if isinstance(step.wait, WaitForEventDefinition | WaitForOpenedDefinition):
        yield ("wait", "received"), step.wait.received
        yield ("wait", "timed_out"), step.wait.timed_out
    for number, arm in enumerate(step.branch or ()):
        yield ("branch", number, "steps"), arm.steps
    if step.split is not None:
        for number, way in enumerate(step.split.arms):
            yield ("split", "arms", number, "steps"), way.steps


def actions_of(journey: JourneyDefinition) -> Iterator[tuple[Location, str]]:
    """The names of the actions that a journey uses, with their places."""
    for location, step in walk(journey.steps, ("steps",)):
        if step.act is not None:
            yield (*location, "act"), step.act
        if isinstance(step.offer, ChoiceDefinition):
            for number, name in enumerate(step.offer.actions):
                yield (*location, "offer", "actions", number), name
        for number, arm in enumerate(step.branch or ()):
            if arm.propensity is not None:
                yield (*location, "branch", number, "propensity", "action"), arm.propensity.action


def _new_id(step: StepDefinition, taken: set[str], counts: Counter[str]) -> str:
    base = f"act-{step.act}" if step.act is not None else step.kind
    while True:
        counts[base] += 1
        numbered = step.act is None or counts[base] > 1
        name = f"{base}-{counts[base]}" if numbered else base
        if name not in taken:
            taken.add(name)
            return name
