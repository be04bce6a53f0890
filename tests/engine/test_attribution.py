"""What becomes of what was said: outcomes are joined to the action that caused them, and count once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given as property_of
from hypothesis import settings
from hypothesis import strategies as st

from orchestrator.engine.contacts import Contact, Contacts, united
from orchestrator.testing import JourneyTestDriver

Given = Callable[[str], JourneyTestDriver]

POLICY = """
attribution: {window: 7 days, events: Order Completed, value: event.properties.total}
"""
GREET = """
journey: greet
entry: {on: Product Viewed, reentry: after 1 minute}
steps:
  - act: hello
"""
SERVE = """
journey: serve
entry: {on: Help Asked}
steps:
  - act: answer
"""
WHOLE = f"{POLICY}\n---\n{GREET}\n---\n{SERVE}"


def outcomes(driver: JourneyTestDriver) -> list[tuple[str, str]]:
    return [(line["what"], line["joined"]) for line in driver.trace if line["kind"] == "outcome"]


def last(driver: JourneyTestDriver) -> dict[str, Any]:
    return [line for line in driver.trace if line["kind"] == "outcome"][-1]


def contacts(driver: JourneyTestDriver, user: str = "ada") -> Contacts:
    customer = driver.customer(user)
    assert customer is not None
    return Contacts(customer.get("contacts", ""))


def greeted(driver: JourneyTestDriver, user: str = "ada") -> str:
    [action] = driver.track(user, "Product Viewed")
    return str(action["action_id"])


def test_what_is_said_is_kept_and_logged(given: Given) -> None:
    driver = given(WHOLE)

    said = greeted(driver)

    assert [(contact.id, contact.state) for contact in contacts(driver)] == [(said, "published")]
    assert outcomes(driver) == [("published", "action_id")]
    assert last(driver)["action_id"] == said
    assert last(driver)["sent_hour"] == 9


def test_without_attribution_nothing_is_logged(given: Given) -> None:
    driver = given(GREET)

    greeted(driver)
    driver.track("ada", "Order Completed", {"total": 20})

    assert outcomes(driver) == []


@pytest.mark.parametrize(
    ("event", "state"),
    [
        ("Message Delivered", "delivered"),
        ("Message Failed", "failed"),
        ("Message Bounced", "failed"),
        ("Message Dismissed", "dismissed"),
        ("Message Opened", "opened"),
        ("Email Opened", "opened"),
        ("Message Clicked", "clicked"),
        ("Email Link Clicked", "clicked"),
        ("Push Notification Tapped", "clicked"),
        ("Message Replied", "replied"),
    ],
)
def test_an_event_that_names_the_action_changes_its_state(given: Given, event: str, state: str) -> None:
    driver = given(WHOLE)
    said = greeted(driver)

    driver.track("ada", event, {"action_id": said}, after="2 hours")

    assert contacts(driver)[0].state == state
    line = last(driver)
    assert (line["what"], line["was"], line["joined"]) == (state, "published", "action_id")
    assert (line["delay_ms"], line["sent_hour"], line["hour"]) == (7_200_000, 9, 11)


def test_the_hour_is_that_of_the_customers_day(given: Given) -> None:
    driver = given(WHOLE)
    driver.identify("ada", {"timezone": "Asia/Tokyo"})

    said = greeted(driver)
    driver.track("ada", "Message Opened", {"action_id": said}, after="8 hours")

    assert (last(driver)["sent_hour"], last(driver)["hour"]) == (18, 2)


@pytest.mark.parametrize("named", ["another", 7, None])
def test_an_event_that_names_no_action_of_this_customer_changes_nothing(given: Given, named: Any) -> None:
    driver = given(WHOLE)
    greeted(driver)

    driver.track("ada", "Message Opened", {"action_id": named})

    assert contacts(driver)[0].state == "published"
    assert outcomes(driver) == [("published", "action_id")]


def test_a_purchase_that_names_its_action_is_put_down_to_it(given: Given) -> None:
    driver = given(WHOLE)
    said = greeted(driver)
    greeted_again = driver.track("ada", "Product Viewed", after="1 day")[0]["action_id"]

    driver.track("ada", "Order Completed", {"total": 49.9, "action_id": said}, after="1 hour")

    line = last(driver)
    assert line["action_id"] == said != greeted_again
    assert (line["what"], line["joined"], line["value"]) == ("converted", "action_id", 49.9)


def test_a_purchase_that_names_none_is_put_down_to_the_last_that_was_said(given: Given) -> None:
    driver = given(WHOLE)
    greeted(driver)
    said_last = driver.track("ada", "Product Viewed", after="1 day")[0]["action_id"]

    driver.track("ada", "Order Completed", {"total": 20}, after="6 days")

    assert (last(driver)["action_id"], last(driver)["joined"]) == (said_last, "last_touch")


def test_a_purchase_after_the_window_is_put_down_to_nothing(given: Given) -> None:
    driver = given(WHOLE)
    greeted(driver)

    driver.track("ada", "Order Completed", {"total": 20}, after="7 days")

    assert outcomes(driver) == [("published", "action_id")]


def test_a_purchase_before_the_message_is_put_down_to_nothing_even_if_it_comes_later(given: Given) -> None:
    driver = given(WHOLE)
    greeted(driver)

    driver.track("ada", "Order Completed", {"total": 20}, after="1 hour", timestamp="2026-01-05T08:59:59Z")

    assert outcomes(driver) == [("published", "action_id")]


def test_a_service_message_sells_nothing(given: Given) -> None:
    driver = given(WHOLE)
    said = greeted(driver)
    driver.track("ada", "Help Asked", after="1 hour")

    driver.track("ada", "Order Completed", {"total": 20}, after="1 hour")

    assert last(driver)["action_id"] == said


def test_a_message_that_failed_sells_nothing(given: Given) -> None:
    driver = given(WHOLE)
    said = greeted(driver)
    failed = driver.track("ada", "Product Viewed", after="1 hour")[0]["action_id"]
    driver.track("ada", "Message Failed", {"action_id": failed})

    driver.track("ada", "Order Completed", {"total": 20, "action_id": failed}, after="1 hour")

    assert (last(driver)["action_id"], last(driver)["joined"]) == (said, "last_touch")


def test_a_purchase_counts_once_for_one_action_however_often_it_is_told(given: Given) -> None:
    driver = given(WHOLE)
    order = {"messageId": "order-1", "total": 20}
    greeted(driver)
    driver.track("ada", "Order Completed", {"total": 20}, after="1 hour", messageId=order["messageId"])
    for number in range(70):  # More than the ids that are kept against repeats.
        driver.track("ada", "Page Seen", {"number": number})
    greeted_again = driver.track("ada", "Product Viewed", after="1 hour")[0]["action_id"]

    driver.track("ada", "Order Completed", {"total": 20}, messageId=order["messageId"])

    assert outcomes(driver) == [("published", "action_id"), ("converted", "last_touch"), ("published", "action_id")]
    assert contacts(driver)[1].id == greeted_again
    assert contacts(driver)[1].won == ()


def test_a_second_purchase_is_worth_something_but_is_no_second_conversion(given: Given) -> None:
    driver = given(WHOLE)
    greeted(driver)
    driver.track("ada", "Order Completed", {"total": 20}, after="1 hour")
    assert (last(driver)["first"], last(driver)["followed"]) == (True, True)

    driver.track("ada", "Order Completed", {"total": 5}, after="1 hour")

    assert (last(driver)["value"], last(driver)["first"], last(driver)["followed"]) == (5, False, False)


@pytest.mark.parametrize("total", ["much", None, True])
def test_what_is_no_number_is_no_value(given: Given, total: Any) -> None:
    driver = given(WHOLE)
    greeted(driver)

    driver.track("ada", "Order Completed", {"total": total})

    assert (last(driver)["what"], last(driver)["value"]) == ("converted", None)


def test_what_was_said_to_a_visitor_comes_along_when_they_sign_in(given: Given) -> None:
    driver = given(WHOLE)
    said = driver.track(None, "Product Viewed", anonymous="visitor")[0]["action_id"]

    driver.identify("ada", {}, anonymous="visitor", after="1 hour")
    driver.track("ada", "Message Opened", {"action_id": said})
    driver.track("ada", "Order Completed", {"total": 20}, after="1 hour")

    assert [(contact.id, contact.state) for contact in contacts(driver)] == [(said, "opened")]
    assert (last(driver)["action_id"], last(driver)["customer_id"]) == (said, "ada")


def test_a_purchase_that_overtakes_what_was_said_to_the_visitor_is_put_down_to_it_when_that_arrives() -> None:
    driver = JourneyTestDriver.of_text(f"{CHANNEL}\n---\n{WHOLE}", partitions=7)
    said = driver.track(None, "Product Viewed", anonymous="visitor")[0]["action_id"]

    driver.track("ada", "Order Completed", {"total": 20}, anonymous="visitor", after="1 hour")

    assert (last(driver)["action_id"], last(driver)["what"]) == (said, "converted")


CHANNEL = """
channels:
  note: {address: id, consent: none, content: {text: {}}}
---
action: hello
channel: note
content: {text: hello}
---
action: answer
channel: note
purpose: service
content: {text: answer}
"""

EVENTS = ["Message Delivered", "Message Failed", "Message Bounced", "Message Opened", "Message Clicked"]
_NEWS = st.lists(st.sampled_from([*EVENTS, "Order Completed"]), min_size=1, max_size=8)


def _after(news: Sequence[str]) -> tuple[str, bool, int, int]:
    """The state of the action, whether it was followed, and how often a line said so; conversions."""
    driver = JourneyTestDriver.of_text(f"{CHANNEL}\n---\n{WHOLE}")
    said = greeted(driver)
    for name in news:
        driver.track("ada", name, {"action_id": said, "total": 1}, messageId=name)
    lines = [line for line in driver.trace if line["kind"] == "outcome"]
    contact = contacts(driver)[0]
    followed = sum(line["followed"] for line in lines)
    converted = sum(line["what"] == "converted" and line["first"] for line in lines)
    return contact.state, bool(contact.won), followed, converted


@settings(max_examples=40)
@property_of(_NEWS, st.randoms(use_true_random=False))
def test_the_order_in_which_news_come_and_repeats_change_nothing(news: list[str], random: Any) -> None:
    # A purchase that names an action that has failed is not its: that needs the failure to be known.
    news = [name for name in news if name not in ("Message Failed", "Message Bounced")] if _bought(news) else news
    once = list(dict.fromkeys(news))
    shuffled = [*once, *news]
    random.shuffle(shuffled)

    assert _after(shuffled) == _after(once)


def _bought(news: Sequence[str]) -> bool:
    return "Order Completed" in news


def test_the_purchases_of_two_records_that_become_one_are_kept() -> None:
    def contact(*won: str) -> Contacts:
        return Contacts.of([Contact("1", "hello", "", "", "note", "marketing", 5, 50, "greet", won=won)])

    together = united(contact("a"), contact("b"))

    assert together[0].won == ("a", "b")
    assert list(Contacts(together.text)) == list(together)
    assert united(contact("b"), contact("a")).text == together.text
