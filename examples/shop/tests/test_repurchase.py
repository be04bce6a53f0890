"""A consumable: offered again when it is used up, unless it was bought again or cannot be had."""

from __future__ import annotations

from typing import Any

from orchestrator.testing import JourneyTestDriver

BEANS = {"product_id": "P-106", "name": "House Roast Beans, 1 kg", "category": "Coffee", "price": 26.0, "quantity": 1}
PAN = {"product_id": "P-201", "name": "Cast-Iron Pan 28 cm", "category": "Cookware", "price": 59.0, "quantity": 1}
ORDER: dict[str, Any] = {"order_id": "o1", "cart_id": "c1", "total": 29.9, "products": [BEANS]}


def said(driver: JourneyTestDriver, action: str, after: str) -> list[dict[str, Any]]:
    return [mail for mail in driver.advance(after) if mail["action"] == action]


def test_after_the_repeat_cycle_of_the_catalogue_it_is_offered_again(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Order Completed", ORDER)
    assert said(driver, "repurchase-mail", "29 days") == []
    (mail,) = said(driver, "repurchase-mail", "1 day")
    assert "- House Roast Beans, 1 kg, €26.00: https://shop.example.com/p/P-106" in mail["content"]["text"]


def test_the_price_is_that_of_today(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Order Completed", ORDER)
    driver.sell(
        {
            "id": "P-106",
            "name": "House Roast",
            "price": 24,
            "currency": "EUR",
            "url": "https://x.example",
            "repeat_days": 30,
        }
    )
    (mail,) = said(driver, "repurchase-mail", "30 days")
    assert "- House Roast, €24.00" in mail["content"]["text"]


def test_what_is_out_of_stock_is_not_offered(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Order Completed", ORDER)
    driver.sell({"id": "P-106", "name": "House Roast", "price": 24, "currency": "EUR", "stock": 0, "repeat_days": 30})
    assert said(driver, "repurchase-mail", "40 days") == []


def test_whoever_bought_it_again_is_reminded_by_the_new_order_alone(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Order Completed", ORDER)
    driver.track(ada, "Order Completed", ORDER | {"order_id": "o2"}, after="20 days")
    assert said(driver, "repurchase-mail", "29 days") == []
    assert len(said(driver, "repurchase-mail", "2 days")) == 1


def test_what_lasts_is_not_offered_again(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Order Completed", ORDER | {"products": [PAN]})
    assert said(driver, "repurchase-mail", "400 days") == []
