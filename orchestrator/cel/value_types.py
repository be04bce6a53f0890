"""What kind of value a field holds: how it is written in YAML, and how it is called in a sentence.

Declared types are those of JSON, so a moment in an event is a text, and a number may be whole or not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from orchestrator.nearest import misspelt, nearest


@dataclass(frozen=True, slots=True)
class Plain:
    """A kind of value without parts; ``name`` is what people call it."""

    name: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A text that is one of some; ``what`` says what they are, and ``lack`` what others are.

    ``open``: there may be others, which only a slip of one of these is not.
    """

    options: frozenset[str]
    what: str = "value"
    lack: str = "unknown"
    open: bool = False

    def has(self, value: str) -> bool:
        """Whether a value may be one of them."""
        return value in self.options or (self.open and misspelt(value, self.options) is None)


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of values of one type."""

    item: Type


@dataclass(frozen=True, slots=True)
class Fields:
    """A map. ``rest`` is the type of fields that are not named, None if there are no others.

    ``whose`` names the map for people, and ``remedy`` says how a field is added to it. ``what`` says what
    its fields are, where they have a name of their own, and ``lack`` what others are.
    """

    fields: Mapping[str, Type] = field(default_factory=lambda: MappingProxyType({}))
    rest: Type | None = None
    whose: str = ""
    remedy: str = ""
    key: Type = Plain("text")
    what: str = ""
    lack: str = "unknown"

    def get(self, name: str) -> Type | None:
        """The type of a field; None if there is no such field."""
        return self.fields.get(name, self.rest)


Type = Plain | Choice | ListOf | Fields

DYN: Final = Plain("value of any type")
"""Anything: nothing that is done with it is wrong before it is there."""

TEXT: Final = Plain("text")
BYTES: Final = Plain("row of bytes")
BOOL: Final = Plain("true or false")
NULL: Final = Plain("null")
NUMBER: Final = Plain("number")
"""Of JSON: whole or not, which is known only when it is there."""
INT: Final = Plain("whole number")
UINT: Final = Plain("unsigned number")
DOUBLE: Final = Plain("number with decimals")
TIME: Final = Plain("time")
SPAN: Final = Plain("duration")
TYPE: Final = Plain("type")
ANY_FIELDS: Final = Fields(rest=DYN)

NUMBERS: Final[tuple[Type, ...]] = (NUMBER, INT, UINT, DOUBLE)
_WRITTEN: Final[Mapping[str, Type]] = {
    "text": TEXT,
    "number": NUMBER,
    "boolean": BOOL,
    "date": Plain("date"),
    "time": Plain("time as text"),
    "list": ListOf(DYN),
    "map": ANY_FIELDS,
    "any": DYN,
}
DATE: Final = _WRITTEN["date"]
TIME_TEXT: Final = _WRITTEN["time"]
_BEGINNING: Final = re.compile(r"\d{4}(-\d{2})?")
_DEEPEST: Final = 10
_NAME_LONGEST: Final = 200

MOST_FIELDS: Final = 1_000
"""Of one map: among more, nobody finds the nearest right name in time."""


def is_text(type_: Type) -> bool:
    """Whether values of the type are texts, whatever they say."""
    return isinstance(type_, Choice) or type_ in (TEXT, DATE, TIME_TEXT)


def misread(type_: Type, text: str, *, whole: bool = True) -> str | None:
    """Why a text that is written out is none of a declared date or time, in a sentence; None if it may be one.

    ``whole``: not only its beginning, such as ``1990``, which is enough to be before or after. An empty text is what
    some producers send in place of none.
    """
    if type_ not in (DATE, TIME_TEXT) or not text or (not whole and _BEGINNING.fullmatch(text)):
        return None
    try:
        datetime.fromisoformat(text)
    except ValueError:
        form = "2026-01-31" if type_ == DATE else "2026-01-31T09:30:00Z"
        return f"'{text[:40]}' is no {'date' if type_ == DATE else 'time'}: write it as {form}"
    return None


def joined(types: Iterable[Type]) -> Type:
    """The narrowest type that holds the values of all; ``DYN`` of none."""
    found: Type | None = None
    for type_ in types:
        found = type_ if found is None else _joined(found, type_)
    return DYN if found is None else found


def _joined(one: Type, other: Type) -> Type:
    if one == other or other == NULL:
        return one
    if one == NULL:
        return other
    if isinstance(one, ListOf) and isinstance(other, ListOf):
        return ListOf(_joined(one.item, other.item))
    if isinstance(one, Fields) and isinstance(other, Fields):
        return _united(one, other)
    if isinstance(one, Choice) and isinstance(other, Choice):
        return Choice(one.options | other.options, one.what, one.lack, one.open or other.open)
    if is_text(one) and is_text(other):
        return TEXT
    return NUMBER if one in NUMBERS and other in NUMBERS else DYN


def _united(one: Fields, other: Fields) -> Fields:
    """A field of either is a field of both: which of them is there is known only when it is."""
    fields = {
        name: joined(found for found in (one.fields.get(name), other.fields.get(name)) if found is not None)
        for name in sorted({*one.fields, *other.fields})
    }
    rests = [rest for rest in (one.rest, other.rest) if rest is not None]
    return Fields(
        MappingProxyType(fields),
        joined(rests) if rests else None,
        one.whose if one.whose == other.whose else "",
        one.remedy or other.remedy,
        _joined(one.key, other.key),
        one.what,
        one.lack,
    )


def settled(type_: Type, rest: Type | None, remedy: str) -> Type:
    """The type as it is written, in which maps of named fields may have others (``rest``) or may not."""
    if isinstance(type_, ListOf):
        return ListOf(settled(type_.item, rest, remedy))
    if not isinstance(type_, Fields):
        return type_
    fields = {name: settled(inner, rest, remedy) for name, inner in type_.fields.items()}
    others = rest if type_.rest is None else settled(type_.rest, rest, remedy)
    return replace(type_, fields=MappingProxyType(fields), rest=others, remedy=remedy)


def described(type_: Type) -> str:
    """The type with its article, for sentences."""
    if isinstance(type_, ListOf):
        return "a list"
    if isinstance(type_, Fields):
        return "a map"
    if is_text(type_):
        return "a text"
    assert isinstance(type_, Plain)
    if type_ in (BOOL, NULL):
        return type_.name
    return f"{'an' if type_.name[0] in 'aeiou' else 'a'} {type_.name}"


def read_type(written: Any) -> Type:
    """The type that is written in YAML.

    Raises:
        ValueError: with what is allowed.
    """
    return _read(written, "", 1)


def _read(written: Any, where: str, depth: int) -> Type:
    if isinstance(written, Plain | Choice | ListOf | Fields):
        return written
    if isinstance(written, str) and written in _WRITTEN:
        return _WRITTEN[written]
    if not isinstance(written, Mapping):
        raise _no_type(written, where)
    if depth > _DEEPEST:
        raise ValueError(f"{where}types are nested deeper than {_DEEPEST} levels")
    if set(written) == {"list"}:
        return ListOf(_read(written["list"], where, depth + 1))
    if set(written) == {"map"}:
        return Fields(rest=_read(written["map"], where, depth + 1))
    if set(written) == {"one_of"}:
        return _choice(written["one_of"], where)
    if len(written) > MOST_FIELDS:
        raise ValueError(f"{where}a map has at most {MOST_FIELDS} fields: take 'map' if any may be there")
    return Fields(MappingProxyType({name: _field(name, part, depth) for name, part in written.items()}))


def _no_type(written: Any, where: str) -> ValueError:
    guess = nearest(written, _WRITTEN) if isinstance(written, str) else None
    allowed = f"write {', '.join(_WRITTEN)}, {{list: ...}} or a map of fields"
    ending = f"did you mean '{guess}'?" if guess else allowed
    shown = f"'{written[:60]}'" if isinstance(written, str) else "what is written here"
    return ValueError(f"{where}{shown} is no type: {ending}")


def _field(name: Any, written: Any, depth: int) -> Type:
    if not isinstance(name, str) or not 0 < len(name) <= _NAME_LONGEST:
        raise ValueError(f"the name of a field has 1 to {_NAME_LONGEST} characters")
    return _read(written, f"'{name}': ", depth + 1)


def _choice(options: Any, where: str) -> Choice:
    texts = isinstance(options, list | tuple) and all(isinstance(option, str) for option in options)
    if not options or not texts:
        raise ValueError(f"{where}'one_of' must be a list of texts, such as [web, app]")
    return Choice(frozenset(options))


def written_type(type_: Type) -> Any:
    """The YAML that ``read_type`` reads as this type."""
    if isinstance(type_, Choice):
        return {"one_of": sorted(type_.options)}
    if isinstance(type_, ListOf):
        return "list" if type_.item == DYN else {"list": written_type(type_.item)}
    if isinstance(type_, Fields):
        if type_.rest is not None:
            return "map" if type_.rest == DYN else {"map": written_type(type_.rest)}
        return {name: written_type(part) for name, part in type_.fields.items()}
    return next(name for name, found in _WRITTEN.items() if found == type_)


def _schema(depth: int) -> dict[str, Any]:
    """JSON Schema cannot name itself within a model's, so it is written out as deep as people write."""
    names = {"type": "string", "enum": list(_WRITTEN)}
    inner: dict[str, Any] = _schema(depth - 1) if depth else {}
    one_of = {"type": "array", "items": {"type": "string"}, "minItems": 1}
    return {
        "anyOf": [
            names,
            _only("list", inner),
            _only("map", inner),
            _only("one_of", one_of),
            {"type": "object", "additionalProperties": inner},
        ]
    }


def _only(key: str, inner: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {key: inner}, "required": [key], "additionalProperties": False}


ValueType = Annotated[Type, PlainValidator(read_type), PlainSerializer(written_type), WithJsonSchema(_schema(2))]
"""A pydantic field that reads a type: ``text``, ``{list: number}``, ``{one_of: [a, b]}`` or a map of fields."""
