"""Durations as people write them: ``30 minutes``, ``1h``, ``2 days``; inside, always milliseconds."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_UNIT_MS = {
    "ms": 1,
    "millisecond": 1,
    "s": 1_000,
    "sec": 1_000,
    "second": 1_000,
    "m": 60_000,
    "min": 60_000,
    "minute": 60_000,
    "h": 3_600_000,
    "hour": 3_600_000,
    "d": 86_400_000,
    "day": 86_400_000,
    "w": 604_800_000,
    "week": 604_800_000,
}
_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*,?")
_LONGEST_MS = 3_660 * 86_400_000

PATTERN = r"^(\s*\d+(\.\d+)?\s*[a-z]+\s*,?)+$"


def parse_duration(text: str) -> int:
    """Milliseconds of a duration such as ``1 hour 30 minutes`` or ``90m``.

    Raises:
        ValueError: with what is allowed, when the text is no duration or exceeds ten years.
    """
    total, at, lowered = 0.0, 0, text.strip().lower()
    while at < len(lowered):
        match = _PART.match(lowered, at)
        unit = _unit_ms(match.group(2)) if match else None
        if match is None or unit is None:
            raise ValueError(_no_duration(text, match.group(2) if match else ""))
        total += float(match.group(1)) * unit
        at = match.end()
    if not lowered or total > _LONGEST_MS:
        raise ValueError(f"'{text}' is no duration between 0 and ten years")
    return round(total)


def _no_duration(text: str, unit: str) -> str:
    if text.strip().startswith("-"):
        return f"'{text}' is no duration: it must not be negative"
    long = " (months and years differ in length: write days)" if unit.removesuffix("s") in ("month", "year") else ""
    return f"'{text}' is no duration: write a number and a unit, for example '30 minutes', '2 hours' or '7 days'{long}"


def format_duration(duration_ms: int) -> str:
    """The shortest exact text of a duration, for example ``90 minutes``."""
    if duration_ms == 0:
        return "0 seconds"
    for unit in ("week", "day", "hour", "minute", "second", "millisecond"):
        count, rest = divmod(duration_ms, _UNIT_MS[unit])
        if count and not rest:
            return f"{count} {unit}{'s' if count > 1 else ''}"
    raise ValueError(f"{duration_ms} is negative")


def parse_offset(text: str) -> int:
    """Milliseconds of a duration with or without a sign, such as ``-30 days``: what is before has a minus.

    Raises:
        ValueError: as ``parse_duration``.
    """
    bare = text.strip()
    sign = -1 if bare.startswith("-") else 1
    return sign * parse_duration(bare[1:] if bare[:1] in ("-", "+") else bare)


def format_offset(offset_ms: int) -> str:
    """The shortest exact text of an offset, for example ``-30 days``."""
    return f"-{format_duration(-offset_ms)}" if offset_ms < 0 else format_duration(offset_ms)


def _unit_ms(name: str) -> int | None:
    return _UNIT_MS.get(name) or _UNIT_MS.get(name.removesuffix("s"))


def _validate(value: Any) -> int:
    if isinstance(value, str):
        return parse_duration(value)
    raise ValueError("write a duration with its unit, for example '30 minutes', '2 hours' or '7 days'")


DurationMs = Annotated[
    int,
    BeforeValidator(_validate),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": PATTERN, "examples": ["30 minutes", "2 hours", "7 days"]}),
]
"""A pydantic field that reads a duration's text and holds milliseconds."""


def _validate_offset(value: Any) -> int:
    if isinstance(value, str):
        return parse_offset(value)
    raise ValueError("write a duration with its unit, with a minus for what is before, for example '-30 days'")


OffsetMs = Annotated[
    int,
    BeforeValidator(_validate_offset),
    PlainSerializer(format_offset, return_type=str),
    WithJsonSchema(
        {"type": "string", "pattern": PATTERN.replace("^", r"^\s*[-+]?", 1), "examples": ["-30 days", "2 hours"]}
    ),
]
"""A pydantic field that reads a duration that may have a minus, and holds milliseconds."""
