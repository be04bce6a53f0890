"""Requests between records: answered in a step, told when they should be, and done again by the oracle."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from orchestrator.engine import Request
from orchestrator.errors import InfrastructureError, RequestRefused
from orchestrator.kafka import names
from orchestrator.streams.requests import BYTES_PER_CHECKPOINT, REQUESTS_PER_CHECKPOINT, Requests, moved
from orchestrator.streams.work import Work
from orchestrator.testing import oracle
from tests.streams.cluster import Cluster, Crash, Crashed
from tests.streams.world import DAY, INTAKE, LIMITS, MINUTE, START, WHOLE_ENV, Sent


def asked(id_: str, customer: str = "u:ada", **more: Any) -> Request:
    return Request(customer, id_, "note", caller="test", **more)


def begun() -> Work:
    return Work(0, 1, WHOLE_ENV, INTAKE, lambda _: None)


def run(scenario: Callable[[Requests], Any]) -> None:
    async def inside() -> None:
        found = scenario(Requests())
        if asyncio.iscoroutine(found):
            await found

    asyncio.run(inside())


@pytest.fixture
def cluster() -> Any:
    loop = asyncio.new_event_loop()
    cluster = Cluster(loop)
    for number, event in enumerate(["Product Added", "Call Started"]):
        at = START + number * MINUTE
        call = {
            "type": "track",
            "event": event,
            "userId": "ada",
            "messageId": f"m{number}",
            "timestamp": at,
            "properties": {"minutes": 1, "cart": "c1"},
        }
        cluster.produce(Sent(names.EVENT_TOPICS[number], b"ada", orjson.dumps(call), at))
    cluster.drain(START + DAY)
    yield cluster
    loop.close()


def home_of(cluster: Cluster, customer: str = "ada") -> int:
    return Sent("", customer.encode(), b"", 0).partition(cluster.partitions)


def test_the_oracle_answers_again_what_was_answered(cluster: Cluster) -> None:
    seat = cluster.seats[home_of(cluster)]
    first = seat.ask(asked("k", places=3))
    cluster.drain(START + DAY + 60 * MINUTE)
    assert seat.ask(asked("k", places=3)) == first
    again = oracle.replay(
        cluster.partitions, {WHOLE_ENV.version: WHOLE_ENV}, LIMITS, cluster.inputs(), cluster.journals()
    )
    assert again.problems == []
    assert oracle.compare_records(again.records, cluster.customers()) == []
    lines = [orjson.loads(output.value or b"") for output in again.on(names.JOURNEY_LOG)]
    assert sum(line["kind"] == "answer" for line in lines) == 1


@pytest.mark.parametrize("wipe", [False, True])
def test_a_committed_answer_is_the_same_after_a_crash_and_without_the_disk(cluster: Cluster, wipe: bool) -> None:
    seat = cluster.seats[home_of(cluster)]
    first = seat.ask(asked("k"))
    seat.restart(wipe)
    assert seat.ask(asked("k")) == first


def test_what_was_not_committed_was_not_said(cluster: Cluster) -> None:
    seat = cluster.seats[home_of(cluster)]
    lines = len(cluster.said()[names.JOURNEY_LOG])
    with pytest.raises(Crashed):
        seat.ask(asked("k"), Crash(1, after=False))
    seat.restart(wipe=False)
    assert len(cluster.said()[names.JOURNEY_LOG]) == lines


def test_what_is_not_durable_is_told_before_the_checkpoint_and_what_is_after_it() -> None:
    def scenario(requests: Requests) -> None:
        plain, durable = (requests.ask(asked(id_), durable=id_ == "d") for id_ in ("p", "d"))
        work = requests.answer(begun, START)
        assert [entry[3]["id"] for entry in work.journal] == ["p", "d"]
        assert (plain.done(), durable.done()) == (True, False)
        requests.written()
        assert durable.done()

    run(scenario)


def test_whoever_asks_a_partition_that_goes_is_told_to_ask_again() -> None:
    async def scenario(requests: Requests) -> None:
        waiting, durable = requests.ask(asked("d"), durable=True), None
        requests.answer(begun, START)
        durable = waiting
        waiting = requests.ask(asked("w"), durable=False)
        requests.fail(moved(0))
        for future in (durable, waiting):
            with pytest.raises(InfrastructureError, match="ask again"):
                await future

    run(scenario)


def test_what_is_refused_is_refused_alone() -> None:
    async def scenario(requests: Requests) -> None:
        bad = requests.ask(Request("u:ada", "b", "nowhere", caller="test"), durable=True)
        good = requests.ask(asked("g"), durable=False)
        work = requests.answer(begun, START)
        assert len(work.journal) == 1
        assert (await good)["channel"] == "note"  # type: ignore[index]
        with pytest.raises(RequestRefused):
            await bad

    run(scenario)


def test_a_request_that_finds_a_bug_leaves_nothing_behind() -> None:
    async def scenario(requests: Requests) -> None:
        before = requests.ask(asked("a"), durable=False)
        bug = requests.ask(asked("b", places="two"), durable=False)
        after = requests.ask(asked("c"), durable=False)
        work = requests.answer(begun, START)
        assert [entry[3]["id"] for entry in work.journal] == ["a", "c"]
        assert await before != await after
        with pytest.raises(TypeError):
            await bug

    run(scenario)


def test_a_checkpoint_takes_only_what_its_journal_can_hold() -> None:
    def scenario(requests: Requests) -> None:
        for number in range(REQUESTS_PER_CHECKPOINT + 1):
            requests.ask(asked(f"k{number}"), durable=False)
        assert len(requests.answer(begun, START).journal) == REQUESTS_PER_CHECKPOINT
        large = {"text": "x" * (BYTES_PER_CHECKPOINT // 2)}
        for number in range(3):
            requests.ask(asked(f"l{number}", context=large), durable=False)
        assert len(requests.answer(begun, START).journal) == 2
        assert requests

    run(scenario)


def test_whom_nobody_waits_for_any_more_is_not_answered() -> None:
    def scenario(requests: Requests) -> None:
        requests.ask(asked("k"), durable=False).cancel()
        assert not requests.answer(begun, START)

    run(scenario)
