"""What is learnt of a customer: the newest word counts, whatever the order in which words come."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest

from orchestrator.testing import JourneyTestDriver

Given = Callable[[str], JourneyTestDriver]

NOTHING = "journey: nothing\nentry: {on: Never}\nsteps: [{act: hello}]\n"


def customer(driver: JourneyTestDriver) -> dict[str, Any]:
    found = driver.customer("ada")
    assert found is not None
    return found


def identify_at(driver: JourneyTestDriver, time: str, traits: dict[str, Any]) -> None:
    driver.identify("ada", traits, timestamp=f"2026-01-05T{time}:00Z")


def test_traits_of_an_identify_call_are_kept(given: Given) -> None:
    driver = given(NOTHING)
    driver.identify("ada", {"email": "ada@example.org", "age": 36, "tags": ["a"], "address": {"city": "London"}})
    assert customer(driver)["traits"] == {
        "email": "ada@example.org",
        "age": 36,
        "tags": ["a"],
        "address": {"city": "London"},
    }


def test_traits_add_up(given: Given) -> None:
    driver = given(NOTHING)
    driver.identify("ada", {"a": 1})
    driver.identify("ada", {"b": 2})
    assert customer(driver)["traits"] == {"a": 1, "b": 2}


@pytest.mark.parametrize("order", list(permutations(["08:00", "08:10", "08:20"])))
def test_the_newest_value_wins_in_any_order_of_arrival(given: Given, order: tuple[str, ...]) -> None:
    driver = given(NOTHING)
    for time in order:
        identify_at(driver, time, {"colour": time})
    assert customer(driver)["traits"] == {"colour": "08:20"}


@pytest.mark.parametrize("order", list(permutations([("08:00", 1), ("08:10", None), ("08:20", 3)])))
def test_a_removed_trait_is_set_again_by_newer_word_only(
    given: Given, order: tuple[tuple[str, int | None], ...]
) -> None:
    driver = given(NOTHING)
    for time, value in order:
        identify_at(driver, time, {"n": value})
    assert customer(driver)["traits"] == {"n": 3}


@pytest.mark.parametrize("order", list(permutations([("08:00", 1), ("08:10", 2), ("08:20", None)])))
def test_null_removes_a_trait_for_good(given: Given, order: tuple[tuple[str, int | None], ...]) -> None:
    driver = given(NOTHING)
    for time, value in order:
        identify_at(driver, time, {"n": value})
    assert "traits" not in customer(driver)


def test_each_trait_has_its_own_time(given: Given) -> None:
    driver = given(NOTHING)
    identify_at(driver, "08:10", {"a": "new"})
    identify_at(driver, "08:00", {"a": "old", "b": "old"})
    assert customer(driver)["traits"] == {"a": "new", "b": "old"}


def test_the_traits_of_a_group_are_not_the_customers(given: Given) -> None:
    driver = given(NOTHING)
    driver.send({"type": "group", "userId": "ada", "groupId": "g", "traits": {"employees": 5}})
    assert "traits" not in customer(driver)


def test_locale_and_time_zone_are_taken_from_the_context_as_long_as_nobody_said_them(given: Given) -> None:
    driver = given(NOTHING)
    driver.track("ada", "Product Viewed", context={"locale": "de-DE", "timezone": "Europe/Berlin"})
    driver.identify("ada", {"locale": "en-GB"})
    driver.track("ada", "Product Viewed", context={"locale": "fr-FR"})
    assert customer(driver)["traits"] == {"locale": "en-GB", "timezone": "Europe/Berlin"}


def test_first_and_last_seen_follow_the_time_of_events_and_not_of_their_arrival(given: Given) -> None:
    driver = given(NOTHING)
    for time in ("08:30", "08:50", "08:10", "08:40"):
        driver.track("ada", "Product Viewed", timestamp=f"2026-01-05T{time}:00Z")
    minutes = [(customer(driver)[name] // 60_000) % 60 for name in ("first_seen", "last_seen")]
    assert minutes == [10, 50]


@pytest.mark.parametrize(
    "event", ["Message Sent", "Message Failed", "Message Cancel Missed", "Message Delivered", "Message Bounced"]
)
def test_a_senders_report_is_no_sign_of_the_customer(given: Given, event: str) -> None:
    driver = given(NOTHING)
    driver.track("ada", "Product Viewed")
    seen = customer(driver)["last_seen"]
    driver.track("ada", event, {"channel": "note"}, after="1 hour")
    assert customer(driver)["last_seen"] == seen


def test_an_answer_to_a_message_is(given: Given) -> None:
    driver = given(NOTHING)
    driver.track("ada", "Product Viewed")
    seen = customer(driver)["last_seen"]
    driver.track("ada", "Message Opened", {"channel": "note"}, after="1 hour")
    assert customer(driver)["last_seen"] == seen + 3_600_000


def test_conditions_see_consents(given: Given) -> None:
    driver = given("""
        journey: consented
        entry: {on: Product Viewed, if: "customer.consents['letter/marketing'].given"}
        steps: [{act: hello}]
    """)
    assert driver.track("ada", "Product Viewed") == []
    driver.consent("ada", "letter")
    assert len(driver.track("ada", "Product Viewed")) == 1
