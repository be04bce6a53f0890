"""Whatever the order and the split: a computed trait is what all its events amount to."""

from __future__ import annotations

from collections import Counter
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.engine.audience import State, Trait
from orchestrator.engine.traits import recomputed
from orchestrator.events.event import Event
from orchestrator.journeys.audience import compile_audience
from orchestrator.journeys.traits import TraitsDefinition
from orchestrator.moments import to_datetime

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 1_767_600_000_000
NOW = START + 4 * DAY

KINDS: dict[str, dict[str, Any]] = {
    "count": {"count": ["A", "B"]},
    "chosen": {"count": "A", "if": "event.properties.n > 2"},
    "sum": {"sum": "A", "of": "event.properties.x"},
    "distinct": {"distinct": "*", "of": "event.properties.c"},
    "few": {"distinct": "*", "of": "event.properties.c", "most": 2},
    "first": {"first": "A", "of": "event.properties.c"},
    "first_time": {"first": "A"},
    "last": {"last": ["A", "B"], "of": "event.properties.n"},
    "last_time": {"last": "B"},
    "min": {"min": "A", "of": "event.properties.x"},
    "max": {"max": "A", "of": "event.properties.x"},
    "rfm": {"rfm": "A", "of": "event.properties.x"},
    "favourite": {"favourite": {"of": ["A", "B"], "by": "event.properties.c"}},
    "funnel": {
        "funnel": [{"stage": "one", "on": "A"}, {"stage": "two", "on": "B"}, {"stage": "three", "on": "C"}],
        "reset": {"on": "C", "if": "event.properties.n == 1"},
    },
}
UNBUCKETED = ("distinct", "few", "last", "last_time", "funnel")
WINDOWED = {
    f"{name}_{label}": {**kind, "window": window, **({} if name in UNBUCKETED else {"bucket": bucket})}
    for name, kind in KINDS.items()
    for label, window, bucket in (("day", "1 day", "1 hour"), ("odd", "50 hours", "7 hours"))
} | {"rate_day": {"rate": "A", "window": "1 day", "bucket": "2 hours", "per": "1 hour"}}
TRAITS = compile_audience(TraitsDefinition.model_validate({"computed": KINDS | WINDOWED}), {}).traits
ANY_TRAIT = st.sampled_from(list(TRAITS.values()))
BUCKETED = st.sampled_from([trait for trait in TRAITS.values() if trait.bucket_ms is not None])


@st.composite
def events(draw: st.DrawFn) -> list[Event]:
    moments = draw(st.lists(st.integers(START, NOW), max_size=30))
    return [
        Event(
            id=f"m{number}",
            name=draw(st.sampled_from("ABC")),
            timestamp=moment,
            at=moment,
            user_id="u",
            anonymous_id=None,
            previous_id=None,
            properties={
                "n": draw(st.integers(0, 5)),
                "x": draw(st.sampled_from([0.1, 0.2, 0.3, 19.99, -5, 1e9, 7])),
                "c": draw(st.sampled_from(["shoes", "hats", "ties", "", 7, True])),
            },
            traits={},
            context={},
        )
        for number, moment in enumerate(moments)
    ]


def taking(trait: Trait, event: Event) -> bool:
    """Whether the trait takes the event, said once more in Python."""
    name, n = event.name, event.properties["n"]
    base = trait.name.removesuffix("_day").removesuffix("_odd")
    if base == "chosen":
        return name == "A" and n > 2
    wanted = {"distinct": "ABC", "few": "ABC", "last": "AB", "count": "AB", "favourite": "AB", "funnel": "ABC"}
    if base == "last_time":
        return name == "B"
    return name in wanted.get(base, "A") and not (
        base in ("distinct", "few", "favourite") and event.properties["c"] == ""
    )


def counted(trait: Trait, found: list[Event], now: int) -> list[Event]:
    """The events that count at a moment: those of the window, and of a bucket all or none."""
    mine = [event for event in found if taking(trait, event)]
    if trait.window_ms is None:
        return mine
    if trait.bucket_ms is None:
        return [event for event in mine if event.timestamp + trait.window_ms > now]
    last: dict[int, int] = {}
    for event in mine:
        bucket = event.timestamp // trait.bucket_ms
        last[bucket] = max(event.timestamp, last.get(bucket, 0))
    return [event for event in mine if last[event.timestamp // trait.bucket_ms] + trait.window_ms > now]


def told(trait: Trait, found: list[Event], now: int) -> Any:
    """What the trait should be, from all events at once."""
    mine = counted(trait, found, now)
    base = trait.name.removesuffix("_day").removesuffix("_odd")
    numbers = [float(event.properties["x"]) for event in mine]
    ranked = sorted(mine, key=lambda event: event.timestamp)
    if base in ("count", "chosen"):
        return len(mine)
    if base == "rate":
        return len(mine) / 24
    if base == "sum":
        return pytest.approx(sum(numbers))
    if base in ("distinct", "few"):
        return min(len({orjson.dumps(event.properties["c"]) for event in mine}), 2 if base == "few" else 100)
    if base == "first_time":
        return to_datetime(ranked[0].timestamp) if mine else None
    if base == "last_time":
        return to_datetime(ranked[-1].timestamp) if mine else None
    if base in ("min", "max"):
        return (min if base == "min" else max)(numbers, default=None)
    if base == "rfm":
        return {
            "recency": (now - ranked[-1].timestamp) // DAY if mine else None,
            "frequency": len(mine),
            "monetary": pytest.approx(sum(numbers)),
            "last": to_datetime(ranked[-1].timestamp) if mine else None,
        }
    if base == "funnel":
        return stage(mine)
    return NotImplemented


def stage(mine: list[Event]) -> str | None:
    resets = [event.timestamp for event in mine if event.name == "C" and event.properties["n"] == 1]
    since = max(resets, default=0)
    reached = {event.name for event in mine if event.timestamp >= since}
    return "three" if "C" in reached else "two" if "B" in reached else "one" if "A" in reached else None


def read(trait: Trait, state: State | None, now: int = NOW) -> Any:
    return trait.read(state, now)


def stored(state: State | None) -> State | None:
    """As it comes back from the store."""
    return orjson.loads(orjson.dumps(state))


@settings(max_examples=300, deadline=None)
@given(trait=ANY_TRAIT, found=events(), now=st.integers(START, NOW + 3 * DAY))
def test_it_is_what_all_events_amount_to(trait: Trait, found: list[Event], now: int) -> None:
    there = [event for event in found if event.timestamp <= now]
    expected = told(trait, there, now)
    if expected is not NotImplemented:
        assert read(trait, recomputed(trait, there, now), now) == expected


@settings(max_examples=300, deadline=None)
@given(trait=ANY_TRAIT, found=events(), data=st.data())
def test_neither_order_nor_time_of_arrival_nor_storing_matters(trait: Trait, found: list[Event], data: Any) -> None:
    arrived = data.draw(st.permutations(found))
    state: State | None = None
    now = START
    for event in arrived:
        # Time goes on meanwhile; windows run out and their buckets go.
        now = max(now, event.timestamp)
        state = stored(trait.unite(state, recomputed(trait, [event], now), now))
    assert read(trait, state) == read(trait, recomputed(trait, found, NOW))


@settings(max_examples=300, deadline=None)
@given(trait=ANY_TRAIT, found=events(), data=st.data())
def test_two_records_that_become_one_are_as_if_they_had_always_been_one(
    trait: Trait, found: list[Event], data: Any
) -> None:
    sides = data.draw(st.lists(st.booleans(), min_size=len(found), max_size=len(found)))
    one = [event for event, side in zip(found, sides, strict=True) if side]
    other = [event for event, side in zip(found, sides, strict=True) if not side]
    united = trait.unite(stored(recomputed(trait, one, NOW)), stored(recomputed(trait, other, NOW)), NOW)
    assert read(trait, united) == read(trait, recomputed(trait, found, NOW))


@settings(max_examples=300, deadline=None)
@given(trait=ANY_TRAIT, found=events(), now=st.integers(NOW, NOW + 3 * DAY))
def test_between_the_moments_that_it_gives_it_stays_as_it_is(trait: Trait, found: list[Event], now: int) -> None:
    state = recomputed(trait, found, NOW)
    following = trait.runs_out(state, now)
    until = following - 1 if following is not None else now + 100 * DAY
    assert without_recency(read(trait, state, now)) == without_recency(read(trait, state, until))


def without_recency(value: Any) -> Any:
    return {**value, "recency": None} if isinstance(value, dict) else value


@settings(max_examples=200, deadline=None)
@given(
    trait=BUCKETED,
    found=events(),
    now=st.integers(START, NOW + 3 * DAY),
)
def test_an_event_counts_for_the_window_and_less_than_a_bucket_longer(
    trait: Trait, found: list[Event], now: int
) -> None:
    assert trait.window_ms is not None
    assert trait.bucket_ms is not None
    mine = {event.id: event.timestamp for event in found if taking(trait, event) and event.timestamp <= now}
    there = {event.id for event in counted(trait, [event for event in found if event.timestamp <= now], now)}
    assert there >= {id_ for id_, moment in mine.items() if moment + trait.window_ms > now}
    assert there <= {id_ for id_, moment in mine.items() if moment + trait.window_ms + trait.bucket_ms > now}


@given(found=events())
def test_the_favourite_is_one_of_those_that_come_most_often(found: list[Event]) -> None:
    trait = TRAITS["favourite"]
    counts = Counter(
        value if isinstance(value, str) else orjson.dumps(value).decode()
        for event in counted(trait, found, NOW)
        for value in [event.properties["c"]]
    )
    favourite = read(trait, recomputed(trait, found, NOW))
    assert counts[favourite] == max(counts.values(), default=0)


@given(st.lists(st.floats(-1e6, 1e6).map(lambda number: round(number, 2)), max_size=40), st.data())
def test_a_sum_of_prices_is_the_same_in_any_order_to_the_cent(prices: list[float], data: Any) -> None:
    trait = TRAITS["sum"]
    state: State | None = None
    for price in data.draw(st.permutations(prices)):
        state = trait.add(state, price, START, NOW)
    expected = sum(round(price * 100) for price in prices)
    assert round(trait.read(state, NOW) * 100) == expected
