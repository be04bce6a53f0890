"""Every expression of a definition with the events that it sees, wherever in the models it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, get_args, get_origin

from pydantic.fields import FieldInfo

from orchestrator.journeys.model import CEL, EVENTS, Model
from orchestrator.journeys.source import Location


@dataclass(frozen=True, slots=True)
class Marked:
    """An expression, its place, and the events that its model listens to; None where the model names none."""

    location: Location
    source: str
    events: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Listened:
    """Names of events, and their place."""

    location: Location
    events: tuple[str, ...]


def expressions(model: Model, at: Location = ()) -> Iterator[Marked]:
    """The expressions of a model and of all within it, in their order."""
    own = [name for place, names in _of(model, EVENTS) for name in names]
    events = tuple(dict.fromkeys(own)) if own else None
    for place, value in _of(model, CEL):
        for location, source in _texts(value, (*at, place)):
            yield Marked(location, source, events)
    for location, inner in _inner(model, at):
        yield from expressions(inner, location)


def listened(model: Model, at: Location = ()) -> Iterator[Listened]:
    """The names of events of a model and of all within it, in their order."""
    for place, names in _of(model, EVENTS):
        yield Listened((*at, place), names)
    for location, inner in _inner(model, at):
        yield from listened(inner, location)


def _of(model: Model, mark: object) -> Iterator[tuple[str, Any]]:
    for name, alias in _fields(type(model), mark):
        value = getattr(model, name)
        if value:
            yield alias, value


@cache
def _fields(model: type[Model], mark: object) -> tuple[tuple[str, str], ...]:
    return tuple((name, field.alias or name) for name, field in model.model_fields.items() if _has_mark(field, mark))


def _has_mark(field: FieldInfo, mark: object) -> bool:
    return any(part is mark for part in field.metadata) or _in_annotation(field.annotation, mark)


def _in_annotation(annotation: Any, mark: object) -> bool:
    if get_origin(annotation) is Annotated and any(part is mark for part in annotation.__metadata__):
        return True
    return any(_in_annotation(part, mark) for part in get_args(annotation))


def _texts(value: Any, at: Location) -> Iterator[tuple[Location, str]]:
    if isinstance(value, str):
        yield at, value
    for key, part in _parts(value):
        yield from _texts(part, (*at, key))


def _inner(model: Model, at: Location) -> Iterator[tuple[Location, Model]]:
    for name, field in type(model).model_fields.items():
        yield from _models(getattr(model, name), (*at, field.alias or name))


def _models(value: Any, at: Location) -> Iterator[tuple[Location, Model]]:
    if isinstance(value, Model):
        yield at, value
    for key, part in _parts(value):
        yield from _models(part, (*at, key))


def _parts(value: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, list | tuple):
        yield from enumerate(value)
