"""Offsets move with a checkpoint, or not at all."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError

from orchestrator.streams import checkpoint
from orchestrator.streams.store import Store
from tests.faults.harness import Stage
from tests.faults.inside import inside, until
from tests.faults.load import Load, links


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each kind of request was sent to the broker from this process."""
    sent: Counter[str] = Counter()
    send = AIOKafkaClient.send

    async def counted(self: AIOKafkaClient, node_id: Any, request: Any, **kwargs: Any) -> Any:
        sent[type(request).__name__] += 1
        return await send(self, node_id, request, **kwargs)

    monkeypatch.setattr(AIOKafkaClient, "send", counted)
    return sent


@pytest.mark.parametrize("guarantee", ["exactly_once", "at_least_once"])
def test_how_offsets_are_committed(stage: Stage, requests: Counter[str], guarantee: str) -> None:
    """A rebalance and a graceful stop included; at least once shows that this would be seen."""

    async def run() -> None:
        async with inside(stage, guarantee=guarantee) as worker:
            await asyncio.to_thread(stage.produce, [stage.event(f"user-{n % 9}", "Ticked", n=n) for n in range(200)])
            await asyncio.to_thread(stage.settle)
            assert worker.worker.app is not None
            worker.worker.app.ownership.ask_rejoin()
            await until("a rebalance", lambda: worker.worker.not_ready() is not None, worker.task)
            await worker.wait_ready()
            await asyncio.to_thread(stage.produce, [stage.event(f"user-{n % 9}", "Ticked", n=n) for n in range(200)])
            await asyncio.to_thread(stage.settle)
        assert stage.members() == 0

    asyncio.run(run())
    assert stage.problems() == []
    if guarantee == "exactly_once":
        assert requests["TxnOffsetCommitRequest"] > 0
        assert requests["OffsetCommitRequest"] == 0
    else:
        assert requests["OffsetCommitRequest"] > 0
        assert requests["TxnOffsetCommitRequest"] == 0


def test_a_failed_checkpoint_is_done_again(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it fails, be it after the commit: the work goes through the group and starts from the log."""
    failures = iter(range(3, 10**9, 5))
    next_failure = next(failures)
    calls = 0

    def maybe_fail() -> None:
        nonlocal calls, next_failure
        calls += 1
        if calls == next_failure and calls < 40:
            next_failure = next(failures)
            raise KafkaConnectionError("for a test")

    acknowledged, write = checkpoint.acknowledged, Store.write

    async def flaky_acknowledged(sent: Any) -> int:
        offset = await acknowledged(sent)
        maybe_fail()
        return offset

    def flaky_write(self: Store, *args: Any) -> None:
        maybe_fail()
        write(self, *args)

    async def run() -> None:
        monkeypatch.setattr(checkpoint, "acknowledged", flaky_acknowledged)
        monkeypatch.setattr(Store, "write", flaky_write)
        async with inside(stage) as worker:
            with await asyncio.to_thread(Load, stage, 500) as load:
                await until("some failures", lambda: calls > 40, worker.task)
                await worker.wait_ready()
            seen = await asyncio.to_thread(stage.settle)
            assert links(seen.actions("crm")) == load.expected()
            assert "orchestrator_rejoins_total 0.0" not in (await worker.get("/metrics"))[1]

    asyncio.run(run())
    assert stage.problems() == []
