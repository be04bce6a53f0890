"""From the records of the topic to rates: the same whoever reads them, in however many pieces."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given as property_of
from hypothesis import settings
from hypothesis import strategies as st

from orchestrator.engine.customer import Customer
from orchestrator.engine.models import NOTHING_LEARNED, PRIOR_WEIGHT, Rate
from orchestrator.errors import BadRecord
from orchestrator.learning.lesson import Lesson
from orchestrator.learning.outcomes import Outcomes
from orchestrator.learning.snapshot import Part, changed, encode, key_of, read_model, snapshot, table
from orchestrator.learning.tally import FORTNIGHT_MS, HALF_LIFE_MS
from orchestrator.moments import format_moment
from orchestrator.streams.reference import Rereading
from orchestrator.testing.driver import TestRecord
from tests.learning.lines import NOON, line, logged, stories

ADA = Customer("u:ada", 0, 0)


def part(*lines: dict[str, Any], partition: int = 0) -> Part:
    counts = Outcomes()
    for each in lines:
        counts.take(each)
    return Part(partition, len(lines), counts)


def test_the_counts_of_all_partitions_are_one() -> None:
    parts = {
        "outcomes/0": part(line("published"), line("clicked", followed=True)),
        "outcomes/1": part(line("published"), partition=1),
    }

    models = snapshot(parts, 7)

    assert models.version == 7
    assert models.followed["lights", "email"] == Rate(2, 1)
    assert models.propensity(ADA, "lights", "email", own_prior=0.1) == (0.1 * PRIOR_WEIGHT + 1) / (PRIOR_WEIGHT + 2)
    assert models.group_followed["bikes", "email"] == Rate(2, 1)
    assert models.read["email"] == Rate(2, 1)
    assert models.opened["email"][12] == 1


def test_what_is_long_ago_counts_less() -> None:
    later = format_moment(NOON + 4 * FORTNIGHT_MS)

    models = snapshot({"outcomes/0": part(line("published"), line("published", action="lock", sent_at=later))}, 1)

    assert models.followed["lock", "email"].tried == 1
    assert models.followed["lights", "email"].tried == pytest.approx(0.5 ** (4 * FORTNIGHT_MS / HALF_LIFE_MS))


def test_a_message_that_failed_after_it_was_followed_makes_no_rate_above_one() -> None:
    models = snapshot({"outcomes/0": part(line("published"), line("converted", followed=True), line("failed"))}, 1)

    assert models.followed["lights", "email"] == Rate(1, 1)


def test_a_newer_record_takes_the_place_of_the_older_one() -> None:
    first = changed(NOTHING_LEARNED, {"outcomes/0": part(line("published"))}, 1)

    second = changed(first, {"outcomes/0": part(line("published"), line("published"))}, 2)

    assert (first.followed["lights", "email"].tried, second.followed["lights", "email"].tried) == (1, 2)
    assert changed(second, {"outcomes/0": None}, 3).followed == {}


def test_a_record_says_itself_what_it_is() -> None:
    lesson = Lesson(3)
    lesson.hear(0, logged("published"))
    key, value = lesson.write()

    name, read = read_model(key, value)

    assert (key, name) == (key_of("outcomes", 3), "outcomes/3")
    assert read is not None
    assert (read.partition, read.offset, encode(read)) == (3, 1, value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b"outcomes/1", b"no json"),
        (b"outcomes/1", b"{}"),
        (b"outcomes/1", b'{"partition": 1, "offset": 2, "actions": [[]], "groups": [], "hours": []}'),
        (b"weather/1", b"{}"),
        (None, b"{}"),
        (b"\xff", b"{}"),
    ],
)
def test_a_record_that_is_none_of_ours_is_refused(key: bytes | None, value: bytes) -> None:
    with pytest.raises(BadRecord, match="cannot be read"):
        read_model(key, value)


def test_a_journal_that_is_done_again_sees_the_models_of_then() -> None:
    records = [
        TestRecord(0, offset, 0, b"outcomes/0", encode(part(*[line("published")] * (offset + 1))), [])
        for offset in range(3)
    ]
    again = Rereading({"models": records})

    seen = [again.at({"models": version}).models for version in (1, 3, 2)]

    assert [models.version for models in seen] == [1, 3, 2]
    assert [models.read_rate("email") for models in seen] == [
        snapshot({"outcomes/0": part(*[line("published")] * count)}, 0).read_rate("email") for count in (1, 3, 2)
    ]


def test_the_table_has_what_was_counted_and_what_it_means() -> None:
    rows = table(snapshot({"outcomes/0": part(line("published"), line("clicked", followed=True))}, 1))

    assert rows == [
        {
            "action": "lights",
            "channel": "email",
            "published": 1,
            "opened": 1,
            "clicked": 1,
            "converted": 0,
            "followed": 1,
            "propensity": pytest.approx(0.1, abs=0.1),
        }
    ]


_STORIES = st.lists(stories(), max_size=6).map(lambda found: [each for story in found for each in story])


@settings(max_examples=40)
@property_of(_STORIES, st.lists(st.integers(0, 2), min_size=60, max_size=60))
def test_however_outcomes_lie_on_partitions_and_pieces_the_models_are_the_same(
    lines: list[dict[str, Any]], places: list[int]
) -> None:
    parts = {f"outcomes/{number}": part(partition=number) for number in range(3)}
    for each, number in zip(lines, places, strict=False):
        parts[f"outcomes/{number}"].counts.take(each)

    at_once = snapshot(parts, 9)
    models = NOTHING_LEARNED
    for key, each_part in parts.items():
        models = changed(models, {key: each_part}, 9)

    assert models == at_once
    together = snapshot({"outcomes/0": part(*lines[:60])}, 9)
    assert (together.followed, together.hourly, together.opened) == (
        at_once.followed,
        at_once.hourly,
        at_once.opened,
    )
