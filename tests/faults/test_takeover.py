"""How a worker takes its partitions over, and what it does when it cannot."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError

from orchestrator.errors import OrchestratorError
from orchestrator.streams.ownership import Ownership
from orchestrator.streams.restore import ChangelogReader
from orchestrator.streams.transport import ConsumerThread
from tests.faults.harness import PATIENCE_S, Stage
from tests.faults.inside import inside, until


def test_not_ready_while_restoring(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    restore = ChangelogReader.restore

    async def run() -> None:
        going = asyncio.Event()

        async def slow(self: ChangelogReader, numbers: list[int]) -> Any:
            await going.wait()
            return await restore(self, numbers)

        monkeypatch.setattr(ChangelogReader, "restore", slow)
        async with inside(stage) as worker:
            await until("the take-over", lambda: worker.worker.not_ready() == "restoring or rebalancing", worker.task)
            assert await worker.get("/health/ready") == (503, "restoring or rebalancing\n")
            assert await worker.get("/health/live") == (200, "live\n")
            going.set()
            await worker.wait_ready()
            assert await worker.get("/health/ready") == (200, "ready\n")

    asyncio.run(run())


def test_a_broken_take_over_ends_the_worker(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than being not ready for ever."""

    async def broken(self: ChangelogReader, numbers: list[int]) -> Any:
        raise RuntimeError("nobody thought of this")

    async def run() -> None:
        monkeypatch.setattr(ChangelogReader, "restore", broken)
        async with inside(stage) as worker, asyncio.timeout(PATIENCE_S):
            await worker.task

    with pytest.raises(OrchestratorError, match="nobody thought of this"):
        asyncio.run(run())


@pytest.mark.parametrize(
    ("owner", "name"),
    [(ChangelogReader, "restore"), (Ownership, "positions"), (ConsumerThread, "seek_all")],
    ids=["restore", "positions", "seek"],
)
def test_a_failed_take_over_is_tried_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, owner: type, name: str
) -> None:
    original = getattr(owner, name)
    failures = iter([KafkaConnectionError("for a test"), KafkaConnectionError("for a test")])

    async def flaky(*args: Any, **kwargs: Any) -> Any:
        failure = next(failures, None)
        if failure is not None:
            raise failure
        return await original(*args, **kwargs)

    async def run() -> None:
        monkeypatch.setattr(owner, name, flaky)
        async with inside(stage) as worker:
            await worker.wait_ready()

    asyncio.run(run())


def test_damaged_state_is_rebuilt(stage: Stage) -> None:
    worker = stage.start_worker()
    stage.produce(stage.event(f"user-{n % 50}", "Ticked", n=n // 50) for n in range(500))
    stage.settle()
    worker.stop()
    for number, wrong in enumerate(("CURRENT", "MANIFEST", ".sst", ".log")):
        damaged = [path for path in stage.settings.state_folder.rglob(f"{number}/*") if wrong in path.name]
        assert damaged or wrong == ".sst"
        for path in damaged:
            path.write_bytes(b"garbage" * max(1, path.stat().st_size // 7))
    stage.start_worker()
    stage.produce(stage.event(f"user-{n % 50}", "Ticked", n=n // 50) for n in range(500, 1000))
    stage.settle()
    assert stage.problems() == []
