"""Counters of a partition number: shares, caps within a span, moments of a rate."""

from __future__ import annotations

from collections import Counter
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engine.ledger import MINUTE_MS, Ledger, in_slot, key_of

DAY = 86_400_000
NOW = 1_767_603_600_000


@pytest.mark.parametrize(
    ("total", "partitions", "shares"),
    [(10, 1, [10]), (10, 4, [3, 3, 2, 2]), (3, 8, [1, 1, 1, 0, 0, 0, 0, 0]), (8, 8, [1] * 8)],
)
def test_a_total_is_split_and_the_lowest_numbers_have_the_rest(total: int, partitions: int, shares: list[int]) -> None:
    assert [Ledger(number, partitions).share(total) for number in range(partitions)] == shares


@given(total=st.integers(1, 10_000), partitions=st.integers(1, 64))
def test_shares_sum_to_the_total(total: int, partitions: int) -> None:
    assert sum(Ledger(number, partitions).share(total) for number in range(partitions)) == total


def test_a_cap_without_a_span_is_for_ever() -> None:
    ledger = Ledger()
    for _ in range(3):
        assert not ledger.full("cap", 3, None, NOW)
        ledger.admit("cap", None, NOW)
    assert ledger.full("cap", 3, None, NOW + 1_000 * DAY)


def test_a_place_is_free_again_when_its_span_is_over() -> None:
    ledger = Ledger()
    ledger.admit("cap", DAY, NOW)
    assert ledger.full("cap", 1, DAY, NOW + DAY - 1)
    assert not ledger.full("cap", 1, DAY, NOW + DAY + DAY // 60)


def test_two_caps_do_not_see_each_other() -> None:
    ledger = Ledger()
    ledger.admit("one", DAY, NOW)
    assert not ledger.full("other", 1, DAY, NOW)


GAPS = st.lists(st.integers(0, 3 * 3_600_000), min_size=1, max_size=80)


@given(gaps=GAPS, most=st.integers(1, 8), per_ms=st.sampled_from([1, 1_000, 3_600_000, DAY]))
def test_in_no_span_whatsoever_more_are_admitted_than_may_be(gaps: list[int], most: int, per_ms: int) -> None:
    ledger, now, admitted = Ledger(), NOW, []
    for gap in gaps:
        now += gap
        if not ledger.full("cap", most, per_ms, now):
            ledger.admit("cap", per_ms, now)
            admitted.append(now)
    assert all(sum(begin <= at < begin + per_ms for at in admitted) <= most for begin in admitted)


@given(gaps=GAPS, most=st.integers(1, 8))
def test_who_comes_a_little_more_than_a_span_after_the_others_is_admitted(gaps: list[int], most: int) -> None:
    ledger, now = Ledger(), NOW
    for gap in gaps:
        now += gap
        if not ledger.full("cap", most, DAY, now):
            ledger.admit("cap", DAY, now)
    assert not ledger.full("cap", most, DAY, now + DAY + DAY // 60)


@given(gaps=GAPS, cuts=st.sets(st.integers(0, 80)), most=st.integers(1, 8))
def test_written_and_read_again_at_any_time_it_is_the_same(gaps: list[int], cuts: set[int], most: int) -> None:
    whole, cut, now = Ledger(), Ledger(), NOW
    for number, gap in enumerate(gaps):
        now += gap
        for ledger in (whole, cut):
            if not ledger.full("cap", most, DAY, now):
                ledger.admit("cap", DAY, now)
            ledger.slot("rate", 2, now)
        if number in cuts:
            cut = Ledger(read=partial(bytes, cut.encode()))
    assert cut.encode() == whole.encode()


def slots(partitions: int, rate: int, askers: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The moments that are given to those who ask, each at a number and a moment: (asked, given)."""
    ledgers = [Ledger(number, partitions) for number in range(partitions)]
    return [(now, ledgers[number % partitions].slot("rate", rate, now)) for number, now in askers]


ASKERS = st.lists(st.tuples(st.integers(0, 15), st.integers(0, 200_000)), min_size=1, max_size=120).map(
    lambda rows: sorted([(number, NOW + at) for number, at in rows], key=lambda row: row[1])
)


@given(askers=ASKERS, partitions=st.integers(1, 16), rate=st.integers(1, 40))
def test_in_no_minute_more_moments_are_given_than_the_rate(
    askers: list[tuple[int, int]], partitions: int, rate: int
) -> None:
    minutes = Counter(given // MINUTE_MS for _, given in slots(partitions, rate, askers))
    assert max(minutes.values()) <= rate


@given(askers=ASKERS, partitions=st.integers(1, 16), rate=st.integers(1, 40))
def test_moments_lie_ahead_and_in_the_order_in_which_they_were_asked_for(
    askers: list[tuple[int, int]], partitions: int, rate: int
) -> None:
    given_at: dict[int, list[int]] = {}
    for (number, _), (asked, moment) in zip(askers, slots(partitions, rate, askers), strict=True):
        assert moment >= asked
        given_at.setdefault(number % partitions, []).append(moment)
    for moments in given_at.values():
        assert all(early <= late for early, late in pairwise(moments))


@pytest.mark.parametrize("partitions", [1, 2, 4, 8])
def test_the_rate_is_used_up_where_enough_are_waiting(partitions: int) -> None:
    askers = [(number, NOW) for number in range(800)]
    minutes = Counter(given // MINUTE_MS for _, given in slots(partitions, 80, askers))
    assert sorted(minutes.values()) == [80] * 10


def test_with_a_rate_below_the_number_of_partitions_each_has_its_turn() -> None:
    askers = [(number, NOW) for number in range(8)]
    given_at = slots(8, 3, askers)
    assert len({moment // MINUTE_MS for _, moment in given_at}) == 3


def test_a_moment_holds_in_its_minute_alone() -> None:
    assert in_slot(NOW + 1_000, NOW + 59_999)
    assert not in_slot(NOW + 59_000, NOW + 60_000)


def test_its_key_is_none_of_a_customers() -> None:
    assert key_of(3) == b"\x01ledger/3"


def test_what_is_only_asked_is_not_written() -> None:
    ledger = Ledger()
    ledger.full("cap", 1, DAY, NOW)
    assert not ledger.changed
