"""A customer's third product of a category brings the guide."""

from __future__ import annotations

from typing import Any

from orchestrator.testing import JourneyTestDriver

DESK = {"product_id": "P-801", "category": "Desk"}


def views(driver: JourneyTestDriver, user: str, count: int, apart: str = "1 minute") -> list[dict[str, Any]]:
    """What a customer sees while looking at so many desk things."""
    return [action for _ in range(count) for action in driver.track(user, "Product Viewed", DESK, after=apart)]


def test_the_third_product_brings_the_guide(driver: JourneyTestDriver, ada: str) -> None:
    (teaser,) = views(driver, ada, 3)
    assert (teaser["action"], teaser["channel"]) == ("guide-customer-teaser", "web")


def test_the_guide_is_one_click_away(driver: JourneyTestDriver, ada: str) -> None:
    (teaser,) = views(driver, ada, 3)
    assert teaser["content"]["link"] == "https://shop.example.com/guides/desk"


def test_the_guide_speaks_to_the_customer(driver: JourneyTestDriver, ada: str) -> None:
    (teaser,) = views(driver, ada, 3)
    assert "Which one is right for you, Ada?" in teaser["content"]["content"]


def test_without_a_name_it_speaks_to_anybody(driver: JourneyTestDriver) -> None:
    driver.identify("bo", {"email": "bo@example.org"})
    (teaser,) = views(driver, "bo", 3)
    assert "Which one is right for you?" in teaser["content"]["content"]


def test_two_products_bring_nothing(driver: JourneyTestDriver, ada: str) -> None:
    assert views(driver, ada, 2) == []


def test_a_long_pause_begins_anew(driver: JourneyTestDriver, ada: str) -> None:
    assert views(driver, ada, 3, apart="31 minutes") == []


def test_one_guide_a_day_is_enough(driver: JourneyTestDriver, ada: str) -> None:
    assert len(views(driver, ada, 9)) == 1


def test_the_next_day_it_may_come_again(driver: JourneyTestDriver, ada: str) -> None:
    views(driver, ada, 3)
    driver.advance("1 day")
    assert len(views(driver, ada, 3)) == 1


def test_who_has_chosen_needs_no_guide(driver: JourneyTestDriver, ada: str) -> None:
    views(driver, ada, 2)
    driver.track(ada, "Product Added", DESK | {"cart_id": "c1", "total": 10.0})
    assert views(driver, ada, 1) == []


def test_choosing_something_else_changes_nothing(driver: JourneyTestDriver, ada: str) -> None:
    views(driver, ada, 2)
    driver.track(ada, "Product Added", {"category": "Coffee", "cart_id": "c1", "total": 10.0})
    assert len(views(driver, ada, 1)) == 1
