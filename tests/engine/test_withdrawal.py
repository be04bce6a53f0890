"""What was published and not delivered yet is withdrawn by a record with the same action id."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.testing import JourneyTestDriver

Given = Callable[[str], JourneyTestDriver]

TALK = """
journey: talk
entry: {on: Product Viewed}
exit: [{on: Order Completed}]
steps:
  - act: %s
  - wait: 7 days
"""


def reachable(driver: JourneyTestDriver) -> str:
    """A customer to whom everything may be said."""
    driver.identify("ada", {"email": "ada@example.org", "phone": "+441"})
    driver.consent("ada", "letter")
    return "ada"


def kinds(actions: list[dict[str, Any]]) -> list[str]:
    return [action["kind"] for action in actions]


@pytest.mark.parametrize("action", ["hello", "letter", "ring", "receipt", "answer"])
def test_an_exit_withdraws_what_was_published(given: Given, action: str) -> None:
    driver = given(TALK % action)
    ada = reachable(driver)
    (published,) = driver.track(ada, "Product Viewed")
    (cancel,) = driver.track(ada, "Order Completed", messageId="order", after="1 minute")
    assert cancel == {
        "kind": "cancel",
        "action_id": published["action_id"],
        "customer_id": "ada",
        "channel": published["channel"],
        "action": action,
        "journey": "talk",
        "journey_version": published["journey_version"],
        "reason": "Order Completed came",
        "decided_at": "2026-01-05T09:01:00.000Z",
        "trigger": {"event_id": "order", "type": "Order Completed", "timestamp": "2026-01-05T09:01:00.000Z"},
    }


@pytest.mark.parametrize(("after", "said"), [("59 minutes", ["cancel"]), ("1 hour", []), ("2 hours", [])])
def test_until_it_expires_by_itself(given: Given, after: str, said: list[str]) -> None:
    driver = given(TALK % "short-lived")
    driver.track("ada", "Product Viewed")
    assert kinds(driver.track("ada", "Order Completed", after=after)) == said


def test_after_the_last_step_too(given: Given) -> None:
    driver = given(TALK.replace("  - wait: 7 days\n", "") % "hello")
    driver.track("ada", "Product Viewed")
    assert kinds(driver.track("ada", "Order Completed", after="1 minute")) == ["cancel"]


def test_once(given: Given) -> None:
    driver = given(TALK % "hello")
    driver.track("ada", "Product Viewed")
    driver.track("ada", "Order Completed", after="1 minute")
    assert driver.track("ada", "Order Completed", after="1 minute") == []


def test_all_that_the_journey_published(given: Given) -> None:
    driver = given(TALK.replace("- wait", "- act: bye\n  - wait") % "hello")
    published = driver.track("ada", "Product Viewed")
    cancels = driver.track("ada", "Order Completed", after="1 minute")
    assert [cancel["action_id"] for cancel in cancels] == [action["action_id"] for action in published]


def test_nothing_that_another_journey_published(given: Given) -> None:
    driver = given((TALK % "hello") + "---\njourney: other\nentry: {on: Product Viewed}\nsteps: [{act: bye}]\n")
    driver.track("ada", "Product Viewed")
    (cancel,) = driver.track("ada", "Order Completed", after="1 minute")
    assert cancel["action"] == "hello"


def test_nothing_of_another_stay_in_the_same_journey(given: Given) -> None:
    driver = given("""
        journey: talk
        entry: {on: Product Added, key: event.properties.cart}
        exit: [{on: Order Completed, if: event.properties.cart == journey.entry.properties.cart}]
        steps: [{act: hello}, {wait: 7 days}]
    """)
    (one,) = driver.track("ada", "Product Added", {"cart": "c1"})
    driver.track("ada", "Product Added", {"cart": "c2"})
    (cancel,) = driver.track("ada", "Order Completed", {"cart": "c1"})
    assert cancel["action_id"] == one["action_id"]


@pytest.mark.parametrize("event", ["Message Delivered", "Message Opened", "Message Clicked", "Message Failed"])
def test_a_delivered_action_is_not_cancelled(given: Given, event: str) -> None:
    driver = given(TALK % "hello")
    (action,) = driver.track("ada", "Product Viewed")
    driver.track("ada", event, {"action_id": action["action_id"], "channel": "note"})
    assert driver.track("ada", "Order Completed") == []


def test_word_of_another_action_settles_nothing(given: Given) -> None:
    driver = given(TALK % "hello")
    driver.track("ada", "Product Viewed")
    driver.track("ada", "Message Delivered", {"action_id": "another"})
    assert kinds(driver.track("ada", "Order Completed")) == ["cancel"]


def test_word_of_a_held_action_settles_nothing(given: Given) -> None:
    driver = given(TALK.replace("act: %s", "{act: hello, delay: 1 hour}"))
    driver.track("ada", "Product Viewed")
    driver.track("ada", "Message Delivered", {"action_id": driver.decisions[0]["action_id"]})
    assert kinds(driver.advance("1 hour")) == ["action"]


@pytest.mark.parametrize(
    ("event", "properties", "said"),
    [
        ("Message Unsubscribed", {"channel": "letter"}, ["cancel"]),
        ("Message Unsubscribed", {}, ["cancel"]),
        ("Message Unsubscribed", {"channel": "phone"}, []),
        ("Consent Changed", {"channel": "letter", "given": False}, ["cancel"]),
        ("Consent Changed", {"given": False}, ["cancel"]),
        ("Consent Changed", {"channel": "letter", "given": False, "purpose": "surveys"}, []),
        ("Consent Changed", {"channel": "letter", "given": True}, []),
        ("Message Bounced", {"channel": "letter"}, ["cancel"]),
        ("Message Bounced", {"channel": "letter", "kind": "soft"}, []),
        ("Message Bounced", {"channel": "phone"}, []),
        ("Message Bounced", {}, []),
    ],
)
def test_a_no_or_a_bounce_withdraws_what_may_not_be_said_any_more(
    given: Given, event: str, properties: dict[str, Any], said: list[str]
) -> None:
    driver = given(TALK % "letter")
    ada = reachable(driver)
    (action,) = driver.track(ada, "Product Viewed")
    after = driver.track(ada, event, properties, after="1 minute")
    assert kinds(after) == said
    assert {cancel["action_id"] for cancel in after} <= {action["action_id"]}


def test_a_no_drops_what_is_held(given: Given) -> None:
    driver = given(TALK.replace("act: %s", "{act: letter, delay: 1 hour}"))
    ada = reachable(driver)
    driver.track(ada, "Product Viewed")
    assert driver.track(ada, "Message Unsubscribed", after="1 minute") == []
    assert driver.advance("1 day") == []
    assert driver.decisions[-1]["outcome"] == "cancelled"


def test_a_no_that_is_older_than_a_yes_withdraws_nothing(given: Given) -> None:
    driver = given(TALK % "letter")
    ada = reachable(driver)
    driver.track(ada, "Product Viewed")
    no = {"channel": "letter", "given": False}
    assert driver.track(ada, "Consent Changed", no, timestamp="2026-01-05T08:00:00Z") == []


def test_a_no_to_marketing_withdraws_no_receipt(given: Given) -> None:
    driver = given(TALK % "receipt")
    ada = reachable(driver)
    driver.track(ada, "Product Viewed")
    assert driver.track(ada, "Message Unsubscribed") == []


def test_a_bounce_withdraws_a_receipt(given: Given) -> None:
    driver = given(TALK % "receipt")
    ada = reachable(driver)
    driver.track(ada, "Product Viewed")
    assert kinds(driver.track(ada, "Message Bounced", {"channel": "letter"})) == ["cancel"]


def test_a_new_stay_does_not_forget_what_the_one_before_it_published(given: Given) -> None:
    driver = given(TALK.replace("  - wait: 7 days\n", "") % "hello")
    first = driver.track("ada", "Product Viewed")
    second = driver.track("ada", "Product Viewed", after="1 minute")
    cancels = driver.track("ada", "Order Completed", after="1 minute")
    assert {cancel["action_id"] for cancel in cancels} == {action["action_id"] for action in first + second}


def test_of_a_stay_that_is_over_and_settled_nothing_is_kept(given: Given) -> None:
    driver = given(TALK.replace("  - wait: 7 days\n", "") % "hello")
    for _ in range(3):
        (action,) = driver.track("ada", "Product Viewed", after="1 minute")
        driver.track("ada", "Message Delivered", {"action_id": action["action_id"]}, after="1 minute")
    customer = driver.customer("ada")
    assert customer is not None
    assert "instances" not in customer
    assert "offers" not in customer


def test_of_a_stay_that_is_over_and_expired_nothing_is_kept(given: Given) -> None:
    driver = given(TALK.replace("  - wait: 7 days\n", "") % "hello")
    driver.track("ada", "Product Viewed")
    driver.advance("2 days")
    customer = driver.customer("ada")
    assert customer is not None
    assert "instances" not in customer
    assert "offers" not in customer
