"""Nothing grows without end: what is kept of one customer is bounded, the oldest goes first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.engine.customer import ALIASES_KEPT, MERGES_KEPT, OFFERS_KEPT, PAST_KEPT
from orchestrator.testing import JourneyTestDriver

Given = Callable[[str], JourneyTestDriver]

ONCE_PER_CART = """
journey: once
entry: {on: Product Added, key: event.properties.cart, reentry: never}
steps: [{act: %s}]
"""


def ada(driver: JourneyTestDriver) -> dict[str, Any]:
    customer = driver.customer("ada")
    assert customer is not None
    return customer


def add_to_carts(driver: JourneyTestDriver, carts: range, **ids: str) -> list[dict[str, Any]]:
    before = len(driver.actions)
    for cart in carts:
        driver.track(ids.get("user"), "Product Added", {"cart": cart}, anonymous=ids.get("anonymous"), after="1 second")
    return driver.actions[before:]


def test_so_many_past_stays_are_remembered(given: Given) -> None:
    driver = given(ONCE_PER_CART % "answer")
    add_to_carts(driver, range(PAST_KEPT + 10), user="ada")
    assert len(ada(driver)["past"]) == PAST_KEPT
    assert add_to_carts(driver, range(10, 20), user="ada") == []
    assert len(add_to_carts(driver, range(10), user="ada")) == 10


def test_past_stays_of_several_visitors_stay_bounded_when_they_become_one(given: Given) -> None:
    driver = given(ONCE_PER_CART % "answer")
    for number in range(4):
        add_to_carts(driver, range(number * 100, number * 100 + 100), anonymous=f"device-{number}")
        driver.identify("ada", anonymous=f"device-{number}", after="1 second")
    assert len(ada(driver)["past"]) == PAST_KEPT


def test_so_many_published_actions_can_be_withdrawn(given: Given) -> None:
    driver = given((ONCE_PER_CART % "hello") + "exit: [{on: Order Completed}]\n")
    published = add_to_carts(driver, range(OFFERS_KEPT + 5), user="ada")
    cancelled = driver.track("ada", "Order Completed")
    assert {cancel["action_id"] for cancel in cancelled} == {action["action_id"] for action in published[5:]}


def test_too_many_held_actions_are_refused_aloud(given: Given) -> None:
    driver = given(ONCE_PER_CART.replace("act: %s", "act: hello, delay: 1 hour"))
    add_to_carts(driver, range(OFFERS_KEPT + 5), user="ada")
    refused = [decision for decision in driver.decisions if decision["outcome"] == "refused"]
    assert [decision["reasons"][0]["rule"] for decision in refused] == ["bound"] * 5
    assert len(driver.advance("2 hours")) == OFFERS_KEPT


def test_a_held_action_is_worth_more_than_a_published_one(given: Given) -> None:
    driver = given(
        (ONCE_PER_CART % "hello") + "---\n" + (ONCE_PER_CART % "bye, delay: 1 hour").replace("once", "later")
    )
    add_to_carts(driver, range(OFFERS_KEPT), user="ada")
    assert "bound" not in str(driver.decisions)
    assert len(driver.advance("2 hours")) == OFFERS_KEPT


def test_open_actions_of_several_visitors_stay_bounded_when_they_become_one(given: Given) -> None:
    driver = given(ONCE_PER_CART.replace("act: %s", "act: hello, delay: 1 hour"))
    for number in range(3):
        add_to_carts(driver, range(number * 30, number * 30 + 30), anonymous=f"device-{number}")
        driver.identify("ada", anonymous=f"device-{number}", after="1 second")
    assert len(ada(driver)["offers"]) == OFFERS_KEPT
    assert len(driver.advance("2 hours")) == OFFERS_KEPT


def test_so_many_anonymous_ids_are_remembered(given: Given) -> None:
    driver = given(ONCE_PER_CART % "hello")
    for number in range(ALIASES_KEPT + 5):
        driver.identify("ada", anonymous=f"device-{number}", after="1 second")
    assert list(ada(driver)["aliases"]) == [f"device-{number}" for number in range(5, ALIASES_KEPT + 5)]


@pytest.mark.parametrize("number", [0, 4, 5, ALIASES_KEPT])
def test_a_forgotten_anonymous_id_still_leads_to_its_customer(given: Given, number: int) -> None:
    driver = given(ONCE_PER_CART % "hello")
    for device in range(ALIASES_KEPT + 5):
        driver.identify("ada", anonymous=f"device-{device}", after="1 second")
    (action,) = add_to_carts(driver, range(1), anonymous=f"device-{number}")
    assert action["customer_id"] == "ada"


def test_so_many_merges_are_remembered(given: Given) -> None:
    driver = given(ONCE_PER_CART % "hello")
    for number in range(MERGES_KEPT + 5):
        driver.track(None, "Page Viewed", anonymous=f"device-{number}")
        driver.identify("ada", anonymous=f"device-{number}", after="1 second")
    assert len(ada(driver)["merged"]) == MERGES_KEPT
