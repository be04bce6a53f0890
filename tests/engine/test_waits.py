"""Waits: for a time, for an absence, for an event; and what ends them early."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.testing import JourneyTestDriver

Given = Callable[[str], JourneyTestDriver]


def after(wait: str) -> str:
    """A journey that begins with "Product Added", waits, and says hello."""
    return f"""
journey: patience
entry: {{on: Product Added}}
exit: [{{on: Order Completed}}]
steps:
  - wait: {wait}
  - act: hello
"""


EITHER_WAY = (
    "{event: [Call Ended, Call Missed], if: event.properties.minutes > 1, timeout: 1 hour, "
    "received: [{act: answer}], timed_out: [{act: bye}]}"
)


def names(actions: list[dict[str, Any]]) -> list[str]:
    return [action["action"] for action in actions]


def last_line(driver: JourneyTestDriver) -> tuple[str, str, str | None]:
    line = driver.trace[-1]
    return line["happened"], line["at"], line["reason"]


@pytest.mark.parametrize(
    ("wait", "too_early"),
    [("1 second", "999 ms"), ("30 minutes", "1799999 ms"), ("2 days", "47 hours"), ("1 hour 30 minutes", "89 minutes")],
)
def test_a_wait_ends_when_its_time_is_over_and_not_before(given: Given, wait: str, too_early: str) -> None:
    driver = given(after(wait))
    driver.track("ada", "Product Added")
    assert driver.advance(too_early) == []
    assert names(driver.advance(wait)) == ["hello"]


def test_a_wait_that_is_over_is_over(given: Given) -> None:
    driver = given(after("1 hour"))
    driver.track("ada", "Product Added")
    driver.advance("1 hour")
    assert driver.advance("300 days") == []


def test_a_purchase_one_second_after_the_wait_began_ends_the_wait_then(given: Given) -> None:
    driver = given(after("1 hour"))
    driver.track("ada", "Product Added")
    driver.track("ada", "Order Completed", after="1 second")
    assert last_line(driver) == ("exited", "2026-01-05T09:00:01.000Z", "Order Completed came")
    assert driver.timers == []
    assert driver.advance("1 day") == []


@pytest.mark.parametrize("wait", ["1 hour", "{absence: 1 hour}", EITHER_WAY])
def test_every_kind_of_wait_ends_with_an_exit(given: Given, wait: str) -> None:
    driver = given(after(wait))
    driver.track("ada", "Product Added")
    driver.track("ada", "Order Completed", after="1 second")
    assert driver.advance("1 day") == []


def test_somebody_elses_purchase_ends_nothing(given: Given) -> None:
    driver = given(after("1 hour"))
    driver.track("ada", "Product Added")
    driver.track("bo", "Order Completed", after="1 second")
    assert names(driver.advance("1 day")) == ["hello"]


@pytest.mark.parametrize(("cart", "leaves"), [("c1", True), ("c2", False), (None, False)])
def test_the_condition_of_an_exit_compares_with_the_entry(given: Given, cart: str | None, leaves: bool) -> None:
    driver = given("""
        journey: patience
        entry: {on: Product Added, key: event.properties.cart}
        exit:
          - {on: Order Completed, if: event.properties.cart == journey.entry.properties.cart}
        steps:
          - wait: 1 hour
          - act: hello
    """)
    driver.track("ada", "Product Added", {"cart": "c1"})
    driver.track("ada", "Order Completed", {"cart": cart} if cart else {})
    assert names(driver.advance("1 day")) == ["hello"] * (not leaves)


def test_an_absence_counts_from_the_last_event(given: Given) -> None:
    driver = given(after("{absence: 1 hour}"))
    driver.track("ada", "Product Added")
    driver.track("ada", "Products Searched", after="50 minutes")
    assert driver.advance("59 minutes") == []
    assert names(driver.advance("1 minute")) == ["hello"]


def test_an_absence_may_be_put_off_again_and_again(given: Given) -> None:
    driver = given(after("{absence: 1 hour}"))
    driver.track("ada", "Product Added")
    for _ in range(10):
        assert driver.track("ada", "Products Searched", after="59 minutes") == []
    assert names(driver.advance("1 hour")) == ["hello"]


def test_the_events_of_others_do_not_put_off_an_absence(given: Given) -> None:
    driver = given(after("{absence: 1 hour}"))
    driver.track("ada", "Product Added")
    driver.track("bo", "Products Searched", after="50 minutes")
    assert names(driver.advance("10 minutes")) == ["hello"]


def test_a_late_event_does_not_put_off_an_absence(given: Given) -> None:
    driver = given(after("{absence: 1 hour}"))
    driver.track("ada", "Product Added")
    driver.track("ada", "Products Searched", timestamp="2026-01-05T08:00:00Z", after="50 minutes")
    assert names(driver.advance("10 minutes")) == ["hello"]


def test_the_event_that_is_waited_for_ends_the_wait_at_once(given: Given) -> None:
    driver = given(after(EITHER_WAY))
    driver.track("ada", "Product Added")
    assert names(driver.track("ada", "Call Ended", {"minutes": 2}, after="1 second")) == ["answer", "hello"]


def test_each_event_of_the_list_ends_it(given: Given) -> None:
    driver = given(after(EITHER_WAY))
    driver.track("ada", "Product Added")
    assert names(driver.track("ada", "Call Missed", {"minutes": 2})) == ["answer", "hello"]


def test_if_it_does_not_come_in_time_the_other_way_is_gone(given: Given) -> None:
    driver = given(after(EITHER_WAY))
    driver.track("ada", "Product Added")
    assert driver.advance("59 minutes") == []
    assert names(driver.advance("1 minute")) == ["bye", "hello"]


def test_what_comes_after_the_time_out_comes_too_late(given: Given) -> None:
    driver = given(after(EITHER_WAY))
    driver.track("ada", "Product Added")
    driver.advance("1 hour")
    assert driver.track("ada", "Call Ended", {"minutes": 2}) == []


@pytest.mark.parametrize("properties", [{"minutes": 1}, {"minutes": "two"}, {}])
def test_an_event_that_does_not_meet_the_condition_is_not_the_one(given: Given, properties: dict[str, Any]) -> None:
    driver = given(after(EITHER_WAY))
    driver.track("ada", "Product Added")
    driver.track("ada", "Call Ended", properties)
    assert names(driver.advance("1 hour")) == ["bye", "hello"]


def test_a_wait_for_any_event_ends_with_the_next(given: Given) -> None:
    driver = given(after("{event: '*', timeout: 1 hour}"))
    driver.track("ada", "Product Added")
    assert names(driver.track("ada", "Anything", after="1 minute")) == ["hello"]


def test_the_event_that_let_in_is_not_the_one_that_is_waited_for(given: Given) -> None:
    driver = given(after("{event: Product Added, timeout: 1 hour, received: [{act: answer}]}"))
    assert driver.track("ada", "Product Added") == []
    assert names(driver.track("ada", "Product Added")) == ["answer", "hello"]


def test_an_event_ends_one_wait_and_not_the_next_one_too(given: Given) -> None:
    driver = given("""
        journey: patience
        entry: {on: Product Added}
        steps:
          - wait: {event: Call Ended, timeout: 1 hour}
          - wait: {event: Call Ended, timeout: 1 hour}
          - act: hello
    """)
    driver.track("ada", "Product Added")
    assert driver.track("ada", "Call Ended") == []
    assert names(driver.track("ada", "Call Ended")) == ["hello"]


def test_an_event_that_is_an_exit_and_waited_for_is_an_exit(given: Given) -> None:
    driver = given("""
        journey: patience
        entry: {on: Product Added}
        exit: [{on: Order Completed, if: event.properties.paid}]
        steps: [{wait: {event: Order Completed, timeout: 1 hour, received: [{act: answer}], timed_out: [{act: bye}]}}]
    """)
    driver.track("ada", "Product Added")
    assert driver.track("ada", "Order Completed", {"paid": True}) == []
    assert driver.advance("1 day") == []


def test_what_was_waited_for_is_remembered(given: Given) -> None:
    driver = given("""
        journey: patience
        entry: {on: Product Added}
        steps:
          - wait: {event: Call Ended, timeout: 1 hour}
          - wait: 1 day
          - branch:
              - if: journey.last.properties.reason == 'price' && journey.entry.properties.name == 'Kettle'
                steps: [{act: hello}]
    """)
    driver.track("ada", "Product Added", {"name": "Kettle"})
    driver.track("ada", "Call Ended", {"reason": "price"})
    assert names(driver.advance("1 day")) == ["hello"]


def test_waits_one_after_the_other_add_up(given: Given) -> None:
    driver = given("""
        journey: patience
        entry: {on: Product Added}
        steps: [{wait: 1 hour}, {wait: 30 minutes}, {act: hello}, {wait: 1 day}, {act: bye}]
    """)
    driver.track("ada", "Product Added")
    assert driver.timers == [("2026-01-05T10:00:00.000Z", "ada")]
    assert driver.advance("89 minutes") == []
    assert names(driver.advance("1 minute")) == ["hello"]
    assert names(driver.advance("1 day")) == ["bye"]


def test_in_one_leap_of_the_clock_all_falls_due_in_its_order(given: Given) -> None:
    driver = given("""
        journey: patience
        entry: {on: Product Added}
        steps: [{wait: 3 hours}, {act: bye}]
        ---
        journey: haste
        entry: {on: Product Viewed}
        steps: [{wait: 1 hour}, {act: hello}]
    """)
    driver.track("ada", "Product Added")
    driver.track("bo", "Product Viewed", after="1 hour")
    said = driver.advance("1 day")
    assert [(action["customer_id"], action["decided_at"]) for action in said] == [
        ("bo", "2026-01-05T11:00:00.000Z"),
        ("ada", "2026-01-05T12:00:00.000Z"),
    ]


@pytest.mark.parametrize(
    ("properties", "way"),
    [
        ({"total": 100}, ["hello"]),
        ({"total": 30}, ["answer"]),
        ({"total": 1}, ["bye"]),
        ({}, ["bye"]),
        ({"total": "much"}, ["bye"]),
    ],
)
def test_a_branch_goes_the_way_of_the_first_arm_that_holds(
    given: Given, properties: dict[str, Any], way: list[str]
) -> None:
    driver = given("""
        journey: crossroads
        entry: {on: Product Added}
        steps:
          - branch:
              - {if: event.properties.total > 50, steps: [{act: hello}]}
              - {if: event.properties.total > 20, steps: [{act: answer}]}
              - {steps: [{act: bye}]}
    """)
    assert names(driver.track("ada", "Product Added", properties)) == way


@pytest.mark.parametrize(("total", "way"), [(100, ["hello", "bye"]), (1, ["bye"])])
def test_after_a_branch_the_ways_meet_again(given: Given, total: int, way: list[str]) -> None:
    driver = given("""
        journey: crossroads
        entry: {on: Product Added}
        steps:
          - branch: [{if: event.properties.total > 50, steps: [{act: hello}]}]
          - act: bye
    """)
    assert names(driver.track("ada", "Product Added", {"total": total})) == way


def test_an_end_in_an_arm_ends_the_journey(given: Given) -> None:
    driver = given("""
        journey: crossroads
        entry: {on: Product Added}
        steps:
          - branch: [{if: event.properties.total > 50, steps: [{act: hello}, {end: true}]}]
          - act: bye
    """)
    assert names(driver.track("ada", "Product Added", {"total": 100})) == ["hello"]


def test_an_arm_that_cannot_be_evaluated_says_why_in_the_log(given: Given) -> None:
    driver = given("""
        journey: crossroads
        entry: {on: Product Added}
        steps: [{branch: [{if: event.properties.total > 50, steps: [{act: hello}]}]}]
    """)
    driver.track("ada", "Product Added")
    (line,) = [line for line in driver.trace if line["happened"] == "unmet"]
    assert "total" in line["reason"]


def test_after_a_wait_a_branch_sees_what_has_become_of_the_customer(given: Given) -> None:
    driver = given("""
        journey: crossroads
        entry: {on: Product Added}
        steps:
          - wait: 1 hour
          - branch: [{if: customer.traits.vip, steps: [{act: hello}]}]
    """)
    driver.track("ada", "Product Added")
    driver.identify("ada", {"vip": True}, after="30 minutes")
    assert names(driver.advance("30 minutes")) == ["hello"]
