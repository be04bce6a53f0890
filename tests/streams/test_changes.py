"""Definitions that change under running customers, anywhere: killed or not, it comes out the same."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.engine.customer import Customer, decode
from orchestrator.journeys.applied import State
from orchestrator.journeys.pack import Pack
from orchestrator.kafka import names
from orchestrator.streams.changes import MARKER_KEY
from orchestrator.streams.headers import DEFINITIONS
from orchestrator.streams.order import EventOrder, WallOrder
from orchestrator.streams.work import Work
from orchestrator.testing import oracle
from orchestrator.testing.driver import TestRecord
from orchestrator.testing.texts import pack_of
from tests.streams.cluster import Cluster, Crash, Crashed, Seat
from tests.streams.world import DAY, DERIVED, ENV, INTAKE, JOURNEYS, LIMITS, PACK, START, WHOLE_PACK, Sent, events

END: Final = START + 30 * DAY
SETTINGS = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])

WHOLE: Final = JOURNEYS + DERIVED
HASTY: Final = pack_of(WHOLE.replace("wait: 5 minutes", "wait: 1 minute").replace("absence: 30", "absence: 10"))
MOVED: Final = pack_of(
    WHOLE.replace("journey: welcome\n", "journey: welcome\nmigrate: {wait-1: wait-2, wait-2: end}\n").replace(
        "journey: cart\n", "journey: cart\nmigrate: {wait-2: act-hello}\n"
    )
)
UNMAPPED: Final = pack_of(
    WHOLE.replace("journey: welcome\n", "journey: welcome\nmigrate: {}\n").replace(
        "{wait: 2 hours}, {act: letter}", "{id: patience, wait: 2 hours}, {act: letter}"
    )
)
FEWER: Final = pack_of(JOURNEYS.partition("journey: call")[0].rstrip().removesuffix("---"))

CHANGES: Final = st.builds(
    lambda pack, states, end_unmapped: (pack, states, end_unmapped),
    st.sampled_from([WHOLE_PACK, HASTY, MOVED, UNMAPPED, FEWER, PACK]),
    st.dictionaries(
        st.sampled_from(["cart", "call", "welcome"]), st.sampled_from(["paused", "stopped", "ended"]), max_size=2
    ),
    st.booleans(),
)


@dataclass(frozen=True, slots=True)
class Turn:
    """What a partition number takes next, how it is hindered, and what changes before."""

    partition: int
    count: int
    crash: tuple[Crash, bool] | None
    change: tuple[Pack, dict[str, State], bool] | None


TURNS: Final = st.lists(
    st.builds(
        Turn,
        st.integers(0, 1),
        st.integers(1, 6),
        st.none() | st.tuples(st.builds(Crash, st.integers(1, 20), st.booleans()), st.booleans()),
        st.none() | CHANGES,
    ),
    min_size=3,
    max_size=12,
)


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def run(cluster: Cluster, sent: list[Sent], turns: list[Turn], *, crash: bool) -> Cluster:
    late = sent[len(sent) // 2 :]
    for event in sent[: len(sent) // 2]:
        cluster.produce(event)
    for turn in turns:
        if turn.change is not None:
            pack, states, end_unmapped = turn.change
            cluster.change(pack, states, START, end_unmapped=end_unmapped)
        seat = cluster.seats[turn.partition]
        if not (crash and turn.crash is not None and done_in_spite_of(seat, turn.count, *turn.crash)):
            seat.turn(turn.count)
        if late:
            cluster.produce(late.pop(0))
    for event in late:
        cluster.produce(event)
    cluster.drain(END)
    return cluster


def done_in_spite_of(seat: Seat, count: int, crash: Crash, wipe: bool) -> bool:
    before = seat.meta.meta_offset
    try:
        seat.turn(count, crash)
    except Crashed:
        seat.restart(wipe)
        return seat.meta.meta_offset != before
    return True


def contents(cluster: Cluster) -> dict[str, list[Any]]:
    return {
        topic: [(record.partition, record.key, record.value, record.headers) for record in records]
        for topic, records in cluster.said().items()
    }


@SETTINGS
@given(sent=events(), turns=TURNS)
def test_the_oracle_works_it_all_out_again(
    loop: asyncio.AbstractEventLoop, sent: list[Sent], turns: list[Turn]
) -> None:
    cluster = run(Cluster(loop), sent, turns, crash=True)
    replayed = oracle.replay(cluster.partitions, cluster.envs(), LIMITS, cluster.inputs(), cluster.journals())
    assert replayed.problems == []
    assert oracle.check_offsets(cluster.journals(), cluster.inputs()) == []
    assert oracle.compare_records(replayed.records, cluster.customers()) == []
    for topic in {output.topic for output in replayed.actions} | cluster.said().keys():
        if topic.startswith("actions."):
            assert oracle.compare_actions(replayed.outputs, cluster.log.on(topic), topic) == []


@SETTINGS
@given(sent=events(), turns=TURNS)
def test_nobody_can_tell_a_run_with_crashes_from_one_without(
    loop: asyncio.AbstractEventLoop, sent: list[Sent], turns: list[Turn]
) -> None:
    crashed, calm = run(Cluster(loop), sent, turns, crash=True), run(Cluster(loop), sent, turns, crash=False)
    assert contents(crashed) == contents(calm)
    assert crashed.customers() == calm.customers()
    assert [seat.store.rows for seat in crashed.seats] == [seat.store.rows for seat in calm.seats]


@SETTINGS
@given(sent=events(), turns=TURNS)
def test_in_the_end_all_are_brought_up_to_what_is_in_force(
    loop: asyncio.AbstractEventLoop, sent: list[Sent], turns: list[Turn]
) -> None:
    cluster = run(Cluster(loop), sent, turns, crash=True)
    current = cluster.catalogue.current
    env = cluster.env_of(current.version if current is not None else "")
    for seat in cluster.seats:
        assert seat.meta.env in ("", env.version)
        assert seat.meta.swept is None
    for customer in map(decode, cluster.customers().values()):
        for instance in customer.instances.values() if isinstance(customer, Customer) else ():
            assert instance.journey not in env.ended
            assert instance.due is None or instance.due > END or instance.journey in env.paused


def one_by_one(cluster: Cluster, sent: list[Sent], pause_before: int | None) -> list[str]:
    """The ids of all actions, if events are decided as they come, with a short pause before one of them."""
    for number, event in enumerate(sent):
        if number == pause_before:
            cluster.change(WHOLE_PACK, {"welcome": "paused", "cart": "paused"}, event.timestamp)
            cluster.change(WHOLE_PACK, {}, event.timestamp)
            decide_all(cluster)
        cluster.produce(event)
        decide_all(cluster)
    cluster.drain(END)
    return sorted(action["action_id"] for action in cluster.actions())


def decide_all(cluster: Cluster) -> None:
    while sum(seat.turn(1) for seat in cluster.seats):
        pass


@SETTINGS
@given(sent=events(), place=st.integers(0, 24))
def test_a_pause_in_which_nothing_came_changes_nothing(
    loop: asyncio.AbstractEventLoop, sent: list[Sent], place: int
) -> None:
    assert one_by_one(Cluster(loop), sent, place) == one_by_one(Cluster(loop), sent, None)


# The place where they change.


def marker(version: str, offset: int = 0) -> TestRecord:
    return TestRecord(0, offset, START, MARKER_KEY, None, [(DEFINITIONS, version.encode())])


def work_of() -> Work:
    return Work(0, 1, ENV, INTAKE, lambda _: None)


def page(offset: int) -> TestRecord:
    value = b'{"type":"page","userId":"ada","messageId":"m%d","timestamp":%d}' % (offset, START)
    return TestRecord(0, offset, START, b"ada", value, [])


class NoTimers:
    """Nothing is ever due."""

    def next_due(self, work: Work | None) -> None:
        """As ``Timers.next_due``."""

    def fire(self, work: Work, until: int, now: Any) -> bool:
        """As ``Timers.fire``; it must not be asked once definitions have changed."""
        assert work.following is None
        return True


def orders() -> Mapping[str, WallOrder | EventOrder]:
    return {"wall": WallOrder(), "event": EventOrder(INTAKE, START, {})}


@pytest.mark.parametrize("clock", ["wall", "event"])
def test_work_ends_where_definitions_change(clock: str) -> None:
    order, timers = orders()[clock], NoTimers()
    order.offer(names.CUSTOMER_EVENTS, [marker("7-0123456789ab", 5), marker("8-0123456789ab", 6)], START)
    before, after, last = work_of(), work_of(), work_of()
    assert order.take(before, timers, START, 10)  # type: ignore[arg-type]
    assert (before.following, before.offsets) == ("7-0123456789ab", {names.CUSTOMER_EVENTS: 6})
    assert order.take(after, timers, START, 10)  # type: ignore[arg-type]
    assert (after.following, after.offsets) == ("8-0123456789ab", {names.CUSTOMER_EVENTS: 7})
    assert not order.take(last, timers, START, 10)  # type: ignore[arg-type]
    assert not last
    assert order.pending == 0


def test_what_comes_after_the_marker_is_left_for_the_next_checkpoint() -> None:
    order, work = WallOrder(), work_of()
    order.offer(names.CUSTOMER_EVENTS, [marker("7-0123456789ab")], START)
    order.offer("events.click", [page(0), page(1)], START)
    order.take(work, NoTimers(), START, 10)  # type: ignore[arg-type]
    assert work.following is not None
    assert order.pending == 2


def test_a_marker_of_what_is_in_force_already_changes_nothing() -> None:
    work = work_of()
    work.env = replace(ENV, version="9-0123456789ab")
    work.apply(names.CUSTOMER_EVENTS, marker("7-0123456789ab"), START)
    assert work.following is None
    assert work.outputs == []


def test_a_damaged_marker_goes_to_the_dead_letter_topic() -> None:
    work = work_of()
    work.apply(names.CUSTOMER_EVENTS, marker("no version"), START)
    (output,) = work.outputs
    assert output.topic == names.DEAD_LETTER
    assert work.following is None
