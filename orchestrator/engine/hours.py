"""Opening hours of a channel or a queue, by the clock of its own time zone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from orchestrator.engine.calendar import DAY_MS, moment_on, wall_of
from orchestrator.engine.public_holidays import public_holidays
from orchestrator.zones import zone

Span = tuple[int, int]
"""From a moment on and before another."""

_ALL_DAY: Final[tuple[Span, ...]] = ((0, DAY_MS),)
_DAYS_SEARCHED: Final = 800


@dataclass(frozen=True, slots=True)
class Hours:
    """``week`` has for each weekday, Monday first, spans in milliseconds since midnight; without it, it never closes.

    On the days that are ``closed`` nobody is there, nor on the public holidays of ``country`` and its ``subdivision``.
    """

    timezone: str = "UTC"
    week: tuple[tuple[Span, ...], ...] = ()
    closed: frozenset[date] = frozenset()
    country: str | None = None
    subdivision: str | None = None

    @property
    def always(self) -> bool:
        """Whether there is no hour at which it is closed."""
        return not self.week and not self.closed and self.country is None

    def day_of(self, moment_ms: int) -> date:
        """The day that it is there."""
        return wall_of(moment_ms, zone(self.timezone)).date()

    def spans(self, day: date) -> tuple[Span, ...]:
        """When it is open on a day there, in UTC milliseconds; of an hour that the clock leaves out nothing is left."""
        return _spans(self, day)

    def bounds(self, day: date) -> Span:
        """When a day begins and ends there: 23 or 25 hours, when the clock is changed."""
        there = zone(self.timezone)
        return moment_on(day, 0, there), moment_on(day + timedelta(days=1), 0, there)

    def opens(self, now: int) -> int | None:
        """The first moment, now or later, at which it is open; None if that is in more than two years."""
        return next((max(start, now) for start, end in self._from(now) if end > now), None)

    def _from(self, now: int) -> Iterator[Span]:
        day = self.day_of(now)
        for number in range(_DAYS_SEARCHED):
            yield from self.spans(day + timedelta(days=number))


@lru_cache(maxsize=4096)
def _spans(hours: Hours, day: date) -> tuple[Span, ...]:
    if day in hours.closed or _is_holiday(hours, day):
        return ()
    there, found = zone(hours.timezone), []
    last = 0
    for begins, ends in hours.week[day.weekday()] if hours.week else _ALL_DAY:
        start, end = max(last, moment_on(day, begins, there)), moment_on(day, ends, there)
        if start < end:
            found.append((start, end))
            last = end
    return tuple(found)


def _is_holiday(hours: Hours, day: date) -> bool:
    return hours.country is not None and day in public_holidays(hours.country, hours.subdivision, day.year)
