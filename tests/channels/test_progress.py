"""Which records are done, across owners of a partition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.channels.progress import METADATA_BYTES, Committed, Progress


def reads(progress: Progress, *offsets: int) -> list[int]:
    """Those of the offsets that are open."""
    return [offset for offset in offsets if progress.read(offset)]


def next_owner(progress: Progress) -> Progress:
    committed = progress.to_commit()
    assert committed is not None
    return Progress(committed.offset, committed.metadata)


def test_in_order_it_is_a_plain_offset() -> None:
    progress = Progress()
    assert reads(progress, 0, 1, 2) == [0, 1, 2]
    for offset in (0, 1, 2):
        progress.done(offset)
    assert progress.to_commit() == Committed(3, "")


def test_what_is_done_behind_an_open_one_stays_done() -> None:
    progress = Progress()
    reads(progress, *range(10))
    for offset in (0, 1, 3, 4, 5, 7, 8):
        progress.done(offset)
    heir = next_owner(progress)
    assert heir.position == 2
    assert reads(heir, *range(2, 12)) == [2, 6, 9, 10, 11]


def test_what_was_not_read_again_yet_stays_as_it_was() -> None:
    progress = Progress()
    reads(progress, *range(10))
    for offset in (3, 4, 5, 7):
        progress.done(offset)
    heir = next_owner(progress)
    assert reads(heir, 0, 1) == [0, 1]
    heir.done(0)
    third = next_owner(heir)
    assert third.position == 1
    assert reads(third, *range(1, 11)) == [1, 2, 6, 8, 9, 10]


def test_holes_count_as_done() -> None:
    progress = Progress(5)
    assert reads(progress, 7, 20) == [7, 20]
    progress.done(20)
    progress.done(7)
    assert progress.to_commit() == Committed(21, "")


def test_nothing_new_is_nothing_to_commit() -> None:
    progress = Progress()
    reads(progress, 0)
    progress.done(0)
    committed = progress.to_commit()
    assert committed is not None
    progress.committed(committed)
    assert progress.to_commit() is None


@pytest.mark.parametrize("metadata", ["", "of somebody else", "1", "1!!", "1zz~", "2abc"])
def test_metadata_that_is_none_of_ours_is_left_alone(metadata: str) -> None:
    assert reads(Progress(4, metadata), 4, 5) == [4, 5]


def test_metadata_of_another_offset_is_left_alone() -> None:
    progress = Progress()
    reads(progress, *range(10))
    progress.done(5)
    committed = progress.to_commit()
    assert committed is not None
    assert reads(Progress(3, committed.metadata), *range(3, 10)) == [*range(3, 10)]


def test_what_does_not_fit_is_read_again_and_nothing_is_taken_for_done_that_is_not() -> None:
    progress = Progress()
    reads(progress, *range(20_000))
    for offset in range(1, 20_000, 2):
        progress.done(offset)
    committed = progress.to_commit()
    assert committed is not None
    assert len(committed.metadata) <= METADATA_BYTES
    found = reads(Progress(committed.offset, committed.metadata), *range(20_000))
    assert set(range(0, 20_000, 2)) <= set(found)
    assert len(found) < 20_000 - 3_000


OWNERS = st.lists(st.tuples(st.integers(0, 60), st.sets(st.integers(0, 200))), min_size=1, max_size=6)


@given(st.sets(st.integers(0, 200), min_size=1), OWNERS)
def test_each_record_is_open_until_it_is_done_whoever_has_the_partition(
    log: set[int], owners: list[tuple[int, set[int]]]
) -> None:
    done: set[int] = set()
    progress = Progress()
    for count, finished in owners:
        start = progress.position
        for offset in [offset for offset in sorted(log) if offset >= start][:count]:
            if progress.read(offset):
                assert offset not in done, "it was done with"
                if offset in finished:
                    progress.done(offset)
                    done.add(offset)
        committed = progress.to_commit()
        if committed is not None:
            progress = Progress(committed.offset, committed.metadata)
    left = [offset for offset in sorted(log) if offset >= progress.position and progress.read(offset)]
    assert set(left) == log - done
