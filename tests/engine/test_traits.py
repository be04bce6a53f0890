"""Computed traits: kept as events come, read as of now, and only where an event is listened to."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.engine.audience import own_state
from orchestrator.moments import to_datetime
from orchestrator.testing import JourneyTestDriver

JOURNEY = """
journey: any
entry: {on: Never Seen}
steps: [{end: true}]
"""


def driver_of(computed: str, rest: str = "") -> JourneyTestDriver:
    return JourneyTestDriver.of_text(f"{JOURNEY}\n---\ncomputed:\n  x: {computed}\n{rest}")


def value(driver: JourneyTestDriver, name: str = "x", user: str = "ada") -> Any:
    trait = driver.env.audience.traits[name]
    record = driver.customer(user) or {}
    return trait.read(own_state(trait, record.get("computed", {}).get(name)), driver.now)


def test_events_are_counted() -> None:
    driver = driver_of("{count: Order Completed}")
    driver.track("ada", "Page Liked")
    assert value(driver) == 0
    driver.track("ada", "Order Completed")
    driver.track("bo", "Order Completed")
    driver.track("ada", "Order Completed")
    assert value(driver) == 2


def test_an_event_that_comes_twice_is_counted_once() -> None:
    driver = driver_of("{count: Order Completed}")
    for _ in range(2):
        driver.track("ada", "Order Completed", messageId="m-1")
    assert value(driver) == 1


def test_only_those_that_meet_the_condition_count() -> None:
    driver = driver_of("{count: '*', if: event.properties.total > 10}")
    driver.track("ada", "Order Completed", {"total": 9})
    driver.track("ada", "Order Completed", {"total": 11})
    driver.track("ada", "Order Completed", {"total": "eleven"})
    driver.track("ada", "Order Completed")
    assert value(driver) == 1


def test_what_is_no_number_is_not_added() -> None:
    driver = driver_of("{sum: Order Completed, of: event.properties.total}")
    for total in (19.99, 0.01, "many", True, 1e300, None):
        driver.track("ada", "Order Completed", {"total": total})
    assert value(driver) == 20.0


def test_distinct_values_are_counted_up_to_what_is_kept() -> None:
    driver = driver_of("{distinct: Product Viewed, of: event.properties.sku, most: 3}")
    for sku in ("a", "b", "a", "c"):
        driver.track("ada", "Product Viewed", {"sku": sku})
    assert value(driver) == 3
    driver.track("ada", "Product Viewed", {"sku": "d"})
    assert value(driver) == 3


def test_first_and_last_go_by_when_it_happened_not_when_it_came() -> None:
    driver = driver_of(
        "{first: Product Viewed, of: event.properties.sku}\n  y: {last: Product Viewed, of: event.properties.sku}"
    )
    driver.track("ada", "Product Viewed", {"sku": "b"}, timestamp="2026-01-05T08:00:00Z")
    driver.track("ada", "Product Viewed", {"sku": "c"}, timestamp="2026-01-05T08:30:00Z")
    driver.track("ada", "Product Viewed", {"sku": "a"}, timestamp="2026-01-05T07:00:00Z")
    assert (value(driver), value(driver, "y")) == ("a", "c")


def test_without_a_value_first_is_a_moment() -> None:
    driver = driver_of("{first: Product Viewed}")
    driver.track("ada", "Product Viewed")
    assert value(driver) == to_datetime(driver.now)


def test_smallest_and_largest() -> None:
    driver = driver_of(
        "{min: Order Completed, of: event.properties.total}\n  y: {max: Order Completed, of: event.properties.total}"
    )
    assert value(driver) is None
    for total in (5, 2, 9.5):
        driver.track("ada", "Order Completed", {"total": total})
    assert (value(driver), value(driver, "y")) == (2.0, 9.5)


def test_a_rate_is_per_time_within_the_window() -> None:
    driver = driver_of("{rate: Page Liked, window: 1 hour, per: 10 minutes}")
    for _ in range(12):
        driver.track("ada", "Page Liked")
    assert value(driver) == 2.0
    driver.advance("2 hours")
    assert value(driver) == 0.0


def test_recency_grows_by_itself() -> None:
    driver = driver_of("{rfm: Order Completed, of: event.properties.total}")
    assert value(driver) == {"recency": None, "frequency": 0, "monetary": 0.0, "last": None}
    driver.track("ada", "Order Completed", {"total": 10})
    driver.track("ada", "Order Completed", {"total": 2.5}, after="1 hour")
    ordered = driver.now
    driver.advance("3 days")
    assert value(driver) == {"recency": 3, "frequency": 2, "monetary": 12.5, "last": to_datetime(ordered)}


def test_the_favourite_is_what_comes_most_often_and_of_two_the_later() -> None:
    driver = driver_of("{favourite: {of: Product Viewed, by: event.properties.category}}")
    for category in ("shoes", "hats", "shoes", "hats"):
        driver.track("ada", "Product Viewed", {"category": category}, after="1 minute")
    assert value(driver) == "hats"
    driver.track("ada", "Product Viewed", {"category": "shoes"})
    assert value(driver) == "shoes"


FUNNEL = """{funnel: [
    {stage: search, on: Products Searched},
    {stage: choice, on: Product Added},
    {stage: purchase, on: Order Completed},
    {stage: delivery, on: Order Delivered},
    {stage: upsell, on: Offer Accepted}], reset: {on: Products Searched, if: event.properties.again}}"""


def test_the_stage_is_the_furthest_that_was_reached() -> None:
    driver = driver_of(FUNNEL)
    assert value(driver) is None
    driver.track("ada", "Products Searched", {"again": False})
    assert value(driver) == "search"
    driver.track("ada", "Order Completed")
    assert value(driver) == "purchase"
    driver.track("ada", "Product Added")
    assert value(driver) == "purchase"


def test_a_reset_begins_the_funnel_anew_and_may_be_a_stage_itself() -> None:
    driver = driver_of(FUNNEL)
    driver.track("ada", "Order Completed")
    driver.track("ada", "Products Searched", {"again": True}, after="1 day")
    assert value(driver) == "search"


def test_an_event_of_a_window_counts_until_its_bucket_is_that_old() -> None:
    driver = driver_of("{count: Page Liked, window: 1 day, bucket: 1 hour}")
    driver.track("ada", "Page Liked")
    driver.track("ada", "Page Liked", after="20 minutes")
    driver.advance("23 hours 59 minutes")
    assert value(driver) == 2
    driver.advance("1 minute")
    assert value(driver) == 0


def test_what_is_kept_of_a_window_is_as_long_as_the_window() -> None:
    driver = driver_of("{count: Page Liked, window: 1 day, bucket: 1 hour}")
    for _ in range(60):
        driver.track("ada", "Page Liked", after="1 hour")
    ((_, buckets),) = (driver.customer("ada") or {})["computed"].values()
    assert len(buckets) <= 26
    assert value(driver) == 24


def test_an_event_older_than_the_window_does_not_count() -> None:
    driver = driver_of("{count: Page Liked, window: 1 hour}")
    driver.track("ada", "Page Liked", timestamp="2026-01-05T07:00:00Z")
    assert value(driver) == 0
    assert "computed" not in (driver.customer("ada") or {})


def test_a_late_event_counts() -> None:
    driver = driver_of("{count: Page Liked, window: 30 days}")
    driver.track("ada", "Page Liked", timestamp="2025-12-20T09:00:00Z")
    assert value(driver) == 1


def test_nothing_is_kept_of_events_that_no_trait_listens_to() -> None:
    driver = driver_of("{count: Page Liked}")
    driver.track("ada", "Order Completed")
    assert set(driver.customer("ada") or {}) <= {"key", "first_seen", "last_seen", "seen", "adapted"}


def test_only_traits_that_a_segment_reads_wake_a_customer() -> None:
    driver = driver_of("{count: Page Liked, window: 1 hour}")
    driver.track("ada", "Page Liked")
    assert driver.timers == []


@pytest.mark.parametrize("text", ["{{ customer.computed.x }}", "{{ customer.computed.y | default('none') }}"])
def test_templates_and_conditions_see_them(text: str) -> None:
    driver = JourneyTestDriver.of_text(f"""
        channels: {{note: {{address: id, consent: none, content: {{text: {{}}}}}}}}
        ---
        action: say
        channel: note
        content: {{text: "{text}"}}
        ---
        journey: talk
        entry: {{on: Page Liked, if: customer.computed.x == 2}}
        steps: [{{act: say}}]
        ---
        computed:
          x: {{count: Page Liked}}
          y: {{last: Order Completed, of: event.properties.total}}
        """)
    assert driver.track("ada", "Page Liked") == []
    (action,) = driver.track("ada", "Page Liked")
    assert action["content"]["text"] == ("2" if "x" in text else "none")
