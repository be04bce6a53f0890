"""Moments by the clock and the calendar of a time zone.

A time that the clock leaves out in spring is as much later as it leaves out; of a time that it shows twice in autumn
the first is meant.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from orchestrator.zones import first_zone

if TYPE_CHECKING:
    from orchestrator.engine.customer import Customer
    from orchestrator.engine.entry import LeapDay

DAY_MS: Final = 86_400_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_MINUTE_MS: Final = 60_000
_MIDNIGHT: Final = time.min


def zone_of(customer: Customer, default: str) -> ZoneInfo:
    """The customer's time zone, by ``traits.timezone``; ``default`` if that names none."""
    return first_zone(customer.traits.get("timezone"), default)


def moment_of(wall: datetime, zone: ZoneInfo) -> int:
    """UTC milliseconds of what the clock shows there; an aware datetime is a moment already."""
    aware = wall if wall.tzinfo is not None else wall.replace(tzinfo=zone)
    return (aware.astimezone(UTC) - _EPOCH) // _MILLISECOND


def wall_of(moment_ms: int, zone: ZoneInfo) -> datetime:
    """What the clock shows there, without a zone."""
    return (_EPOCH + moment_ms * _MILLISECOND).astimezone(zone).replace(tzinfo=None, fold=0)


def moment_on(day: date, daytime_ms: int, zone: ZoneInfo) -> int:
    """UTC milliseconds of a time of day, in milliseconds since midnight, on a day there."""
    return moment_of(datetime.combine(day, _MIDNIGHT) + daytime_ms * _MILLISECOND, zone)


def read_date(value: Any, zone: ZoneInfo) -> tuple[date, int] | None:
    """The day and the time of it in milliseconds since midnight, of ISO 8601; one with an offset is brought there.

    None for what is no date.
    """
    if not isinstance(value, str):
        return None
    try:
        wall = datetime.fromisoformat(value)
    except ValueError:
        return None
    if wall.tzinfo is not None:
        try:
            wall = wall.astimezone(zone).replace(tzinfo=None)
        except OverflowError:
            return None
    return wall.date(), (wall - datetime.combine(wall.date(), _MIDNIGHT)) // _MILLISECOND


def in_year(day: date, year: int, leap_day: LeapDay) -> date:
    """That day of another year; ``leap_day`` is where 29 February goes in a year without it."""
    if (day.month, day.day) == (2, 29) and not _is_leap(year):
        return date(year, 2, 28) if leap_day == "feb 28" else date(year, 3, 1)
    return day.replace(year=year)


def next_time(cron: str, zone: ZoneInfo, after_ms: int) -> int | None:
    """The first moment after another at which a schedule of five fields is due there; None if it never is again.

    It goes by Debian's cron: a time of day that is left out in spring is due when the clock goes on, one that is shown
    twice is due once; what is due each hour or minute goes on evenly.
    """
    return _next_time(cron, zone, after_ms // _MINUTE_MS)


@lru_cache(maxsize=8192)
def _next_time(cron: str, zone: ZoneInfo, after_minute: int) -> int | None:
    after_ms = after_minute * _MINUTE_MS
    try:
        for found in CronSim(cron, (_EPOCH + after_ms * _MILLISECOND).astimezone(zone)):
            moment = moment_of(found, zone)
            if moment > after_ms:
                return moment
    except (CronSimError, OverflowError):
        pass
    return None


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
