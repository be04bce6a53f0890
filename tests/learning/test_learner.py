"""Learners on a real broker: killed, joined by another and stopped, they count each outcome once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from prometheus_client import CollectorRegistry

from orchestrator.commands.models import learned_of
from orchestrator.kafka import names, topics
from orchestrator.kafka.client import client_options
from orchestrator.learning.learner import Learner, read_parts
from orchestrator.learning.metrics import LearnerMetrics
from orchestrator.learning.outcomes import Outcomes
from orchestrator.learning.snapshot import Part
from orchestrator.settings import Settings
from tests.learning.lines import line, logged
from tests.learning.test_outcomes import row

PATIENCE_S = 60.0
PARTITIONS = 2
OUTCOMES: tuple[list[tuple[str, dict[str, Any]]], ...] = (
    [("published", {}), ("opened", {}), ("clicked", {"was": "opened", "followed": True})],
    [("published", {"action": "lock", "channel": "sms"}), ("failed", {"action": "lock", "channel": "sms"})],
)


@pytest.fixture
def settings(tmp_path: Path, bootstrap: str, prefix: str) -> Settings:
    return Settings.load(
        tmp_path,
        kafka=bootstrap,
        prefix=prefix,
        group=f"{prefix}group",
        partitions=PARTITIONS,
        session_timeout="6 seconds",
        learning_every="100 ms",
    )


class Log:
    """``journey-log`` of one test, and the counts that it amounts to."""

    def __init__(self, settings: Settings, bootstrap: str) -> None:
        self._topic = settings.topic(names.JOURNEY_LOG)
        self._producer = AIOKafkaProducer(
            **client_options(settings, bootstrap), transactional_id=f"{self._topic}-test", acks="all"
        )
        self.counts = [Outcomes() for _ in range(PARTITIONS)]

    async def write(self, times: int) -> None:
        """Adds the outcomes so often; of each two transactions one is given up, as a worker's may be."""
        for number in range(times):
            await self._producer.begin_transaction()
            for partition, told in enumerate(OUTCOMES):
                await self._producer.send(self._topic, b'{"kind":"journal","entries":[]}', partition=partition)
                for what, fields in told:
                    await self._producer.send(self._topic, logged(what, **fields), partition=partition)
                    if number % 2 == 0:
                        self.counts[partition].take(line(what, **fields))
            await (self._producer.abort_transaction() if number % 2 else self._producer.commit_transaction())

    async def __aenter__(self) -> Log:
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()


class Learners:
    """Learners of one group, and what they have written."""

    def __init__(self, settings: Settings, bootstrap: str) -> None:
        self._settings = settings
        self._options = client_options(settings, bootstrap)

    def start(self) -> tuple[Learner, asyncio.Task[None]]:
        learner = Learner(self._options, self._settings, LearnerMetrics(CollectorRegistry()))
        return learner, asyncio.create_task(learner.run())

    async def parts(self) -> dict[str, Part]:
        return await read_parts(self._options, self._settings)

    async def outcomes(self) -> list[Part]:
        return [part for _, part in sorted((await self.parts()).items()) if isinstance(part.counts, Outcomes)]

    async def until(self, counts: Sequence[Outcomes]) -> None:
        """Waits until what is written is exactly that."""
        wanted = [each.plain() for each in counts]
        deadline = time.monotonic() + PATIENCE_S
        while (found := [part.counts.plain() for part in await self.outcomes()]) != wanted:
            assert time.monotonic() < deadline, f"found {found}, not {wanted}"
            await asyncio.sleep(0.05)


def test_killed_joined_by_another_and_stopped_they_count_each_outcome_once(settings: Settings, bootstrap: str) -> None:
    asyncio.run(_live(settings, bootstrap))


async def _live(settings: Settings, bootstrap: str) -> None:
    await topics.apply(settings, bootstrap, ())
    learners = Learners(settings, bootstrap)
    async with Log(settings, bootstrap) as log:
        await log.write(3)
        first, running = learners.start()
        await learners.until(log.counts)

        await log.write(3)
        second, beside = learners.start()
        await learners.until(log.counts)

        running.cancel()
        await asyncio.wait([running])
        await log.write(3)
        await learners.until(log.counts)

        await log.write(2)
        second.stop()
        await beside
        offsets = {key: part.offset for key, part in (await learners.parts()).items()}
        third, again = learners.start()
        await learners.until(log.counts)
        third.stop()
        await again

    learned = await learned_of(settings)
    assert learned.followed["lights", "email"].succeeded == row(log.counts[0])[-1]
    assert all(part.offset >= offsets[key] for key, part in (await learners.parts()).items())
    first.stop()
