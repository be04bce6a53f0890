"""What outcomes add up to: each message counts once, in the fortnight in which it was published."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given as property_of
from hypothesis import settings
from hypothesis import strategies as st

from orchestrator.learning.outcomes import OPENED_AT, READ_AT, SENT_AT, Outcomes
from orchestrator.learning.tally import FORTNIGHT_MS, FORTNIGHTS_KEPT, Tally
from orchestrator.moments import format_moment
from tests.learning.lines import NOON, line, stories

Line = dict[str, Any]


def counted(*lines: Line) -> Outcomes:
    counts = Outcomes()
    for each in lines:
        counts.take(each)
    return counts


def row(counts: Outcomes, action: str = "lights", channel: str = "email") -> list[int]:
    """Tried, opened, clicked, converted, followed, over all time."""
    rows = [found for key, _, found in counts.actions if key == (action, channel)]
    return [sum(column) for column in zip(*rows, strict=True)]


@pytest.mark.parametrize(
    ("lines", "counts"),
    [
        ([line("published")], [1, 0, 0, 0, 0]),
        ([line("published"), line("delivered")], [1, 0, 0, 0, 0]),
        ([line("published"), line("opened")], [1, 1, 0, 0, 0]),
        ([line("published"), line("clicked", followed=True)], [1, 1, 1, 0, 1]),
        ([line("published"), line("opened"), line("clicked", was="opened", followed=True)], [1, 1, 1, 0, 1]),
        ([line("published"), line("converted", followed=True)], [1, 0, 0, 1, 1]),
        ([line("published"), line("converted", followed=True), line("converted", first=False)], [1, 0, 0, 1, 1]),
        ([line("published"), line("failed")], [0, 0, 0, 0, 0]),
        ([line("published"), line("failed"), line("opened", was="failed")], [1, 1, 0, 0, 0]),
        ([line("published"), line("dismissed")], [1, 0, 0, 0, 0]),
        ([line("published"), line("replied", followed=True)], [1, 1, 1, 0, 1]),
    ],
)
def test_what_a_message_adds_up_to(lines: list[Line], counts: list[int]) -> None:
    assert row(counted(*lines)) == counts


def test_groups_are_counted_beside_actions() -> None:
    counts = counted(line("published"), line("published", action="lock"), line("published", action="bell", group=None))

    assert [(key, row[0]) for key, _, row in counts.groups] == [(("bikes", "email"), 2)]


def test_hours_are_those_of_sending_and_of_opening() -> None:
    counts = counted(line("published", sent_hour=9), line("opened", sent_hour=9, hour=21))

    [(key, _, hours)] = list(counts.hours)
    assert key == ("email",)
    assert {place: count for place, count in enumerate(hours) if count} == {
        SENT_AT + 9: 1,
        READ_AT + 9: 1,
        OPENED_AT + 21: 1,
    }


def test_what_is_older_than_half_a_year_is_forgotten_and_comes_no_more() -> None:
    old, new = format_moment(NOON), format_moment(NOON + FORTNIGHTS_KEPT * FORTNIGHT_MS)

    counts = counted(line("published", sent_at=old), line("published", sent_at=new), line("published", sent_at=old))

    assert row(counts) == [1, 0, 0, 0, 0]


def test_above_the_bound_what_was_silent_for_the_longest_goes() -> None:
    tally = Tally(1, most=2)
    for name, fortnight in (("a", 3), ("b", 1), ("c", 2)):
        tally.add((name,), fortnight, [(0, 1)])

    assert [key for key, _, _ in tally] == [("a",), ("c",)]


def test_a_damaged_line_is_refused() -> None:
    with pytest.raises(KeyError):
        Outcomes().take({"kind": "outcome", "what": "published"})


_STORIES = st.lists(stories(), max_size=8).map(lambda found: [each for story in found for each in story])


@settings(max_examples=60)
@property_of(_STORIES, st.randoms(use_true_random=False))
def test_the_order_in_which_outcomes_come_changes_nothing(lines: list[Line], random: Any) -> None:
    shuffled = list(lines)
    random.shuffle(shuffled)

    assert counted(*shuffled).plain() == counted(*lines).plain()


@settings(max_examples=60)
@property_of(_STORIES, st.integers(0, 40))
def test_counts_that_were_written_and_read_go_on_as_if_they_had_not_been(lines: list[Line], at: int) -> None:
    half = counted(*lines[:at])
    read = Outcomes.of(orjson.loads(orjson.dumps(half.plain())))
    for each in lines[at:]:
        read.take(each)

    assert read.plain() == counted(*lines).plain()


@settings(max_examples=60)
@property_of(st.lists(stories(), max_size=8))
def test_no_more_follow_or_open_than_were_told(found: list[list[Line]]) -> None:
    counts = counted(*(each for story in found for each in story))

    for _, _, (tried, opened, clicked, converted, followed) in counts.actions:
        assert 0 <= clicked <= opened
        assert 0 <= converted <= followed <= clicked + converted
        assert opened <= tried
        assert followed <= tried
