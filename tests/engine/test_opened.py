"""Waits for the message of an act step to be opened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.testing import JourneyTestDriver

Given = Callable[[str], JourneyTestDriver]

TALK = """
journey: talk
entry: {on: Product Added}
steps:
  - act: hello
  - wait: {opened: act-hello, timeout: 2 days, received: [{act: answer}], timed_out: [{act: bye}]}
"""


def names(actions: list[dict[str, Any]]) -> list[str]:
    return [action["action"] for action in actions]


@pytest.mark.parametrize("event", ["Message Opened", "Message Clicked"])
def test_the_message_is_opened(given: Given, event: str) -> None:
    driver = given(TALK)
    (hello,) = driver.track("ada", "Product Added")
    assert names(driver.track("ada", event, {"action_id": hello["action_id"]}, after="1 day")) == ["answer"]


def test_the_message_is_not_opened_in_time(given: Given) -> None:
    driver = given(TALK)
    driver.track("ada", "Product Added")
    assert names(driver.advance("2 days")) == ["bye"]


@pytest.mark.parametrize("properties", [{"action_id": "0" * 32}, {}, {"action_id": 7}])
def test_another_message_is_not_the_one(given: Given, properties: dict[str, Any]) -> None:
    driver = given(TALK)
    driver.track("ada", "Product Added")
    assert driver.track("ada", "Message Opened", properties) == []


def test_delivery_opens_nothing(given: Given) -> None:
    driver = given(TALK)
    (hello,) = driver.track("ada", "Product Added")
    assert driver.track("ada", "Message Delivered", {"action_id": hello["action_id"]}) == []


def test_what_was_opened_before_the_wait_is_not_waited_for(given: Given) -> None:
    driver = given("""
        journey: talk
        entry: {on: Product Added}
        steps:
          - {act: hello, id: greeting}
          - wait: 1 hour
          - wait: {opened: greeting, timeout: 2 days, received: [{act: answer}], timed_out: [{act: bye}]}
    """)
    (hello,) = driver.track("ada", "Product Added")
    driver.track("ada", "Message Opened", {"action_id": hello["action_id"]})
    assert names(driver.advance("1 hour")) == ["answer"]


def test_what_was_never_sent_is_never_opened(given: Given) -> None:
    driver = given(TALK.replace("act: hello", "act: letter").replace("act-hello", "act-letter"))
    driver.track("ada", "Product Added")
    assert names(driver.advance("2 days")) == ["bye"]


def test_in_a_loop_the_last_message_counts(given: Given) -> None:
    driver = given("""
        journey: talk
        entry: {on: Product Added}
        steps:
          - {act: hello, id: greeting}
          - wait: {opened: greeting, timeout: 1 day, received: [{act: answer}, {end: true}]}
          - goto: greeting
    """)
    (first,) = driver.track("ada", "Product Added")
    (second,) = driver.advance("1 day")
    assert first["action_id"] != second["action_id"]
    assert driver.track("ada", "Message Opened", {"action_id": first["action_id"]}) == []
    assert names(driver.track("ada", "Message Opened", {"action_id": second["action_id"]})) == ["answer"]


def test_what_was_waited_for_is_remembered(given: Given) -> None:
    driver = given("""
        journey: talk
        entry: {on: Product Added}
        steps:
          - act: hello
          - wait: {opened: act-hello, timeout: 2 days}
          - branch: [{if: journey.last.properties.device == 'phone', steps: [{act: bye}]}]
    """)
    (hello,) = driver.track("ada", "Product Added")
    opened = {"action_id": hello["action_id"], "device": "phone"}
    assert names(driver.track("ada", "Message Opened", opened)) == ["bye"]


def test_it_is_known_after_a_merge(given: Given) -> None:
    driver = given(TALK)
    (hello,) = driver.track(None, "Product Added", anonymous="a1")
    driver.identify("ada", anonymous="a1")
    assert names(driver.track("ada", "Message Opened", {"action_id": hello["action_id"]})) == ["answer"]
