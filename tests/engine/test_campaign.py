"""What a visit came by: a newsletter's link changes the first page that it opens, and the whole visit."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.testing import JourneyTestDriver

SITE = """
channels:
  slot: {address: id, consent: none, content: {text: {}}}
---
action: lamps
channel: slot
content: {text: "{{ customer.campaign.topic }} from {{ customer.campaign.element | default('a link') }}"}
---
journey: topic
entry: {on: Page Viewed, if: customer.campaign.topic == 'lighting', reentry: after_exit}
steps: [act: lamps]
"""

LINK = {"campaign": {"name": "spring", "medium": "email", "content": "hero", "topic": "lighting"}}


@pytest.fixture
def driver() -> JourneyTestDriver:
    return JourneyTestDriver.of_text(SITE)


def page(driver: JourneyTestDriver, after: str | None = None, **fields: Any) -> list[str]:
    """What the slots of a page say that somebody opens, after a while if given."""
    said = driver.send({"type": "page", "userId": "ada", **fields}, after=after)
    return [action["content"]["text"] for action in said if action["kind"] == "action"]


def campaign(driver: JourneyTestDriver) -> Any:
    return (driver.customer("ada") or {}).get("campaign", {})


def test_a_newsletter_link_changes_the_first_page_that_it_opens(driver: JourneyTestDriver) -> None:
    assert page(driver, context=LINK) == ["lighting from hero"]


def test_it_changes_the_first_page_of_a_stranger_too(driver: JourneyTestDriver) -> None:
    said = driver.send({"type": "page", "anonymousId": "laptop", "context": LINK})
    assert [action["customer_id"] for action in said] == ["laptop"]


def test_the_page_changes_with_the_event_itself(driver: JourneyTestDriver) -> None:
    before = driver.now
    page(driver, context=LINK)
    assert driver.now == before


def test_a_page_without_the_link_stays_as_it_is(driver: JourneyTestDriver) -> None:
    assert page(driver) == []
    assert page(driver, context={"campaign": {"name": "spring", "topic": "bedding"}}) == []


def test_the_topic_holds_for_the_whole_visit(driver: JourneyTestDriver) -> None:
    page(driver, context=LINK)
    assert page(driver, after="29 minutes") == ["lighting from hero"]
    assert page(driver, after="29 minutes") == ["lighting from hero"]


def test_after_half_an_hour_of_silence_the_visit_is_over(driver: JourneyTestDriver) -> None:
    page(driver, context=LINK)
    assert page(driver, after="31 minutes") == []
    assert campaign(driver) == {}


def test_a_new_link_takes_the_place_of_the_old_one(driver: JourneyTestDriver) -> None:
    page(driver, context=LINK)
    page(driver, context={"campaign": {"name": "spring", "topic": "bedding"}})
    assert campaign(driver)["topic"] == "bedding"
    assert "content" not in campaign(driver)


@pytest.mark.parametrize(
    "told",
    [
        {"context": {"page": {"search": "?utm_campaign=spring&utm_content=hero&utm_topic=lighting"}}},
        {"properties": {"url": "https://shop.example.com/?utm_campaign=spring&utm_content=hero&utm_term=lighting#a"}},
        {"properties": {"search": "?utm_source=news&utm_topic=lighting&utm_element=hero"}},
        {"context": {"campaign": {"name": "spring", "content": "hero", "term": "lighting"}}},
    ],
)
def test_the_address_says_it_where_the_producer_does_not(driver: JourneyTestDriver, told: dict[str, Any]) -> None:
    assert page(driver, **told) == ["lighting from hero"]


def test_a_click_that_arrives_a_day_late_is_no_part_of_this_visit(driver: JourneyTestDriver) -> None:
    page(driver)
    page(driver, context=LINK, timestamp="2026-01-04T10:00:00Z")
    assert campaign(driver) == {}


def test_what_is_no_campaign_is_none(driver: JourneyTestDriver) -> None:
    odd_ones: list[Any] = ["spring", 7, None, [], {"name": 5, "topic": ""}]
    for odd in odd_ones:
        page(driver, context={"campaign": odd})
    assert campaign(driver) == {}


def test_who_logs_in_keeps_what_the_visit_came_by(driver: JourneyTestDriver) -> None:
    driver.send({"type": "page", "anonymousId": "laptop", "context": LINK})
    driver.identify("ada", {}, anonymous="laptop", after="5 minutes")
    assert campaign(driver)["topic"] == "lighting"


def test_a_visit_of_last_week_is_not_revived_by_a_login(driver: JourneyTestDriver) -> None:
    driver.send({"type": "page", "anonymousId": "laptop", "context": LINK})
    driver.identify("ada", {}, anonymous="laptop", after="7 days")
    assert campaign(driver) == {}


def test_a_record_without_campaign_and_surveys_is_no_longer_than_before(driver: JourneyTestDriver) -> None:
    page(driver)
    assert {"campaign", "surveys"}.isdisjoint(driver.customer("ada") or {})
