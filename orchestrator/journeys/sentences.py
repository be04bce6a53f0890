"""What pydantic finds wrong with a definition, in sentences: what is wrong, and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from orchestrator.journeys.definition import ADDRESS_PATTERN
from orchestrator.journeys.model import NAME_PATTERN
from orchestrator.journeys.source import Location
from orchestrator.nearest import nearest

_QUOTED = re.compile(r"'([^']*)'")
_NOT_OF_NAMES = re.compile(r"[^a-z0-9]+")
_LONGEST_SHOWN: Final = 60
_LONGEST_SENTENCE: Final = 1_000

MOST_PROBLEMS: Final = 100
"""Of one file: more help nobody, and take long to tell."""


def sentences(error: ValidationError, model: type[BaseModel]) -> Iterator[tuple[Location, str]]:
    """Each problem with the location of the key that is wrong; of very many, the first."""
    for location, sentence in _sentences(error, model):
        yield location, readable(sentence)


def readable(sentence: str) -> str:
    """The sentence without the middle of what is far too long to read."""
    return sentence if len(sentence) <= _LONGEST_SENTENCE else f"{sentence[:160]} … {sentence[-160:]}"


def _sentences(error: ValidationError, model: type[BaseModel]) -> Iterator[tuple[Location, str]]:
    errors = error.errors(include_url=False)
    if len(errors) > MOST_PROBLEMS:
        yield (), f"{len(errors)} things are wrong here, of which these are the first {MOST_PROBLEMS}"
    for found in errors[:MOST_PROBLEMS]:
        location = tuple(found["loc"])
        if found["type"] == "too_short" and _is_wrong_inside(location, errors):
            continue  # it is short of those that are wrong themselves
        if found["type"] == "literal_error" and isinstance(found["input"], dict) and _is_word(location[-1]):
            continue  # it was none of these words that was meant, and what was is told
        if found["type"] == "extra_forbidden":
            yield location, _unknown_key(str(location[-1]), location, model)
        elif found["type"] == "missing":
            yield location[:-1], f"'{location[-1]}' is missing"
        elif found["type"] == "at_key":
            yield (*location, found["ctx"]["key"]), found["msg"]
        elif location and location[-1] == "[key]":
            yield location[:-1], _sentence(found)
        else:
            yield location, _subject(location, found) + _sentence(found)


def _is_wrong_inside(location: Location, errors: list[ErrorDetails]) -> bool:
    return any(len(each["loc"]) > len(location) and each["loc"][: len(location)] == location for each in errors)


def _is_word(element: str | int) -> bool:
    """Whether it is how pydantic names one part of a union: one of some words."""
    return isinstance(element, str) and element.startswith("literal[")


def _unknown_key(key: str, location: Location, model: type[BaseModel]) -> str:
    allowed = [name for found in _models_at(location[:-1], model) for name in _keys(found)]
    near = nearest(key, allowed)
    ending = f"did you mean '{near}'?" if near else f"write {_listed(allowed)}"
    return f"'{key}' is unknown here: {ending}"


def _subject(location: Location, found: ErrorDetails) -> str:
    """The key, where the sentence needs one; messages of our own begin with the value."""
    if found["type"] in ("value_error", "step_kind", "entry_kind", "string_pattern_mismatch"):
        return ""
    keys = [element for element in location if isinstance(element, str) and element.islower() and not _is_word(element)]
    item = "an item of " if isinstance(location[-1], int) else ""
    return f"{item}'{keys[-1]}' "


def _sentence(found: ErrorDetails) -> str:
    kind, value, context = found["type"], found["input"], found.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "string_pattern_mismatch":
        return _pattern_sentence(value, context["pattern"])
    if kind == "literal_error":
        allowed = _QUOTED.findall(context["expected"]) or [context["expected"].lower()]
        return f"must be {_listed(allowed)}, not {_shown(value)}"
    if kind == "greater_than":
        return f"must be more than {context['gt']:g}, not {_shown(value)}"
    if kind in ("greater_than_equal", "less_than_equal"):
        bound = context.get("ge", context.get("le"))
        return f"must be at {'least' if 'ge' in context else 'most'} {bound:g}, not {_shown(value)}"
    if kind == "too_short" and value:
        return f"has {len(value)}, and at least {context['min_length']} are needed"
    if kind == "string_too_long":
        return f"has {len(value)} characters, and at most {context['max_length']} are allowed"
    return f"{_EXPECTED[kind]}, not {_shown(value)}" if kind in _EXPECTED else _OTHER.get(kind, found["msg"])


_EXPECTED: Final = {
    "string_type": "must be a text",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "model_type": "must have keys and values",
    "dict_type": "must have keys and values",
}
_OTHER: Final = {
    "too_long": "has too many keys: split it up",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
}


def _pattern_sentence(value: str, pattern: str) -> str:
    if pattern == ADDRESS_PATTERN:
        return f"'{value}' is no address: write id, or a trait such as traits.email"
    if pattern == NAME_PATTERN:
        slug = _NOT_OF_NAMES.sub("-", value.lower()).strip("-")[:63].strip("-")
        example = f", such as '{slug}'" if slug else ""
        return f"'{value}' is no name: write lower case letters, digits and hyphens, at most 63{example}"
    return f"'{value}' does not match {pattern}"


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f"'{value}'" if len(value) <= _LONGEST_SHOWN else f"'{value[: _LONGEST_SHOWN - 1]}…'"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value}"
    return "keys and values" if isinstance(value, dict) else "a list" if isinstance(value, list | tuple) else "nothing"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _models_at(location: Location, model: type[BaseModel]) -> list[type[BaseModel]]:
    """The models that may stand at a location; names of models in it choose one of a union."""
    types: list[Any] = [model]
    for element in location:
        types = [inner for type_ in types for inner in _inside(type_, element)]
    return [type_ for type_ in types if isinstance(type_, type) and issubclass(type_, BaseModel)]


def _inside(type_: Any, element: str | int) -> Iterator[Any]:
    if isinstance(type_, type) and issubclass(type_, BaseModel):
        if element == type_.__name__:
            yield type_
        for name, field in type_.model_fields.items():
            if element == (field.alias or name):
                yield from _bare(field.annotation)
    elif get_origin(type_) in (tuple, dict):
        yield from _bare(get_args(type_)[0 if get_origin(type_) is tuple else 1])


def _bare(type_: Any) -> Iterator[Any]:
    """The alternatives of a type, without annotations."""
    if get_origin(type_) is Annotated:
        yield from _bare(get_args(type_)[0])
    elif get_origin(type_) in (Union, UnionType):
        for alternative in get_args(type_):
            yield from _bare(alternative)
    else:
        yield type_
