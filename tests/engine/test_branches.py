"""Branches by segment and by propensity, updates, joins and gotos."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.testing import JourneyTestDriver

Given = Callable[[str], JourneyTestDriver]


def said(actions: list[dict[str, Any]]) -> list[str]:
    return [action["action"] for action in actions]


def unmet(driver: JourneyTestDriver) -> list[str]:
    return [line["reason"] for line in driver.trace if line.get("happened") == "unmet"]


def branch_by(arm: str, more: str = "") -> str:
    return f"""
        journey: crossroads
        entry: {{on: Product Added}}
        steps:
          - branch: [{{{arm}, steps: [{{act: hello}}]}}, {{steps: [{{act: bye}}]}}]
        ---
        action: coupon
        channel: note
        content: {{text: coupon}}
        {more}
    """


def test_a_segment_is_looked_at_when_the_customer_comes_by(given: Given) -> None:
    segments = "\n        ---\n        segments: {loyal: {if: customer.traits.points > 100}}"
    driver = given(branch_by("segment: loyal", segments))
    driver.identify("ada", {"points": 500})
    assert said(driver.track("ada", "Product Added")) == ["hello"]
    driver.identify("ada", {"points": 5})
    assert said(driver.track("ada", "Product Added")) == ["bye"]
    reasons = [line["reason"] for line in driver.trace if line.get("happened") == "branched"]
    assert reasons == ["arm 1: segment loyal", "arm 2: else"]


def test_an_update_moves_the_customer_between_segments(given: Given) -> None:
    driver = given("""
        journey: points
        entry: {on: Order Completed}
        steps: [{update: {traits: {points: 500}}}]
        ---
        journey: loyalty
        entry: {segment: {entered: loyal}}
        steps: [{act: hello}]
        ---
        segments: {loyal: {if: customer.traits.points > 100}}
    """)
    assert said(driver.track("ada", "Order Completed")) == ["hello"]


LIKELY = "propensity: {action: coupon, above: 0.3}"


@pytest.mark.parametrize(
    ("own", "general", "way"),
    [
        (0.4, "", "hello"),
        (1, "", "hello"),
        (0.3, "", "bye"),
        (0, "propensity: 0.9", "bye"),
        (None, "propensity: 0.9", "hello"),
        (None, "propensity: 0.2", "bye"),
        (None, "propensity: event.properties.total / 100.0", "hello"),
        (None, "", "bye"),
    ],
)
def test_a_propensity_is_the_customers_or_else_the_actions(given: Given, own: Any, general: str, way: str) -> None:
    driver = given(branch_by(LIKELY, general))
    driver.identify("ada", {"propensity": {"coupon": own}})
    assert said(driver.track("ada", "Product Added", {"total": 50.0})) == [way]
    assert (unmet(driver) == []) is not (own is None and general == "")


@pytest.mark.parametrize("own", [7, -1, True, "0.5", [], {}])
def test_a_propensity_that_is_none_is_unknown_and_the_story_says_so(given: Given, own: Any) -> None:
    driver = given(branch_by(LIKELY))
    driver.identify("ada", {"propensity": {"coupon": own}})
    assert said(driver.track("ada", "Product Added")) == ["bye"]
    (reason,) = unmet(driver)
    assert "customer.traits.propensity.coupon is no number from 0 to 1" in reason


@pytest.mark.parametrize("general", ["event.properties.nothing", "dyn('much')", "7.0"])
def test_a_propensity_that_cannot_be_worked_out_is_unknown(given: Given, general: str) -> None:
    driver = given(branch_by(LIKELY, f'propensity: "{general}"'))
    assert said(driver.track("ada", "Product Added")) == ["bye"]
    assert len(unmet(driver)) == 1


@pytest.mark.parametrize("propensity", [None, "high", 0.5])
def test_propensities_that_are_no_map_are_none(given: Given, propensity: Any) -> None:
    driver = given(branch_by(LIKELY, "propensity: 0.9"))
    driver.identify("ada", {"propensity": propensity})
    assert said(driver.track("ada", "Product Added")) == ["hello"]


def test_the_story_names_the_arm_that_a_propensity_chose(given: Given) -> None:
    driver = given(branch_by(LIKELY, "propensity: 0.9"))
    driver.track("ada", "Product Added")
    (line,) = [line for line in driver.trace if line["happened"] == "branched"]
    assert line["reason"] == "arm 1: propensity of coupon above 0.3"


# Updates.


def update_of(**traits: str) -> str:
    written = ", ".join(f"{name}: {value}" for name, value in traits.items())
    return f"""
        journey: notes
        entry: {{on: Product Added}}
        steps: [{{update: {{traits: {{{written}}}}}}}, {{act: named}}]
    """


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("event.properties.total", 49.9),
        ("true", True),
        ("3", 3),
        ("\"'x' + 'y'\"", "xy"),
        ("event.properties.tags", ["a", {"b": None}]),
        ("\"{'a': event.timestamp}\"", {"a": "2026-01-05T09:00:00.000Z"}),
        ("journey.name", "notes"),
    ],
)
def test_an_update_sets_a_trait(given: Given, written: str, value: Any) -> None:
    driver = given(update_of(seen=written))
    driver.track("ada", "Product Added", {"total": 49.9, "tags": ["a", {"b": None}]})
    assert (driver.customer("ada") or {})["traits"] == {"seen": value}


def test_what_comes_after_an_update_sees_it(given: Given) -> None:
    driver = given(update_of(first_name="\"'Ada'\"", other="customer.traits.first_name"))
    (named,) = driver.track("ada", "Product Added")
    assert named["content"]["text"] == "Ada"
    assert (driver.customer("ada") or {})["traits"]["other"] == "Ada"


def test_null_removes_a_trait(given: Given) -> None:
    driver = given(update_of(stage="null"))
    driver.identify("ada", {"stage": "choice"})
    driver.track("ada", "Product Added")
    assert "traits" not in (driver.customer("ada") or {})


@pytest.mark.parametrize(
    "written", ["event.properties.nothing", "b'x'", "duration('1s')", "event.properties.large", "1.0 / 0.0"]
)
def test_an_update_without_a_value_leaves_the_trait_alone_and_says_why(given: Given, written: str) -> None:
    driver = given(update_of(stage=f'"{written}"'))
    driver.identify("ada", {"stage": "choice"})
    driver.track("ada", "Product Added", {"large": "x" * 10_001})
    assert (driver.customer("ada") or {})["traits"] == {"stage": "choice"}
    assert [reason.partition(":")[0] for reason in unmet(driver)] == ["stage"]


def test_an_older_word_of_the_customer_does_not_undo_an_update(given: Given) -> None:
    driver = given(update_of(stage="\"'bought'\""))
    driver.track("ada", "Product Added", after="1 hour")
    driver.identify("ada", {"stage": "choice"}, timestamp="2026-01-05T09:30:00Z")
    assert (driver.customer("ada") or {})["traits"] == {"stage": "bought"}


# Joins.

JOIN = """
journey: one
entry: {on: Product Added}
steps: [{join: two}, {act: hello}, {wait: 1 day}]
---
journey: two
entry: {on: Cart Viewed, if: event.properties.total > 5, key: event.properties.cart, reentry: never}
steps: [{act: bye}, {wait: 1 hour}, {act: named}]
"""
CART = {"cart": "c1", "total": 10}


def test_a_join_enters_the_other_journey_and_goes_on(given: Given) -> None:
    driver = given(JOIN)
    assert said(driver.track("ada", "Product Added", CART)) == ["hello", "bye"]
    assert sorted((driver.customer("ada") or {})["instances"]) == ["one", "two/c1"]


@pytest.mark.parametrize(
    ("cart", "reason"),
    [
        ({"cart": "c1", "total": 1}, "not true: event.properties.total > 5"),
        ({"cart": "c1"}, "event.properties has no 'total'"),
        ({"total": 10}, "event.properties has no 'cart'"),
    ],
)
def test_the_other_journey_may_refuse(given: Given, cart: dict[str, Any], reason: str) -> None:
    driver = given(JOIN)
    assert said(driver.track("ada", "Product Added", cart)) == ["hello"]
    (line,) = [line for line in driver.trace if line["happened"] == "refused"]
    assert (line["journey"], line["reason"]) == ("two", reason)


def test_its_re_entry_holds(given: Given) -> None:
    driver = given(JOIN)
    driver.track("ada", "Cart Viewed", CART)
    driver.advance("2 hours")
    assert said(driver.track("ada", "Product Added", CART)) == ["hello"]
    assert [line["reason"] for line in driver.trace if line["happened"] == "refused"] == ["re-entry is never"]


def test_who_is_in_it_stays_as_they_are(given: Given) -> None:
    driver = given(JOIN)
    driver.track("ada", "Cart Viewed", CART)
    driver.track("ada", "Product Added", CART)
    assert [line["reason"] for line in driver.trace if line["happened"] == "refused"] == ["is in it already"]


def test_after_a_wait_a_join_goes_by_the_event_that_is_remembered(given: Given) -> None:
    driver = given(JOIN.replace("[{join: two}", "[{wait: 1 hour}, {join: two}"))
    driver.track("ada", "Product Added", CART)
    assert said(driver.advance("1 hour")) == ["hello", "bye"]
    assert (driver.customer("ada") or {})["instances"]["two/c1"]["entered_at"] == driver.now


def test_whoever_joins_may_join_on(given: Given) -> None:
    driver = given("""
        journey: one
        entry: {on: Product Added}
        steps: [{join: two}]
        ---
        journey: two
        entry: {on: Cart Viewed}
        steps: [{join: three}, {act: bye}]
        ---
        journey: three
        entry: {on: Cart Viewed}
        steps: [{act: hello}]
    """)
    assert said(driver.track("ada", "Product Added")) == ["bye", "hello"]


def test_a_join_in_a_loop_speaks_with_ids_of_its_own_each_time(given: Given) -> None:
    driver = given("""
        journey: one
        entry: {on: Product Added}
        steps: [{join: two, id: top}, {wait: 1 day}, {goto: top}]
        ---
        journey: two
        entry: {on: Cart Viewed}
        steps: [{act: bye}]
    """)
    driver.track("ada", "Product Added")
    driver.advance("5 days")
    ids = [action["action_id"] for action in driver.actions]
    assert len(ids) == len(set(ids)) == 6


def test_journeys_may_join_each_other_in_a_circle_with_a_wait(given: Given) -> None:
    driver = given("""
        journey: one
        entry: {on: Product Added}
        steps: [{act: hello}, {wait: 1 day}, {join: two}]
        ---
        journey: two
        entry: {on: Cart Viewed}
        steps: [{act: bye}, {wait: 1 day}, {join: one}]
    """)
    driver.track("ada", "Product Added")
    assert said(driver.advance("4 days")) == ["bye", "hello", "bye", "hello"]


# Gotos.

LOOP = """
journey: reminder
entry: {on: Product Added}
exit: [{on: Order Completed}]
steps:
  - {act: hello, id: again}
  - wait: 1 day
  - branch: [{if: customer.traits.tired, steps: [{goto: last}]}]
  - goto: again
  - {act: bye, id: last}
"""


def test_a_loop_goes_round_until_it_is_left(given: Given) -> None:
    driver = given(LOOP)
    driver.track("ada", "Product Added")
    assert said(driver.advance("3 days")) == ["hello"] * 3
    driver.identify("ada", {"tired": True})
    assert said(driver.advance("1 day")) == ["bye"]
    assert driver.advance("30 days") == []


def test_each_round_speaks_with_ids_of_its_own(given: Given) -> None:
    driver = given(LOOP)
    driver.track("ada", "Product Added")
    driver.advance("5 days")
    ids = [action["action_id"] for action in driver.actions]
    assert len(ids) == len(set(ids)) == 6


def test_an_exit_leaves_a_loop_and_withdraws_each_round(given: Given) -> None:
    driver = given(LOOP)
    driver.track("ada", "Product Added")
    driver.advance("12 hours")
    cancelled = driver.track("ada", "Order Completed")
    assert [action["kind"] for action in cancelled] == ["cancel"]
    assert driver.advance("9 days") == []
