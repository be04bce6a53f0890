"""An order: a mail at once, quiet from marketing, care tips later."""

from __future__ import annotations

from typing import Any

from orchestrator.testing import JourneyTestDriver

PAN = {"name": "Cast-Iron Pan", "category": "Cookware", "price": 59.0, "quantity": 1}
ORDER: dict[str, Any] = {"order_id": "o1", "cart_id": "c1", "total": 63.9, "products": [PAN]}


def test_an_order_is_confirmed_at_once(driver: JourneyTestDriver, ada: str) -> None:
    (mail,) = driver.track(ada, "Order Completed", ORDER)
    assert mail["action"] == "order-mail"


def test_the_mail_lists_what_was_bought(driver: JourneyTestDriver, ada: str) -> None:
    (mail,) = driver.track(ada, "Order Completed", ORDER)
    assert "- 1 x Cast-Iron Pan, €59.00" in mail["content"]["text"]


def test_the_mail_tells_the_total(driver: JourneyTestDriver, ada: str) -> None:
    (mail,) = driver.track(ada, "Order Completed", ORDER)
    assert "Total with delivery: €63.90" in mail["content"]["text"]


def test_the_confirmation_needs_no_consent(driver: JourneyTestDriver) -> None:
    driver.identify("bo", {"email": "bo@example.org"})
    (mail,) = driver.track("bo", "Order Completed", ORDER)
    assert mail["content"]["text"].startswith("Hello there,")


def test_the_same_order_is_confirmed_once(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Order Completed", ORDER)
    assert driver.track(ada, "Order Completed", ORDER, after="5 minutes") == []


def test_each_order_is_confirmed(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Order Completed", ORDER)
    (mail,) = driver.track(ada, "Order Completed", ORDER | {"order_id": "o2"}, after="5 minutes")
    assert mail["content"]["subject"] == "Thank you for your order o2"


def test_marketing_is_quiet_for_three_days(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Order Completed", ORDER)
    driver.track(ada, "Product Added", {"cart_id": "c2", "total": 64.0})
    assert driver.advance("3 days") == []


def test_two_weeks_later_care_tips_come(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Order Completed", ORDER)
    *_, mail = driver.advance("14 days")
    assert mail["content"]["subject"] == "Cast-Iron Pan: how to enjoy it for longer"


def test_the_tip_fits_what_was_bought(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Order Completed", ORDER)
    *_, mail = driver.advance("14 days")
    assert "rub in a drop of oil" in mail["content"]["html"]


def test_there_is_a_tip_for_anything(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Order Completed", ORDER | {"products": [{"name": "Gift Card", "price": 25.0}]})
    *_, mail = driver.advance("14 days")
    assert "Clean it gently" in mail["content"]["html"]


def test_care_tips_need_consent(driver: JourneyTestDriver) -> None:
    driver.identify("bo", {"email": "bo@example.org"})
    driver.track("bo", "Order Completed", ORDER)
    assert driver.advance("14 days") == []


def test_who_sent_it_back_gets_no_tips(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Order Completed", ORDER)
    driver.track(ada, "Order Refunded", {"order_id": "o1"}, after="6 days")
    assert driver.advance("14 days") == []


def test_a_refund_of_another_order_changes_nothing(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Order Completed", ORDER)
    driver.track(ada, "Order Refunded", {"order_id": "o0"}, after="6 days")
    *_, mail = driver.advance("8 days")
    assert mail["action"] == "care-mail"
