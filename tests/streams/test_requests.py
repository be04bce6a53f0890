"""Requests between records: answered in a step, told when they should be, and done again by the oracle."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any, Final

import orjson
import pytest

from orchestrator.engine import Request
from orchestrator.engine.home import NO_REFERENCES
from orchestrator.errors import InfrastructureError, RequestRefused
from orchestrator.journeys.compile import compile_env
from orchestrator.kafka import names
from orchestrator.streams.checkpoint import apply
from orchestrator.streams.metrics import Metrics
from orchestrator.streams.order import WallOrder
from orchestrator.streams.partition import Partition, Surroundings
from orchestrator.streams.recent import Recent
from orchestrator.streams.requests import BYTES_PER_CHECKPOINT, REQUESTS_PER_CHECKPOINT, Requests, moved
from orchestrator.streams.store import Meta, Store
from orchestrator.streams.work import Work
from orchestrator.testing import oracle
from orchestrator.testing.driver import TestRecord
from orchestrator.testing.texts import pack_of
from tests.streams.cluster import Cluster, Crash, Crashed, MemoryStore
from tests.streams.world import DAY, INTAKE, LIMITS, LIMITS_IN_FORCE, MINUTE, START, WHOLE_ENV, Sent

CALLED: Final = """
channels:
  note: {address: id, consent: none, content: {text: {}}}
---
action: hello
channel: note
content: {text: hello}
---
journey: call
entry: {on: Call Started}
steps: [{act: hello}]
"""
CALLED_ENV: Final = compile_env(pack_of(CALLED), **LIMITS_IN_FORCE.model_dump())


def asked(id_: str, customer: str = "u:ada", **more: Any) -> Request:
    return Request(customer, id_, "note", caller="test", **more)


def begun() -> Work:
    return Work(0, 1, WHOLE_ENV, INTAKE, lambda _: None)


def run(scenario: Callable[[Requests], Coroutine[Any, Any, None]]) -> None:
    async def inside() -> None:
        await scenario(Requests(begun))

    asyncio.run(inside())


def taken(requests: Requests) -> list[str]:
    """The ids of those that the next checkpoint has."""
    journal = requests.in_hand().work.journal
    requests.close()
    return [entry[3]["id"] for entry in journal]


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
    async def scenario(requests: Requests) -> None:
        plain, durable = (requests.ask(asked(id_), durable=id_ == "d") for id_ in ("p", "d"))
        requests.answer(START)
        assert (plain.done(), durable.done()) == (True, False)
        hand = requests.in_hand()
        requests.close()
        hand.written()
        assert durable.done()
        assert not requests

    run(scenario)


def test_whoever_asks_a_partition_that_goes_is_told_to_ask_again() -> None:
    async def scenario(requests: Requests) -> None:
        taken_along = requests.ask(asked("a"), durable=True)
        requests.answer(START)
        requests.close()
        ahead = requests.ask(asked("b"), durable=True)
        requests.answer(START)
        waiting = requests.ask(asked("c"), durable=False)
        requests.fail(moved(0))
        for future in (taken_along, ahead, waiting):
            with pytest.raises(InfrastructureError, match="another worker"):
                await future

    run(scenario)


def test_what_is_refused_is_refused_alone() -> None:
    async def scenario(requests: Requests) -> None:
        bad = requests.ask(Request("u:ada", "b", "nowhere", caller="test"), durable=True)
        good = requests.ask(asked("g"), durable=False)
        requests.answer(START)
        assert taken(requests) == ["g"]
        assert (await good)["channel"] == "note"  # type: ignore[index]
        with pytest.raises(RequestRefused):
            await bad

    run(scenario)


def test_a_request_that_finds_a_bug_leaves_nothing_behind() -> None:
    async def scenario(requests: Requests) -> None:
        before = requests.ask(asked("a"), durable=False)
        bug = requests.ask(asked("b", places="two"), durable=False)
        after = requests.ask(asked("c"), durable=False)
        requests.answer(START)
        assert taken(requests) == ["a", "c"]
        assert await before != await after
        with pytest.raises(TypeError):
            await bug

    run(scenario)


def test_a_checkpoint_takes_only_what_its_journal_can_hold() -> None:
    async def scenario(requests: Requests) -> None:
        for number in range(REQUESTS_PER_CHECKPOINT + 1):
            requests.ask(asked(f"k{number}"), durable=False)
        requests.answer(START)
        assert len(taken(requests)) == REQUESTS_PER_CHECKPOINT
        requests.answer(START)
        assert taken(requests) == [f"k{REQUESTS_PER_CHECKPOINT}"]
        large = {"text": "x" * (BYTES_PER_CHECKPOINT // 2)}
        for number in range(3):
            requests.ask(asked(f"l{number}", context=large), durable=False)
        requests.answer(START)
        assert taken(requests) == ["l0"]

    run(scenario)


def test_whom_nobody_waits_for_any_more_is_not_answered() -> None:
    async def scenario(requests: Requests) -> None:
        requests.ask(asked("k"), durable=False).cancel()
        requests.answer(START)
        assert taken(requests) == []

    run(scenario)


class Slow:
    """A checkpoint that is open until the test lets it go."""

    def __init__(self) -> None:
        self.opened: asyncio.Queue[Work] = asyncio.Queue()
        self.may_end = asyncio.Semaphore(0)
        self.fails = False

    async def save(self, work: Work, store: Store, meta: Meta, now: int, wall: int) -> Meta:
        records = work.writes()
        self.opened.put_nowait(work)
        await self.may_end.acquire()
        if self.fails:
            raise InfrastructureError("Kafka is gone")
        return apply(store, work, records, meta, 0)


class Alone:
    """A partition with a slow checkpoint."""

    def __init__(self) -> None:
        self.checkpoint, self.store = Slow(), MemoryStore()
        envs: Any = SimpleNamespace(env=lambda _: CALLED_ENV, why_not=lambda _: "")
        self.store.close = lambda: None  # type: ignore[attr-defined]
        self.lost: list[BaseException] = []

        async def horizons(number: int) -> dict[str, Any]:
            return {}

        around = Surroundings(
            lambda: START,
            horizons,
            lambda *_: None,
            lambda *_: None,
            lambda _, error: self.lost.append(error),
            lambda: NO_REFERENCES,
        )
        store: Any = self.store
        self.partition = Partition(
            0, envs, INTAKE, store, Meta(1, "life"), self.checkpoint, WallOrder(), Metrics(), around, Recent(START)
        )
        self.partition.start()

    def see(self, name: str, count: int = 1) -> None:
        calls = [
            {"type": "track", "event": name, "userId": "ada", "messageId": f"m{n}", "timestamp": START}
            for n in range(count)
        ]
        values = [orjson.dumps(call) for call in calls]
        self.partition.offer("events.click", [TestRecord(0, n, START, b"ada", v, []) for n, v in enumerate(values)])

    async def ask(self, id_: str, *, durable: bool = False) -> list[str]:
        answer: Any = await self.partition.ask(asked(id_, places=5), durable=durable)
        return [action["journey"] for action in answer["actions"]]

    async def stop(self) -> None:
        for _ in range(9):
            self.checkpoint.may_end.release()
        await self.partition.stop()


def alone(scenario: Callable[[Alone], Coroutine[Any, Any, None]]) -> None:
    async def inside() -> None:
        there = Alone()
        try:
            await scenario(there)
        finally:
            await there.stop()

    asyncio.run(inside())


def test_nobody_waits_for_the_checkpoint_that_is_open_and_its_work_counts() -> None:
    async def scenario(there: Alone) -> None:
        there.see("Call Started")
        await there.checkpoint.opened.get()
        assert await there.ask("k") == ["call"]
        assert there.store.records == {}
        there.checkpoint.may_end.release()
        following = await there.checkpoint.opened.get()
        assert [entry[0] for entry in following.journal] == ["request"]

    alone(scenario)


def test_what_is_durable_waits_for_its_own_checkpoint() -> None:
    async def scenario(there: Alone) -> None:
        there.see("Call Started")
        await there.checkpoint.opened.get()
        durable = asyncio.create_task(there.ask("k", durable=True))
        there.checkpoint.may_end.release()
        await there.checkpoint.opened.get()
        assert not durable.done()
        there.checkpoint.may_end.release()
        assert await durable == ["call"]

    alone(scenario)


def test_records_go_on_in_the_work_that_answers_began() -> None:
    async def scenario(there: Alone) -> None:
        assert await there.ask("k") == []
        there.see("Call Started")
        work = await there.checkpoint.opened.get()
        assert [entry[0] for entry in work.journal] == ["request", "events.click"]
        assert await there.ask("l") == ["call"]

    alone(scenario)


def test_who_asks_in_the_middle_of_a_batch_is_answered_there() -> None:
    async def scenario(there: Alone) -> None:
        there.see("Page Viewed", count=2_000)
        opened = asyncio.create_task(there.checkpoint.opened.get())
        while there.partition._order.pending in (0, 2_000):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)
        await there.ask("k")
        assert not opened.done()
        kinds = [entry[0] for entry in (await opened).journal]
        assert kinds == ["events.click", "request", "events.click"]

    alone(scenario)


def test_an_answer_that_was_given_is_kept_when_the_worker_stops() -> None:
    async def scenario(there: Alone) -> None:
        there.see("Call Started")
        await there.checkpoint.opened.get()
        await there.ask("k")
        await there.stop()
        assert any(key.endswith(b"answers") for key in there.store.records)
        with pytest.raises(InfrastructureError):
            await there.ask("l")

    alone(scenario)


def test_who_waits_for_a_checkpoint_that_fails_is_told_to_ask_again() -> None:
    async def scenario(there: Alone) -> None:
        there.see("Call Started")
        await there.checkpoint.opened.get()
        durable = asyncio.create_task(there.ask("k", durable=True))
        await asyncio.sleep(0)
        there.checkpoint.fails = True
        there.checkpoint.may_end.release()
        with pytest.raises(InfrastructureError, match="begins anew"):
            await durable
        assert len(there.lost) == 1

    alone(scenario)
