"""The names that a test file uses, held to those that its project has: a slip in one tests nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from orchestrator.cel.checker import unknown_field
from orchestrator.cel.value_types import Fields, ListOf, Type
from orchestrator.journeys.load import Known
from orchestrator.journeys.source import Location
from orchestrator.journeys.type_checks import unknown_event
from orchestrator.nearest import hint
from orchestrator.testing.cases import CustomerGiven, Expectation, Happening, TestFile

Unknown = tuple[Location, str]
"""Where a name stands that does not exist, and what is said of it."""

_ACTIONS: Final = ("action", "cancel", "refused", "held")
_JOURNEYS: Final = ("entered", "left", "in", "not_in")
_SEGMENTS: Final = ("segment", "no_segment")


def unknown_names(file: TestFile, known: Known) -> Iterator[Unknown]:
    """All names in a file that its project does not have; those within ``send`` may be any."""
    yield from _of_customers(file.customers, ("customers",), known)
    yield from _of_journeys(file.journeys, ("journeys",), known)
    for number, case in enumerate(file.tests):
        at: Location = ("tests", number)
        yield from _of_customers(case.customers, (*at, "customers"), known)
        yield from _of_journeys(case.journeys, (*at, "journeys"), known)
        for place, step in enumerate(case.steps):
            yield from _of_step(step, (*at, "steps", place), known)


def _of_customers(customers: Mapping[str, CustomerGiven], at: Location, known: Known) -> Iterator[Unknown]:
    for user, given in customers.items():
        yield from _of_fields(given.traits, known.scopes.traits(), (*at, user, "traits"))
        for number, name in enumerate(given.consents):
            yield from _of_channel(name.partition("/")[0], (*at, user, "consents", number), known)


def _of_journeys(journeys: Iterable[str] | None, at: Location, known: Known) -> Iterator[Unknown]:
    for number, name in enumerate(journeys or ()):
        yield from _missing("journey", name, known.named.journeys, (*at, number))


def _of_step(step: Happening, at: Location, known: Known) -> Iterator[Unknown]:
    schemas = known.scopes.schemas
    if step.event is not None:
        unknown = unknown_event(step.event, schemas)
        if unknown is not None:
            yield (*at, "event"), unknown
        else:
            properties = schemas.event([step.event]).fields["properties"]
            yield from _of_fields(step.properties, properties, (*at, "properties"))
    if step.identify is not None:
        yield from _of_fields(step.identify, known.scopes.traits(), (*at, "identify"))
    if step.consent is not None:
        yield from _of_channel(step.consent.channel, (*at, "consent", "channel"), known)
    for number, expected in enumerate(step.expect or ()):
        yield from _of_expectation(expected, (*at, "expect", number), known)


def _of_expectation(expected: Expectation, at: Location, known: Known) -> Iterator[Unknown]:
    named = known.named
    if expected.kind in _ACTIONS:
        yield from _missing("action", expected.name, named.actions, (*at, expected.kind))
    elif expected.kind in _JOURNEYS:
        yield from _missing("journey", expected.name, named.journeys, (*at, expected.kind))
    elif expected.kind in _SEGMENTS and named.segments is not None and expected.name not in named.segments:
        message = f"the segment '{expected.name}' is not in segments.yaml: {hint(expected.name, named.segments)}"
        yield (*at, expected.kind), message
    if expected.journey is not None:
        yield from _missing("journey", expected.journey, named.journeys, (*at, "journey"))


def _of_channel(channel: str, at: Location, known: Known) -> Iterator[Unknown]:
    if channel != "*":
        yield from _missing("channel", channel, known.scopes.channels or None, at)


def _missing(what: str, name: str, there: Collection[str] | None, at: Location) -> Iterator[Unknown]:
    if there is not None and name not in there:
        yield at, f"the {what} '{name}' is unknown: {hint(name, there)}"


def _of_fields(value: Any, type_: Type | None, at: Location) -> Iterator[Unknown]:
    """The fields of a value that its type does not have, however deep."""
    if isinstance(value, Mapping) and isinstance(type_, Fields):
        for name, part in value.items():
            unknown = unknown_field(type_, name, f"'{name}'")
            if unknown is not None:
                yield (*at, name), unknown
            yield from _of_fields(part, type_.get(name), (*at, name))
    elif isinstance(value, list | tuple) and isinstance(type_, ListOf):
        for number, part in enumerate(value):
            yield from _of_fields(part, type_.item, (*at, number))
