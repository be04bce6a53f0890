"""A bug of ours stops the partition that it is in, loudly; the others go on, and nothing is lost."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition

from orchestrator import engine
from orchestrator.streams.homes import home
from tests.faults.harness import PATIENCE_S, Stage
from tests.faults.inside import inside, until

USERS = [f"user-{n}" for n in range(20)]


def committed(stage: Stage, number: int) -> int:
    """The group's next offset of the clicks of a partition number."""
    consumer = Consumer({"bootstrap.servers": stage.bootstrap, "group.id": stage.settings.group})
    try:
        place = TopicPartition(stage.settings.topic("events.click"), number)
        return consumer.committed([place], timeout=PATIENCE_S)[0].offset
    finally:
        consumer.close()


def test_a_bug_stops_one_partition(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    on_event = engine.on_event
    sick = home("poisoned", 4)

    def fails(env: Any, record: Any, event: Any, now: int, key: str, at_home: Any) -> Any:
        if event.user_id == "poisoned":
            raise ZeroDivisionError("for a test")
        return on_event(env, record, event, now, key, at_home)

    def answered() -> set[str]:
        return {action["customer_id"] for action in stage.catch_up().actions("web")}

    async def break_it() -> None:
        monkeypatch.setattr(engine, "on_event", fails)
        async with inside(stage) as worker:
            await worker.wait_ready()
            await asyncio.to_thread(stage.produce, [stage.event(user, "Said", n=1) for user in USERS])
            await asyncio.to_thread(stage.settle)
            before = await asyncio.to_thread(committed, stage, sick)
            await asyncio.to_thread(stage.produce, [stage.event("poisoned", "Said", n=1)])
            await until("the bug", lambda: worker.worker.not_ready() is not None, worker.task)
            reason = f"partition {sick} stands still because of a bug: see the log"
            assert await worker.get("/health/ready") == (503, f"{reason}\n")
            assert (await worker.get("/health/live"))[0] == 200
            assert f'orchestrator_partition_failed{{partition="{sick}"}} 1.0' in (await worker.get("/metrics"))[1]
            await asyncio.to_thread(stage.produce, [stage.event(user, "Asked", n=2) for user in USERS])
            others = {user for user in USERS if home(user, 4) != sick}
            assert 0 < len(others) < len(USERS)

            def others_answered() -> bool:
                found = {
                    action["customer_id"] for action in stage.catch_up().actions("web") if action["step"] == "act-offer"
                }
                return found >= others

            await until("the other partitions to go on", others_answered, worker.task)
            assert await asyncio.to_thread(committed, stage, sick) == before

    async def mend_it() -> None:
        monkeypatch.setattr(engine, "on_event", on_event)
        async with inside(stage) as worker:
            await worker.wait_ready()
            await asyncio.to_thread(stage.settle)

    with caplog.at_level(logging.CRITICAL):
        asyncio.run(break_it())
    [said] = [record for record in caplog.records if record.levelno == logging.CRITICAL]
    assert f"partition {sick} stopped" in said.getMessage()
    assert said.exc_info is not None
    assert "poisoned" not in answered()
    asyncio.run(mend_it())
    assert answered() == {*USERS, "poisoned"}
    assert stage.problems() == []
