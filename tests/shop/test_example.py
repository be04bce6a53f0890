"""The example shop as a whole: half a year of events through its journeys."""

from __future__ import annotations

from collections import Counter

import pytest

from orchestrator.journeys.load import load
from orchestrator.shop.clickstream import events
from orchestrator.shop.folder import shop_folder
from orchestrator.testing import JourneyTestDriver

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def played() -> JourneyTestDriver:
    """The driver after the half year and two quiet months."""
    driver = JourneyTestDriver.of_project(shop_folder(), start="2024-01-01T00:00:00Z", partitions=4)
    for line in events():
        driver.advance_to(line.timestamp_ms)
        driver.produce(line.topic, line.key, line.value, [])
    driver.advance("60 days")
    return driver


def test_every_action_is_published(played: JourneyTestDriver) -> None:
    published = {action["action"] for action in played.actions if action["kind"] == "action"}
    # Nobody is invited to a workshop there, or asked about a chat.
    assert published == set(load(shop_folder()).actions) - {"workshop-mail", "home-help"}


def test_no_template_fails(played: JourneyTestDriver) -> None:
    rules = Counter(reason["rule"] for decision in played.decisions for reason in decision["reasons"])
    assert rules["content"] == 0


def test_all_rules_are_seen_at_work(played: JourneyTestDriver) -> None:
    rules = {reason["rule"] for decision in played.decisions for reason in decision["reasons"]}
    assert rules >= {"consent", "condition", "quiet", "unreachable", "withdrawn"}


def test_what_cannot_be_used_is_set_aside(played: JourneyTestDriver) -> None:
    assert len(played.dead_letters) == 20


def test_nothing_is_said_twice(played: JourneyTestDriver) -> None:
    ids = Counter(action["action_id"] for action in played.actions if action["kind"] == "action")
    assert set(ids.values()) == {1}
