"""A journey that is paused, stopped or ended: for those who come, and for those who are inside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from orchestrator.testing import JourneyTestDriver

Given = Callable[[str], JourneyTestDriver]

TALK = """
journey: talk
entry: {on: Product Viewed}
exit: [{on: Order Completed}]
steps: [{wait: 1 hour}, {act: hello}, {wait: 1 hour}, {act: bye}]
"""
CALL = """
journey: call
entry: {on: Call Started}
steps:
  - wait: {event: Call Ended, timeout: 1 day, received: [{act: hello}], timed_out: [{act: bye}]}
  - wait: 1 hour
"""


def names(actions: list[dict[str, Any]]) -> list[str]:
    return [action["action"] for action in actions if action["kind"] == "action"]


def test_nobody_enters_a_paused_journey(given: Given) -> None:
    driver = given(TALK)
    driver.apply(states={"talk": "paused"})
    driver.track("ada", "Product Viewed")
    driver.apply()
    assert driver.advance("1 day") == []


def test_nobody_enters_a_stopped_journey_but_those_inside_finish(given: Given) -> None:
    driver = given(TALK)
    driver.track("ada", "Product Viewed")
    driver.apply(states={"talk": "stopped"})
    driver.track("bo", "Product Viewed")
    assert [(action["customer_id"], action["action"]) for action in driver.advance("1 day")] == [
        ("ada", "hello"),
        ("ada", "bye"),
    ]


def test_an_ended_journey_ends_for_all_and_takes_back_what_it_said(given: Given) -> None:
    driver = given(TALK)
    driver.track("ada", "Product Viewed")
    driver.advance("1 hour")
    driver.apply(states={"talk": "ended"})
    (said, taken_back) = driver.actions
    assert (taken_back["kind"], taken_back["action_id"]) == ("cancel", said["action_id"])
    assert driver.advance("1 day") == []
    assert driver.trace[-1]["happened"] == "exited"
    assert "instances" not in (driver.customer("ada") or {})


def test_a_wait_that_runs_out_during_a_pause_is_over_when_the_journey_is_resumed(given: Given) -> None:
    driver = given(TALK)
    driver.track("ada", "Product Viewed")
    driver.apply(states={"talk": "paused"})
    assert driver.advance("1 day") == []
    assert driver.timers == []
    driver.apply()
    assert names(driver.advance("1 second")) == ["hello"]
    assert names(driver.advance("59 minutes")) == []
    assert names(driver.advance("1 minute")) == ["bye"]


def test_a_wait_that_has_not_run_out_goes_on_as_if_nothing_had_been(given: Given) -> None:
    driver = given(TALK)
    driver.track("ada", "Product Viewed")
    driver.advance("10 minutes")
    driver.apply(states={"talk": "paused"})
    driver.advance("10 minutes")
    driver.apply()
    assert driver.advance("39 minutes") == []
    assert names(driver.advance("1 minute")) == ["hello"]


def test_a_paused_journey_hears_its_exits(given: Given) -> None:
    driver = given(TALK)
    driver.track("ada", "Product Viewed")
    driver.apply(states={"talk": "paused"})
    driver.track("ada", "Order Completed", after="2 hours")
    driver.apply()
    assert driver.advance("1 day") == []


def test_what_an_event_would_have_said_during_a_pause_is_said_afterwards(given: Given) -> None:
    driver = given(CALL)
    driver.track("ada", "Call Started")
    driver.apply(states={"call": "paused"})
    assert driver.track("ada", "Call Ended", after="1 minute") == []
    assert driver.decisions[-1]["reasons"] == [{"rule": "paused", "detail": "the journey is paused"}]
    assert driver.advance("1 hour") == []
    driver.apply()
    assert names(driver.advance("1 second")) == ["hello"]


def test_what_expires_during_a_pause_is_not_said_afterwards(given: Given) -> None:
    driver = given(CALL.replace("act: hello", "act: short-lived"))
    driver.track("ada", "Call Started")
    driver.apply(states={"call": "paused"})
    driver.track("ada", "Call Ended", after="1 minute")
    driver.advance("2 hours")
    driver.apply()
    assert names(driver.advance("1 second")) == []
    assert driver.decisions[-1]["reasons"][0]["rule"] == "expired"


def test_other_journeys_go_on_during_a_pause(given: Given) -> None:
    driver = given(f"{TALK}\n---\n{CALL}")
    driver.track("ada", "Product Viewed")
    driver.track("ada", "Call Started")
    driver.apply(states={"talk": "paused"})
    assert names(driver.track("ada", "Call Ended", after="2 hours")) == ["hello"]


def test_a_customer_who_comes_during_a_pause_is_brought_up_to_it_too(given: Given) -> None:
    driver = given(TALK)
    driver.apply(states={"talk": "paused"})
    driver.track("ada", "Product Viewed")
    assert (driver.customer("ada") or {})["adapted"] == driver.env.adaption


def test_when_nothing_matters_to_customers_their_records_say_nothing(given: Given) -> None:
    driver = given(TALK)
    driver.apply(states={"talk": "stopped"})
    driver.track("ada", "Product Viewed")
    assert "adapted" not in (driver.customer("ada") or {})
