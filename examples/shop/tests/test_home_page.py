"""The home page: the best three offers for the one who is there."""

from __future__ import annotations

from typing import Any

from orchestrator.testing import JourneyTestDriver

HOME: dict[str, Any] = {"type": "page", "name": "Home", "properties": {"path": "/"}}


def offers(driver: JourneyTestDriver, **fields: Any) -> list[str]:
    """What stands on the home page that somebody opens."""
    said = driver.send({**HOME, **fields})
    return [action["action"] for action in said if action["kind"] == "action" and action["action"].startswith("home-")]


def test_a_stranger_learns_who_we_are(driver: JourneyTestDriver) -> None:
    assert "home-welcome" in offers(driver, anonymousId="laptop")


def test_there_are_three_and_one_of_a_kind(driver: JourneyTestDriver, ada: str) -> None:
    found = offers(driver, userId=ada)
    assert len(found) == 3
    assert not {"home-new", "home-favourites"} <= set(found)


def test_who_is_not_happy_is_helped_first_and_sold_nothing(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Survey Answered", {"survey": "delivery", "kind": "nps", "score": 2})
    found = offers(driver, userId=ada)
    assert found[0] == "home-make-good"
    assert not {"home-new", "home-favourites", "home-workshop"} & set(found)


def test_who_likes_us_may_bring_a_friend(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Survey Answered", {"survey": "delivery", "kind": "nps", "score": 10})
    assert "home-recommend" in offers(driver, userId=ada)


def test_whom_the_chat_did_not_help_is_served_before_all_else(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Survey Answered", {"survey": "support", "kind": "csat", "score": 1})
    assert offers(driver, userId=ada)[0] == "home-help"


def test_other_pages_are_left_alone(driver: JourneyTestDriver, ada: str) -> None:
    assert offers(driver, userId=ada, properties={"path": "/cart"}) == []


def test_who_waits_for_an_order_sees_it_before_what_is_worth_more(driver: JourneyTestDriver, ada: str) -> None:
    assert "home-order" not in offers(driver, userId=ada)
    driver.track(ada, "Order Completed", {"order_id": "o1", "cart_id": "c1", "total": 63.9, "products": []})
    driver.advance("4 days")
    found = offers(driver, userId=ada)
    assert found[0] == "home-order"
    assert "home-workshop" in found
    driver.advance("10 days")
    assert "home-order" not in offers(driver, userId=ada)
