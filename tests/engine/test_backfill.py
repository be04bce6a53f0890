"""A trait or segment that is declared later: as if it had always been there, as far back as the history goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from orchestrator.engine.audience import own_state
from orchestrator.testing import JourneyTestDriver

Given = Callable[[str], JourneyTestDriver]

HISTORY = "history: {keep: 100, for: 90 days}\n"
TRAITS = """
computed:
  orders: {count: Order Completed}
  likes_2d: {count: Page Liked, window: 2 days, bucket: 1 hour}
  spend: {rfm: Order Completed, of: event.properties.total}
  skus: {distinct: [Page Liked, Order Completed], of: event.properties.sku, window: 3 days}
  stage: {funnel: [{stage: look, on: Page Liked}, {stage: buy, on: Order Completed}], window: 5 days}
  favourite: {favourite: {of: "*", by: event.properties.sku}}
  last_total: {last: Order Completed, of: event.properties.total}
"""
SEGMENTS = """
---
segments:
  buyers: {if: customer.computed.orders > 0}
  fresh: {if: "customer.computed.likes_2d > 0 && 'buyers' in customer.segments"}
"""
JOURNEY = """
---
journey: welcome
entry: {on: Segment Entered, if: event.properties.segment == 'buyers'}
steps: [{act: hello}]
---
channels: {note: {address: id, consent: none, content: {text: {}}}}
---
action: hello
channel: note
content: {text: hello}
"""
_EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["Order Completed", "Page Liked", "Search Done"]),
        st.sampled_from(["a", "b", "c"]),
        st.integers(1, 50),
        st.integers(0, 40),
        st.sampled_from([("ada", None), (None, "laptop"), ("ada", "laptop")]),
    ),
    max_size=12,
)


def derived(driver: JourneyTestDriver) -> dict[str, Any]:
    """What is derived of the customer, read as of now: a bucket that has run out may still be there."""
    record = driver.customer("ada") or {}
    states = record.get("computed", {})
    traits = driver.env.audience.traits
    values = {name: trait.read(own_state(trait, states.get(name)), driver.now) for name, trait in traits.items()}
    return {"segments": record.get("segments"), **values}


def play(driver: JourneyTestDriver, events: list[Any], ids: str) -> None:
    for number, (name, sku, total, hours, (user, visitor)) in enumerate(events):
        properties = {"sku": sku, "total": total}
        driver.track(user, name, properties, anonymous=visitor, after=f"{hours} hours", messageId=f"{ids}{number}")


@settings(max_examples=40, deadline=None)
@drawn(before=_EVENTS, after=_EVENTS)
def test_declared_later_or_from_the_start_it_is_the_same(before: list[Any], after: list[Any]) -> None:
    always = JourneyTestDriver.of_text(HISTORY + TRAITS + SEGMENTS + JOURNEY)
    later = JourneyTestDriver.of_text(HISTORY + JOURNEY)
    play(always, before, "b")
    play(later, before, "b")
    later.apply(HISTORY + TRAITS + SEGMENTS + JOURNEY)
    assert derived(later) == derived(always)
    play(always, after, "a")
    play(later, after, "a")
    always.advance("10 days")
    later.advance("10 days")
    assert derived(later) == derived(always)


def test_backfilled_entries_begin_nothing() -> None:
    driver = JourneyTestDriver.of_text(HISTORY + JOURNEY)
    driver.track("ada", "Order Completed", {"total": 5})
    driver.apply(HISTORY + TRAITS + SEGMENTS + JOURNEY)
    assert driver.actions == []
    (line,) = [line for line in driver.trace if line["kind"] == "segment"]
    assert (line["segment"], line["happened"], line["reason"]) == ("buyers", "entered", "backfilled")


def test_unless_the_segment_says_so() -> None:
    driver = JourneyTestDriver.of_text(HISTORY + JOURNEY)
    driver.track("ada", "Order Completed", {"total": 5})
    driver.apply(HISTORY + TRAITS + SEGMENTS.replace("orders > 0}", "orders > 0, backfill: enters}") + JOURNEY)
    assert [action["action"] for action in driver.actions] == ["hello"]


def test_whoever_belongs_already_enters_no_more_when_another_segment_comes() -> None:
    driver = JourneyTestDriver.of_text(HISTORY + TRAITS + SEGMENTS + JOURNEY)
    driver.track("ada", "Order Completed", {"total": 5})
    driver.actions.clear()
    driver.apply(HISTORY + TRAITS + SEGMENTS + "  more: {if: customer.computed.orders > 1}\n" + JOURNEY)
    driver.track("ada", "Page Liked")
    assert driver.actions == []


def test_a_changed_trait_is_computed_anew_and_the_others_stay() -> None:
    driver = JourneyTestDriver.of_text("history: {keep: 100, for: 1 hour}\n" + TRAITS + JOURNEY)
    driver.track("ada", "Order Completed", {"total": 5})
    driver.track("ada", "Order Completed", {"total": 50}, after="2 hours")
    changed = TRAITS.replace("count: Order Completed", "count: Order Completed, if: event.properties.total > 10")
    driver.apply("history: {keep: 100, for: 1 hour}\n" + changed + JOURNEY)
    computed = (driver.customer("ada") or {})["computed"]
    assert computed["orders"][1] == 1
    assert computed["spend"][1][1] == 2


def test_what_is_not_declared_any_more_goes() -> None:
    driver = JourneyTestDriver.of_text(HISTORY + TRAITS + SEGMENTS + JOURNEY)
    driver.track("ada", "Order Completed", {"total": 5})
    driver.apply(JOURNEY.removeprefix("\n---\n"))
    assert not {"computed", "segments", "history", "alarms"} & set(driver.customer("ada") or {})
