"""How much: channels and queues that take only so many, at their hours, by priority across customers."""

from __future__ import annotations

from orchestrator.testing import JourneyTestDriver

CHANNELS = """
channels:
  call:
    address: id
    consent: none
    content: {{queue: {{type: line}}, reason: {{}}}}
    {channel}
    queues:
      sales: {sales}
      service: {{}}
  note: {{address: id, consent: none, content: {{text: {{}}}}}}
---
"""

ACTIONS = """
action: call-back
channel: call
priority: 50
expires: 3 days
content: {queue: sales, reason: They asked for it.}
---
action: urgent-call
channel: call
priority: 900
expires: 3 days
content: {queue: sales, reason: They are angry.}
---
action: help-call
channel: call
content: {queue: service, reason: They need help.}
---
journey: ask
entry: {on: Asked}
steps: [{act: call-back}]
---
journey: complain
entry: {on: Complained}
exit: [{on: Solved}]
steps: [{act: urgent-call}, {wait: 10 days}]
---
journey: help
entry: {on: Help Wanted}
steps: [{act: help-call}]
"""

MONDAY_9 = "2026-01-05T09:00:00Z"


def driver_of(sales: str, channel: str = "", start: str = MONDAY_9, partitions: int = 1) -> JourneyTestDriver:
    text = CHANNELS.format(sales=sales, channel=channel) + ACTIONS
    return JourneyTestDriver.of_text(text, start, partitions)


def called(driver: JourneyTestDriver) -> list[str]:
    return [action["customer_id"] for action in driver.actions if action["kind"] == "action"]


def told(driver: JourneyTestDriver, user: str) -> list[tuple[str, str]]:
    """What was decided of one customer: outcome, and in what words."""
    return [
        (decision["outcome"], " ".join(reason["detail"] for reason in decision["reasons"]))
        for decision in driver.decisions
        if decision["customer_id"] == user
    ]


def ask(driver: JourneyTestDriver, *users: str, event: str = "Asked") -> None:
    for user in users:
        driver.track(user, event)


def test_no_more_than_there_are_places() -> None:
    driver = driver_of("{capacity: {most: 2, per: day}}", start="2026-01-05T23:59:00Z")
    ask(driver, "ada", "bo", "cy")
    assert called(driver) == ["ada", "bo"]
    assert told(driver, "cy") == [("held", "it waits for a place: 2 a day in call/sales")]


def test_who_waits_has_one_of_the_next_day() -> None:
    driver = driver_of("{capacity: {most: 2, per: day}}", start="2026-01-05T23:59:00Z")
    ask(driver, "ada", "bo", "cy")
    driver.advance("1 minute")
    assert called(driver) == ["ada", "bo", "cy"]
    assert told(driver, "cy")[-1] == ("published", "")
