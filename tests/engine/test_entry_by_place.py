"""Entries by where the customer is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from orchestrator.engine.places import distance_m
from orchestrator.testing import JourneyTestDriver

Given = Callable[[str], JourneyTestDriver]

INSIDE, EDGE, OUTSIDE = (48.1, 11.5), (48.1, 11.5066), (48.1, 11.51)


def journey(more: str = "") -> str:
    place = f"{{latitude: 48.1, longitude: 11.5, radius_m: 500{more}}}"
    return f"journey: shop\nentry: {{place: {place}}}\nsteps: [{{act: hello}}]\n"


def at(driver: JourneyTestDriver, point: tuple[Any, Any], after: str = "1 minute", **fields: Any) -> int:
    """How much was said when the customer was somewhere."""
    properties = {"latitude": point[0], "longitude": point[1]}
    return len(driver.track("ada", "Location Changed", properties, after=after, **fields))


DWELL = ", when: dwell, for: 10 minutes"


def test_coming_in(given: Given) -> None:
    driver = given(journey())
    assert [at(driver, point) for point in (OUTSIDE, INSIDE, OUTSIDE, INSIDE)] == [0, 1, 0, 1]


def test_the_first_time_that_a_customer_is_known_to_be_inside_is_coming_in(given: Given) -> None:
    assert at(given(journey()), INSIDE) == 1


def test_who_is_inside_and_moves_about_inside_says_nothing_new(given: Given) -> None:
    driver = given(journey())
    assert [at(driver, point) for point in (INSIDE, EDGE, INSIDE, EDGE)] == [1, 0, 0, 0]


def test_going_out(given: Given) -> None:
    driver = given(journey(", when: left"))
    assert [at(driver, point) for point in (OUTSIDE, INSIDE, EDGE, OUTSIDE, OUTSIDE)] == [0, 0, 0, 1, 0]


def test_staying(given: Given) -> None:
    driver = given(journey(DWELL))
    assert [at(driver, INSIDE), at(driver, EDGE, after="5 minutes")] == [0, 0]
    assert len(driver.advance("4 minutes")) == 0
    assert len(driver.advance("1 minute")) == 1
    assert driver.advance("1 day") == []


def test_who_goes_out_in_between_did_not_stay(given: Given) -> None:
    driver = given(journey(DWELL))
    at(driver, INSIDE)
    at(driver, OUTSIDE, after="9 minutes")
    at(driver, INSIDE)
    assert driver.advance("9 minutes") == []
    assert len(driver.advance("1 minute")) == 1


def test_what_happened_before_the_last_known_place_is_too_late(given: Given) -> None:
    driver = given(journey())
    at(driver, OUTSIDE, after="10 minutes")
    assert at(driver, INSIDE, timestamp="2026-01-05T09:05:00Z") == 0
    assert at(driver, INSIDE) == 1


def test_who_comes_more_than_a_day_late_enters_nothing_but_is_known_to_be_there(given: Given) -> None:
    driver = given(journey())
    assert at(driver, INSIDE, timestamp="2026-01-03T09:00:00Z") == 0
    assert at(driver, EDGE) == 0


@pytest.mark.parametrize("point", [(None, 11.5), ("48.1", 11.5), (48.1, True), (91, 11.5), (48.1, 181), ([48.1], 11.5)])
def test_what_is_no_place_says_nothing(given: Given, point: Any) -> None:
    driver = given(journey())
    at(driver, INSIDE)
    assert at(driver, point) == 0
    assert at(driver, EDGE) == 0


def test_journeys_of_one_place_share_what_is_known_of_it(given: Given) -> None:
    driver = given(journey() + "---\n" + journey(DWELL).replace("shop", "stay"))
    at(driver, INSIDE)
    assert len((driver.customer("ada") or {})["places"]) == 1
    assert len(driver.advance("10 minutes")) == 1


def test_another_circle_is_another_place(given: Given) -> None:
    driver = given(journey() + "---\n" + journey().replace("shop", "city").replace("500", "5000"))
    assert [at(driver, point) for point in (OUTSIDE, INSIDE, OUTSIDE, INSIDE)] == [1, 1, 0, 1]


@pytest.mark.parametrize(
    ("one", "other", "metres"),
    [
        ((0, 0), (0, 0), 0),
        ((0, 0), (0, 1), 111_195),
        ((90, 0), (-90, 0), 20_015_115),
        ((0, 179.5), (0, -179.5), 111_195),
        ((48.137, 11.575), (52.520, 13.405), 504_200),
    ],
)
def test_distances(one: tuple[float, float], other: tuple[float, float], metres: float) -> None:
    assert distance_m(one, other) == pytest.approx(metres, rel=0.001)


POINTS = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@for_all(one=POINTS, other=POINTS)
def test_distances_are_the_same_both_ways_and_never_around_the_world(
    one: tuple[float, float], other: tuple[float, float]
) -> None:
    assert distance_m(one, other) == pytest.approx(distance_m(other, one))
    assert 0 <= distance_m(one, other) <= 20_016_000


@for_all(ways=st.lists(st.sampled_from([INSIDE, EDGE, OUTSIDE]), min_size=1, max_size=12))
def test_coming_in_is_as_often_as_from_outside_to_inside(ways: list[tuple[float, float]]) -> None:
    text = "channels:\n  note: {address: id, consent: none, content: {text: {}}}\n---\n"
    text += "action: hello\nchannel: note\ncontent: {text: hello}\n---\n"
    driver = JourneyTestDriver.of_text(text + journey())
    said = sum(at(driver, point) for point in ways)
    inside = [point != OUTSIDE for point in ways]
    assert said == sum(here and not before for before, here in zip([False, *inside], inside, strict=False))
