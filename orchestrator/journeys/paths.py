"""Which step may come after which: what is reached, and what goes round at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from orchestrator.journeys.definition import JourneyDefinition
from orchestrator.journeys.outline import outline, ways
from orchestrator.journeys.source import Location
from orchestrator.journeys.steps import (
    StepDefinition,
    WaitForEventDefinition,
    WaitForOpenedDefinition,
    WaitUntilDefinition,
)

Ways = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Paths:
    """The ways between the steps of a journey, by id.

    ``ways`` has all of them and ``quick`` those that may be taken in no time, but for the ways of ``opened``:
    these are quick if the message was opened before, and then lead there.
    """

    first: str | None
    ways: Ways
    quick: Ways
    opened: Ways


def paths_of(journey: JourneyDefinition) -> Paths:
    """The paths of a journey; a goto that leads nowhere has no way."""
    builder = _Builder(journey)
    first = builder.add(journey.steps, ("steps",), None)
    return Paths(first, builder.ways, builder.quick, builder.opened)


def reached(start: str | None, ways: Ways) -> set[str]:
    """The steps that are reached from one of them, itself included."""
    found: set[str] = set()
    waiting = [start] if start is not None else []
    while waiting:
        step = waiting.pop()
        if step not in found:
            found.add(step)
            waiting += ways.get(step, ())
    return found


def path(start: str, goal: str, ways: Ways, without: Collection[str] = ()) -> list[str] | None:
    """A shortest path from a step to another; both may be the same."""
    came_from: dict[str, str | None] = {start: None}
    waiting = [start]
    for step in waiting:
        if step in without:
            continue
        if step == goal:
            return _back(step, came_from)
        for after in ways.get(step, ()):
            if after not in came_from:
                came_from[after] = step
                waiting.append(after)
    return None


def _back(step: str | None, came_from: Mapping[str, str | None]) -> list[str]:
    found: list[str] = []
    while step is not None:
        found.append(step)
        step = came_from[step]
    return found[::-1]


class _Builder:
    def __init__(self, journey: JourneyDefinition) -> None:
        self.ways: dict[str, tuple[str, ...]] = {}
        self.quick: dict[str, tuple[str, ...]] = {}
        self.opened: dict[str, tuple[str, ...]] = {}
        self._ids = {placed.location: placed.id for placed in outline(journey)}

    def add(self, steps: tuple[StepDefinition, ...], at: Location, after: str | None) -> str | None:
        """Adds a list of steps that goes on to ``after``; returns the first of it, or ``after``."""
        for number in reversed(range(len(steps))):
            location = (*at, number)
            id_ = self._ids[location]
            self._add_step(id_, steps[number], location, after)
            after = id_
        return after

    def _add_step(self, id_: str, step: StepDefinition, at: Location, after: str | None) -> None:
        inner = [self.add(steps, (*at, *way), after) for way, steps in ways(step)]
        self.ways[id_] = _there(self._ways_on(step, inner, after))
        if isinstance(step.wait, WaitForOpenedDefinition):
            self.opened[id_] = _there(inner[:1])
        self.quick[id_] = () if _takes_time(step) else self.ways[id_]

    def _ways_on(self, step: StepDefinition, inner: list[str | None], after: str | None) -> list[str | None]:
        if step.end:
            return []
        if step.goto is not None:
            return [step.goto] if step.goto in self._ids.values() else []
        if step.branch is not None and all(arm.tests for arm in step.branch):
            return [*inner, after]
        return inner or [after]


def _there(steps: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(step for step in steps if step is not None))


def _takes_time(step: StepDefinition) -> bool:
    """Whether a step certainly waits. Who has not been seen for long, and a date that is past, end a wait at once."""
    wait = step.wait
    if isinstance(wait, int):
        return wait > 0
    if isinstance(wait, WaitForEventDefinition | WaitForOpenedDefinition):
        return wait.timeout > 0
    return isinstance(wait, WaitUntilDefinition)
