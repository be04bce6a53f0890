"""Time zones by name."""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

_LONGEST: Final = 64
"""More characters has no name of a time zone."""


def zone(name: str) -> ZoneInfo:
    """The time zone of a name such as ``Europe/Berlin``.

    Raises:
        ValueError: there is none of that name; the text has the nearest right one.
    """
    found = _found(name)
    if found is None:
        near = get_close_matches(name[:40], sorted(available_timezones()), 1)
        hint = f": did you mean '{near[0]}'?" if near else ": write it as Europe/Berlin or UTC"
        raise ValueError(f"'{name[:40]}' is no time zone{hint}")
    return found


def is_zone(name: Any) -> bool:
    """Whether that is the name of a time zone."""
    return isinstance(name, str) and _found(name) is not None


def first_zone(*names: Any) -> ZoneInfo:
    """The zone of the first that is the name of one; the last must be."""
    for name in names[:-1]:
        if isinstance(name, str) and (found := _found(name)) is not None:
            return found
    return zone(names[-1])


def _found(name: str) -> ZoneInfo | None:
    return _kept(name) if 0 < len(name) <= _LONGEST else None


@lru_cache(maxsize=4096)
def _kept(name: str) -> ZoneInfo | None:
    """Also that there is none is kept: whoever sends a wrong name sends it with each event."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
