"""Time zones by name."""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The time zone of a name such as ``Europe/Berlin``.

    Raises:
        ValueError: there is none of that name; the text has the nearest right one.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = get_close_matches(name[:40], sorted(available_timezones()), 1)
        hint = f": did you mean '{near[0]}'?" if near else ": write it as Europe/Berlin or UTC"
        raise ValueError(f"'{name[:40]}' is no time zone{hint}") from None


def is_zone(name: Any) -> bool:
    """Whether that is the name of a time zone."""
    try:
        return isinstance(name, str) and bool(zone(name))
    except ValueError:
        return False


def first_zone(*names: Any) -> ZoneInfo:
    """The zone of the first that is the name of one; the last must be."""
    for name in names[:-1]:
        if isinstance(name, str) and name:
            try:
                return zone(name)
            except ValueError:
                continue
    return zone(names[-1])
