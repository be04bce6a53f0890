"""A failed payment without an order brings a call."""

from __future__ import annotations

from orchestrator.testing import JourneyTestDriver

FAILURE = {"cart_id": "c1", "total": 89.0, "currency": "EUR", "error_code": "card_declined"}
ORDER = {"order_id": "o1", "cart_id": "c1", "total": 89.0, "products": [{"name": "Day Pack", "price": 89.0}]}


def test_after_half_an_hour_an_agent_is_asked_to_call(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Payment Failed", FAILURE)
    (task,) = driver.advance("30 minutes")
    assert (task["action"], task["channel"]) == ("payment-callback", "call")


def test_the_agent_has_the_number(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Payment Failed", FAILURE)
    (task,) = driver.advance("30 minutes")
    assert task["recipient"]["address"] == "+447700900123"


def test_the_agent_sees_what_happened(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Payment Failed", FAILURE)
    (task,) = driver.advance("30 minutes")
    assert task["content"]["reason"] == "Payment Failed (card declined), cart of 89.00 EUR, no order since"


def test_the_agent_sees_until_when_to_call(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Payment Failed", FAILURE)
    (task,) = driver.advance("30 minutes")
    assert task["content"]["due"] == "2026-03-02T13:00:00Z"


def test_nothing_comes_before_half_an_hour(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Payment Failed", FAILURE)
    assert driver.advance("29 minutes") == []


def test_a_failed_checkout_counts_too(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Checkout Failed", FAILURE | {"error_code": "session_expired"})
    (task,) = driver.advance("30 minutes")
    assert task["action"] == "payment-callback"


def test_no_consent_is_needed(driver: JourneyTestDriver) -> None:
    driver.identify("bo", {"phone": "+447700900456"})
    driver.track("bo", "Payment Failed", FAILURE)
    (task,) = driver.advance("30 minutes")
    assert task["action"] == "payment-callback"


def test_without_a_number_help_comes_by_mail(driver: JourneyTestDriver) -> None:
    driver.identify("bo", {"email": "bo@example.org"})
    driver.track("bo", "Payment Failed", FAILURE)
    (mail,) = driver.advance("30 minutes")
    assert mail["action"] == "payment-help-mail"


def test_an_order_in_time_ends_it(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Payment Failed", FAILURE)
    driver.track(ada, "Order Completed", ORDER, after="12 minutes")
    assert driver.advance("1 day") == []


def test_an_order_afterwards_withdraws_the_task(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Payment Failed", FAILURE)
    (task,) = driver.advance("30 minutes")
    published = driver.track(ada, "Order Completed", ORDER, after="10 minutes")
    assert [action["action_id"] for action in published if action["kind"] == "cancel"] == [task["action_id"]]


def test_who_calls_us_is_not_called(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Payment Failed", FAILURE)
    driver.track(ada, "Call Started", {"call_id": "1", "direction": "inbound", "queue": "orders"}, after="5 minutes")
    assert driver.advance("1 day") == []


def test_a_call_by_us_about_something_else_does_not_count(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Payment Failed", FAILURE)
    driver.track(ada, "Call Started", {"call_id": "1", "direction": "outbound", "queue": "support"})
    (task,) = driver.advance("30 minutes")
    assert task["action"] == "payment-callback"


def test_two_failures_bring_one_call(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Payment Failed", FAILURE)
    driver.track(ada, "Payment Failed", FAILURE | {"attempt": 2}, after="2 minutes")
    assert len(driver.advance("1 day")) == 1


def test_an_unknown_visitor_cannot_be_called(driver: JourneyTestDriver) -> None:
    driver.track(None, "Payment Failed", FAILURE, anonymous="laptop")
    assert driver.advance("1 day") == []
