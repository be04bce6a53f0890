"""From what is decided over what customers do to what is decided next, without a broker."""

from __future__ import annotations

import orjson

from orchestrator.engine.customer import Customer
from orchestrator.engine.home import NO_REFERENCES
from orchestrator.engine.models import Counted
from orchestrator.learning.lesson import Lesson
from orchestrator.learning.snapshot import changed, read_model
from orchestrator.testing import JourneyTestDriver

DEFINITIONS = """
attribution: {window: 7 days, value: event.properties.total}
---
channels:
  note: {address: id, consent: none, content: {text: {}}}
---
action: lights
group: bikes
channel: note
propensity: 0.3
content: {text: lights}
---
action: lock
group: bikes
channel: note
propensity: 0.3
content: {text: lock}
---
journey: lights-for-cyclists
entry: {on: Lights Viewed}
steps:
  - act: lights
---
journey: lock-for-cyclists
entry: {on: Lock Viewed}
steps:
  - act: lock
"""


def learned(driver: JourneyTestDriver) -> Counted:
    """What a learner makes of the driver's journey log, and a worker of its record."""
    lesson = Lesson(0)
    for offset, line in enumerate(driver.trace):
        lesson.hear(offset, orjson.dumps(line))
    key, part = read_model(*lesson.write())
    return changed(NO_REFERENCES.models, {key: part}, len(driver.trace))


def thought(driver: JourneyTestDriver, user: str, event: str) -> float:
    """How likely the customer was thought to follow what is said to them now."""
    driver.track(user, event)
    [line] = [line for line in driver.trace if line["kind"] == "outcome"][-1:]
    assert line["what"] == "published"
    return float(line["propensity"])


def test_what_customers_follow_is_thought_to_be_followed() -> None:
    driver = JourneyTestDriver.of_text(DEFINITIONS)
    before = thought(driver, "nobody", "Lights Viewed")
    for number in range(200):
        user = f"u-{number}"
        [lights] = driver.track(user, "Lights Viewed")
        if number % 2:
            driver.track(user, "Message Clicked", {"action_id": lights["action_id"]})
        driver.track(user, "Lock Viewed")

    models = learned(driver)
    driver._run.references = NO_REFERENCES._replace(models=models)

    assert before == 0.3
    assert thought(driver, "ada", "Lights Viewed") > 0.45
    assert thought(driver, "ada", "Lock Viewed") < 0.05
    assert models.read_rate("note") < models.propensity(Customer("u:ada", 0, 0), "lights", "note", own_prior=0.3)


def test_a_visitor_who_signs_in_is_one_message_and_one_purchase() -> None:
    driver = JourneyTestDriver.of_text(DEFINITIONS, partitions=3)
    driver.track(None, "Lights Viewed", anonymous="visitor")
    driver.identify("ada", {}, anonymous="visitor", after="1 hour")

    for _ in range(2):
        driver.track("ada", "Order Completed", {"total": 9}, messageId="order-1")

    models = learned(driver)
    assert models.parts["outcomes/0"].counts.actions.rows[("lights", "note")].popitem()[1] == [1, 0, 0, 1, 1]
