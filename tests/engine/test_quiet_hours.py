"""Quiet hours and free days: nobody is disturbed, by the clock and the calendar where they are."""

from __future__ import annotations

import pytest

from orchestrator.events.timestamps import read_moment
from tests.engine.saying import Given, act, last, names, on

NEWS = on("News Came", "act: news") + act("news", "goal: sell")
NIGHT = 'from: "21:00", until: "08:00"'


def said_at(given: Given, policy: str, moment: str, zone: str = "Europe/Berlin") -> str:
    """When news goes out that comes at a moment."""
    driver = given(NEWS + f"timezone: {zone}\ncontact: {{{policy}}}")
    driver.advance_to(read_moment(moment))
    found = driver.track("ada", "News Came") or driver.advance("10 days")
    assert names(found) == ["news"]
    decided: str = found[0]["decided_at"]
    return decided.removesuffix(":00.000Z")


@pytest.mark.parametrize(
    ("came", "said"),
    [
        ("2026-01-12T19:59:00Z", "2026-01-12T19:59"),
        ("2026-01-12T20:00:00Z", "2026-01-13T07:00"),
        ("2026-01-13T02:00:00Z", "2026-01-13T07:00"),
        ("2026-01-13T06:59:00Z", "2026-01-13T07:00"),
        ("2026-01-13T07:00:00Z", "2026-01-13T07:00"),
    ],
)
def test_what_comes_at_night_is_said_in_the_morning(given: Given, came: str, said: str) -> None:
    assert said_at(given, f"quiet_hours: {{{NIGHT}}}", came) == said


def test_the_decision_says_until_when(given: Given) -> None:
    driver = given(NEWS + f"timezone: Europe/Berlin\ncontact: {{quiet_hours: {{{NIGHT}}}}}")
    driver.advance_to(read_moment("2026-01-12T22:00:00Z"))
    driver.track("ada", "News Came")
    detail = "quiet hours from 21:00 until 08:00 in Europe/Berlin: allowed again on 2026-01-13T07:00:00.000Z"
    assert last(driver) == ("held", "quiet-hours", detail)


@pytest.mark.parametrize(
    ("night", "came", "said"),
    [
        ('from: "21:00", until: "08:00"', "2026-03-28T21:00:00Z", "2026-03-29T06:00"),
        ('from: "21:00", until: "02:30"', "2026-03-28T21:00:00Z", "2026-03-29T01:30"),
        ('from: "02:30", until: "08:00"', "2026-03-29T01:29:00Z", "2026-03-29T01:29"),
        ('from: "02:30", until: "08:00"', "2026-03-29T01:30:00Z", "2026-03-29T06:00"),
        ('from: "21:00", until: "08:00"', "2026-10-24T20:00:00Z", "2026-10-25T07:00"),
        ('from: "21:00", until: "02:30"', "2026-10-25T00:29:00Z", "2026-10-25T00:30"),
        ('from: "21:00", until: "02:30"', "2026-10-25T01:15:00Z", "2026-10-25T01:15"),
    ],
)
def test_nights_in_which_the_clock_is_changed(given: Given, night: str, came: str, said: str) -> None:
    assert said_at(given, f"quiet_hours: {{{night}}}", came) == said


def test_each_customer_has_the_night_of_their_own_zone(given: Given) -> None:
    driver = given(NEWS + f"contact: {{quiet_hours: {{{NIGHT}}}}}")
    driver.identify("ada", {"timezone": "America/New_York"})
    driver.identify("bo", {"timezone": "Europe/Berlin"})
    assert names(driver.track("ada", "News Came")) == []
    assert names(driver.track("bo", "News Came")) == ["news"]
    assert driver.decisions[0]["reasons"][0]["detail"].endswith("allowed again on 2026-01-05T13:00:00.000Z")


def test_a_zone_that_nobody_knows_is_that_of_the_project_and_the_decision_says_so(given: Given) -> None:
    driver = given(NEWS + f"timezone: America/New_York\ncontact: {{quiet_hours: {{{NIGHT}}}}}")
    driver.identify("ada", {"timezone": "Mars/Phobos"})
    driver.advance_to(read_moment("2026-01-12T10:00:00Z"))
    driver.track("ada", "News Came")
    assert last(driver)[2] == (
        "quiet hours from 21:00 until 08:00 in America/New_York, for the customer's 'Mars/Phobos' is no time zone: "
        "allowed again on 2026-01-12T13:00:00.000Z"
    )
    driver.advance_to(read_moment("2026-01-12T13:00:00Z"))
    assert last(driver) == (
        "published",
        "timezone",
        "not disturbed in America/New_York, for the customer's 'Mars/Phobos' is no time zone",
    )


def test_where_nobody_asks_for_the_zone_the_decision_says_nothing_of_it(given: Given) -> None:
    driver = given(NEWS + f"contact: {{quiet_hours: {{{NIGHT}, channel: phone}}}}")
    driver.identify("ada", {"timezone": "Mars/Phobos"})
    driver.track("ada", "News Came")
    assert driver.decisions[-1]["reasons"] == []


@pytest.mark.parametrize(
    ("came", "said"),
    [
        ("2026-01-16T22:00:00Z", "2026-01-16T22:00"),
        ("2026-01-17T22:00:00Z", "2026-01-18T07:00"),
        ("2026-01-18T02:00:00Z", "2026-01-18T07:00"),
        ("2026-01-19T02:00:00Z", "2026-01-19T02:00"),
    ],
)
def test_weekdays_are_those_on_which_the_quiet_begins(given: Given, came: str, said: str) -> None:
    assert said_at(given, f"quiet_hours: {{{NIGHT}, days: sat}}", came) == said


def test_a_whole_day_may_be_quiet_and_the_night_before_and_after_it(given: Given) -> None:
    policy = f'quiet_hours: [{{{NIGHT}}}, {{from: "00:00", until: "00:00", days: sun}}]'
    assert said_at(given, policy, "2026-01-17T21:00:00Z") == "2026-01-19T07:00"


@pytest.mark.parametrize(
    ("scope", "held"),
    [
        ("channel: note", True),
        ("channel: [phone, letter]", False),
        ("goal: sell", True),
        ("goal: retain", False),
        ("except: {goal: sell}", False),
        ("except: {purpose: marketing}", False),
        ("purpose: surveys", False),
    ],
)
def test_quiet_hours_are_about_what_they_name(given: Given, scope: str, held: bool) -> None:
    question = act("question", "purpose: surveys")
    driver = given(NEWS + question + f"contact: {{quiet_hours: {{{NIGHT}, {scope}}}}}")
    driver.advance_to(read_moment("2026-01-12T23:00:00Z"))
    assert names(driver.track("ada", "News Came")) == [] if held else ["news"]


@pytest.mark.parametrize("purpose", ["service", "transactional"])
def test_what_serves_the_customer_disturbs_nobody(given: Given, purpose: str) -> None:
    driver = given(
        on("News Came", "act: news") + act("news", f"purpose: {purpose}") + f"contact: {{quiet_hours: {{{NIGHT}}}}}"
    )
    driver.advance_to(read_moment("2026-01-12T23:00:00Z"))
    assert names(driver.track("ada", "News Came")) == ["news"]


def test_what_would_expire_before_morning_is_refused(given: Given) -> None:
    driver = given(on("News Came", "act: short-lived") + f"contact: {{quiet_hours: {{{NIGHT}}}}}")
    driver.advance_to(read_moment("2026-01-12T23:00:00Z"))
    driver.track("ada", "News Came")
    assert last(driver)[:2] == ("refused", "quiet-hours")


@pytest.mark.parametrize(
    ("calendar", "came", "said"),
    [
        ("closed: [2026-01-13]", "2026-01-12T22:00:00Z", "2026-01-12T22:00"),
        ("closed: [2026-01-13]", "2026-01-12T23:00:00Z", "2026-01-13T23:00"),
        ("closed: [2026-01-13, 2026-01-14]", "2026-01-13T10:00:00Z", "2026-01-14T23:00"),
        ("holidays: {country: DE}", "2026-01-06T10:00:00Z", "2026-01-06T10:00"),
        ("holidays: {country: DE, subdivision: BY}", "2026-01-06T10:00:00Z", "2026-01-06T23:00"),
        ("holidays: {country: DE}", "2026-12-25T10:00:00Z", "2026-12-26T23:00"),
        ("holidays: {country: DE, days: [2026-12-24], channel: phone}", "2026-12-24T10:00:00Z", "2026-12-24T10:00"),
    ],
)
def test_on_a_free_day_nothing_is_said(given: Given, calendar: str, came: str, said: str) -> None:
    assert said_at(given, f"calendars: {{{calendar}}}", came) == said


def test_a_night_before_a_free_day_ends_the_morning_after(given: Given) -> None:
    policy = f"calendars: {{holidays: {{country: DE}}}}, quiet_hours: {{{NIGHT}}}"
    assert said_at(given, policy, "2026-12-24T22:00:00Z") == "2026-12-27T07:00"


def test_the_decision_names_the_holiday(given: Given) -> None:
    driver = given(NEWS + "contact: {calendars: {holidays: {country: DE}}}")
    driver.advance_to(read_moment("2026-10-03T10:00:00Z"))
    driver.track("ada", "News Came")
    detail = "2026-10-03 is a free day of 'holidays', German Unity Day, in UTC: allowed again on"
    assert last(driver)[2].startswith(detail)


def test_of_all_that_wait_for_the_morning_the_important_goes_out_and_the_cap_holds(given: Given) -> None:
    driver = given(
        on("All Came", "{act: minor}, {act: urgent}, {act: news}")
        + act("minor", "priority: 10")
        + act("urgent", "priority: 90")
        + act("news")
        + f"contact: {{quiet_hours: {{{NIGHT}}}, caps: {{most: 2, per: 1 day}}}}"
    )
    driver.advance_to(read_moment("2026-01-12T23:00:00Z"))
    driver.track("ada", "All Came")
    assert names(driver.advance("1 day")) == ["urgent", "news"]
    assert {decision["action"] for decision in driver.decisions if decision["outcome"] == "refused"} == {"minor"}
