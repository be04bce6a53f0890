"""Entries by request and by segment; many stays at once; and what a merge makes of what was waited for."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent
from typing import Any

import pytest

from orchestrator.testing import JourneyTestDriver

Given = Callable[[str], JourneyTestDriver]

CALLBACK = "journey: callback\nentry: {api: true}\nsteps: [{act: hello}]\n"
NOT_ON_REQUEST = "the journey is not entered on request: its entry has no 'api: true'"
VIP = "segments:\n  vip: {if: customer.traits.level == 'gold'}\n---\n"


def ask(driver: JourneyTestDriver, journey: str, user: str = "ada", **data: Any) -> list[dict[str, Any]]:
    return driver.track(user, "Journey Requested", {"journey": journey, "data": data})


def last_line(driver: JourneyTestDriver) -> tuple[str, str, str | None]:
    line = driver.trace[-1]
    return line["happened"], line["journey"], line["reason"]


def names(actions: list[dict[str, Any]]) -> list[str]:
    return [action["action"] for action in actions]


def test_who_is_asked_for_enters(given: Given) -> None:
    assert names(ask(given(CALLBACK), "callback")) == ["hello"]


def test_nobody_else_does(given: Given) -> None:
    driver = given(CALLBACK + "---\n" + CALLBACK.replace("callback", "other"))
    assert [action["journey"] for action in ask(driver, "other")] == ["other"]


def test_the_journey_sees_what_was_said_with_it(given: Given) -> None:
    driver = given(CALLBACK.replace("api: true", "api: true, if: event.properties.data.urgent"))
    assert names(ask(driver, "callback", urgent=True)) == ["hello"]
    assert ask(driver, "callback", "bo", urgent=False) == []
    assert last_line(driver) == ("refused", "callback", "not true: event.properties.data.urgent")


@pytest.mark.parametrize(
    ("text", "journey", "reason"),
    [
        (CALLBACK, "unknown", "there is no such journey"),
        (CALLBACK.replace("api: true", "on: Call Missed"), "callback", NOT_ON_REQUEST),
        (CALLBACK.replace("entry", "starts: 2026-02-01\nentry"), "callback", "it starts on 2026-02-01T00:00:00.000Z"),
        (CALLBACK.replace("entry", "ends: 2026-01-01\nentry"), "callback", "it ended on 2026-01-02T00:00:00.000Z"),
        (CALLBACK.replace("[{act", "[{wait: 1 day}, {act"), "callback", "is in it already"),
    ],
)
def test_why_not_stands_in_the_story(given: Given, text: str, journey: str, reason: str) -> None:
    driver = given(text)
    ask(driver, journey)
    ask(driver, journey)
    assert last_line(driver) == ("refused", journey, reason)


def test_a_paused_journey_takes_nobody_in(given: Given) -> None:
    driver = given(CALLBACK)
    driver.apply(states={"callback": "paused"})
    assert ask(driver, "callback") == []
    assert last_line(driver) == ("refused", "callback", "the journey takes nobody in at present")


@pytest.mark.parametrize("name", [None, "", "No Name", 7, "x" * 64])
def test_a_request_for_no_journey_is_a_dead_letter(given: Given, name: Any) -> None:
    driver = given(CALLBACK)
    driver.track("ada", "Journey Requested", {"journey": name})
    (letter,) = driver.dead_letters
    assert letter["code"] == "wrong_type"
    assert "write the name of a journey" in letter["reason"]


def test_entering_a_segment(given: Given) -> None:
    driver = given(VIP + "journey: welcome\nentry: {segment: {entered: vip}}\nsteps: [{act: hello}]")
    assert driver.identify("ada", {"level": "tin"}) == []
    assert names(driver.identify("ada", {"level": "gold"})) == ["hello"]
    assert driver.identify("ada", {"level": "gold"}) == []


def test_leaving_a_segment(given: Given) -> None:
    driver = given(VIP + "journey: bye\nentry: {segment: {left: vip}}\nsteps: [{act: bye}]")
    assert driver.identify("ada", {"level": "gold"}) == []
    assert names(driver.identify("ada", {"level": "tin"})) == ["bye"]


def test_a_stay_hears_of_a_segment_that_it_names(given: Given) -> None:
    text = "journey: nudge\nentry: {on: Product Viewed}\nexit: [{on: Segment Entered}]\n"
    driver = given(VIP + text + "steps: [{wait: 1 day}, {act: hello}]")
    driver.track("ada", "Product Viewed")
    driver.identify("ada", {"level": "gold"})
    assert driver.advance("2 days") == []


def test_what_listens_to_any_event_does_not_take_a_segment_for_one(given: Given) -> None:
    text = "journey: nudge\nentry: {on: '*', reentry: after 1 day}\nsteps: [{act: hello}]"
    driver = given(VIP + text)
    assert names(driver.identify("ada", {"level": "gold"})) == ["hello"]


CARTS = """
journey: cart
entry: {on: Product Added, key: event.properties.cart_id, reentry: many}
exit: [{on: Order Completed, if: event.properties.cart_id == journey.key}]
steps: [{wait: 1 hour}, {act: hello}]
"""


def test_many_at_once_are_told_apart_by_their_key(given: Given) -> None:
    driver = given(CARTS)
    for cart in ("c1", "c2", "c2", "c3"):
        driver.track("ada", "Product Added", {"cart_id": cart})
    driver.track("ada", "Order Completed", {"cart_id": "c2"})
    assert len(driver.advance("2 hours")) == 2


WORLD = """
channels:
  note: {address: id, consent: none, content: {text: {}}}
---
action: hello
channel: note
content: {text: hello}
---
"""

ABSENCE = "journey: back\nentry: {absence: {of: Product Viewed, for: 10 days}}\nsteps: [{act: hello}]\n"


def tie(driver: JourneyTestDriver) -> None:
    driver.identify("ada", {}, anonymous="laptop")


@pytest.mark.parametrize("partitions", [1, 4])
def test_an_absence_comes_along_and_the_later_one_counts(partitions: int) -> None:
    driver = JourneyTestDriver.of_text(WORLD + ABSENCE, partitions=partitions)
    driver.track("ada", "Product Viewed")
    driver.track(None, "Product Viewed", anonymous="laptop", after="5 days")
    tie(driver)
    assert driver.advance("9 days") == []
    assert [action["customer_id"] for action in driver.advance("1 day")] == ["ada"]


def test_a_schedule_is_one_persons_after_a_merge() -> None:
    driver = JourneyTestDriver.of_text(WORLD + "journey: j\nentry: {schedule: '0 9 * * *'}\nsteps: [{act: hello}]")
    driver.track("ada", "Product Viewed")
    driver.track(None, "Product Viewed", anonymous="laptop")
    tie(driver)
    assert [action["customer_id"] for action in driver.advance("1 day")] == ["ada"]


def test_the_newer_word_on_a_place_counts() -> None:
    place = "{latitude: 48, longitude: 11, radius_m: 500, when: dwell, for: 1 hour}"
    driver = JourneyTestDriver.of_text(f"{WORLD}journey: j\nentry: {{place: {place}}}\nsteps: [{{act: hello}}]")
    driver.track("ada", "Location Changed", {"latitude": 0, "longitude": 0})
    driver.track(None, "Location Changed", {"latitude": 48, "longitude": 11}, anonymous="laptop", after="1 minute")
    tie(driver)
    assert [action["customer_id"] for action in driver.advance("1 hour")] == ["ada"]


@pytest.mark.parametrize("partitions", [1, 2, 8])
def test_a_broadcast_reaches_one_person_once_whenever_they_log_in(partitions: int) -> None:
    text = "journey: j\nentry: {broadcast: {at: 2026-01-05T10:00, per_minute: 2}}\nsteps: [{act: hello}]"
    for minutes in (30, 60, 61, 70):
        driver = JourneyTestDriver.of_text(WORLD + text, partitions=partitions)
        for number in range(8):
            driver.track(f"c{number}", "Product Viewed")
        driver.track("ada", "Product Viewed")
        driver.track(None, "Product Viewed", anonymous="laptop")
        driver.advance(f"{minutes} minutes")
        tie(driver)
        driver.advance("1 day")
        told = [action["customer_id"] for action in driver.actions if action["customer_id"] in ("ada", "laptop")]
        assert told in (["ada"], ["laptop"], ["ada", "laptop"], ["laptop", "ada"])
        if minutes == 30:
            assert told == ["ada"]


def test_how_often_somebody_entered_comes_along() -> None:
    text = "journey: j\nentry: {on: Product Viewed, cap: {most_per_customer: 2}}\nsteps: [{act: hello}]"
    driver = JourneyTestDriver.of_text(WORLD + text)
    driver.track("ada", "Product Viewed")
    driver.track(None, "Product Viewed", anonymous="laptop")
    tie(driver)
    assert driver.track("ada", "Product Viewed") == []


def test_what_a_journey_of_a_place_changes_is_seen_by_segments() -> None:
    text = """
        segments:
          visitors: {if: customer.traits.visited == true}
        ---
        journey: shop
        entry: {place: {latitude: 48, longitude: 11, radius_m: 500}}
        steps: [{update: {traits: {visited: true}}}]
        ---
        journey: thanks
        entry: {segment: {entered: visitors}}
        steps: [{act: hello}]
    """
    driver = JourneyTestDriver.of_text(WORLD + dedent(text))
    assert names(driver.track("ada", "Location Changed", {"latitude": 48, "longitude": 11})) == ["hello"]
