"""A duplicate changes nothing; a late event is learnt from but starts nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from orchestrator.engine import seen
from orchestrator.testing import JourneyTestDriver

Given = Callable[[str], JourneyTestDriver]

HELLO = "journey: greeting\nentry: {on: Product Viewed}\nexit: [{on: Order Completed}]\nsteps: [{act: hello}]\n"
MINUTE = 60_000
WINDOW = 60 * MINUTE


def with_dedupe(driver: JourneyTestDriver, **limits: int) -> JourneyTestDriver:
    driver.env = replace(driver.env, **limits)  # type: ignore[arg-type]
    return driver


def test_the_same_message_twice_is_one(given: Given) -> None:
    driver = given(HELLO)
    first = driver.track("ada", "Product Viewed", messageId="m1")
    again = driver.track("ada", "Product Viewed", messageId="m1")
    assert (len(first), again) == (1, [])


def test_a_duplicate_leaves_the_record_as_it_is(given: Given) -> None:
    driver = given(HELLO)
    driver.track("ada", "Product Viewed", messageId="m1")
    before = driver.customer("ada")
    driver.track("ada", "Product Viewed", {"other": "content"}, messageId="m1", after="1 hour")
    assert driver.customer("ada") == before


def test_a_duplicate_leaves_no_trace(given: Given) -> None:
    driver = given(HELLO)
    driver.track("ada", "Product Viewed", messageId="m1")
    lines, decisions = len(driver.trace), len(driver.decisions)
    driver.track("ada", "Product Viewed", messageId="m1")
    assert (len(driver.trace), len(driver.decisions)) == (lines, decisions)


def test_a_duplicate_does_not_put_off_an_absence(given: Given) -> None:
    driver = given(
        "journey: gone\nentry: {on: Product Viewed, reentry: never}\nsteps: [{wait: {absence: 1 hour}}, {act: hello}]\n"
    )
    driver.track("ada", "Product Viewed", messageId="m1")
    driver.track("ada", "Product Viewed", messageId="m1", after="59 minutes")
    assert len(driver.advance("1 minute")) == 1


def test_the_same_message_id_of_another_customer_is_another_message(given: Given) -> None:
    driver = given(HELLO)
    said = [driver.track(user, "Product Viewed", messageId="m1") for user in ("ada", "bo")]
    assert [len(actions) for actions in said] == [1, 1]


@pytest.mark.parametrize(("between", "noticed"), [(0, True), (1, True), (2, True), (3, False), (9, False)])
def test_so_many_message_ids_are_remembered(given: Given, between: int, noticed: bool) -> None:
    driver = with_dedupe(given(HELLO), dedupe_count=3)
    driver.track("ada", "Product Viewed", messageId="m1")
    for _ in range(between):
        driver.track("ada", "Products Searched")
    assert (driver.track("ada", "Product Viewed", messageId="m1") == []) is noticed


@pytest.mark.parametrize(("after", "noticed"), [("59 minutes", True), ("1 hour", True), ("3601 seconds", False)])
def test_so_long_they_are_remembered(given: Given, after: str, noticed: bool) -> None:
    driver = with_dedupe(given(HELLO), dedupe_window_ms=WINDOW)
    driver.track("ada", "Product Viewed", messageId="m1")
    assert (driver.track("ada", "Product Viewed", messageId="m1", after=after) == []) is noticed


def test_a_count_of_zero_turns_it_off(given: Given) -> None:
    driver = with_dedupe(given(HELLO), dedupe_count=0)
    said = [driver.track("ada", "Product Viewed", messageId="m1") for _ in range(3)]
    assert [len(actions) for actions in said] == [1, 1, 1]


def test_a_visitors_messages_are_known_after_the_login(given: Given) -> None:
    driver = given(HELLO)
    driver.track(None, "Product Viewed", anonymous="laptop", messageId="m1")
    driver.identify("ada", anonymous="laptop")
    assert driver.track("ada", "Product Viewed", messageId="m1") == []
    assert driver.track(None, "Product Viewed", anonymous="laptop", messageId="m1") == []


@pytest.mark.parametrize(("happened", "starts"), [("2026-01-04T09:00:00Z", True), ("2026-01-04T08:59:59.999Z", False)])
def test_a_late_event_starts_nothing(given: Given, happened: str, starts: bool) -> None:
    driver = given(HELLO)
    assert len(driver.track("ada", "Product Viewed", timestamp=happened)) == starts


def test_a_late_event_is_learnt_from(given: Given) -> None:
    driver = given(HELLO)
    driver.identify("ada", {"email": "ada@example.org"}, timestamp="2026-01-01T09:00:00Z")
    customer = driver.customer("ada")
    assert customer is not None
    assert customer["traits"] == {"email": "ada@example.org"}


def test_a_late_event_ends_a_stay(given: Given) -> None:
    driver = given(HELLO)
    driver.track("ada", "Product Viewed")
    (cancel,) = driver.track("ada", "Order Completed", timestamp="2026-01-03T09:00:00Z")
    assert cancel["kind"] == "cancel"


def entries(of: bytes) -> set[bytes]:
    return {of[i : i + 12] for i in range(0, len(of), 12)}


IDS = st.lists(st.text(min_size=1, max_size=4), max_size=12)


def remembered(ids: list[str], count: int = 8, now: int = 0) -> bytes:
    kept = b""
    for one in ids:
        kept = seen.remember(kept, one, now, count, -1) or b""
    return kept


@for_all(IDS, st.integers(0, 8))
def test_the_last_ids_are_known_and_no_others(ids: list[str], count: int) -> None:
    kept = remembered(ids, count)
    known = [one for one in set(ids) if seen.remember(kept, one, 0, count, WINDOW) is None]
    assert sorted(known) == sorted(set(ids[-count:] if count else []))
    assert len(kept) == 12 * min(count, len(ids))


@for_all(st.binary(max_size=40), st.binary(min_size=8, max_size=8))
def test_a_digest_is_found_only_where_an_entry_begins(noise: bytes, mark: bytes) -> None:
    padded = noise + bytes(-len(noise) % 12)
    places = [at for at in range(0, len(padded), 12) if padded[at : at + 8] == mark]
    assert seen.came_within(padded, mark, 0, 2**62) is bool(places)


@for_all(IDS, IDS, st.integers(1, 8))
def test_what_two_remember_is_united_alike_from_either_side(one: list[str], other: list[str], count: int) -> None:
    left, right = remembered(one, now=1000), remembered(other, now=2000)
    both = seen.unite(left, right, count)
    assert both == seen.unite(right, left, count)
    assert entries(both) <= entries(left) | entries(right)
    assert len(both) == 12 * min(count, len(entries(left) | entries(right)))


@for_all(IDS)
def test_of_two_the_newest_are_kept(ids: list[str]) -> None:
    old, new = remembered(["before"], now=0), remembered(ids, count=4, now=5000)
    united = seen.unite(old, new, 4)
    assert entries(new) <= entries(united)


def test_nothing_is_kept_of_two_when_nothing_shall_be_kept() -> None:
    assert seen.unite(remembered(["a"]), remembered(["b"]), 0) == b""


def test_a_number_as_message_id_is_its_text(given: Given) -> None:
    driver = given(HELLO)
    ids: list[Any] = [7, "7"]
    assert [len(driver.track("ada", "Product Viewed", messageId=one)) for one in ids] == [1, 0]


def test_a_late_event_says_that_it_begins_nothing(given: Given) -> None:
    driver = given(HELLO)
    driver.track("ada", "Product Viewed", timestamp="2026-01-03T08:30:00Z")
    (line,) = [line for line in driver.trace if line["kind"] == "late"]
    assert line["reason"] == ("Product Viewed came 2910 minutes after it happened: it is known, but begins no journey")


def test_a_late_event_that_would_begin_nothing_anyway_is_not_told(given: Given) -> None:
    driver = given(HELLO)
    driver.track("ada", "Searched", timestamp="2026-01-03T08:30:00Z")
    assert driver.trace == []
