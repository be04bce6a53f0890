"""One partition of the log: nothing is counted twice or lost, whenever a learner begins anew."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given as property_of
from hypothesis import settings
from hypothesis import strategies as st

from orchestrator.learning.lesson import Lesson
from orchestrator.learning.snapshot import read_model
from tests.learning.lines import logged, stories

Log = list[tuple[int, bytes | None]]


def resumed(record: tuple[bytes, bytes] | None) -> Lesson:
    """A learner that begins with what was written last."""
    part = read_model(*record)[1] if record is not None else None
    return Lesson(0, part)


def read_on(lesson: Lesson, log: Log) -> Lesson:
    """Reads all from its offset on, as a consumer does that was sent there."""
    for offset, value in log:
        if offset >= lesson.offset:
            lesson.hear(offset, value)
    return lesson


def test_what_was_counted_is_not_counted_again() -> None:
    lesson = Lesson(0)
    lesson.hear(0, logged("published"))

    lesson.hear(0, logged("published"))

    assert lesson.write() == read_on(Lesson(0), [(0, logged("published"))]).write()


def test_other_lines_only_move_it_on() -> None:
    lesson = read_on(Lesson(0), [(0, b'{"kind":"journal","entries":[]}'), (4, None)])

    assert (lesson.offset, lesson.unwritten, lesson.has_news) == (5, 5, False)


def test_a_damaged_line_is_skipped_and_counted() -> None:
    lesson = read_on(Lesson(0), [(0, b'{"kind":"outcome","what":1}'), (1, b'{"kind":"outcome",')])

    assert (lesson.offset, lesson.skipped, lesson.has_news) == (2, 2, False)


def test_what_came_while_it_was_written_is_still_news() -> None:
    lesson = read_on(Lesson(0), [(0, logged("published"))])
    offset = lesson.offset
    lesson.hear(1, logged("published"))

    lesson.wrote(offset)
    assert (lesson.has_news, lesson.unwritten) == (True, 1)

    lesson.wrote(lesson.offset)
    assert (lesson.has_news, lesson.unwritten) == (False, 0)


@st.composite
def logs(draw: st.DrawFn) -> Log:
    """A partition: outcomes among other lines, with the holes that transactions leave."""
    lines: list[dict[str, Any]] = [each for story in draw(st.lists(stories(), max_size=5)) for each in story]
    log: Log = []
    offset = draw(st.integers(0, 5))
    for each in lines:
        log.append((offset, draw(st.sampled_from([orjson.dumps(each), b'{"kind":"step"}']))))
        offset += draw(st.integers(1, 3))
    return log


@settings(max_examples=60)
@property_of(logs(), st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=6))
def test_however_often_learners_crash_and_whoever_writes_last_the_counts_are_exact(
    log: Log, lives: list[tuple[int, bool]]
) -> None:
    last: tuple[bytes, bytes] | None = None
    for read, writes in lives:
        begin = resumed(last).offset
        life = read_on(resumed(last), [each for each in log if each[0] < begin + read])
        if writes:
            last = life.write()

    assert read_on(resumed(last), log).write() == read_on(Lesson(0), log).write()


@settings(max_examples=40)
@property_of(logs(), st.integers(0, 30), st.integers(0, 30))
def test_a_learner_that_lost_its_partition_and_still_writes_does_no_harm(log: Log, old: int, new: int) -> None:
    written = {"by the new one": read_on(Lesson(0), log[:new]).write()}
    late = read_on(Lesson(0), log[:old]).write()

    for last in (*written.values(), late):
        assert read_on(resumed(last), log).write() == read_on(Lesson(0), log).write()
