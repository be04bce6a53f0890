"""What CEL's operators and functions are for, in types: the counterpart of ``cel.runtime``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.cel.value_types import (
    BOOL,
    BYTES,
    DATE,
    DOUBLE,
    DYN,
    INT,
    NULL,
    NUMBER,
    NUMBERS,
    SPAN,
    TEXT,
    TIME,
    TYPE,
    UINT,
    Fields,
    ListOf,
    Plain,
    Type,
    is_text,
)

_ORDERED: Final = frozenset({"text", "number", "bytes", "bool", "time", "duration"})


def kind(type_: Type) -> str:
    """What values are of one kind for comparison; "" is a kind that is known only when the value is there."""
    if is_text(type_):
        return "text"
    if isinstance(type_, ListOf):
        return "list"
    if isinstance(type_, Fields):
        return "map"
    assert isinstance(type_, Plain)
    return "number" if type_ in NUMBERS else _KINDS[type_.name]


_KINDS: Final[Mapping[str, str]] = {
    DYN.name: "",
    BOOL.name: "bool",
    BYTES.name: "bytes",
    NULL.name: "null",
    TIME.name: "time",
    SPAN.name: "duration",
    TYPE.name: "type",
}


def comparable(one: Type, other: Type) -> bool:
    """Whether values of the two can be equal; any value may be null."""
    kinds = {kind(one), kind(other)}
    return len(kinds) == 1 or bool(kinds & {"", "null"})


def ordered(one: Type, other: Type) -> bool:
    """Whether one can be less than the other."""
    kinds = {kind(one), kind(other)} - {""}
    return not kinds or (len(kinds) == 1 and kinds <= _ORDERED)


def is_key(type_: Type) -> bool:
    """Whether a map that is written in an expression can have keys of this type."""
    return type_ in (INT, UINT, NUMBER, BOOL, DYN) or is_text(type_)


def calculated(sign: str, left: Type, right: Type) -> Type | None:
    """The type of ``left sign right``; None if there is no such operation."""
    if DYN in (left, right):
        other = right if left == DYN else left
        return DYN if _may_calculate(sign, other) else None
    if left in NUMBERS and right in NUMBERS:
        return _number(sign, left, right)
    one, other_kind = kind(left), kind(right)
    if sign == "+" and one == other_kind and one in ("text", "bytes", "list"):
        return _sum(left, right)
    return _TIMES.get((sign, one, other_kind))


_TIMES: Final[Mapping[tuple[str, str, str], Type]] = {
    ("+", "time", "duration"): TIME,
    ("+", "duration", "time"): TIME,
    ("+", "duration", "duration"): SPAN,
    ("-", "time", "duration"): TIME,
    ("-", "time", "time"): SPAN,
    ("-", "duration", "duration"): SPAN,
}


def _may_calculate(sign: str, other: Type) -> bool:
    found = kind(other)
    if found in ("", "number"):
        return not (sign == "%" and other == DOUBLE)
    return found in ("time", "duration") if sign == "-" else sign == "+" and found in _ADDED


_ADDED: Final = frozenset({"text", "bytes", "list", "time", "duration"})


def _number(sign: str, left: Type, right: Type) -> Type | None:
    if sign == "%" and DOUBLE in (left, right):
        return None
    if left == right:
        return left
    if NUMBER in (left, right):
        return right if left == NUMBER else left
    return None


def _sum(left: Type, right: Type) -> Type:
    if isinstance(left, ListOf) and isinstance(right, ListOf):
        return ListOf(left.item if left.item == right.item else DYN)
    return BYTES if left == BYTES else TEXT


def conversion(sign: str, left: Type, right: Type) -> str:
    """How two values could be brought together, to be said after what is wrong."""
    kinds = {kind(left), kind(right)}
    if kinds == {"number"} and sign != "%":
        return ": write double(x) around the whole number"
    if kinds == {"text", "number"} and sign == "+":
        return ": write string(x) around the number"
    if kinds == {"time", "number"} or kinds == {"duration", "number"}:
        return ": write a duration, such as duration('2h')"
    return ""


def remedy(left: Type, right: Type, left_value: Any, right_value: Any) -> str:
    """What to write in place of a comparison that makes no sense; "" if there is no telling."""
    kinds = {kind(left), kind(right)}
    text = left if kind(left) == "text" else right
    written = left_value if isinstance(left_value, str) else right_value
    if kinds == {"text", "time"}:
        return _moment(written, text)
    if kinds == {"text", "duration"}:
        return "write duration(...) around the text"
    if kinds == {"text", "number"}:
        return f"write {written} without quotes" if isinstance(written, str) and _is_number(written) else ""
    if kinds == {"text", "bool"} and written in ("true", "false"):
        return f"write {written} without quotes"
    return ""


def _moment(written: Any, text: Type) -> str:
    if text == DATE:
        return "a date is no moment, write timestamp(x + 'T00:00:00Z')"
    return f"write timestamp('{written}')" if isinstance(written, str) else "write timestamp(...) around the text"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Signature:
    """What a function takes, kind by kind, the receiver included, and what it gives."""

    arguments: tuple[frozenset[str], ...]
    result: Type

    def takes(self, at: int, type_: Type) -> bool:
        """Whether the argument at a position may have the type."""
        found = kind(type_)
        return not found or "any" in self.arguments[at] or found in self.arguments[at] or _named(type_, self, at)


def _named(type_: Type, signature: Signature, at: int) -> bool:
    return type_ in (INT, NUMBER) and "int" in signature.arguments[at]


def _signature(result: Type, *arguments: str) -> Signature:
    return Signature(tuple(frozenset(argument.split()) for argument in arguments), result)


FUNCTIONS: Final[Mapping[str, Signature]] = {
    "size": _signature(INT, "text bytes list map"),
    "matches": _signature(BOOL, "text", "text"),
    "type": _signature(TYPE, "any"),
    "int": _signature(INT, "number text time"),
    "uint": _signature(UINT, "number text"),
    "double": _signature(DOUBLE, "number text"),
    "bool": _signature(BOOL, "bool text"),
    "bytes": _signature(BYTES, "text bytes"),
    "string": _signature(TEXT, "text number bool bytes time duration"),
    "timestamp": _signature(TIME, "time int text"),
    "duration": _signature(SPAN, "duration text"),
}
METHODS: Final[Mapping[str, Signature]] = {
    "size": _signature(INT, "text bytes list map"),
    **{name: _signature(BOOL, "text", "text") for name in ("contains", "startsWith", "endsWith", "matches")},
    **{name: _signature(TEXT, "text") for name in ("lowerAscii", "upperAscii", "trim")},
    "split": _signature(ListOf(TEXT), "text", "text", "int"),
    "join": _signature(TEXT, "list", "text"),
    "replace": _signature(TEXT, "text", "text", "text", "int"),
    "substring": _signature(TEXT, "text", "int", "int"),
    "indexOf": _signature(INT, "text", "text", "int"),
    **{
        f"get{part}": _signature(INT, "time", "text")
        for part in ("FullYear", "Month", "Date", "DayOfMonth", "DayOfWeek", "DayOfYear")
    },
    **{
        f"get{part}": _signature(INT, "time duration", "text")
        for part in ("Hours", "Minutes", "Seconds", "Milliseconds")
    },
}


def call_remedy(name: str, found: Type) -> str:
    """What to write in place of a call that makes no sense, to be said after what is wrong."""
    if name.startswith("get") and is_text(found):
        return f": write timestamp(x).{name}()"
    if kind(found) == "number" and name in METHODS and name != "size":
        return f": write string(x).{name}()" if not name.startswith("get") else ""
    return ""


def misuse(name: str, types: list[Type]) -> str:
    """What is wrong with a call whose arguments are each right; "" if nothing is."""
    if name == "timestamp" and types[0] == DATE:
        return "a date is no moment: write timestamp(x + 'T00:00:00Z')"
    if name == "join" and isinstance(types[0], ListOf) and kind(types[0].item) not in ("", "text"):
        return "join() needs a list of texts: write list.map(x, string(x)).join()"
    if name.startswith("get") and kind(types[0]) == "duration" and len(types) > 1:
        return f"{name}() of a duration has no time zone"
    return ""
