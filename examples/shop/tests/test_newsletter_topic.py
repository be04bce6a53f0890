"""A newsletter's link changes the first page that it opens."""

from __future__ import annotations

from typing import Any

from orchestrator.testing import JourneyTestDriver

LINK = {"campaign": {"source": "newsletter", "medium": "email", "element": "product", "topic": "lighting"}}


def page(driver: JourneyTestDriver, after: str | None = None, **fields: Any) -> list[dict[str, Any]]:
    """What a visitor's page says."""
    return driver.send({"type": "page", "anonymousId": "laptop", "name": "Home", **fields}, after=after)


def test_the_first_page_is_about_the_topic(driver: JourneyTestDriver) -> None:
    (teaser,) = page(driver, context=LINK)
    assert (teaser["channel"], teaser["content"]["slot"]) == ("web", "home-hero")
    assert "<h2>Lighting, as in our newsletter</h2>" in teaser["content"]["content"]
    assert teaser["content"]["link"] == "https://shop.example.com/lighting"


def test_it_changes_at_once(driver: JourneyTestDriver) -> None:
    (teaser,) = page(driver, context=LINK)
    assert teaser["decided_at"] == teaser["trigger"]["timestamp"]


def test_the_words_are_those_of_what_was_clicked_on(driver: JourneyTestDriver) -> None:
    (teaser,) = page(driver, context=LINK)
    assert "The one that you clicked on" in teaser["content"]["content"]


def test_the_address_alone_is_enough(driver: JourneyTestDriver) -> None:
    search = "?utm_medium=email&utm_campaign=monthly&utm_content=hero&utm_term=coffee"
    (teaser,) = page(driver, context={"page": {"search": search}})
    assert "<h2>Coffee, as in our newsletter</h2>" in teaser["content"]["content"]


def test_the_second_page_is_as_it_was(driver: JourneyTestDriver) -> None:
    page(driver, context=LINK)
    assert page(driver, after="2 minutes") == []


def test_another_way_in_changes_nothing(driver: JourneyTestDriver) -> None:
    assert page(driver, context={"campaign": {"source": "search", "medium": "cpc", "topic": "lighting"}}) == []
