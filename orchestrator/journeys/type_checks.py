"""That the fields, traits, segments and events that a definition names exist, and that its conditions can hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from orchestrator.cel.checker import check_types, is_field, type_of, unknown_field
from orchestrator.cel.expression import CelError
from orchestrator.cel.signatures import comparable
from orchestrator.cel.value_types import DATE, DYN, NULL, NUMBERS, TEXT, TIME, TIME_TEXT, Choice, described, is_text
from orchestrator.journeys.action import AMOUNTS, RULES, ActionDefinition
from orchestrator.journeys.definition import JourneyDefinition
from orchestrator.journeys.entry_checks import entry_segments
from orchestrator.journeys.event_schemas import EventSchemas
from orchestrator.journeys.expressions import ALL_VARIABLES, ENTRY_VARIABLES, expression
from orchestrator.journeys.finding import Finding
from orchestrator.journeys.marked import Marked, expressions, listened
from orchestrator.journeys.model import Model
from orchestrator.journeys.outline import walk
from orchestrator.journeys.scopes import LEARNT, Scopes, Variables
from orchestrator.journeys.source import Location
from orchestrator.journeys.steps import UpdateDefinition
from orchestrator.journeys.template_types import Misuse, check_template
from orchestrator.nearest import hint, nearest


def check_journey_types(journey: JourneyDefinition, scopes: Scopes) -> Iterator[Finding]:
    """What is wrong with the names and types in a journey; expressions that do not compile are left to others."""
    yield from _check_events(journey, scopes)
    yield from _check_segments(journey, scopes)
    if journey.entry.date is not None:
        yield from _check_date(journey.entry.date.trait, scopes)
    inside = scopes.in_journey(journey)
    for found in expressions(journey):
        if found.location[0] == "entry":
            if _compiles(found.source, ENTRY_VARIABLES):
                yield from _check(found, scopes.at_entry(found.events or journey.entry.seen))
        elif _compiles(found.source, ALL_VARIABLES):
            yield from _check(found, inside if found.events is None else scopes.hearing(inside, found.events))
    for location, step in walk(journey.steps, ("steps",)):
        if step.update is not None:
            yield from _check_update(step.update, (*location, "update", "traits"), scopes, inside)


def check_action_types(
    action: ActionDefinition, journeys: Iterable[JourneyDefinition], scopes: Scopes, partials: Mapping[str, str]
) -> Iterator[Finding]:
    """The same for an action, its templates included, in each of the journeys that use it."""
    seen = {journey.journey: scopes.in_journey(journey) for journey in journeys} or {"": scopes.anywhere()}
    for variables in seen.values():
        for found in expressions(action):
            if _compiles(found.source, ALL_VARIABLES):
                yield from _check(found, variables)
                yield from _check_amount(found, variables)
    own = scopes.of_action(action)
    shown = {journey: {**variables, **own} for journey, variables in seen.items()}
    for location, text in texts_of(action):
        for misuse in check_template(text, shown, partials):
            yield _placed(misuse, location, text)


def _check_amount(found: Marked, variables: Variables) -> Iterator[Finding]:
    name = str(found.location[-1])
    if name in AMOUNTS:
        made = type_of(found.source, variables)
        if made not in (DYN, *NUMBERS):
            yield Finding(found.location, f"'{name}' is {described(made)}, and a number is needed")


def _placed(misuse: Misuse, location: Location, text: str) -> Finding:
    if misuse.partial is not None:
        return Finding(location, misuse.message, misuse.line, partial=misuse.partial)
    line = text.split("\n")[misuse.line - 1]
    return Finding(location, misuse.message, misuse.line, max(line.find(misuse.word), 0) + 1)


def texts_of(action: ActionDefinition) -> Iterator[tuple[Location, str]]:
    """The templates of an action, with their places."""
    for channel, said in action.by_channel.items():
        at = action.place_of(channel)
        yield from _texts(said.content, (*at, "content"))
        yield from _texts(said.locales, (*at, "locales"))
        if said.fallback is not None:
            yield from _texts(said.fallback.content, (*at, "fallback", "content"))
            yield from _texts(said.fallback.locales, (*at, "fallback", "locales"))


def _texts(value: Any, at: Location) -> Iterator[tuple[Location, str]]:
    if isinstance(value, str):
        if "{{" in value or "{%" in value:
            yield at, value
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _texts(part, (*at, key))
    elif isinstance(value, list | tuple):
        for number, part in enumerate(value):
            yield from _texts(part, (*at, number))


def check_types_in(model: Model, scopes: Scopes, variables: frozenset[str]) -> Iterator[Finding]:
    """The same for a file whose expressions stand outside of any journey, such as traits.yaml."""
    yield from _check_events(model, scopes)
    for found in expressions(model):
        if _compiles(found.source, variables):
            yield from _check(found, scopes.at_entry(found.events))


def _check_events(model: Model, scopes: Scopes) -> Iterator[Finding]:
    for found in listened(model):
        for number, name in enumerate(found.events):
            unknown = unknown_event(name, scopes.schemas)
            if unknown is not None:
                yield Finding((*found.location, number), unknown)


def unknown_event(name: str, schemas: EventSchemas) -> str | None:
    """Why there is no event of this name, in a sentence; None if there may be one."""
    if schemas.knows(name):
        return None
    near = nearest(name, schemas.events)
    remedy = f"did you mean '{near}'? If not, " if near else ""
    return f"the event '{name}' is unknown: {remedy}declare it in events.yaml"


def _check_segments(journey: JourneyDefinition, scopes: Scopes) -> Iterator[Finding]:
    for location, name in entry_segments(journey):
        if scopes.segments is not None and name not in scopes.segments:
            message = f"the segment '{name}' is not in segments.yaml: {hint(name, scopes.segments)}"
            yield Finding(location, message)


def _check_date(trait: str, scopes: Scopes) -> Iterator[Finding]:
    at, traits = ("entry", "date", "attribute"), scopes.traits()
    unknown = unknown_field(traits, trait, f"the trait '{trait}'")
    if unknown is not None:
        yield Finding(at, unknown)
        return
    made = traits.get(trait) or DYN
    if made not in (DYN, DATE, TIME_TEXT):
        remedy = "declare it in traits.yaml as a date" if trait not in LEARNT else "take one that is declared as a date"
        yield Finding(at, f"the trait '{trait}' is {described(made)}, and a date is needed: {remedy}")


def _check_update(update: UpdateDefinition, at: Location, scopes: Scopes, inside: Variables) -> Iterator[Finding]:
    for name, source in update.traits.items():
        declared = scopes.traits().get(name)
        if declared is None or not _compiles(source, ALL_VARIABLES):
            continue
        made = type_of(source, inside)
        if not comparable(declared, made) and not (is_text(declared) and made == TIME):
            message = f"the trait '{name}' is {described(declared)}, and this is {described(made)}"
            yield Finding((*at, name), message)


def _check(found: Marked, variables: Variables) -> Iterator[Finding]:
    is_condition = found.location[-1] == "if" or found.location[0] in RULES
    for error in check_types(found.source, variables, condition=is_condition):
        yield Finding(found.location, str(error), error.line, error.column)
    if found.location[-2:] == ("wait", "date"):
        made = type_of(found.source, variables)
        # A text that is put together may well be a date, and one that is declared as text is not.
        plain = (made == TEXT or isinstance(made, Choice)) and is_field(found.source)
        if plain or (made not in (DYN, NULL, TIME) and not is_text(made)):
            remedy = ": declare it as a date or a time" if plain else ""
            yield Finding(found.location, f"'date' is {described(made)}, and a date or a time is needed{remedy}")


def _compiles(source: str, variables: frozenset[str]) -> bool:
    try:
        expression(source, variables)
    except CelError:
        return False
    return True
