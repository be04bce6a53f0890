"""How many may enter: in all, one customer, within a time; and when a journey is open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from orchestrator.testing import JourneyTestDriver

Given = Callable[[str], JourneyTestDriver]

WORLD = """
channels:
  note: {address: id, consent: none, content: {text: {}}}
---
action: hello
channel: note
content: {text: hello}
---
"""


def journey(cap: str, **keys: Any) -> str:
    more = "".join(f"{key}: {value}\n" for key, value in keys.items())
    return f"journey: offer\n{more}entry: {{on: Product Viewed, cap: {cap}}}\nsteps: [{{act: hello}}]\n"


def view(driver: JourneyTestDriver, user: str, after: str = "1 minute") -> int:
    return len(driver.track(user, "Product Viewed", after=after))


def refusals(driver: JourneyTestDriver) -> list[str]:
    return [line["reason"] for line in driver.trace if line["happened"] == "refused"]


def test_so_many_in_all(given: Given) -> None:
    driver = given(journey("{most: 2}"))
    assert [view(driver, user) for user in ("ada", "bo", "cy", "ada")] == [1, 1, 0, 0]
    assert refusals(driver) == ["as many as may enter in all have entered: 2 over all partitions"] * 2


def test_so_many_within_a_time(given: Given) -> None:
    driver = given(journey("{most: 2, per: 1 day}"))
    assert [view(driver, user) for user in ("ada", "bo", "cy")] == [1, 1, 0]
    assert [view(driver, "di", after="25 hours"), view(driver, "ed"), view(driver, "fi")] == [1, 1, 0]


def test_so_often_for_each_customer(given: Given) -> None:
    driver = given(journey("{most_per_customer: 2, per: 7 days}"))
    assert [view(driver, "ada") for _ in range(3)] == [1, 1, 0]
    assert view(driver, "bo") == 1
    assert refusals(driver) == ["the customer entered 2 times within 1 week"]
    assert view(driver, "ada", after="7 days") == 1


def test_so_often_ever(given: Given) -> None:
    driver = given(journey("{most_per_customer: 1}"))
    assert [view(driver, "ada"), view(driver, "ada", after="364 days")] == [1, 0]


def test_all_caps_of_a_list_hold(given: Given) -> None:
    driver = given(journey("[{most: 3}, {most_per_customer: 2}, {most_per_customer: 1, per: 1 hour}]"))
    assert [view(driver, "ada"), view(driver, "ada"), view(driver, "ada", after="1 hour")] == [1, 0, 1]
    assert [view(driver, "ada", after="2 hours"), view(driver, "bo"), view(driver, "cy")] == [0, 1, 0]


def test_who_is_refused_takes_no_place(given: Given) -> None:
    driver = given(journey("{most: 1}").replace("on: Product Viewed", "on: Product Viewed, if: customer.traits.vip"))
    assert [view(driver, "ada"), view(driver, "bo")] == [0, 0]
    driver.identify("cy", {"vip": True})
    assert view(driver, "cy") == 1


def test_caps_count_journeys_apart(given: Given) -> None:
    driver = given(journey("{most: 1}") + "---\n" + journey("{most: 1}").replace("offer", "other"))
    assert [view(driver, "ada"), view(driver, "bo")] == [2, 0]


def test_a_new_version_of_a_journey_counts_on(given: Given) -> None:
    driver = JourneyTestDriver.of_text(WORLD + journey("{most: 2}"))
    view(driver, "ada")
    driver.apply(WORLD + journey("{most: 2}", priority=70))
    assert [view(driver, "bo"), view(driver, "cy")] == [1, 0]


@for_all(
    users=st.lists(st.integers(0, 30), min_size=1, max_size=60),
    partitions=st.integers(1, 8),
    most=st.integers(1, 20),
)
def test_however_customers_are_spread_no_more_than_the_cap_enter(users: list[int], partitions: int, most: int) -> None:
    driver = JourneyTestDriver.of_text(WORLD + journey(f"{{most: {most}}}"), partitions=partitions)
    for user in users:
        view(driver, f"c{user}")
    assert len(driver.actions) <= most
    if partitions == 1:
        assert len(driver.actions) == min(most, len(users))


def test_nobody_enters_before_the_start_or_from_the_end_on(given: Given) -> None:
    driver = given(journey("{most: 100}", starts="2026-01-05T09:05:00Z", ends="2026-01-05T09:10:00Z"))
    driver.advance("4 minutes")
    assert [view(driver, f"c{minute}") for minute in range(5, 11)] == [1, 1, 1, 1, 1, 0]


@pytest.mark.parametrize(("zone", "first"), [("UTC", "2026-01-07T00"), ("Asia/Tokyo", "2026-01-06T15")])
def test_a_day_alone_is_the_projects(zone: str, first: str) -> None:
    driver = JourneyTestDriver.of_text(f"timezone: {zone}\n---\n{WORLD}{journey('{most: 100}', starts='2026-01-07')}")
    for hour in range(60):
        view(driver, f"c{hour}", after="1 hour")
    assert driver.actions[0]["decided_at"][:13] == first


def test_a_day_alone_as_the_end_is_included() -> None:
    driver = JourneyTestDriver.of_text(WORLD + journey("{most: 100}", ends="2026-01-06"))
    for hour in range(60):
        view(driver, f"c{hour}", after="1 hour")
    assert driver.actions[-1]["decided_at"][:13] == "2026-01-06T23"


def test_who_is_inside_when_it_ends_goes_on(given: Given) -> None:
    text = (
        "journey: offer\nends: 2026-01-05T09:10:00Z\nentry: {on: Product Viewed}\nsteps: [{wait: 1 day}, {act: hello}]"
    )
    driver = given(text)
    driver.track("ada", "Product Viewed")
    assert len(driver.advance("1 day")) == 1
