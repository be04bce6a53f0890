"""Wherever producers put an event, and on however many partitions: each customer gets the same."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.streams.homes import home
from orchestrator.testing import JourneyTestDriver
from tests.streams.world import DAY, START, WHOLE_ENV, Sent, events

Partitioner = Callable[[Sent, int], int]


def murmur2(event: Sent, partitions: int) -> int:
    """Kafka's own."""
    return event.partition(partitions)


def crc32(event: Sent, partitions: int) -> int:
    """That of librdkafka, which most languages but Java use."""
    return zlib.crc32(event.key) % partitions


def round_robin() -> Partitioner:
    turn = itertools.count()
    return lambda event, partitions: next(turn) % partitions


def at_random(choices: list[int]) -> Partitioner:
    turn = itertools.cycle(choices)
    return lambda event, partitions: next(turn) % partitions


def played(sent: list[Sent], partitions: int, partitioner: Partitioner) -> JourneyTestDriver:
    driver = JourneyTestDriver(WHOLE_ENV, partitions=partitions)
    driver.now = START
    for event in sent:
        driver.advance_to(event.timestamp)
        driver.produce(event.topic, event.key, event.value, [], partitioner(event, partitions))
    driver.advance_to(START + 30 * DAY)
    return driver


def said(driver: JourneyTestDriver) -> list[str]:
    """All actions, cancels and decisions, as sets: customers of different homes have no order among themselves."""
    assert driver.dead_letters == []
    return sorted(map(str, driver.actions)) + sorted(map(str, driver.decisions))


@settings(deadline=None)
@given(sent=events(), choices=st.lists(st.integers(0, 3), min_size=1, max_size=10))
def test_the_partitioner_of_a_producer_makes_no_difference(sent: list[Sent], choices: list[int]) -> None:
    by_key = played(sent, 4, murmur2)
    for other in (crc32, round_robin(), at_random(choices)):
        assert said(played(sent, 4, other)) == said(by_key)


@settings(deadline=None)
@given(sent=events(), partitions=st.integers(2, 12))
def test_the_number_of_partitions_makes_no_difference(sent: list[Sent], partitions: int) -> None:
    assert said(played(sent, partitions, murmur2)) == said(played(sent, 1, murmur2))


@pytest.mark.parametrize(
    ("key", "murmur2_in_kafkas_own_tests"),
    [
        ("21", -973932308),
        ("foobar", -790332482),
        ("a-little-bit-long-string", -985981536),
        ("a-little-bit-longer-string", -1486304829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        ("abc", 479470107),
    ],
)
@pytest.mark.parametrize("partitions", [1, 4, 100])
def test_homes_are_where_javas_producer_puts_a_key(key: str, murmur2_in_kafkas_own_tests: int, partitions: int) -> None:
    assert home(key, partitions) == (murmur2_in_kafkas_own_tests & 0x7FFFFFFF) % partitions
