"""From purchases in the log to recommendations: nothing is learned twice, whenever a learner begins anew."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given as property_of
from hypothesis import strategies as st

from orchestrator.contracts.journey_log import JourneyLog
from orchestrator.engine.models import NOTHING_LEARNED
from orchestrator.learning.lesson import Lesson
from orchestrator.learning.purchases import PRODUCTS_KEPT, Purchases
from orchestrator.learning.snapshot import changed, read_model
from orchestrator.moments import format_moment
from tests.learning.lines import NOON, logged

DAY = 86_400_000


def purchase(*bought: str, viewed: tuple[str, ...] = (), days: int = 0) -> dict[str, Any]:
    """A line, as the contract has it."""
    line = {
        "kind": "purchase",
        "customer_id": "ada",
        "at": format_moment(NOON + days * DAY),
        "bought": list(bought),
        "viewed": list(viewed),
        "trigger": {"event_id": "m-1", "type": "Order Completed", "timestamp": format_moment(NOON)},
    }
    JourneyLog.model_validate(line)
    return line


def lesson_of(*lines: dict[str, Any]) -> Lesson:
    lesson = Lesson(0, None, Purchases)
    for offset, line in enumerate(lines):
        lesson.hear(offset, orjson.dumps(line))
    return lesson


def test_what_was_bought_together_is_known_to_decisions() -> None:
    first, second = lesson_of(purchase("a", "b"), purchase("a", "b")), lesson_of(purchase("c", viewed=("a",)))
    second.partition = 1
    models = changed(NOTHING_LEARNED, dict(map(lambda lesson: read_model(*lesson.write()), (first, second))), 7)

    assert [product for product, _ in models.cooccurrence.bought_together("a")] == ["b"]
    assert [product for product, _ in models.cooccurrence.bought_after_view("a")] == ["c"]
    assert models.cooccurrence.popular() == ("a", "b", "c")


def test_a_product_that_is_known_on_two_partitions_is_one() -> None:
    first, second = lesson_of(purchase("a", "b")), lesson_of(purchase("a", "c"), purchase("c"))
    second.partition = 1
    models = changed(NOTHING_LEARNED, dict(map(lambda lesson: read_model(*lesson.write()), (first, second))), 7)
    assert models.cooccurrence.popularity("a") == 2.0
    assert [product for product, _ in models.cooccurrence.bought_together("a")] == ["b", "c"]


def test_what_becomes_of_messages_stays_as_it_was_learned() -> None:
    outcomes = Lesson(0)
    outcomes.hear(0, logged("published"))
    before = changed(NOTHING_LEARNED, dict([read_model(*outcomes.write())]), 1)
    after = changed(before, dict([read_model(*lesson_of(purchase("a", "b")).write())]), 2)
    assert after.followed == before.followed != {}
    assert (after.version, bool(after.cooccurrence)) == (2, True)


lines = st.lists(
    st.builds(
        lambda bought, viewed, days: purchase(*bought, viewed=tuple(viewed), days=days),
        st.lists(st.sampled_from("abcd"), min_size=1, max_size=3, unique=True),
        st.lists(st.sampled_from("abcd"), max_size=2, unique=True),
        st.integers(0, 300),
    ),
    max_size=10,
)


@property_of(lines, st.integers(0, 10))
def test_a_learner_that_begins_anew_comes_to_the_same(said: list[dict[str, Any]], at: int) -> None:
    written = lesson_of(*said[:at]).write()
    again = Lesson(0, read_model(*written)[1], Purchases)
    for offset, line in enumerate(said):
        again.hear(offset, orjson.dumps(line))
    assert again.write() == lesson_of(*said).write()


def test_so_many_products_are_kept_and_those_that_are_bought_most() -> None:
    counts = Purchases()
    for number in range(PRODUCTS_KEPT + 101):
        counts.take(purchase(f"p{number}"))
        counts.take(purchase("best"))
    assert len(counts.affinities) <= PRODUCTS_KEPT + 100
    assert "best" in counts.affinities
    assert len(lesson_of().write()[1]) < 1_000_000
