"""Backoff, circuit breaker and pace: time is a parameter."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.channels.backoff import Backoff
from orchestrator.channels.breaker import Breaker, State
from orchestrator.channels.pace import Pace
from tests.channels.saying import NOW

CHANCE = st.floats(0, 1)


@pytest.mark.parametrize(
    ("tries", "delay"), [(1, 1_000), (2, 2_000), (3, 4_000), (4, 8_000), (5, 10_000), (99, 10_000)]
)
def test_the_wait_doubles_up_to_the_longest(tries: int, delay: int) -> None:
    assert Backoff(1_000, 10_000).delay_ms(tries, 1.0) == delay


def test_half_of_the_wait_is_drawn() -> None:
    backoff = Backoff(1_000, 10_000)
    assert [backoff.delay_ms(1, chance) for chance in (0.0, 0.5, 1.0)] == [500, 750, 1_000]


def test_a_provider_may_ask_for_more_time_and_not_for_less() -> None:
    backoff = Backoff(1_000, 10_000)
    assert backoff.delay_ms(1, 0.0, 60_000) == 60_000
    assert backoff.delay_ms(1, 0.0, 1) == 500


@given(st.integers(1, 10**6), st.integers(1, 10**9), st.integers(1, 10_000), CHANCE)
def test_a_wait_is_between_half_and_the_whole(first: int, most: int, tries: int, chance: float) -> None:
    whole = min(most, first * 2 ** (tries - 1))
    assert whole // 2 <= Backoff(first, most).delay_ms(tries, chance) <= whole


def opened() -> Breaker:
    """Three failures within a second have opened it at NOW, for ten seconds."""
    breaker = Breaker(failures=3, window_ms=1_000, pause_ms=10_000)
    for _ in range(3):
        assert breaker.allows(NOW)
        breaker.failed(breaker.started(), NOW, "503")
    return breaker


def test_enough_failures_in_the_window_open_it() -> None:
    breaker = opened()
    assert breaker.state is State.OPEN
    assert not breaker.allows(NOW + 9_999)
    assert breaker.next_at() == NOW + 10_000
    assert breaker.reason == "503"


def test_failures_far_apart_do_not() -> None:
    breaker = Breaker(failures=3, window_ms=1_000, pause_ms=10_000)
    for moment in range(0, 100_000, 501):
        breaker.failed(breaker.started(), NOW + moment, "503")
    assert breaker.state is State.CLOSED


@pytest.mark.parametrize(("good", "state"), [(1, State.OPEN), (2, State.CLOSED)])
def test_a_few_failures_among_many_successes_do_not(good: int, state: State) -> None:
    breaker = Breaker(failures=3, window_ms=1_000, pause_ms=10_000)
    for _ in range(3):
        breaker.failed(breaker.started(), NOW, "503")
        if breaker.state is State.OPEN:
            break
        for _ in range(good):
            breaker.succeeded(breaker.started())
    assert breaker.state is state


def test_after_the_pause_one_goes_and_no_second() -> None:
    breaker = opened()
    assert breaker.allows(NOW + 10_000)
    breaker.started()
    assert breaker.state is State.HALF_OPEN
    assert not breaker.allows(NOW + 10_000)
    assert breaker.next_at() is None


def test_the_success_of_the_probe_closes_it() -> None:
    breaker = opened()
    assert breaker.allows(NOW + 10_000)
    breaker.succeeded(breaker.started())
    assert breaker.state is State.CLOSED
    breaker.failed(breaker.started(), NOW + 10_001, "503")
    assert breaker.allows(NOW + 10_001), "old failures count no more"


def test_the_failure_of_the_probe_opens_it_again() -> None:
    breaker = opened()
    assert breaker.allows(NOW + 10_000)
    breaker.failed(breaker.started(), NOW + 12_000, "still 503")
    assert not breaker.allows(NOW + 21_999)
    assert breaker.allows(NOW + 22_000)
    assert (breaker.opened, breaker.reason) == (2, "still 503")


def test_what_was_under_way_when_it_opened_says_nothing_about_the_probe() -> None:
    breaker = Breaker(failures=1, window_ms=1_000, pause_ms=10_000)
    early = breaker.started()
    breaker.failed(breaker.started(), NOW, "503")
    breaker.succeeded(early)
    assert not breaker.allows(NOW + 9_999)
    assert breaker.allows(NOW + 10_000)
    probe = breaker.started()
    breaker.failed(early, NOW + 10_001, "late")
    breaker.succeeded(early)
    assert not breaker.allows(NOW + 10_001)
    breaker.succeeded(probe)
    assert breaker.allows(NOW + 10_001)


@given(st.lists(st.tuples(st.integers(0, 5_000), st.sampled_from(["start", "good", "bad"])), max_size=200))
def test_while_it_is_not_closed_at_most_one_goes_in_a_pause(steps: list[tuple[int, str]]) -> None:
    breaker = Breaker(failures=2, window_ms=10_000, pause_ms=3_000)
    now, under_way, probes = NOW, list[int](), list[int]()
    for passed, what in steps:
        now += passed
        if what == "start" and breaker.allows(now):
            if breaker.state is State.HALF_OPEN:
                probes.append(now)
            under_way.append(breaker.started())
        elif what != "start" and under_way:
            ticket = under_way.pop(0)
            if what == "bad":
                breaker.failed(ticket, now, "bad")
            else:
                breaker.succeeded(ticket)
            if breaker.state is State.CLOSED:
                probes.clear()
    assert all(later - earlier >= 3_000 for earlier, later in pairwise(probes))


def test_without_a_bound_all_go_at_once() -> None:
    pace = Pace()
    for _ in range(1_000):
        assert pace.allows(NOW)
        pace.started(NOW)


def test_they_go_evenly() -> None:
    pace, gone = Pace(per_second=2), list[int]()
    for now in range(NOW, NOW + 3_000, 10):
        if pace.allows(now):
            pace.started(now)
            gone.append(now - NOW)
    assert gone == [0, 400, 900, 1_400, 1_900, 2_400, 2_900]
    assert pace.next_at() == NOW + 3_400


@given(st.floats(0.1, 5_000), st.lists(st.integers(0, 300), min_size=1, max_size=300))
def test_never_more_than_the_rate_and_a_tenth_of_a_second(per_second: float, sleeps: list[int]) -> None:
    pace, now, gone = Pace(per_second), NOW, 0
    for sleep in sleeps:
        now += sleep
        while pace.allows(now):
            pace.started(now)
            gone += 1
        assert pace.next_at() > now
        assert gone <= per_second * (now - NOW + 100) / 1000 + 2
