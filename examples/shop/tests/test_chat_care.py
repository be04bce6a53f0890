"""A support chat: a note for sales, and no marketing."""

from __future__ import annotations

from orchestrator.testing import JourneyTestDriver

CHAT = {"chat_id": "chat-1", "topic": "delivery", "product": "Desk Clock"}
CART = {"cart_id": "c1", "total": 64.0, "name": "Gooseneck Kettle"}


def test_a_chat_brings_a_note(driver: JourneyTestDriver, ada: str) -> None:
    (note,) = driver.track(ada, "Support Chat Started", CHAT)
    assert (note["action"], note["channel"]) == ("chat-note", "crm")


def test_the_note_tells_the_topic(driver: JourneyTestDriver, ada: str) -> None:
    (note,) = driver.track(ada, "Support Chat Started", CHAT)
    assert note["content"]["fields"]["subject"] == "Support chat about delivery"


def test_marketing_is_quiet_afterwards(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Support Chat Started", CHAT)
    driver.track(ada, "Product Added", CART)
    assert driver.advance("3 days") == []


def test_marketing_that_waits_already_is_quiet_too(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Product Added", CART)
    driver.track(ada, "Support Chat Started", CHAT, after="30 minutes")
    assert driver.advance("3 days") == []


def test_marketing_comes_back_after_three_days(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Support Chat Started", CHAT)
    driver.track(ada, "Product Added", CART, after="3 days")
    (mail,) = driver.advance("1 hour")
    assert mail["action"] == "cart-rescue-mail"


def test_service_goes_on(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Support Chat Started", CHAT)
    driver.track(ada, "Payment Failed", {"cart_id": "c1", "total": 64.0})
    (task,) = driver.advance("30 minutes")
    assert task["action"] == "payment-callback"


def test_there_is_no_note_about_an_unknown_visitor(driver: JourneyTestDriver) -> None:
    assert driver.track(None, "Support Chat Started", CHAT, anonymous="laptop") == []
