"""Surveys: one click on a score; a low one holds sales, and a person sees to it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from orchestrator.testing import JourneyTestDriver

ORDER: dict[str, Any] = {"order_id": "o1", "cart_id": "c1", "total": 63.9, "products": []}
CHAT = {"chat_id": "chat-1", "topic": "delivery", "product": "Desk Clock"}
CART = {"cart_id": "c2", "total": 64.0, "name": "Gooseneck Kettle"}


def names(actions: list[dict[str, Any]]) -> list[str]:
    return [action["action"] for action in actions]


def click(driver: JourneyTestDriver, asked: dict[str, Any], score: int) -> list[dict[str, Any]]:
    """Clicks on a score of a message: the page that opens publishes what stands in the link."""
    content = asked["content"].get("html") or asked["content"]["content"]
    links = [part.partition('"')[0].replace("&amp;", "&") for part in content.split('href="')[1:]]
    found = [dict(parse_qsl(urlsplit(link).query)) for link in links if "/survey?" in link]
    (told,) = [each for each in found if each["score"] == str(score)]
    return driver.track(told.pop("userId"), "Survey Answered", told)


@pytest.fixture
def asked(driver: JourneyTestDriver, ada: str) -> dict[str, Any]:
    """The question that ada gets nine days after her order."""
    driver.track(ada, "Order Completed", ORDER)
    *_, mail = driver.advance("9 days")
    return mail


def test_after_an_order_one_question_comes(asked: dict[str, Any]) -> None:
    assert asked["action"] == "delivery-survey-mail"
    assert asked["content"]["subject"] == "How likely are you to recommend us to a friend?"


def test_one_question_in_three_months_is_enough(driver: JourneyTestDriver, ada: str, asked: dict[str, Any]) -> None:
    driver.track(ada, "Order Completed", ORDER | {"order_id": "o2"})
    assert "delivery-survey-mail" not in names(driver.advance("30 days"))


def test_who_is_happy_is_left_alone(driver: JourneyTestDriver, asked: dict[str, Any]) -> None:
    assert click(driver, asked, 9) == []


def test_the_score_is_that_of_the_journey(driver: JourneyTestDriver, asked: dict[str, Any]) -> None:
    click(driver, asked, 9)
    (line,) = [line for line in driver.trace if line["kind"] == "survey"]
    assert (line["journey"], line["group"], line["action_id"]) == ("order-survey", "promoter", asked["action_id"])


def test_who_is_not_happy_is_called(driver: JourneyTestDriver, asked: dict[str, Any]) -> None:
    (task,) = click(driver, asked, 2)
    assert (task["action"], task["channel"]) == ("unhappy-callback", "call")
    assert task["content"]["reason"] == "2 in the survey delivery"


def test_the_agent_reads_what_was_written(driver: JourneyTestDriver, ada: str) -> None:
    told = {"survey": "delivery", "kind": "nps", "score": 2, "comment": "The box was wet."}
    (task,) = driver.track(ada, "Survey Answered", told)
    assert task["content"]["reason"] == "2 in the survey delivery: The box was wet."


def test_who_cannot_be_called_gets_a_task_in_the_crm(driver: JourneyTestDriver) -> None:
    driver.identify("bo", {"email": "bo@example.org"})
    (task,) = driver.track("bo", "Survey Answered", {"survey": "support", "kind": "csat", "score": 1})
    assert (task["action"], task["channel"]) == ("unhappy-note", "crm")


def test_a_low_score_holds_sales_for_thirty_days(driver: JourneyTestDriver, ada: str, asked: dict[str, Any]) -> None:
    click(driver, asked, 2)
    driver.track(ada, "Product Added", CART)
    assert "cart-rescue-mail" not in names(driver.advance("29 days"))


def test_service_goes_on(driver: JourneyTestDriver, ada: str, asked: dict[str, Any]) -> None:
    click(driver, asked, 2)
    assert "order-mail" in names(driver.track(ada, "Order Completed", ORDER | {"order_id": "o2"}))


def test_after_a_chat_the_next_page_asks_how_it_was(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Support Chat Started", CHAT)
    driver.advance("2 hours")
    (teaser,) = driver.send({"type": "page", "userId": ada, "name": "Home"})
    assert (teaser["action"], teaser["channel"]) == ("chat-survey-teaser", "web")
    assert names(click(driver, teaser, 2)) == ["unhappy-callback"]


def test_during_the_chat_nobody_is_asked(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Support Chat Started", CHAT)
    assert driver.send({"type": "page", "userId": ada, "name": "Home"}, after="10 minutes") == []


def test_asking_needs_consent(driver: JourneyTestDriver) -> None:
    driver.identify("bo", {"email": "bo@example.org"})
    driver.track("bo", "Order Completed", ORDER)
    assert driver.advance("9 days") == []
