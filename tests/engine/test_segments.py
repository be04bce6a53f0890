"""Segments: who belongs, when that changes, what it costs, and which journeys hear of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from orchestrator.engine.audience import Audience, Segment
from orchestrator.engine.customer import Customer
from orchestrator.engine.segments import update
from orchestrator.engine.turn import Turn
from orchestrator.testing import JourneyTestDriver

Given = Callable[[str], JourneyTestDriver]

DEFINED = """
computed:
  orders_30d: {count: Order Completed, window: 30 days, bucket: 1 day}
  spend: {rfm: Order Completed, of: event.properties.total}
---
segments:
  buyers: {if: customer.computed.orders_30d > 0}
  gone: {if: "customer.known && !('buyers' in customer.segments)"}
  reachable: {if: has(customer.traits.email)}
  cold: {if: customer.computed.spend.recency >= 2}
---
"""
NOTHING = "journey: none\nentry: {on: Never Seen}\nsteps: [{end: true}]\n"


def moves(driver: JourneyTestDriver) -> list[str]:
    return [f"{line['happened']} {line['segment']}" for line in driver.trace if line["kind"] == "segment"]


def segments(driver: JourneyTestDriver, user: str = "ada") -> list[str]:
    return list((driver.customer(user) or {}).get("segments", []))


def test_whoever_is_new_is_looked_at_once(given: Given) -> None:
    driver = given(DEFINED + NOTHING)
    driver.track("ada", "Page Liked")
    assert segments(driver) == ["gone"]
    assert moves(driver) == ["entered gone"]


def test_a_customer_enters_and_leaves_as_events_come(given: Given) -> None:
    driver = given(DEFINED + NOTHING)
    driver.track("ada", "Page Liked")
    driver.trace.clear()
    driver.track("ada", "Order Completed")
    assert segments(driver) == ["buyers"]
    assert moves(driver) == ["entered buyers", "left gone"]


def test_a_line_says_who_when_and_because_of_what(given: Given) -> None:
    driver = given(DEFINED + NOTHING)
    driver.track("ada", "Order Completed", messageId="m-1")
    (line,) = [line for line in driver.trace if line["kind"] == "segment"]
    assert line == {
        "kind": "segment",
        "customer_id": "ada",
        "at": "2026-01-05T09:00:00.000Z",
        "segment": "buyers",
        "happened": "entered",
        "reason": None,
        "trigger": {"event_id": "m-1", "type": "Order Completed", "timestamp": "2026-01-05T09:00:00.000Z"},
    }


def test_a_window_runs_out_without_an_event(given: Given) -> None:
    driver = given(DEFINED + NOTHING)
    driver.track("ada", "Order Completed")
    driver.trace.clear()
    driver.advance("29 days 23 hours")
    assert "left buyers" not in moves(driver)
    driver.advance("1 hour")
    assert moves(driver)[-2:] == ["left buyers", "entered gone"]
    assert driver.trace[-1]["trigger"] is None


def test_recency_moves_customers_day_by_day(given: Given) -> None:
    driver = given(DEFINED + NOTHING)
    driver.track("ada", "Order Completed", {"total": 5})
    driver.advance("47 hours")
    assert "cold" not in segments(driver)
    driver.advance("1 hour")
    assert "cold" in segments(driver)


def test_a_trait_that_is_told_moves_customers(given: Given) -> None:
    driver = given(DEFINED + NOTHING)
    driver.identify("ada", {"email": "ada@example.org"})
    assert "reachable" in segments(driver)
    driver.identify("ada", {"email": None}, after="1 minute")
    assert "reachable" not in segments(driver)


SEEING = """
journey: talk
entry: {on: Order Completed, if: "'buyers' in customer.segments"}
steps: [{act: hello}]
"""


def test_conditions_see_segments_with_the_event_that_changes_them(given: Given) -> None:
    driver = given(DEFINED + SEEING)
    assert [action["action"] for action in driver.track("ada", "Order Completed")] == ["hello"]


ENTERING = """
journey: welcome
entry: {segment: {entered: buyers}}
steps: [{act: hello}]
---
journey: farewell
entry: {segment: {left: buyers}}
steps: [{act: bye}]
"""


def test_entering_and_leaving_begin_journeys(given: Given) -> None:
    driver = given(DEFINED + ENTERING)
    assert [action["action"] for action in driver.track("ada", "Order Completed")] == ["hello"]
    assert driver.track("ada", "Order Completed", after="1 day") == []
    assert [action["action"] for action in driver.advance("30 days")] == ["bye"]


def test_a_late_event_moves_customers_but_begins_no_journey(given: Given) -> None:
    driver = given(DEFINED + ENTERING)
    assert driver.track("ada", "Order Completed", timestamp="2026-01-01T09:00:00Z") == []
    assert "buyers" in segments(driver)


def test_of_a_visitor_who_logs_in_the_segments_are_those_of_both_together(given: Given) -> None:
    driver = given(DEFINED + ENTERING)
    driver.track(None, "Order Completed", anonymous="laptop")
    driver.track("ada", "Page Liked")
    driver.trace.clear()
    before = len(driver.actions)
    driver.track("ada", "Page Liked", anonymous="laptop")
    assert segments(driver) == ["buyers"]
    assert moves(driver) == ["left gone"]
    assert driver.actions[before:] == []


def counting(calls: list[str], name: str, belongs: bool) -> Any:
    class Counting:
        source = name
        names = frozenset({"customer"})

        def met(self, event: Any, customer: Any, journey: Any) -> bool:
            calls.append(name)
            return belongs

        evaluate = met

    return Counting()


def turn_with(audience: Audience) -> Turn:
    env = JourneyTestDriver.of_text(NOTHING).env
    object.__setattr__(env, "audience", audience)
    return Turn(env, Customer("u:ada", 0, 0), None, 0)


def test_only_segments_that_read_what_changed_are_asked() -> None:
    calls: list[str] = []
    names = {"a": "computed.x", "b": "traits.email", "c": "traits.*", "d": "*", "e": "segments.a", "f": "segments.b"}
    segments = {name: Segment(name, counting(calls, name, True), frozenset({part})) for name, part in names.items()}
    turn = turn_with(Audience(segments=segments))
    turn.changed.add("computed.x")
    assert update(turn) == [("a", True), ("d", True), ("e", True)]
    assert calls == ["a", "d", "e"]
    calls.clear()
    turn.changed.add("traits.email")
    update(turn)
    assert calls == ["b", "c", "d", "f"]


def test_nothing_is_asked_when_nothing_changed() -> None:
    calls: list[str] = []
    turn = turn_with(Audience(segments={"a": Segment("a", counting(calls, "a", True), frozenset({"last_seen"}))}))
    turn.changed.add("computed.x")
    assert update(turn) == []
    assert calls == []


PUSHING = """
journey: push
entry: {segment: {entered: reachable}, reentry: after_exit}
steps: [{update: {traits: {email: "null"}}}]
---
journey: pull
entry: {segment: {left: reachable}, reentry: after_exit}
steps: [{update: {traits: {email: "'ada@example.org'"}}}]
"""


def test_journeys_that_push_a_customer_in_and_out_come_to_an_end(given: Given) -> None:
    driver = given(DEFINED + PUSHING)
    driver.identify("ada", {"email": "ada@example.org"})
    assert 4 <= len([move for move in moves(driver) if "reachable" in move]) <= 20
    driver.track("ada", "Page Liked", after="1 minute")
    assert driver.dead_letters == []
