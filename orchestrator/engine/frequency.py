"""How often: whether one more message fits under a cap, and when it does.

A place is taken by each message that was published and has not failed, and is kept for each that waits and goes before.
A window of ``per_ms`` slides: it holds what is younger than that, to the millisecond. So that no window ever holds more
than ``most``, those are looked at that end now, and those that end when a message falls due for which a place is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from orchestrator.engine.calendar import moment_of, wall_of
from orchestrator.engine.contact_policy import Calendar, Cap


def fits(cap: Cap, times: Sequence[int], at: int, zone: ZoneInfo) -> bool:
    """Whether one more at a moment leaves every window with at most ``cap.most``; ``times`` are of the others."""
    if cap.per_ms is None:
        return _within_period(cap, times, at, zone) < cap.most
    ends = [at, *(time_ for time_ in times if at < time_ < at + cap.per_ms)]
    return all(_within(times, end, cap.per_ms) < cap.most for end in ends)


def taken(cap: Cap, times: Sequence[int], at: int, zone: ZoneInfo) -> int:
    """How many places are taken in the window that ends at a moment, or in the day, week or month that it is in."""
    return _within(times, at, cap.per_ms) if cap.per_ms is not None else _within_period(cap, times, at, zone)


def free_from(cap: Cap, times: Sequence[int], at: int, zone: ZoneInfo) -> int:
    """The first moment from ``at`` on at which one more fits, if nothing else is said until then."""
    if cap.per_ms is None:
        while not fits(cap, times, at, zone):
            _, at = period(cap.calendar or "day", at, zone)
        return at
    later = sorted({time_ + cap.per_ms for time_ in times if time_ + cap.per_ms > at})
    return next(moment for moment in (at, *later) if fits(cap, times, moment, zone))


def period(calendar: Calendar, at: int, zone: ZoneInfo) -> tuple[int, int]:
    """When the day, the week from Monday on or the month of a moment begins there, and when it ends."""
    today = wall_of(at, zone).date()
    if calendar == "day":
        first, next_ = today, today + timedelta(days=1)
    elif calendar == "week":
        first = today - timedelta(days=today.weekday())
        next_ = first + timedelta(days=7)
    else:
        first = today.replace(day=1)
        next_ = (first + timedelta(days=31)).replace(day=1)
    return tuple(moment_of(datetime.combine(day, time.min), zone) for day in (first, next_))  # type: ignore[return-value]


def _within(times: Sequence[int], end: int, per_ms: int) -> int:
    return sum(end - per_ms < time_ <= end for time_ in times)


def _within_period(cap: Cap, times: Sequence[int], at: int, zone: ZoneInfo) -> int:
    begin, end = period(cap.calendar or "day", at, zone)
    return sum(begin <= time_ < end for time_ in times)
