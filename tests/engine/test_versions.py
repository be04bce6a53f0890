"""Whoever stands in a journey stays in the version that they entered; the new one is for those who come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.engine import Env
from orchestrator.errors import Bug
from orchestrator.testing import JourneyTestDriver

Given = Callable[[str], JourneyTestDriver]

OLD = (
    "journey: talk\nentry: {on: Product Viewed}\nexit: [{on: Order Completed}]\nsteps: [{wait: 1 hour}, {act: hello}]\n"
)
NEW = (
    "journey: talk\nentry: {on: Product Viewed}\nexit: [{on: Order Completed}]\nsteps: [{wait: 2 hours}, {act: bye}]\n"
)


def names(actions: list[dict[str, Any]]) -> list[str]:
    return [action["action"] for action in actions]


def deployed(old: Env, new: Env) -> Env:
    """The new definitions with the old ones kept for those who stand in them."""
    return Env(
        new.version,
        {**old.pinned, **new.pinned},
        new.entries,
        new.dedupe_count,
        new.dedupe_window_ms,
        new.late_after_ms,
    )


def test_those_inside_go_on_in_the_old_version(given: Given) -> None:
    driver = given(OLD)
    driver.track("ada", "Product Viewed")
    driver.env = deployed(driver.env, given(NEW).env)
    assert names(driver.advance("1 day")) == ["hello"]


def test_those_who_come_enter_the_new_one(given: Given) -> None:
    driver = given(OLD)
    driver.env = deployed(driver.env, given(NEW).env)
    driver.track("ada", "Product Viewed")
    assert driver.advance("1 hour") == []
    assert names(driver.advance("1 hour")) == ["bye"]


def test_nobody_is_in_two_versions_at_once(given: Given) -> None:
    driver = given(OLD)
    driver.track("ada", "Product Viewed")
    driver.env = deployed(driver.env, given(NEW).env)
    driver.track("ada", "Product Viewed", after="1 minute")
    assert names(driver.advance("1 day")) == ["hello"]


def test_the_old_version_hears_its_own_exits(given: Given) -> None:
    driver = given(OLD)
    driver.track("ada", "Product Viewed")
    driver.env = deployed(driver.env, given(NEW.replace("Order Completed", "Call Ended")).env)
    driver.track("ada", "Order Completed")
    assert driver.advance("1 day") == []


def test_a_journey_that_was_taken_away_lets_nobody_in_but_those_inside_finish(given: Given) -> None:
    driver = given(OLD)
    driver.track("ada", "Product Viewed")
    driver.env = deployed(driver.env, given(NEW.replace("talk", "other").replace("Product Viewed", "Never")).env)
    driver.track("bo", "Product Viewed")
    assert [action["customer_id"] for action in driver.advance("1 day")] == ["ada"]


def test_a_version_that_is_not_loaded_stops_the_work_and_says_which(given: Given) -> None:
    driver = given(OLD)
    driver.track("ada", "Product Viewed")
    driver.env = given(NEW).env
    with pytest.raises(Bug, match=r"journey 'talk' version [0-9a-f]+, which is not loaded"):
        driver.advance("1 hour")
