"""Goals: reached, they are logged with their value, and the stay ends at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.testing import JourneyTestDriver

Given = Callable[[str], JourneyTestDriver]

SALE = """
journey: sale
entry: {on: Product Added}
goal: [{name: bought, on: Order Completed, if: event.properties.paid, value: event.properties.total}]
steps: [{act: hello}, {act: bye, delay: 2 hours}, {wait: 1 day}, {act: answer}]
"""
PAID = {"paid": True, "total": 49.9}


def goals(driver: JourneyTestDriver) -> list[dict[str, Any]]:
    return [line for line in driver.trace if line["kind"] == "goal"]


def kinds(actions: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(action["kind"], action["action"]) for action in actions]


def test_a_goal_is_logged_with_its_value(given: Given) -> None:
    driver = given(SALE)
    driver.track("ada", "Product Added")
    driver.track("ada", "Order Completed", PAID, after="1 second")
    (line,) = goals(driver)
    assert (line["goal"], line["value"], line["journey"], line["customer_id"]) == ("bought", 49.9, "sale", "ada")
    assert (line["entered_at"], line["at"]) == ("2026-01-05T09:00:00.000Z", "2026-01-05T09:00:01.000Z")
    assert line["trigger"]["type"] == "Order Completed"


def test_it_ends_the_stay_at_once(given: Given) -> None:
    driver = given(SALE)
    driver.track("ada", "Product Added")
    assert kinds(driver.track("ada", "Order Completed", PAID, after="1 second")) == [("cancel", "hello")]
    assert driver.timers == []
    assert driver.advance("3 days") == []
    cancelled = {decision["action"] for decision in driver.decisions if decision["outcome"] == "cancelled"}
    assert cancelled == {"hello", "bye"}


@pytest.mark.parametrize("properties", [{"paid": False}, {}])
def test_an_event_that_does_not_meet_its_condition_is_not_the_goal(given: Given, properties: dict[str, Any]) -> None:
    driver = given(SALE)
    driver.track("ada", "Product Added")
    assert driver.track("ada", "Order Completed", properties) == []
    assert goals(driver) == []


@pytest.mark.parametrize("total", [None, "much", True])
def test_a_value_that_is_no_number_is_unknown(given: Given, total: Any) -> None:
    driver = given(SALE)
    driver.track("ada", "Product Added")
    driver.track("ada", "Order Completed", {"paid": True, "total": total})
    assert [line["value"] for line in goals(driver)] == [None]
    assert [line["step"] for line in driver.trace if line.get("happened") == "unmet"] == ["wait-1"]


def test_a_goal_comes_before_an_exit_by_the_same_event(given: Given) -> None:
    driver = given(SALE + "exit: [{on: Order Completed}]\n")
    driver.track("ada", "Product Added")
    driver.track("ada", "Order Completed", PAID)
    driver.track("bo", "Product Added")
    driver.track("bo", "Order Completed")
    assert [line["customer_id"] for line in goals(driver)] == ["ada"]
    assert [line["customer_id"] for line in driver.trace if line.get("happened") == "exited"] == ["ada", "bo"]


def test_a_goal_ends_even_service(given: Given) -> None:
    driver = given("""
        journey: help
        purpose: service
        entry: {on: Payment Failed}
        goal: [{on: Order Completed}]
        steps: [{act: answer}, {wait: 1 day}]
    """)
    driver.track("ada", "Payment Failed")
    assert kinds(driver.track("ada", "Order Completed")) == [("cancel", "answer")]
    assert [(line["goal"], line["value"]) for line in goals(driver)] == [("goal-1", None)]


WITHIN = """
journey: sale
entry: {on: Product Added}
goal: [{on: Order Completed, within: 7 days, value: 20}]
steps: [{act: answer}]
"""


@pytest.mark.parametrize(("after", "count"), [("6 days", 1), ("7 days", 0), ("169 hours", 0)])
def test_within_its_time_a_goal_counts_when_the_last_step_is_done(given: Given, after: str, count: int) -> None:
    driver = given(WITHIN)
    driver.track("ada", "Product Added")
    driver.track("ada", "Order Completed", after=after)
    assert [line["value"] for line in goals(driver)] == [20] * count


def test_it_counts_once(given: Given) -> None:
    driver = given(WITHIN)
    driver.track("ada", "Product Added")
    driver.track("ada", "Order Completed")
    driver.track("ada", "Order Completed")
    assert len(goals(driver)) == 1


def test_a_goal_of_a_running_stay_counts_only_within_its_time(given: Given) -> None:
    driver = given(WITHIN.replace("{act: answer}", "{wait: 30 days}"))
    driver.track("ada", "Product Added")
    driver.track("ada", "Order Completed", after="8 days")
    assert goals(driver) == []
    assert driver.timers != []


def test_when_no_goal_can_be_reached_any_more_nothing_is_left(given: Given) -> None:
    driver = given(WITHIN)
    driver.track("ada", "Product Added")
    driver.advance("7 days")
    assert driver.timers == []
    assert (driver.customer("ada") or {}).get("instances") is None


def test_who_enters_again_reaches_the_goal_of_the_new_stay_alone(given: Given) -> None:
    driver = given(WITHIN)
    driver.track("ada", "Product Added")
    driver.track("ada", "Product Added", after="1 hour")
    driver.track("ada", "Order Completed", after="1 hour")
    assert [line["entered_at"] for line in goals(driver)] == ["2026-01-05T10:00:00.000Z"]


def test_a_finished_stay_whose_message_is_open_is_withdrawn_and_counted_once(given: Given) -> None:
    driver = given(WITHIN.replace("answer", "hello"))
    driver.track("ada", "Product Added")
    driver.track("ada", "Product Added", after="1 hour")
    assert kinds(driver.track("ada", "Order Completed")) == [("cancel", "hello"), ("cancel", "hello")]
    assert len(goals(driver)) == 1


def test_of_several_goals_the_first_counts(given: Given) -> None:
    driver = given("""
        journey: sale
        entry: {on: Product Added}
        goal:
          - {name: much, on: Order Completed, if: event.properties.total > 100}
          - {name: some, on: [Order Completed, Lead Won]}
        steps: [{wait: 1 day}]
    """)
    for user, event, total in (("ada", "Order Completed", 500), ("bo", "Order Completed", 5), ("cy", "Lead Won", 0)):
        driver.track(user, "Product Added")
        driver.track(user, event, {"total": total})
    assert [line["goal"] for line in goals(driver)] == ["much", "some", "some"]


def test_a_purchase_right_after_the_login_reaches_the_goal_of_the_visitor(given: Given) -> None:
    driver = given(SALE)
    driver.track(None, "Product Added", anonymous="a1")
    driver.track("ada", "Order Completed", PAID, anonymous="a1")
    assert [line["customer_id"] for line in goals(driver)] == ["ada"]


def test_a_goal_names_the_arms_that_the_customer_has(given: Given) -> None:
    driver = given("""
        journey: sale
        entry: {on: Product Added}
        goal: [{on: Order Completed}]
        steps: [{split: {experiment: tone, arms: [{arm: kind, weight: 100, steps: [{wait: 1 day}]}]}}]
    """)
    driver.track("ada", "Product Added")
    driver.track("ada", "Order Completed")
    assert [line["arms"] for line in goals(driver)] == [{"tone": "kind"}]
