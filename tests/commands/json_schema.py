"""As much of JSON Schema 2020-12 as the schemas for editors use; what it does not know is a failure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_TYPES: Mapping[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": int | float,
    "boolean": bool,
    "null": type(None),
}
_ANNOTATIONS = {"$defs", "$id", "$schema", "default", "description", "examples", "title", "format"}


def violations(value: Any, schema: Mapping[str, Any] | bool, root: Mapping[str, Any], at: str = "") -> Iterator[str]:
    """Where a value breaks a schema."""
    if isinstance(schema, bool):
        if not schema:
            yield f"{at}: nothing is allowed"
        return
    for keyword, rule in schema.items():
        if keyword in _ANNOTATIONS or keyword in ("additionalProperties", "patternProperties"):
            continue
        check = globals()[f"_{keyword.lstrip('$')}".lower()]
        yield from check(value, rule, root, at)
    if isinstance(value, dict):
        yield from _rest(value, schema, root, at)


def _ref(value: Any, rule: str, root: Any, at: str) -> Iterator[str]:
    yield from violations(value, root["$defs"][rule.removeprefix("#/$defs/")], root, at)


def _type(value: Any, rule: Any, root: Any, at: str) -> Iterator[str]:
    kinds = [rule] if isinstance(rule, str) else rule
    is_bool = isinstance(value, bool)
    if not any(isinstance(value, _TYPES[kind]) and (not is_bool or kind == "boolean") for kind in kinds):
        yield f"{at}: {value!r} is no {rule}"


def _enum(value: Any, rule: list[Any], root: Any, at: str) -> Iterator[str]:
    if value not in rule:
        yield f"{at}: {value!r} is none of {rule}"


def _const(value: Any, rule: Any, root: Any, at: str) -> Iterator[str]:
    yield from _enum(value, [rule], root, at)


def _anyof(value: Any, rule: list[Any], root: Any, at: str) -> Iterator[str]:
    if all(any(violations(value, each, root, at)) for each in rule):
        yield f"{at}: {value!r} fits none of {len(rule)}"


def _oneof(value: Any, rule: list[Any], root: Any, at: str) -> Iterator[str]:
    fitting = sum(not any(violations(value, each, root, at)) for each in rule)
    if fitting != 1:
        yield f"{at}: {value!r} fits {fitting} of {len(rule)}"


def _required(value: Any, rule: list[str], root: Any, at: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (f"{at}: '{name}' is missing" for name in rule if name not in value)


def _properties(value: Any, rule: Mapping[str, Any], root: Any, at: str) -> Iterator[str]:
    for name, inner in rule.items():
        if isinstance(value, dict) and name in value:
            yield from violations(value[name], inner, root, f"{at}.{name}")


def _propertynames(value: Any, rule: Any, root: Any, at: str) -> Iterator[str]:
    for name in value if isinstance(value, dict) else ():
        yield from violations(name, rule, root, f"{at}.{name}")


def _rest(value: dict[str, Any], schema: Mapping[str, Any], root: Any, at: str) -> Iterator[str]:
    patterns = schema.get("patternProperties", {})
    for name, inner in value.items():
        if name in schema.get("properties", {}):
            continue
        fitting = [rule for pattern, rule in patterns.items() if re.search(pattern, name)]
        for rule in fitting or [schema.get("additionalProperties", True)]:
            yield from violations(inner, rule, root, f"{at}.{name}")


def _items(value: Any, rule: Any, root: Any, at: str) -> Iterator[str]:
    for number, item in enumerate(value if isinstance(value, list) else ()):
        yield from violations(item, rule, root, f"{at}[{number}]")


def _pattern(value: Any, rule: str, root: Any, at: str) -> Iterator[str]:
    if isinstance(value, str) and not re.search(rule, value):
        yield f"{at}: {value!r} does not match {rule}"


def _bound(value: Any, holds: bool, at: str) -> Iterator[str]:
    if not holds:
        yield f"{at}: {value!r} is out of bounds"


def _minlength(value: Any, rule: int, root: Any, at: str) -> Iterator[str]:
    yield from _bound(value, not isinstance(value, str) or len(value) >= rule, at)


def _maxlength(value: Any, rule: int, root: Any, at: str) -> Iterator[str]:
    yield from _bound(value, not isinstance(value, str) or len(value) <= rule, at)


def _minitems(value: Any, rule: int, root: Any, at: str) -> Iterator[str]:
    yield from _bound(value, not isinstance(value, list) or len(value) >= rule, at)


def _minproperties(value: Any, rule: int, root: Any, at: str) -> Iterator[str]:
    yield from _bound(value, not isinstance(value, dict) or len(value) >= rule, at)


def _minimum(value: Any, rule: float, root: Any, at: str) -> Iterator[str]:
    yield from _bound(value, not isinstance(value, int | float) or value >= rule, at)


def _maximum(value: Any, rule: float, root: Any, at: str) -> Iterator[str]:
    yield from _bound(value, not isinstance(value, int | float) or value <= rule, at)


def _exclusiveminimum(value: Any, rule: float, root: Any, at: str) -> Iterator[str]:
    yield from _bound(value, not isinstance(value, int | float) or value > rule, at)


def _maxproperties(value: Any, rule: int, root: Any, at: str) -> Iterator[str]:
    yield from _bound(value, not isinstance(value, dict) or len(value) <= rule, at)
