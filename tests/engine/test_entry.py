"""Who enters a journey, how often, and when again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.testing import JourneyTestDriver

Given = Callable[[str], JourneyTestDriver]


def greeting(entry: str, wait: str = "1 day") -> str:
    """A journey that says hello on entry, and then keeps the customer for a while."""
    return f"""
journey: greeting
entry: {{{entry}}}
steps:
  - act: hello
  - wait: {wait}
"""


def names(actions: list[dict[str, Any]]) -> list[str]:
    return [action["action"] for action in actions]


def happened(driver: JourneyTestDriver) -> list[str]:
    return [line["happened"] for line in driver.trace]


def test_the_event_of_the_entry_lets_in(given: Given) -> None:
    assert names(given(greeting("on: Product Viewed")).track("ada", "Product Viewed")) == ["hello"]


def test_another_event_does_not(given: Given) -> None:
    assert given(greeting("on: Product Viewed")).track("ada", "Product Added") == []


@pytest.mark.parametrize("event", ["Product Viewed", "Product Added"])
def test_each_event_of_a_list_lets_in(given: Given, event: str) -> None:
    assert names(given(greeting("on: [Product Viewed, Product Added]")).track("ada", event)) == ["hello"]


@pytest.mark.parametrize("event", ["Product Viewed", "Something of our own", "Call Ended"])
def test_a_star_is_any_event(given: Given, event: str) -> None:
    assert names(given(greeting("on: '*'")).track("ada", event)) == ["hello"]


def test_other_calls_than_track_let_in_by_their_names(given: Given) -> None:
    driver = given(greeting("on: [Identified, Page Viewed, Screen Viewed, Grouped, Aliased]", wait="0 seconds"))
    entered = [
        driver.identify("ada", {}),
        driver.send({"type": "page", "userId": "bo", "name": "Home"}),
        driver.send({"type": "screen", "userId": "cy", "name": "Home"}),
        driver.send({"type": "group", "userId": "di", "groupId": "g"}),
        driver.alias("visitor", "ed"),
    ]
    assert [names(actions) for actions in entered] == [["hello"]] * 5


def test_a_visitor_without_a_user_id_may_enter(given: Given) -> None:
    assert names(given(greeting("on: Product Viewed")).track(None, "Product Viewed", anonymous="laptop")) == ["hello"]


@pytest.mark.parametrize(
    ("condition", "properties", "enters"),
    [
        ("event.properties.total > 20.0", {"total": 20.5}, True),
        ("event.properties.total > 20.0", {"total": 20}, False),
        ("event.properties.total > 20.0", {}, False),
        ("event.properties.total > 20.0", {"total": "a lot"}, False),
        ("has(event.properties.coupon)", {"coupon": "x"}, True),
        ("has(event.properties.coupon)", {}, False),
        ("event.name == 'Product Viewed'", {}, True),
        ("event.properties.category in ['Tea', 'Coffee']", {"category": "Tea"}, True),
        ("event.properties.category in ['Tea', 'Coffee']", {"category": "Milk"}, False),
        ("event.timestamp < timestamp('2026-02-01T00:00:00Z')", {}, True),
        ("event.timestamp < timestamp('2026-01-01T00:00:00Z')", {}, False),
        ("customer.known", {}, True),
        ("!customer.known", {}, False),
        ("customer.id == 'ada'", {}, True),
        ("customer.traits.vip", {}, False),
    ],
)
def test_the_condition_says_who_enters(given: Given, condition: str, properties: dict[str, Any], enters: bool) -> None:
    driver = given(greeting(f'on: Product Viewed, if: "{condition}"'))
    assert names(driver.track("ada", "Product Viewed", properties)) == ["hello"] * enters


def test_the_condition_sees_what_the_same_event_tells(given: Given) -> None:
    driver = given(greeting("on: Identified, if: customer.traits.vip"))
    assert names(driver.identify("ada", {"vip": True})) == ["hello"]


def test_the_condition_sees_what_is_known_of_before(given: Given) -> None:
    driver = given(greeting("on: Product Viewed, if: customer.traits.vip"))
    driver.identify("ada", {"vip": True})
    assert names(driver.track("ada", "Product Viewed")) == ["hello"]


def test_whoever_is_inside_does_not_enter_again(given: Given) -> None:
    driver = given(greeting("on: Product Viewed"))
    driver.track("ada", "Product Viewed")
    assert driver.track("ada", "Product Viewed", after="23 hours") == []


def test_others_enter_meanwhile(given: Given) -> None:
    driver = given(greeting("on: Product Viewed"))
    driver.track("ada", "Product Viewed")
    assert names(driver.track("bo", "Product Viewed")) == ["hello"]


@pytest.mark.parametrize(("one", "other"), [("c1", "c2"), (1, 2), (1.5, 2.5), (True, False), ("1", "01")])
def test_each_value_of_the_key_is_a_stay_of_its_own(given: Given, one: Any, other: Any) -> None:
    driver = given(greeting("on: Product Added, key: event.properties.cart"))
    said = [driver.track("ada", "Product Added", {"cart": cart}) for cart in (one, other, one, other)]
    assert [names(actions) for actions in said] == [["hello"], ["hello"], [], []]


@pytest.mark.parametrize("properties", [{}, {"cart": None}, {"cart": {"id": 1}}, {"cart": [1]}])
def test_without_a_usable_key_nobody_enters(given: Given, properties: dict[str, Any]) -> None:
    driver = given(greeting("on: Product Added, key: event.properties.cart"))
    assert driver.track("ada", "Product Added", properties) == []


def test_never_means_once_in_a_life(given: Given) -> None:
    driver = given(greeting("on: Product Viewed, reentry: never"))
    driver.track("ada", "Product Viewed")
    assert driver.track("ada", "Product Viewed", after="300 days") == []


def test_never_holds_for_each_key_by_itself(given: Given) -> None:
    driver = given(greeting("on: Product Added, key: event.properties.cart, reentry: never"))
    said = [driver.track("ada", "Product Added", {"cart": cart}, after="2 days") for cart in ("c1", "c2", "c1")]
    assert [names(actions) for actions in said] == [["hello"], ["hello"], []]


def test_after_exit_means_as_soon_as_the_stay_is_over(given: Given) -> None:
    driver = given(greeting("on: Product Viewed, reentry: after_exit"))
    driver.track("ada", "Product Viewed")
    assert names(driver.track("ada", "Product Viewed", after="1 day")) == ["hello"]


@pytest.mark.parametrize(("after", "enters"), [("2 days", False), ("6 days 86399 seconds", False), ("7 days", True)])
def test_after_a_time_counts_from_the_entry(given: Given, after: str, enters: bool) -> None:
    driver = given(greeting("on: Product Viewed, reentry: after 7 days"))
    driver.track("ada", "Product Viewed")
    assert names(driver.track("ada", "Product Viewed", after=after)) == ["hello"] * enters


def test_after_a_time_counts_from_the_last_entry_that_was_let_in(given: Given) -> None:
    driver = given(greeting("on: Product Viewed, reentry: after 7 days"))
    said = [driver.track("ada", "Product Viewed", after="4 days") for _ in range(5)]
    assert [names(actions) for actions in said] == [["hello"], [], ["hello"], [], ["hello"]]


@pytest.mark.parametrize(
    ("reentry", "reason"),
    [("never", "re-entry is never"), ("after 7 days", "too soon after the last entry")],
)
def test_a_refused_entry_is_in_the_log_with_its_reason(given: Given, reentry: str, reason: str) -> None:
    driver = given(greeting(f"on: Product Viewed, reentry: {reentry}"))
    driver.track("ada", "Product Viewed")
    driver.track("ada", "Product Viewed", after="2 days")
    assert (driver.trace[-1]["happened"], driver.trace[-1]["reason"]) == ("refused", reason)


def test_an_event_that_ends_a_stay_may_begin_the_next(given: Given) -> None:
    driver = given(greeting("on: Product Viewed") + "exit: [{on: Product Viewed}]\n")
    first = driver.track("ada", "Product Viewed")
    second = driver.track("ada", "Product Viewed", after="1 minute")
    assert [action["kind"] for action in first + second] == ["action", "cancel", "action"]


def test_the_journey_of_higher_priority_speaks_first(given: Given) -> None:
    driver = given("""
        journey: a-minor
        priority: 10
        entry: {on: Product Viewed}
        steps: [{act: bye}]
        ---
        journey: b-major
        priority: 90
        entry: {on: Product Viewed}
        steps: [{act: hello}]
    """)
    assert names(driver.track("ada", "Product Viewed")) == ["hello", "bye"]


def test_a_stay_leaves_a_line_in_the_log_for_each_thing_that_happened(given: Given) -> None:
    driver = given(greeting("on: Product Viewed"))
    driver.track("ada", "Product Viewed")
    driver.advance("1 day")
    assert happened(driver) == ["entered", "waiting", "moved", "ended"]


def test_a_journey_that_ends_at_once_can_begin_again_at_once(given: Given) -> None:
    driver = given("journey: greeting\nentry: {on: Product Viewed}\nsteps: [{act: hello}]")
    said = [driver.track("ada", "Product Viewed") for _ in range(3)]
    assert [names(actions) for actions in said] == [["hello"]] * 3
