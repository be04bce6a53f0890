"""A buyer who stays away is invited back."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.testing import JourneyTestDriver

ORDER: dict[str, Any] = {
    "order_id": "o1",
    "cart_id": "c1",
    "total": 35.0,
    "products": [{"name": "Hip Bag", "price": 35.0}],
}


def names(actions: list[dict[str, Any]]) -> list[str]:
    """The names of the win-back actions among all."""
    return [action["action"] for action in actions if action["journey"] == "win-back"]


@pytest.fixture
def bo(driver: JourneyTestDriver) -> str:
    """A customer who has said yes to ads and no to mails."""
    driver.identify("bo", {"first_name": "Bo", "email": "bo@example.org"})
    driver.consent("bo", "ads")
    driver.consent("bo", "email", given=False)
    return "bo"


def test_after_45_days_away_a_mail_comes(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Order Completed", ORDER)
    assert names(driver.advance("45 days")) == ["win-back-mail"]


def test_the_mail_speaks_to_the_customer(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Order Completed", ORDER)
    mail = driver.advance("45 days")[-1]
    assert mail["content"]["subject"] == "Ada, a lot has changed on our shelves"


def test_nothing_comes_before(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Order Completed", ORDER)
    assert names(driver.advance("44 days")) == []


def test_a_visit_begins_the_days_anew(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Order Completed", ORDER)
    driver.track(ada, "Products Searched", {"query": "bag"}, after="40 days")
    assert names(driver.advance("44 days")) == []


def test_who_never_bought_is_not_invited(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Product Viewed", {"category": "Bags"})
    assert driver.advance("60 days") == []


def test_one_invitation_is_enough(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Order Completed", ORDER)
    driver.advance("45 days")
    driver.track(ada, "Products Searched", {"query": "bag"})
    assert names(driver.advance("60 days")) == []


def test_who_wants_no_mail_sees_ads(driver: JourneyTestDriver, bo: str) -> None:
    driver.track(bo, "Order Completed", ORDER)
    assert names(driver.advance("45 days")) == ["win-back-ads"]


def test_the_ads_end_when_the_customer_is_back(driver: JourneyTestDriver, bo: str) -> None:
    driver.track(bo, "Order Completed", ORDER)
    driver.advance("45 days")
    assert names(driver.track(bo, "Products Searched", {"query": "bag"}, after="2 days")) == ["win-back-ads-end"]


def test_the_ads_end_after_a_month_in_any_case(driver: JourneyTestDriver, bo: str) -> None:
    driver.track(bo, "Order Completed", ORDER)
    driver.advance("45 days")
    assert names(driver.advance("30 days")) == ["win-back-ads-end"]


def test_the_ads_end_even_if_consent_is_taken_back(driver: JourneyTestDriver, bo: str) -> None:
    driver.track(bo, "Order Completed", ORDER)
    driver.advance("45 days")
    published = driver.consent(bo, "ads", given=False)
    assert "win-back-ads-end" in names(published)


def test_without_any_consent_nobody_is_invited(driver: JourneyTestDriver) -> None:
    driver.identify("cy", {"email": "cy@example.org"})
    driver.track("cy", "Order Completed", ORDER)
    assert names(driver.advance("60 days")) == []
