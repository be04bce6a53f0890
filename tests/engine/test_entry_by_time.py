"""Entries by schedule, by a date of the customer, and by what does not come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from orchestrator.durations import parse_duration
from orchestrator.engine.calendar import wall_of
from orchestrator.events.timestamps import read_moment
from orchestrator.testing import JourneyTestDriver

Given = Callable[[str], JourneyTestDriver]


def journey(entry: str, name: str = "timed", **keys: Any) -> str:
    """A journey that says hello on entry, and ends."""
    more = "".join(f"{key}: {value}\n" for key, value in keys.items())
    return f"journey: {name}\n{more}entry: {entry}\nsteps: [{{act: hello}}]\n"


def when(actions: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Who was spoken to, and when, to the minute."""
    return [(action["customer_id"], action["decided_at"][:16]) for action in actions]


def reasons(driver: JourneyTestDriver) -> list[str]:
    return [line["reason"] for line in driver.trace if line["happened"] in ("refused", "unmet")]


MONDAYS = journey("{schedule: '0 9 * * mon'}")


def test_a_schedule_is_due_by_the_customers_clock(given: Given) -> None:
    driver = given(MONDAYS)
    driver.identify("ada", {"timezone": "Europe/Berlin"})
    driver.identify("bo", {"timezone": "America/New_York"})
    driver.identify("cy", {})
    assert when(driver.advance("7 days")) == [
        ("bo", "2026-01-05T14:00"),
        ("ada", "2026-01-12T08:00"),
        ("cy", "2026-01-12T09:00"),
    ]


def test_who_names_no_zone_has_the_projects(given: Given) -> None:
    driver = given(f"timezone: Asia/Tokyo\n---\n{MONDAYS}")
    driver.identify("ada", {"timezone": "Atlantis/Capital"})
    assert when(driver.advance("7 days")) == [("ada", "2026-01-12T00:00")]


def test_a_schedule_goes_on_and_on(given: Given) -> None:
    driver = given(MONDAYS)
    driver.identify("ada", {})
    assert len(driver.advance("364 days")) == 52


def test_a_schedule_goes_on_across_summer_time(given: Given) -> None:
    driver = given(journey("{schedule: '30 2 * * *'}"))
    driver.identify("ada", {"timezone": "Europe/Berlin"})
    driver.advance_to(read_moment("2026-03-27T12:00:00Z"))
    assert when(driver.advance("4 days")) == [
        ("ada", "2026-03-28T01:30"),
        ("ada", "2026-03-29T01:00"),
        ("ada", "2026-03-30T00:30"),
        ("ada", "2026-03-31T00:30"),
    ]


def test_the_condition_is_asked_when_it_is_due(given: Given) -> None:
    driver = given(journey("{schedule: '0 9 * * mon', if: customer.traits.level == 'gold'}"))
    driver.identify("ada", {"level": "tin"})
    driver.advance("7 days")
    driver.identify("ada", {"level": "gold"})
    assert when(driver.advance("7 days")) == [("ada", "2026-01-19T09:00")]


def test_what_came_is_told_as_the_cause(given: Given) -> None:
    driver = given(MONDAYS)
    driver.identify("ada", {})
    (action,) = driver.advance("7 days")
    assert action["trigger"] == {
        "event_id": "schedule/timed/1768208400000",
        "type": "Schedule Due",
        "timestamp": "2026-01-12T09:00:00.000Z",
    }


def test_who_moves_is_told_at_the_same_hour_there_and_once(given: Given) -> None:
    driver = given(journey("{schedule: '0 9 * * *'}"))
    driver.identify("ada", {"timezone": "Europe/Berlin"})
    driver.advance_to(read_moment("2026-01-06T08:30:00Z"))
    driver.identify("ada", {"timezone": "America/New_York"})
    assert when(driver.actions) == [("ada", "2026-01-06T08:00")]
    assert when(driver.advance("30 hours")) == [("ada", "2026-01-07T14:00")]


def test_who_moves_east_misses_nothing(given: Given) -> None:
    driver = given(journey("{schedule: '0 9 * * *'}"))
    driver.identify("ada", {"timezone": "America/New_York"})
    driver.advance_to(read_moment("2026-01-06T13:00:00Z"))
    assert when(driver.identify("ada", {"timezone": "Europe/Berlin"})) == [("ada", "2026-01-06T13:00")]


def test_customers_who_are_there_already_are_in_it_from_the_change_on(given: Given) -> None:
    driver = given(journey("{on: Never Sent}"))
    driver.identify("ada", {})
    driver.apply(driver_text(MONDAYS))
    assert when(driver.advance("7 days")) == [("ada", "2026-01-12T09:00")]


def test_a_schedule_that_is_taken_away_is_due_no_more(given: Given) -> None:
    driver = given(MONDAYS)
    driver.identify("ada", {})
    driver.apply(driver_text(journey("{on: Never Sent}")))
    assert driver.advance("30 days") == []
    assert driver.timers == []


def test_what_is_put_in_its_place_goes_by_its_own_time(given: Given) -> None:
    driver = given(MONDAYS)
    driver.identify("ada", {})
    driver.apply(driver_text(journey("{schedule: '0 12 * * tue'}")))
    assert when(driver.advance("7 days")) == [("ada", "2026-01-06T12:00")]


def driver_text(journeys: str) -> str:
    """A journey with the channel and the action that it needs."""
    return f"""
channels:
  note: {{address: id, consent: none, content: {{text: {{}}}}}}
---
action: hello
channel: note
content: {{text: hello}}
---
{journeys}"""


def test_journeys_of_one_moment_come_in_order_of_priority(given: Given) -> None:
    parts = [
        journey("{schedule: '0 9 * * *'}", name, priority=priority)
        for name, priority in (("a", 10), ("b", 90), ("c", 50))
    ]
    driver = given("---\n".join(parts))
    driver.identify("ada", {})
    assert [action["journey"] for action in driver.advance("1 day")] == ["b", "c", "a"]


def test_a_schedule_is_open_from_its_start_and_until_its_end(given: Given) -> None:
    driver = given(journey("{schedule: '0 9 * * *'}", starts="2026-01-07", ends="2026-01-08"))
    driver.identify("ada", {})
    assert when(driver.advance("30 days")) == [("ada", "2026-01-07T09:00"), ("ada", "2026-01-08T09:00")]
    assert driver.timers == []


BIRTHDAY = journey("{date: customer.traits.birthday}")


def test_a_birthday_comes_each_year(given: Given) -> None:
    driver = given(BIRTHDAY)
    driver.identify("ada", {"birthday": "1990-03-01", "timezone": "Europe/Berlin"})
    assert when(driver.advance("800 days")) == [
        ("ada", "2026-02-28T23:00"),
        ("ada", "2027-02-28T23:00"),
        ("ada", "2028-02-29T23:00"),
    ]


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("feb 28", ["2026-02-28", "2027-02-28", "2028-02-29", "2029-02-28"]),
        ("mar 1", ["2026-03-01", "2027-03-01", "2028-02-29", "2029-03-01"]),
    ],
)
def test_a_birthday_on_the_leap_day(given: Given, rule: str, days: list[str]) -> None:
    entry = f"{{date: {{attribute: customer.traits.birthday, yearly: true, at: '09:00', leap_day: {rule}}}}}"
    driver = given(journey(entry))
    driver.identify("ada", {"birthday": "1988-02-29"})
    assert when(driver.advance("1200 days")) == [("ada", f"{day}T09:00") for day in days]


def test_a_date_with_an_offset_at_a_time_of_day(given: Given) -> None:
    entry = "{date: {attribute: customer.traits.contract_end, offset: -30 days, at: '09:00'}}"
    driver = given(journey(entry))
    driver.identify("ada", {"contract_end": "2026-04-15", "timezone": "America/New_York"})
    assert when(driver.advance("3000 days")) == [("ada", "2026-03-16T13:00")]


@pytest.mark.parametrize("offset", ["1 day", "2 weeks"])
def test_a_date_some_days_after(given: Given, offset: str) -> None:
    driver = given(journey(f"{{date: {{attribute: customer.traits.moved_in, offset: {offset}}}}}"))
    driver.identify("ada", {"moved_in": "2026-02-01"})
    (due, _), *_ = driver.timers
    assert read_moment(due) == read_moment("2026-02-01T00:00:00Z") + parse_duration(offset)


def test_a_date_that_changes_is_followed(given: Given) -> None:
    driver = given(journey("{date: {attribute: customer.traits.contract_end}}"))
    driver.identify("ada", {"contract_end": "2026-02-01"})
    driver.identify("ada", {"contract_end": "2026-03-01"}, after="1 day")
    assert when(driver.advance("100 days")) == [("ada", "2026-03-01T00:00")]


def test_a_date_that_is_removed_is_waited_for_no_more(given: Given) -> None:
    driver = given(journey("{date: {attribute: customer.traits.contract_end}}"))
    driver.identify("ada", {"contract_end": "2026-02-01"})
    driver.identify("ada", {"contract_end": None}, after="1 day")
    assert driver.advance("100 days") == []


def test_a_date_that_is_past_is_past(given: Given) -> None:
    driver = given(journey("{date: {attribute: customer.traits.contract_end}}"))
    driver.identify("ada", {"contract_end": "2025-12-31"})
    assert driver.timers == []


def test_the_same_date_told_again_is_no_second_occasion(given: Given) -> None:
    driver = given(BIRTHDAY)
    driver.identify("ada", {"birthday": "1990-01-06", "timezone": "Europe/Berlin"})
    driver.advance("15 hours")
    assert len(driver.actions) == 1
    driver.identify("ada", {"birthday": "1990-01-06", "timezone": "America/New_York"}, after="1 minute")
    assert driver.advance("2 days") == []


@pytest.mark.parametrize("value", ["soon", "1990-02-30", 19900228, True, "28.2.1990"])
def test_what_is_no_date_does_nothing_and_the_story_says_so(given: Given, value: Any) -> None:
    driver = given(BIRTHDAY)
    driver.identify("ada", {"birthday": value})
    assert driver.timers == []
    if isinstance(value, str):
        assert reasons(driver) == [f"customer.traits.birthday is no date: {value!r}"]


def test_a_purchase_that_does_not_come(given: Given) -> None:
    driver = given(journey("{absence: {of: Order Completed, for: 30 days}}"))
    driver.track("ada", "Order Completed")
    driver.track("ada", "Product Viewed", after="20 days")
    assert when(driver.advance("100 days")) == [("ada", "2026-02-04T09:00")]


def test_each_one_begins_the_absence_anew(given: Given) -> None:
    driver = given(journey("{absence: {of: [Order Completed, Order Refunded], for: 30 days}}"))
    driver.track("ada", "Order Completed")
    driver.track("ada", "Order Refunded", after="29 days")
    driver.track("ada", "Order Completed", after="29 days")
    assert when(driver.advance("100 days")) == [("ada", "2026-04-03T09:00")]


def test_who_never_bought_is_not_missed(given: Given) -> None:
    driver = given(journey("{absence: {of: Order Completed, for: 30 days}}"))
    driver.track("ada", "Product Viewed")
    assert driver.advance("100 days") == []


def test_an_absence_counts_from_when_it_happened_not_from_when_it_came(given: Given) -> None:
    driver = given(journey("{absence: {of: Order Completed, for: 10 days}}"))
    driver.track("ada", "Order Completed", timestamp="2026-01-01T09:00:00Z")
    driver.track("ada", "Order Completed", timestamp="2025-12-30T09:00:00Z")
    assert when(driver.advance("100 days")) == [("ada", "2026-01-11T09:00")]


def test_what_was_too_long_ago_when_it_came_is_not_missed(given: Given) -> None:
    driver = given(journey("{absence: {of: Order Completed, for: 10 days}}"))
    driver.track("ada", "Order Completed", timestamp="2025-12-01T09:00:00Z")
    assert driver.advance("100 days") == []


def test_an_absence_knows_what_the_history_keeps(given: Given) -> None:
    history = "history: {keep: 10, for: 90 days, events: [Order Completed]}\n---\n"
    driver = given(history + journey("{on: Never Sent}"))
    driver.track("ada", "Order Completed")
    driver.advance("20 days")
    driver.apply(history + driver_text(journey("{absence: {of: Order Completed, for: 30 days}}")))
    assert when(driver.advance("100 days")) == [("ada", "2026-02-04T09:00")]


@pytest.mark.parametrize(("days", "told"), [(60, "2026-03-06T09:00"), (20, "2026-02-04T09:00")])
def test_an_absence_that_is_made_longer_lasts_longer(given: Given, days: int, told: str) -> None:
    driver = given(journey("{absence: {of: Order Completed, for: 30 days}}"))
    driver.track("ada", "Order Completed")
    driver.apply(driver_text(journey(f"{{absence: {{of: Order Completed, for: {days} days}}}}")))
    assert when(driver.advance("100 days")) == [("ada", told)]


def test_an_outage_of_more_than_a_day_skips_what_was_due(given: Given) -> None:
    driver = given(MONDAYS)
    driver.identify("ada", {})
    driver.now = read_moment("2026-01-14T09:00:00Z")
    assert when(driver.advance("7 days")) == [("ada", "2026-01-19T09:00")]


@for_all(
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"]),
    birthday=st.dates(),
    steps=st.lists(st.integers(1, 4000), min_size=1, max_size=6),
)
def test_each_year_has_one_birthday_however_time_passes(zone: str, birthday: Any, steps: list[int]) -> None:
    driver = JourneyTestDriver.of_text(
        driver_text(journey("{date: {attribute: customer.traits.birthday, yearly: true, at: '02:30'}}"))
    )
    driver.identify("ada", {"birthday": birthday.isoformat(), "timezone": zone})
    for hours in steps:
        driver.advance(f"{hours} hours")
    driver.advance_to(read_moment("2029-01-05T09:00:00Z"))
    days = [wall_of(read_moment(action["decided_at"]), ZoneInfo(zone)).date() for action in driver.actions]
    assert [day.year for day in days] == sorted({day.year for day in days})
    assert len(days) in (3, 4) if birthday.year <= 2025 else len(days) <= 4


MOVES = st.lists(
    st.tuples(st.integers(0, 60), st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Tokyo", "UTC"])),
    min_size=1,
    max_size=8,
)


@for_all(moves=MOVES)
def test_whoever_travels_is_told_once_a_day_of_the_calendar(moves: list[tuple[int, str]]) -> None:
    driver = JourneyTestDriver.of_text(driver_text(journey("{schedule: '0 9 * * *'}")))
    driver.identify("ada", {})
    for hours, zone in moves:
        driver.identify("ada", {"timezone": zone}, after=f"{hours} hours")
    driver.advance("3 days")
    told = [action["trigger"]["timestamp"] for action in driver.actions]
    assert len(set(told)) == len(told)
