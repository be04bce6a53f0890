"""What waits for the clock and the calendar wait for: properties that hold in every zone, on every day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orchestrator.engine.dates import moment_beside, next_daytime

HOUR = 3_600_000
DAY = 24 * HOUR

ZONES = st.sampled_from(
    [
        *("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"),
        *("America/Sao_Paulo", "Africa/Casablanca", "Asia/Tehran", "America/St_Johns", "Pacific/Kiritimati"),
    ]
).map(ZoneInfo)
MOMENTS = st.integers(1_262_304_000_000, 1_893_456_000_000)  # 2010 to 2030
DAYTIMES = st.integers(0, 24 * 60 - 1).map(lambda minutes: minutes * 60_000)
WEEKDAYS = st.sets(st.integers(0, 6), min_size=1)
DATES = st.dates(date(2010, 1, 1), date(2030, 1, 1))


def shown(moment: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(moment // 1000, zone)


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def midnight_ms(wall: datetime) -> int:
    return ((wall.hour * 60 + wall.minute) * 60 + wall.second) * 1000


def exists(day: date, daytime: int, zone: ZoneInfo) -> bool:
    """Whether the clock there shows that time of that day at all."""
    wall = datetime.combine(day, datetime.min.time(), zone) + timedelta(milliseconds=daytime)
    return wall.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None)


@given(MOMENTS, DAYTIMES, WEEKDAYS, ZONES)
@example(at("2011-12-29T20:00:00Z"), 9 * HOUR, {4}, ZoneInfo("Pacific/Apia"))  # a Friday that never was
@example(at("2026-03-28T23:00:00Z"), 150 * 60_000, set(range(7)), ZoneInfo("Europe/Berlin"))
def test_it_is_later_on_one_of_the_weekdays_and_within_two_weeks(
    after: int, daytime: int, weekdays: set[int], zone: ZoneInfo
) -> None:
    moment = next_daytime(after, daytime, weekdays, zone)
    assert after < moment <= after + 15 * DAY
    assert shown(moment, zone).weekday() in weekdays


@given(MOMENTS, DAYTIMES, WEEKDAYS, ZONES)
def test_the_clock_shows_that_time_unless_it_leaves_it_out(
    after: int, daytime: int, weekdays: set[int], zone: ZoneInfo
) -> None:
    wall = shown(next_daytime(after, daytime, weekdays, zone), zone)
    if midnight_ms(wall) != daytime:
        meant = wall.date() if midnight_ms(wall) > daytime else wall.date() - timedelta(days=1)
        assert not exists(meant, daytime, zone)


@given(MOMENTS, DAYTIMES, WEEKDAYS, ZONES)
def test_there_is_none_between(after: int, daytime: int, weekdays: set[int], zone: ZoneInfo) -> None:
    moment = next_daytime(after, daytime, weekdays, zone)
    assert next_daytime(moment - 1, daytime, weekdays, zone) == moment
    between = (after + moment) // 2
    if between < moment:
        assert next_daytime(between, daytime, weekdays, zone) == moment


@given(MOMENTS, DAYTIMES, ZONES)
def test_every_day_it_is_once(after: int, daytime: int, zone: ZoneInfo) -> None:
    first = next_daytime(after, daytime, range(7), zone)
    second = next_daytime(first, daytime, range(7), zone)
    assert timedelta(hours=20) <= timedelta(milliseconds=second - first) <= timedelta(hours=50)
    days = (shown(second, zone).date() - shown(first, zone).date()).days
    assert days == 1 or (days == 2 and zone.key == "Pacific/Apia")


@pytest.mark.parametrize(
    ("after", "zone", "until"),
    [
        ("2026-03-28T23:00:00Z", "Europe/Berlin", "2026-03-29T01:30:00Z"),
        ("2026-10-24T23:00:00Z", "Europe/Berlin", "2026-10-25T00:30:00Z"),
        ("2026-10-25T00:45:00Z", "Europe/Berlin", "2026-10-26T01:30:00Z"),  # the second 02:30 is not the next day's
        ("2028-02-28T12:00:00Z", "UTC", "2028-02-29T02:30:00Z"),
        ("2027-02-28T12:00:00Z", "UTC", "2027-03-01T02:30:00Z"),
        ("2026-04-04T12:00:00Z", "Australia/Lord_Howe", "2026-04-04T16:00:00Z"),
    ],
)
def test_half_past_two(after: str, zone: str, until: str) -> None:
    assert next_daytime(at(after), 150 * 60_000, range(7), ZoneInfo(zone)) == at(until)


@given(DATES, st.integers(-4_000, 4_000), DAYTIMES, ZONES)
def test_days_of_an_offset_are_days_of_the_calendar(day: date, days: int, daytime: int, zone: ZoneInfo) -> None:
    moment = moment_beside(day.isoformat(), days * DAY, daytime, zone)
    assert moment is not None
    wanted = day + timedelta(days=days)
    if exists(wanted, daytime, zone):
        wall = shown(moment, zone)
        assert (wall.date(), midnight_ms(wall)) == (wanted, daytime)


@given(DATES, st.integers(-300, 300), ZONES)
def test_a_year_of_offsets_meets_every_day_once(day: date, days: int, zone: ZoneInfo) -> None:
    here = moment_beside(day.isoformat(), days * DAY, 12 * HOUR, zone)
    after = moment_beside(day.isoformat(), (days + 1) * DAY, 12 * HOUR, zone)
    assert here is not None
    assert after is not None
    assert here < after or zone.key == "Pacific/Apia"


@given(MOMENTS, st.integers(-23 * HOUR, 23 * HOUR), ZONES)
def test_less_than_a_day_is_exact(moment: int, offset: int, zone: ZoneInfo) -> None:
    text = (datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=moment)).isoformat()
    assert moment_beside(text, offset, None, zone) == moment + offset
    assert moment_beside(datetime.fromisoformat(text), offset, None, zone) == moment + offset


@given(st.text(max_size=12) | st.integers() | st.none() | st.lists(st.text(max_size=3), max_size=2))
def test_what_is_no_date_is_none_and_never_an_error(value: object) -> None:
    moment = moment_beside(value, DAY, 0, ZoneInfo("UTC"))
    assert moment is None or isinstance(value, str)


@pytest.mark.parametrize(
    "value", ["0001-01-01", "9999-12-31", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00+14:00"]
)
@pytest.mark.parametrize("offset", [-4_000 * DAY, -DAY, 0, DAY, 4_000 * DAY])
@pytest.mark.parametrize("daytime", [None, 0, 23 * HOUR])
def test_the_ends_of_the_calendar_are_no_error(value: str, offset: int, daytime: int | None) -> None:
    for zone in ("UTC", "Pacific/Kiritimati", "America/New_York"):
        moment = moment_beside(value, offset, daytime, ZoneInfo(zone))
        assert moment is None or isinstance(moment, int)
