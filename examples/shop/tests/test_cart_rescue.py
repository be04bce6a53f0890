"""A cart left for an hour brings one mail."""

from __future__ import annotations

from orchestrator.testing import JourneyTestDriver

KETTLE = {"cart_id": "c1", "total": 64.0, "name": "Gooseneck Kettle", "category": "Coffee"}
FILTERS = {"cart_id": "c2", "total": 6.9, "name": "Paper Filters", "category": "Coffee"}
ORDER = {"order_id": "o1", "cart_id": "c1", "total": 64.0, "products": [{"name": "Gooseneck Kettle", "price": 64.0}]}


def test_a_cart_left_for_an_hour_brings_a_mail(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Product Added", KETTLE)
    (mail,) = driver.advance("1 hour")
    assert mail["action"] == "cart-rescue-mail"


def test_the_mail_names_the_product(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Product Added", KETTLE)
    (mail,) = driver.advance("1 hour")
    assert mail["content"]["subject"] == "Gooseneck Kettle is still in your cart"


def test_the_mail_greets_by_name(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Product Added", KETTLE)
    (mail,) = driver.advance("1 hour")
    assert mail["content"]["text"].startswith("Hello Ada,")


def test_the_mail_greets_without_a_name_too(driver: JourneyTestDriver) -> None:
    driver.identify("bo", {"email": "bo@example.org"})
    driver.consent("bo", "email")
    driver.track("bo", "Product Added", KETTLE)
    (mail,) = driver.advance("1 hour")
    assert mail["content"]["text"].startswith("Hello there,")


def test_nothing_comes_before_the_hour(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Product Added", KETTLE)
    assert driver.advance("59 minutes") == []


def test_who_is_still_looking_around_is_not_disturbed(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Product Added", KETTLE)
    driver.track(ada, "Products Searched", {"query": "coffee"}, after="50 minutes")
    assert driver.advance("59 minutes") == []


def test_the_hour_begins_when_the_customer_leaves(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Product Added", KETTLE)
    driver.track(ada, "Products Searched", {"query": "coffee"}, after="50 minutes")
    (mail,) = driver.advance("1 hour")
    assert mail["action"] == "cart-rescue-mail"


def test_a_small_cart_brings_nothing(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Product Added", FILTERS)
    assert driver.advance("1 day") == []


def test_nothing_is_sent_without_consent(driver: JourneyTestDriver) -> None:
    driver.identify("bo", {"email": "bo@example.org"})
    driver.track("bo", "Product Added", KETTLE)
    assert driver.advance("1 day") == []


def test_an_order_of_the_cart_ends_it(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Product Added", KETTLE)
    driver.track(ada, "Order Completed", ORDER, after="20 minutes")
    assert driver.advance("1 day") == []


def test_an_order_withdraws_a_mail_that_is_not_sent_yet(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Product Added", KETTLE)
    (mail,) = driver.advance("1 hour")
    cancels = [action for action in driver.track(ada, "Order Completed", ORDER) if action["kind"] == "cancel"]
    assert [cancel["action_id"] for cancel in cancels] == [mail["action_id"]]


def test_a_cart_brings_one_mail_only(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Product Added", KETTLE)
    driver.advance("1 hour")
    driver.track(ada, "Product Added", KETTLE | {"total": 128.0})
    assert driver.advance("1 day") == []


def test_another_cart_brings_its_own_mail(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Product Added", KETTLE)
    driver.advance("1 day")
    driver.track(ada, "Product Added", KETTLE | {"cart_id": "c3"})
    (mail,) = driver.advance("1 hour")
    assert mail["action"] == "cart-rescue-mail"


def test_a_visitor_who_logs_in_gets_the_mail(driver: JourneyTestDriver) -> None:
    driver.track(None, "Product Added", KETTLE, anonymous="laptop")
    driver.identify("bo", {"email": "bo@example.org"}, anonymous="laptop")
    driver.consent("bo", "email")
    (mail,) = driver.advance("1 hour")
    assert mail["customer_id"] == "bo"


def test_a_visitor_who_stays_unknown_gets_nothing(driver: JourneyTestDriver) -> None:
    driver.track(None, "Product Added", KETTLE, anonymous="laptop")
    assert driver.advance("1 day") == []
