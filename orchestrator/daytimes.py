"""Times of day as people write them: ``09:00`` or ``23:59:59``; inside, milliseconds since midnight."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

PATTERN = r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$"
_DAYTIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")


def parse_daytime(text: str) -> int:
    """Milliseconds since midnight. Raises ValueError with what is allowed."""
    match = _DAYTIME.fullmatch(text.strip())
    if match is None:
        midnight = " (midnight is '00:00')" if text.strip().startswith("24:00") else ""
        raise ValueError(
            f"'{text}' is no time of day: write hours and minutes, for example '09:00' or '17:30'{midnight}"
        )
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * 1000


def format_daytime(daytime_ms: int) -> str:
    """The shortest text of a time of day, for example ``09:00``."""
    minutes, seconds = divmod(daytime_ms // 1000, 60)
    text = f"{minutes // 60:02}:{minutes % 60:02}"
    return f"{text}:{seconds:02}" if seconds else text


def _validate(value: Any) -> int:
    if isinstance(value, str):
        return parse_daytime(value)
    raise ValueError("write a time of day with hours and minutes, for example '09:00' or '17:30'")


DaytimeMs = Annotated[
    int,
    BeforeValidator(_validate),
    PlainSerializer(format_daytime, return_type=str),
    WithJsonSchema({"type": "string", "pattern": PATTERN, "examples": ["09:00", "17:30"]}),
]
"""A pydantic field that reads a time of day and holds milliseconds since midnight."""
