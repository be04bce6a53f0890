"""``migrate:``: those who stand in an older version go on in the new one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.errors import DefinitionError
from orchestrator.testing import JourneyTestDriver
from tests.engine.conftest import WORLD

Given = Callable[[str], JourneyTestDriver]

OLD = """
journey: talk
entry: {on: Product Viewed}
exit: [{on: Order Completed}]
steps: [{id: first, wait: 2 hours}, {act: hello}, {id: second, wait: 2 hours}, {act: bye}]
"""


def new(migrate: str, steps: str) -> str:
    return f"""{WORLD}
---
journey: talk
entry: {{on: Product Viewed}}
exit: [{{on: Order Completed}}]
migrate: {migrate}
steps: {steps}
"""


def names(actions: list[dict[str, Any]]) -> list[str]:
    return [action["action"] for action in actions if action["kind"] == "action"]


def inside(driver: JourneyTestDriver) -> dict[str, Any]:
    (instance,) = (driver.customer("ada") or {})["instances"].values()
    return dict(instance)


@pytest.fixture
def driver(given: Given) -> JourneyTestDriver:
    """Ada stands at the first wait since half an hour."""
    driver = given(OLD)
    driver.track("ada", "Product Viewed")
    driver.advance("30 minutes")
    return driver


def test_without_a_word_of_migration_they_stay_where_they_are(driver: JourneyTestDriver) -> None:
    driver.apply(new("null", "[{id: first, wait: 1 hour}, {act: answer}]").replace("migrate: null\n", ""))
    assert names(driver.advance("1 day")) == ["hello", "bye"]


def test_a_step_of_the_same_id_needs_no_mapping(driver: JourneyTestDriver) -> None:
    driver.apply(new("{}", "[{id: first, wait: 2 hours}, {act: answer}]"))
    assert names(driver.advance("1 day")) == ["answer"]


def test_what_was_waited_counts(driver: JourneyTestDriver) -> None:
    driver.apply(new("{}", "[{id: first, wait: 1 hour}, {act: answer}]"))
    assert names(driver.advance("29 minutes")) == []
    assert names(driver.advance("1 minute")) == ["answer"]


def test_a_wait_that_would_be_over_is_over_at_once(driver: JourneyTestDriver) -> None:
    driver.apply(new("{}", "[{id: first, wait: 10 minutes}, {act: answer}]"))
    assert names(driver.advance("1 second")) == ["answer"]


def test_a_step_that_has_another_name_now(driver: JourneyTestDriver) -> None:
    driver.apply(new("{first: patience}", "[{act: hello}, {id: patience, wait: 3 hours}, {act: answer}]"))
    assert inside(driver)["step"] == "patience"
    assert names(driver.advance("149 minutes")) == []
    assert names(driver.advance("1 minute")) == ["answer"]


def test_a_step_that_waits_for_something_else_now(driver: JourneyTestDriver) -> None:
    wait = "{event: Call Ended, timeout: 1 hour, received: [{act: hello}], timed_out: [{act: bye}]}"
    driver.apply(new("{first: for-call}", f"[{{id: for-call, wait: {wait}}}]"))
    assert names(driver.track("ada", "Call Ended")) == ["hello"]


def test_to_a_step_that_does_not_wait_they_go_at_once(driver: JourneyTestDriver) -> None:
    driver.apply(new("{first: say}", "[{id: first-of-all, wait: 1 hour}, {id: say, act: answer}]"))
    assert names(driver.actions) == ["answer"]
    assert "instances" not in (driver.customer("ada") or {}) or inside(driver)["step"] is None


def test_a_step_that_is_mapped_to_the_end_ends_the_stay(driver: JourneyTestDriver) -> None:
    driver.apply(new("{first: end}", "[{id: other, wait: 1 hour}, {act: answer}]"))
    assert driver.advance("1 day") == []
    assert driver.trace[-1]["happened"] == "exited"


def test_a_step_of_which_nothing_is_said_keeps_its_version(driver: JourneyTestDriver) -> None:
    driver.apply(new("{}", "[{id: other, wait: 1 hour}, {act: answer}]"))
    assert driver.trace[-1]["happened"] == "unmapped"
    assert names(driver.advance("1 day")) == ["hello", "bye"]


def test_a_step_of_which_nothing_is_said_may_end_the_stay(driver: JourneyTestDriver) -> None:
    driver.apply(new("{}", "[{id: other, wait: 1 hour}, {act: answer}]"), end_unmapped=True)
    assert (driver.trace[-1]["happened"], driver.trace[-1]["step"]) == ("exited", "first")
    assert names(driver.advance("1 day")) == []


def test_the_line_of_it_is_one_of_the_new_version(driver: JourneyTestDriver) -> None:
    driver.apply(new("{first: patience}", "[{id: patience, wait: 3 hours}, {act: answer}]"))
    assert driver.trace[-1]["version"] == inside(driver)["version"]


def test_the_story_says_where_from_and_where_to(driver: JourneyTestDriver) -> None:
    driver.apply(new("{first: patience}", "[{id: patience, wait: 3 hours}, {act: answer}]"))
    line = driver.trace[-1]
    assert (line["happened"], line["step"]) == ("migrated", "patience")
    assert line["reason"] == f"from 'first' to version {inside(driver)['version']}"


def test_the_exits_are_those_of_the_new_version(driver: JourneyTestDriver) -> None:
    driver.apply(new("{}", "[{id: first, wait: 2 hours}, {act: answer}]").replace("Order Completed", "Call Ended"))
    driver.track("ada", "Call Ended")
    assert driver.advance("1 day") == []


def test_over_two_versions_what_was_waited_counts_too(driver: JourneyTestDriver) -> None:
    driver.apply(new("{}", "[{id: first, wait: 4 hours}, {act: answer}]"))
    driver.advance("30 minutes")
    driver.apply(new("{first: last}", "[{id: last, wait: 2 hours}, {act: bye}]"))
    assert names(driver.advance("1 hour")) == ["bye"]


def test_absence_is_counted_from_when_the_customer_was_last_seen(driver: JourneyTestDriver) -> None:
    driver.track("ada", "Page Viewed")
    driver.apply(new("{}", "[{id: first, wait: {absence: 1 hour}}, {act: answer}]"))
    assert names(driver.advance("59 minutes")) == []
    assert names(driver.advance("1 minute")) == ["answer"]


def test_the_ids_of_actions_are_the_same_however_often_it_is_done(given: Given) -> None:
    ids = []
    for _ in range(2):
        driver = given(OLD)
        driver.track("ada", "Product Viewed", messageId="m1")
        driver.apply(new("{}", "[{id: first, wait: 1 hour}, {act: answer}]"))
        ids.append([action["action_id"] for action in driver.advance("1 day")])
    assert ids[0] == ids[1] != []


def test_those_who_are_merged_come_along(given: Given) -> None:
    driver = given(OLD)
    driver.track(None, "Product Viewed", anonymous="laptop")
    driver.apply(new("{}", "[{id: first, wait: 1 hour}, {act: answer}]"))
    driver.identify("ada", anonymous="laptop", after="1 minute")
    assert names(driver.advance("59 minutes")) == ["answer"]


def test_going_back_takes_them_back_if_the_old_version_says_so(driver: JourneyTestDriver) -> None:
    first = new("{second: first}", "[{id: first, wait: 5 hours}, {act: hello}]")
    second = new("{first: second}", "[{id: second, wait: 5 hours}, {act: bye}]")
    driver.apply(first)
    driver.apply(second)
    assert inside(driver)["step"] == "second"
    driver.apply(first)
    assert inside(driver)["step"] == "first"
    assert names(driver.advance("1 day")) == ["hello"]


def test_a_step_that_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(DefinitionError, match=r"this version has no step 'patence'.*'patience'"):
        JourneyTestDriver.of_text(new("{first: patence}", "[{id: patience, wait: 3 hours}, {act: answer}]"))
