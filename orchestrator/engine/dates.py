"""What waits for the clock or the calendar wait for.

What of times that the clock leaves out or shows twice, ``calendar`` says.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from orchestrator.engine.calendar import DAY_MS, moment_of, moment_on, wall_of
from orchestrator.errors import Bug

_LONGEST_SEARCH: Final = 16
"""In days: two weeks and what a change of zone may cost, for a place may leave out a whole day."""


def next_daytime(after_ms: int, daytime_ms: int, weekdays: Collection[int], zone: ZoneInfo) -> int:
    """The first moment after ``after_ms`` at which the clock there shows that time on one of the weekdays.

    Args:
        weekdays: Monday is 0; not empty.
    """
    day = wall_of(after_ms, zone).date() - timedelta(days=1)
    for _ in range(_LONGEST_SEARCH):
        moment = moment_on(day, daytime_ms, zone)
        if moment > after_ms and wall_of(moment, zone).weekday() in weekdays:
            return moment
        day += timedelta(days=1)
    raise Bug(f"no day in {_LONGEST_SEARCH} is one of the weekdays {sorted(weekdays)} in {zone}")


def moment_beside(value: Any, offset_ms: int, daytime_ms: int | None, zone: ZoneInfo) -> int | None:
    """The moment that lies an offset after a date or a time as data has it; None if it is neither.

    Whole days of the offset are days of the calendar there, the rest is exact.

    Args:
        value: a datetime, or a text in ISO 8601; without an offset from UTC it is what the clock shows there.
        daytime_ms: the time of that day, in place of the value's own, which is midnight if it has none.
    """
    days = int(offset_ms / DAY_MS)
    rest_ms = offset_ms - days * DAY_MS
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else value
        if not isinstance(found, datetime):
            return None
        if daytime_ms is None and not days:
            return moment_of(found, zone) + rest_ms
        wall = found if found.tzinfo is None else wall_of(moment_of(found, zone), zone)
        own_ms = (wall - datetime.combine(wall.date(), time.min)) // timedelta(milliseconds=1)
        return (
            moment_on(wall.date() + timedelta(days=days), own_ms if daytime_ms is None else daytime_ms, zone) + rest_ms
        )
    except (OverflowError, ValueError):
        return None
