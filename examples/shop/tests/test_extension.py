"""A week after an order: what belongs with it, in stock and not bought yet."""

from __future__ import annotations

from typing import Any

from orchestrator.testing import JourneyTestDriver

DRIPPER = {"product_id": "P-103", "name": "Ceramic Dripper", "category": "Coffee", "price": 24.5, "quantity": 1}
ORDER: dict[str, Any] = {"order_id": "o1", "cart_id": "c1", "total": 28.4, "products": [DRIPPER]}


def mails(driver: JourneyTestDriver, after: str = "7 days") -> list[dict[str, Any]]:
    return [mail for mail in driver.advance(after) if mail["action"] == "extension-mail"]


def names(mail: dict[str, Any]) -> list[str]:
    lines = mail["content"]["text"].splitlines()
    return [line[2:].partition(", €")[0] for line in lines if line.startswith("- ")]


def test_what_belongs_with_it_comes_first(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Order Completed", ORDER)
    (mail,) = mails(driver)
    assert mail["content"]["subject"] == "Goes well with your Ceramic Dripper"
    assert names(mail)[:2] == ["Gooseneck Kettle 0.9 l", "Paper Filters, pack of 100"]


def test_what_was_bought_meanwhile_is_left_out(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Order Completed", ORDER)
    kettle = {"product_id": "P-101", "name": "Gooseneck Kettle 0.9 l", "price": 64.0}
    driver.track(ada, "Order Completed", ORDER | {"order_id": "o2", "products": [kettle]}, after="2 days")
    (mail,) = mails(driver, "5 days")
    assert "Gooseneck Kettle 0.9 l" not in names(mail)
    assert "Paper Filters, pack of 100" in names(mail)


def test_what_is_out_of_stock_is_left_out(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Order Completed", ORDER)
    driver.sell(
        {"id": "P-104", "name": "Paper Filters", "price": 7, "currency": "EUR", "stock": 0, "category": "Coffee"}
    )
    (mail,) = mails(driver)
    assert not any(name.startswith("Paper Filters") for name in names(mail))


def test_who_sent_it_back_gets_none(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Order Completed", ORDER)
    driver.track(ada, "Order Refunded", {"order_id": "o1"}, after="2 days")
    assert mails(driver) == []
