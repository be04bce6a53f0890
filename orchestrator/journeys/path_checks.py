"""That each step is reached, and that nothing goes round without a wait, within a journey and between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from orchestrator.journeys.definition import JourneyDefinition
from orchestrator.journeys.finding import Finding
from orchestrator.journeys.outline import PlacedStep, outline, walk
from orchestrator.journeys.paths import Paths, path, paths_of, reached
from orchestrator.journeys.source import Location
from orchestrator.journeys.steps import StepDefinition, WaitForOpenedDefinition


def check_paths(journey: JourneyDefinition) -> Iterator[Finding]:
    """What is wrong with the ways between a journey's steps."""
    paths, steps = paths_of(journey), outline(journey)
    yield from _check_reach(paths, steps)
    yield from _check_opened(paths, steps)
    yield from _check_rounds(paths, steps)


def check_joins(journeys: Mapping[str, JourneyDefinition]) -> Iterator[tuple[str, Finding]]:
    """Journeys that join each other in a circle without a wait; with the name of the journey of each finding."""
    at_once = {name: _joins_at_once(journey) for name, journey in journeys.items()}
    ways = {name: tuple(joined for _, joined in found) for name, found in at_once.items()}
    for name, found in at_once.items():
        for location, joined in found:
            circle = path(joined, name, ways) if joined != name else None
            if circle is not None:
                said = " → ".join([name, *circle])
                yield name, Finding(location, f"the journeys join each other without a wait: {said}: add a wait step")


def _check_reach(paths: Paths, steps: tuple[PlacedStep, ...]) -> Iterator[Finding]:
    found = reached(paths.first, paths.ways)
    by_place = {placed.location: placed for placed in steps}
    for placed in steps:
        before = by_place.get(_before(placed.location))
        if before is not None and placed.id not in found and before.id in found:
            yield Finding(
                placed.location, f"this step cannot be reached: the one before it always {_goes(before.step)}"
            )


def _before(location: Location) -> Location:
    number = location[-1]
    assert isinstance(number, int)
    return (*location[:-1], number - 1)


def _goes(step: StepDefinition) -> str:
    elsewhere = any(inner.goto is not None for _, inner in walk((step,), ()))
    return "goes on elsewhere or ends the journey" if elsewhere else "ends the journey"


def _check_opened(paths: Paths, steps: tuple[PlacedStep, ...]) -> Iterator[Finding]:
    for placed in steps:
        wait = placed.step.wait
        if not isinstance(wait, WaitForOpenedDefinition) or wait.opened not in paths.ways:
            continue
        if placed.id not in reached(wait.opened, paths.ways):
            message = f"the message of '{wait.opened}' is never sent before this step"
            yield Finding((*placed.location, "wait", "opened"), message)


def _check_rounds(paths: Paths, steps: tuple[PlacedStep, ...]) -> Iterator[Finding]:
    said: set[str] = set()
    for placed in steps:
        goto = placed.step.goto
        if goto is not None and goto in paths.ways and placed.id not in said:
            circle = path(goto, placed.id, paths.quick)
            if circle is not None:
                said.update(circle)
                yield Finding((*placed.location, "goto"), _round(circle, steps))
    either = {id_: (*quick, *paths.opened.get(id_, ())) for id_, quick in paths.quick.items()}
    for placed in steps:
        wait = placed.step.wait
        if isinstance(wait, WaitForOpenedDefinition) and placed.id not in said:
            for first in paths.opened[placed.id]:
                circle = path(first, placed.id, either, without=(wait.opened,))
                if circle is not None:
                    said.update(circle)
                    yield Finding((*placed.location, "wait"), _round(circle, steps))


def _round(circle: list[str], steps: tuple[PlacedStep, ...]) -> str:
    waits = [placed.id for placed in steps if placed.step.wait is not None and placed.id in circle]
    over = f", for {' and '.join(waits)} may be over at once" if waits else ""
    said = " → ".join([*circle, circle[0]])
    return f"the steps may go round without a wait: {said}{over}: add a wait for some time or until a time of day"


def _joins_at_once(journey: JourneyDefinition) -> list[tuple[Location, str]]:
    paths = paths_of(journey)
    found = reached(paths.first, paths.quick)
    return [
        ((*placed.location, "join"), placed.step.join)
        for placed in outline(journey)
        if placed.step.join is not None and placed.id in found
    ]
