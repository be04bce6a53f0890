"""Waits that the clock and the calendar end, where the customer is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.testing import JourneyTestDriver

Given = Callable[[str], JourneyTestDriver]


def names(actions: list[dict[str, Any]]) -> list[str]:
    return [action["action"] for action in actions]


def after(wait: str, journey: str = "") -> str:
    return f"journey: patience\nentry: {{on: Product Added}}\n{journey}steps: [{{wait: {wait}}}, {{act: hello}}]\n"


def moments(driver: JourneyTestDriver) -> list[str]:
    return [moment for moment, _ in driver.timers]


@pytest.mark.parametrize(
    ("wait", "until"),
    [
        ("{until: '17:30'}", "2026-01-05T17:30:00.000Z"),
        ("{until: '08:00'}", "2026-01-06T08:00:00.000Z"),
        ("{until: '09:00'}", "2026-01-06T09:00:00.000Z"),
        ("{until: '09:00:01'}", "2026-01-05T09:00:01.000Z"),
        ("{until: '08:00', on: mon}", "2026-01-12T08:00:00.000Z"),
        ("{until: '10:00', on: [mon, tue]}", "2026-01-05T10:00:00.000Z"),
        ("{until: '08:00', on: [sun, sat]}", "2026-01-10T08:00:00.000Z"),
    ],
)
def test_the_next_time_that_the_clock_shows_it(given: Given, wait: str, until: str) -> None:
    driver = given(after(wait))
    driver.track("ada", "Product Added")
    assert moments(driver) == [until]


@pytest.mark.parametrize(
    ("zone", "until"),
    [
        ("Europe/Berlin", "2026-01-06T08:00:00.000Z"),
        ("America/New_York", "2026-01-05T14:00:00.000Z"),
        ("Asia/Kathmandu", "2026-01-06T03:15:00.000Z"),
        ("Pacific/Kiritimati", "2026-01-05T19:00:00.000Z"),
        ("Nowhere/Land", "2026-01-06T09:00:00.000Z"),
        (7, "2026-01-06T09:00:00.000Z"),
    ],
)
def test_it_is_the_clock_where_the_customer_is(given: Given, zone: Any, until: str) -> None:
    driver = given(after("{until: '09:00'}"))
    driver.identify("ada", {"timezone": zone})
    driver.track("ada", "Product Added")
    assert moments(driver) == [until]


def test_who_has_no_zone_has_that_of_the_policy(given: Given) -> None:
    driver = given(after("{until: '09:00'}") + "---\ntimezone: Asia/Tokyo\n")
    driver.track("ada", "Product Added")
    assert moments(driver) == ["2026-01-06T00:00:00.000Z"]


def test_a_time_that_spring_leaves_out_is_an_hour_later(given: Given) -> None:
    driver = given(after("{until: '02:30'}"))
    driver.identify("ada", {"timezone": "Europe/Berlin"})
    driver.advance_to(1_774_738_800_000)  # 28 March 2026, 23:00 UTC
    driver.track("ada", "Product Added")
    assert moments(driver) == ["2026-03-29T01:30:00.000Z"]


def test_a_time_that_autumn_shows_twice_is_the_first(given: Given) -> None:
    driver = given(after("{until: '02:30'}"))
    driver.identify("ada", {"timezone": "Europe/Berlin"})
    driver.advance_to(1_792_875_600_000)  # 24 October 2026, 21:00 UTC
    driver.track("ada", "Product Added")
    assert moments(driver) == ["2026-10-25T00:30:00.000Z"]


def test_whoever_moves_waits_for_the_clock_of_the_new_place(given: Given) -> None:
    driver = given(after("{until: '18:00'}"))
    driver.identify("ada", {"timezone": "Europe/Berlin"})
    driver.track("ada", "Product Added")
    driver.identify("ada", {"timezone": "America/New_York"}, after="1 hour")
    assert moments(driver) == ["2026-01-05T23:00:00.000Z"]


def test_the_story_says_until_when(given: Given) -> None:
    driver = given(after("{until: '18:00'}"))
    driver.track("ada", "Product Added")
    (line,) = [line for line in driver.trace if line["happened"] == "waiting"]
    assert line["reason"] == "until 2026-01-05T18:00:00.000Z"


DATE = "{date: customer.traits.contract_end"


@pytest.mark.parametrize(
    ("wait", "value", "until"),
    [
        (f"{DATE}}}", "2026-03-01", "2026-03-01T00:00:00.000Z"),
        (f"{DATE}}}", "2026-03-01T12:00:00+02:00", "2026-03-01T10:00:00.000Z"),
        (f"{DATE}}}", "2026-03-01T12:00:00", "2026-03-01T12:00:00.000Z"),
        (f"{DATE}, at: '09:00'}}", "2026-03-01T12:00:00Z", "2026-03-01T09:00:00.000Z"),
        (f"{DATE}, offset: -1 day}}", "2026-03-01", "2026-02-28T00:00:00.000Z"),
        (f"{DATE}, offset: -1 day, at: '09:00'}}", "2028-03-01", "2028-02-29T09:00:00.000Z"),
        (f"{DATE}, offset: -30 days}}", "2026-03-01", "2026-01-30T00:00:00.000Z"),
        (f"{DATE}, offset: 1 day 2 hours}}", "2026-03-01", "2026-03-02T02:00:00.000Z"),
        (f"{DATE}, offset: -2 hours}}", "2026-03-01", "2026-02-28T22:00:00.000Z"),
        (f"{DATE}, offset: 365 days}}", "2028-02-29", "2029-02-28T00:00:00.000Z"),
        (f"{DATE}}}", "9999-12-31", "3000-01-01T00:00:00.000Z"),
        ("{date: \"timestamp('2026-03-01T00:00:00Z')\", offset: 1 day}", None, "2026-03-02T00:00:00.000Z"),
        ("{date: journey.entry.properties.departure}", None, "2026-02-02T00:00:00.000Z"),
    ],
)
def test_a_date_and_what_lies_before_or_after_it(given: Given, wait: str, value: str | None, until: str) -> None:
    driver = given(after(wait))
    driver.identify("ada", {"contract_end": value})
    driver.track("ada", "Product Added", {"departure": "2026-02-02"})
    assert moments(driver) == [until]


def test_days_of_an_offset_are_days_of_the_calendar_there(given: Given) -> None:
    driver = given(after(f"{DATE}, offset: -1 day, at: '09:00'}}"))
    driver.identify("ada", {"contract_end": "2026-03-30", "timezone": "Europe/Berlin"})
    driver.track("ada", "Product Added")
    assert moments(driver) == ["2026-03-29T07:00:00.000Z"]


def test_a_date_that_is_past_is_waited_for_no_more(given: Given) -> None:
    driver = given(after(f"{DATE}}}"))
    driver.identify("ada", {"contract_end": "1987-06-05"})
    assert names(driver.track("ada", "Product Added")) == ["hello"]


@pytest.mark.parametrize("value", [None, "soon", "", 7, True, ["2026-03-01"], "2026-02-30"])
def test_without_the_date_nothing_is_said(given: Given, value: Any) -> None:
    driver = given(after(f"{DATE}}}"))
    driver.identify("ada", {"contract_end": value})
    driver.track("ada", "Product Added")
    assert driver.advance("400 days") == []
    (line,) = [line for line in driver.trace if line["happened"] == "exited"]
    assert "contract_end" in line["reason"]


@pytest.mark.parametrize("moved", ["2026-02-01", "2026-04-01"])
def test_the_wait_follows_the_date(given: Given, moved: str) -> None:
    driver = given(after(f"{DATE}}}"))
    driver.identify("ada", {"contract_end": "2026-03-01"})
    driver.track("ada", "Product Added")
    driver.identify("ada", {"contract_end": moved}, after="1 day")
    assert moments(driver) == [f"{moved}T00:00:00.000Z"]


def test_a_date_that_is_taken_back_ends_the_stay(given: Given) -> None:
    driver = given(after(f"{DATE}}}"))
    driver.identify("ada", {"contract_end": "2026-03-01"})
    driver.track("ada", "Product Added")
    driver.identify("ada", {"contract_end": None}, after="1 day")
    assert driver.advance("100 days") == []
    assert (driver.customer("ada") or {}).get("instances") is None


def test_the_wait_follows_a_date_that_another_journey_sets(given: Given) -> None:
    update = "{update: {traits: {contract_end: event.properties.to}}}"
    renewal = f"journey: renewal\nentry: {{on: Renewed}}\nsteps: [{update}]\n"
    driver = given(after(f"{DATE}}}") + "---\n" + renewal)
    driver.identify("ada", {"contract_end": "2026-03-01"})
    driver.track("ada", "Product Added")
    driver.track("ada", "Renewed", {"to": "2027-03-01"}, after="1 day")
    assert moments(driver) == ["2027-03-01T00:00:00.000Z"]
