"""Moments by the clock and the calendar of a zone: summer time, leap days, schedules."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engine.calendar import DAY_MS, in_year, moment_of, moment_on, next_time, read_date, wall_of
from orchestrator.moments import format_moment

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]
).map(ZoneInfo)
MOMENTS = st.integers(1_600_000_000_000, 1_900_000_000_000)
HOUR = 3_600_000


def times(cron: str, zone: ZoneInfo, after: str, count: int) -> list[str]:
    """The next times of a schedule, as its clock shows them, after a moment in UTC."""
    at, found = moment_of(datetime.fromisoformat(after), ZoneInfo("UTC")), []
    for _ in range(count):
        due = next_time(cron, zone, at)
        assert due is not None
        at = due
        found.append(wall_of(at, zone).isoformat(" ", "minutes")[5:])
    return found


def test_a_time_that_the_clock_leaves_out_is_as_much_later() -> None:
    assert format_moment(moment_of(datetime(2026, 3, 29, 2, 30), BERLIN)) == "2026-03-29T01:30:00.000Z"  # noqa: DTZ001


def test_of_a_time_that_comes_twice_the_first_is_meant() -> None:
    assert format_moment(moment_of(datetime(2026, 10, 25, 2, 30), BERLIN)) == "2026-10-25T00:30:00.000Z"  # noqa: DTZ001


def test_a_moment_with_an_offset_is_the_same_everywhere() -> None:
    assert moment_of(datetime(2026, 1, 1, tzinfo=UTC), BERLIN) == moment_of(datetime(2026, 1, 1, tzinfo=UTC), NEW_YORK)


@given(moment=MOMENTS, zone=ZONES)
def test_what_the_clock_shows_leads_back_unless_it_shows_it_twice(moment: int, zone: ZoneInfo) -> None:
    back = moment_of(wall_of(moment, zone), zone)
    assert back == moment or 0 < moment - back <= 24 * HOUR


@given(day=st.dates(date(1970, 1, 2), date(2100, 1, 1)), daytime=st.integers(0, DAY_MS - 1), zone=ZONES)
def test_a_time_on_a_day_is_on_that_day_or_what_it_lacks_later(day: date, daytime: int, zone: ZoneInfo) -> None:
    shown = wall_of(moment_on(day, daytime, zone), zone)
    meant = datetime.combine(day, datetime.min.time()) + timedelta(milliseconds=daytime)
    assert timedelta(0) <= shown - meant <= timedelta(days=1)


@pytest.mark.parametrize(
    ("value", "day", "daytime"),
    [
        ("1990-02-28", (1990, 2, 28), 0),
        ("2026-12-01T09:30", (2026, 12, 1), 9.5 * HOUR),
        ("2026-12-01T23:30:00Z", (2026, 12, 2), 0.5 * HOUR),
        ("2026-12-01T23:30:00-05:00", (2026, 12, 2), 5.5 * HOUR),
    ],
)
def test_dates_as_producers_write_them(value: str, day: tuple[int, int, int], daytime: float) -> None:
    assert read_date(value, BERLIN) == (date(*day), daytime)


@pytest.mark.parametrize("value", [None, "", "soon", "28.02.1990", "2026-02-30", 19900228, True, [], "9999-99-99"])
def test_what_is_no_date(value: Any) -> None:
    assert read_date(value, BERLIN) is None


@pytest.mark.parametrize(
    ("year", "rule", "day"),
    [
        (2028, "feb 28", date(2028, 2, 29)),
        (2028, "mar 1", date(2028, 2, 29)),
        (2027, "feb 28", date(2027, 2, 28)),
        (2027, "mar 1", date(2027, 3, 1)),
        (2100, "feb 28", date(2100, 2, 28)),
        (2000, "mar 1", date(2000, 2, 29)),
    ],
)
def test_the_leap_day_of_other_years(year: int, rule: Any, day: date) -> None:
    assert in_year(date(1988, 2, 29), year, rule) == day


@given(day=st.dates(), year=st.integers(1, 9999), rule=st.sampled_from(["feb 28", "mar 1"]))
def test_every_day_has_its_day_in_every_year(day: date, year: int, rule: Any) -> None:
    found = in_year(day, year, rule)
    assert found.year == year
    assert (found.month, found.day) == (day.month, day.day) or (day.month, day.day) == (2, 29)


def test_a_schedule_when_the_clock_goes_forward() -> None:
    assert times("30 2 * * *", BERLIN, "2026-03-28T00:00", 4) == [
        "03-28 02:30",
        "03-29 03:00",
        "03-30 02:30",
        "03-31 02:30",
    ]


def test_a_schedule_when_the_clock_goes_back_is_due_once() -> None:
    assert times("30 2 * * *", BERLIN, "2026-10-24T00:00", 3) == ["10-24 02:30", "10-25 02:30", "10-26 02:30"]


def test_what_is_due_each_half_hour_goes_on_evenly() -> None:
    found = times("*/30 * * * *", BERLIN, "2026-10-25T00:15", 5)
    assert found == ["10-25 02:30", "10-25 02:00", "10-25 02:30", "10-25 03:00", "10-25 03:30"]


def test_a_schedule_in_the_second_pass_of_an_hour_looks_ahead() -> None:
    assert times("30 2 * * *", BERLIN, "2026-10-25T01:10", 1) == ["10-26 02:30"]


def test_a_schedule_on_the_leap_day() -> None:
    assert times("0 9 29 2 *", BERLIN, "2026-01-01T00:00", 2) == ["02-29 09:00", "02-29 09:00"]


def test_a_schedule_that_is_never_due() -> None:
    assert next_time("0 0 30 2 *", BERLIN, 0) is None


CRONS = st.sampled_from(
    [
        "0 9 * * mon",
        "30 2 * * *",
        "*/15 * * * *",
        "0 0 1 * *",
        "0 3 29 2 *",
        "15 1,2,3 * 3,10 *",
        "0 12 * * 1-5",
        "5 * * * *",
    ]
)


@given(cron=CRONS, zone=ZONES, after=MOMENTS)
def test_the_next_time_lies_ahead_and_nothing_between(cron: str, zone: ZoneInfo, after: int) -> None:
    due = next_time(cron, zone, after)
    assert due is not None
    assert due > after
    assert due % 60_000 == 0
    between = after + (due - after) // 2
    assert next_time(cron, zone, between) == due


@given(zone=ZONES, after=MOMENTS)
def test_a_daily_schedule_is_due_once_on_each_day(zone: ZoneInfo, after: int) -> None:
    days = []
    at = after
    for _ in range(40):
        due = next_time("30 2 * * *", zone, at)
        assert due is not None
        days.append(wall_of(due, zone).date())
        at = due
    assert len(set(days)) == len(days)
    assert (days[-1] - days[0]).days in (39, 40)
