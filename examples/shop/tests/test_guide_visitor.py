"""A visitor's third product of a category brings the guide, after login."""

from __future__ import annotations

from typing import Any

from orchestrator.testing import JourneyTestDriver

COFFEE = {"product_id": "P-101", "category": "Coffee"}
HIKING = {"product_id": "P-601", "category": "Hiking"}


def views(driver: JourneyTestDriver, count: int, apart: str = "1 minute") -> list[dict[str, Any]]:
    """What an unknown visitor sees while looking at so many coffee things."""
    return [
        action
        for _ in range(count)
        for action in driver.track(None, "Product Viewed", COFFEE, anonymous="laptop", after=apart)
    ]


def test_the_third_product_brings_the_guide(driver: JourneyTestDriver) -> None:
    (teaser,) = views(driver, 3)
    assert (teaser["action"], teaser["channel"]) == ("guide-visitor-teaser", "web")


def test_the_guide_is_behind_the_login(driver: JourneyTestDriver) -> None:
    (teaser,) = views(driver, 3)
    assert teaser["content"]["link"] == "https://shop.example.com/login?next=/guides/coffee"


def test_the_visitor_is_reached_by_the_anonymous_id(driver: JourneyTestDriver) -> None:
    (teaser,) = views(driver, 3)
    assert teaser["customer_id"] == "laptop"


def test_two_products_bring_nothing(driver: JourneyTestDriver) -> None:
    assert views(driver, 2) == []


def test_products_of_another_category_do_not_count(driver: JourneyTestDriver) -> None:
    views(driver, 2)
    assert driver.track(None, "Product Viewed", HIKING, anonymous="laptop") == []


def test_another_category_in_between_does_no_harm(driver: JourneyTestDriver) -> None:
    views(driver, 2)
    driver.track(None, "Product Viewed", HIKING, anonymous="laptop")
    (teaser,) = views(driver, 1)
    assert teaser["action"] == "guide-visitor-teaser"


def test_a_long_pause_begins_anew(driver: JourneyTestDriver) -> None:
    assert views(driver, 3, apart="31 minutes") == []


def test_after_a_pause_three_more_bring_the_guide(driver: JourneyTestDriver) -> None:
    views(driver, 2)
    driver.advance("1 hour")
    (teaser,) = views(driver, 3)
    assert teaser["action"] == "guide-visitor-teaser"


def test_one_guide_a_day_is_enough(driver: JourneyTestDriver) -> None:
    assert len(views(driver, 9)) == 1


def test_login_ends_it(driver: JourneyTestDriver) -> None:
    views(driver, 2)
    driver.identify("bo", {"first_name": "Bo"}, anonymous="laptop")
    assert driver.track("bo", "Product Viewed", COFFEE, anonymous="laptop") == []


def test_login_withdraws_a_guide_that_is_shown(driver: JourneyTestDriver) -> None:
    (teaser,) = views(driver, 3)
    withdrawn = driver.identify("bo", {"first_name": "Bo"}, anonymous="laptop")
    assert [action["action_id"] for action in withdrawn if action["kind"] == "cancel"] == [teaser["action_id"]]
