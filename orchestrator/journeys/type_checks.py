"""That the fields, traits, segments and events that a definition names exist, and that its conditions can hold."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.journeys.cel import CelError
from orchestrator.journeys.cel_types import check_types
from orchestrator.journeys.definition import JourneyDefinition
from orchestrator.journeys.entry_checks import entry_segments
from orchestrator.journeys.expressions import ALL_VARIABLES, ENTRY_VARIABLES, expression
from orchestrator.journeys.finding import Finding
from orchestrator.journeys.marked import Marked, expressions, listened
from orchestrator.journeys.model import Model
from orchestrator.journeys.nearest import nearest
from orchestrator.journeys.scopes import Scopes, Variables
from orchestrator.journeys.sentences import hint


def check_journey_types(journey: JourneyDefinition, scopes: Scopes) -> Iterator[Finding]:
    """What is wrong with the names and types in a journey; expressions that do not compile are left to others."""
    yield from _check_events(journey, scopes)
    yield from _check_segments(journey, scopes)
    for found in expressions(journey):
        if found.location[0] == "entry":
            if _compiles(found.source, ENTRY_VARIABLES):
                yield from _check(found, scopes.at_entry(found.events or journey.entry.seen))
        elif _compiles(found.source, ALL_VARIABLES):
            yield from _check(found, scopes.in_journey(journey, found.events))


def check_types_in(model: Model, scopes: Scopes, variables: frozenset[str]) -> Iterator[Finding]:
    """The same for a file whose expressions stand outside of any journey, such as traits.yaml."""
    yield from _check_events(model, scopes)
    for found in expressions(model):
        if _compiles(found.source, variables):
            yield from _check(found, scopes.at_entry(found.events))


def _check_events(model: Model, scopes: Scopes) -> Iterator[Finding]:
    for found in listened(model):
        for number, name in enumerate(found.events):
            if not scopes.schemas.knows(name):
                near = nearest(name, scopes.schemas.events)
                remedy = f"did you mean '{near}'? If not, " if near else ""
                message = f"the event '{name}' is unknown: {remedy}declare it in events.yaml"
                yield Finding((*found.location, number), message)


def _check_segments(journey: JourneyDefinition, scopes: Scopes) -> Iterator[Finding]:
    for location, name in entry_segments(journey):
        if scopes.segments is not None and name not in scopes.segments:
            message = f"the segment '{name}' is not in segments.yaml: {hint(name, scopes.segments)}"
            yield Finding(location, message)


def _check(found: Marked, variables: Variables) -> Iterator[Finding]:
    for error in check_types(found.source, variables, condition=found.location[-1] == "if"):
        yield Finding(found.location, str(error), error.line, error.column)


def _compiles(source: str, variables: frozenset[str]) -> bool:
    try:
        expression(source, variables)
    except CelError:
        return False
    return True
