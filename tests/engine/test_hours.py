"""Opening hours by a queue's own clock, and the slices in which the places of a window come."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engine.hours import Hours
from orchestrator.engine.window import SLICES, Capacity, Per, Window, released, window_at
from orchestrator.events.timestamps import read_moment
from orchestrator.journeys.capacity import spans_of, weekdays_of
from orchestrator.journeys.steps import WEEKDAYS
from orchestrator.moments import format_moment

HOUR = 3_600_000


def hours(timezone: str, *closed: str, **opens: str) -> Hours:
    spans = {day: spans_of(text) for days, text in opens.items() for day in weekdays_of(days.replace("_", "-"))}
    week = tuple(spans.get(day, ()) for day in WEEKDAYS) if opens else ()
    return Hours(timezone, week, frozenset(map(date.fromisoformat, closed)))


def opens(found: Hours, moment: str) -> str | None:
    at = found.opens(read_moment(moment))
    return None if at is None else format_moment(at).replace(".000Z", "Z")


OFFICE = hours("Europe/Berlin", "2026-01-06", mon_fri="09:00-12:00, 13:00-17:00", sat="10:00-14:00")


@pytest.mark.parametrize(
    ("moment", "found"),
    [
        ("2026-01-05T09:30:00Z", "2026-01-05T09:30:00Z"),  # open: now
        ("2026-01-05T07:59:59Z", "2026-01-05T08:00:00Z"),  # nine there is eight in UTC
        ("2026-01-05T11:00:00Z", "2026-01-05T12:00:00Z"),  # at lunch
        ("2026-01-05T16:00:00Z", "2026-01-07T08:00:00Z"),  # after hours, and Tuesday is closed
        ("2026-01-09T18:00:00Z", "2026-01-10T09:00:00Z"),  # Saturday
        ("2026-01-10T13:00:00Z", "2026-01-12T08:00:00Z"),  # Sunday has no hours
    ],
)
def test_when_it_opens(moment: str, found: str) -> None:
    assert opens(OFFICE, moment) == found


def test_the_clock_is_that_of_the_queue_before_and_after_it_changes() -> None:
    assert opens(OFFICE, "2026-03-27T00:00:00Z") == "2026-03-27T08:00:00Z"
    assert opens(OFFICE, "2026-03-30T00:00:00Z") == "2026-03-30T07:00:00Z"
    assert opens(OFFICE, "2026-10-23T00:00:00Z") == "2026-10-23T07:00:00Z"
    assert opens(OFFICE, "2026-10-26T00:00:00Z") == "2026-10-26T08:00:00Z"


def test_hours_that_the_clock_leaves_out_are_later_and_counted_once() -> None:
    night = hours("Europe/Berlin", sun="02:00-02:30, 03:00-04:00")
    spans = night.spans(date(2026, 3, 29))
    assert [(format_moment(start), format_moment(end)) for start, end in spans] == [
        ("2026-03-29T01:00:00.000Z", "2026-03-29T01:30:00.000Z"),
        ("2026-03-29T01:30:00.000Z", "2026-03-29T02:00:00.000Z"),
    ]


@pytest.mark.parametrize(("day", "length"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_a_day_is_as_long_as_it_is_there(day: str, length: int) -> None:
    always = hours("Europe/Berlin")
    start, end = always.bounds(date.fromisoformat(day))
    assert end - start == length * HOUR
    assert always.spans(date.fromisoformat(day)) == ((start, end),)


def test_what_never_opens_never_opens() -> None:
    never = Hours("UTC", ((),) * 7)
    assert never.opens(0) is None
    assert window_at(Capacity("call", never, 5), 0) is None


def test_a_day_is_over_when_it_closes() -> None:
    capacity = Capacity("call", OFFICE, 10)
    window = window_at(capacity, read_moment("2026-01-05T16:00:00Z"))
    assert window is not None
    assert format_moment(window.start) == "2026-01-06T23:00:00.000Z"


def test_an_hour_may_be_open_in_part() -> None:
    capacity = Capacity("call", hours("UTC", mon_fri="09:30-17:00"), 10, Per.HOUR)
    window = window_at(capacity, read_moment("2026-01-05T08:00:00Z"))
    assert window is not None
    assert format_moment(window.start) == "2026-01-05T09:00:00.000Z"
    assert window.begins(30) == read_moment("2026-01-05T09:45:00Z")
    assert window.closes(read_moment("2026-01-05T09:10:00Z")) is None
    assert window.closes(read_moment("2026-01-05T09:30:00Z")) == window.end


def test_lunch_is_in_no_slice() -> None:
    window = window_at(Capacity("call", OFFICE, 7), read_moment("2026-01-05T08:00:00Z"))
    assert window is not None
    noon, one = read_moment("2026-01-05T11:00:00Z"), read_moment("2026-01-05T12:00:00Z")
    assert window.slice_at(noon) == window.slice_at(one) == 25
    assert window.slice_at(one - 1) == 25


@given(
    start=st.integers(0, 10**12),
    lengths=st.lists(st.tuples(st.integers(0, HOUR), st.integers(1, HOUR)), min_size=1, max_size=3),
)
def test_slices_begin_in_order_while_it_is_open(start: int, lengths: list[tuple[int, int]]) -> None:
    spans, at = [], start
    for gap, length in lengths:
        spans.append((at + gap, at + gap + length))
        at += gap + length
    window = Window(start, at, tuple(spans))
    begins = [begins for number in range(SLICES) if (begins := window.begins(number)) is not None]
    assert all(one <= other for one, other in pairwise(begins))
    assert all(window.closes(moment) is not None for moment in begins)
    for number, moment in enumerate(begins):
        assert window.slice_at(moment) >= number
        assert window.closes(moment - 1) is None or window.slice_at(moment - 1) < number


@given(total=st.integers(0, 10**12))
def test_places_come_evenly_and_all_of_them(total: int) -> None:
    counts = [released(total, slice_) for slice_ in range(SLICES)]
    assert counts == sorted(counts)
    assert counts[-1] == total
    assert all(other - one <= -(-total // SLICES) for one, other in pairwise([0, *counts]))
