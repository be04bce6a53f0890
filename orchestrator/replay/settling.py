"""Waiting until the workers have decided everything, known from what they commit and never from the clock.

A mark of time goes to each partition of ``customer-events``. Once every partition number has it behind it, what came
before it is decided, but may have sent messages to other numbers. So another round of marks follows, until one finds
nothing between itself and the last.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from orchestrator.errors import InfrastructureError
from orchestrator.kafka import names
from orchestrator.kafka.client import client_options
from orchestrator.replay.sender import Sender
from orchestrator.settings import Settings
from orchestrator.streams.checkpoint import META_KEY
from orchestrator.streams.store import Meta

_POLL_MS: Final = 100
_STALLED_S: Final = 60.0


async def settle(settings: Settings, bootstrap: str, sender: Sender, until: int) -> None:
    """Lets the data's time go on to ``until`` (UTC ms) and returns when all that is due by then is decided.

    Raises:
        InfrastructureError: when the workers stand still.
    """
    topic = settings.topic(names.CHANGELOG)
    partitions = [TopicPartition(topic, number) for number in range(sender.partitions)]
    consumer = AIOKafkaConsumer(
        **client_options(settings, bootstrap),
        group_id=None,
        enable_auto_commit=False,
        isolation_level="read_committed",
        fetch_max_wait_ms=20,
    )
    try:
        await consumer.start()
        consumer.assign(partitions)
        await consumer.seek_to_end(*partitions)
        # The end is looked up when it is asked for: a mark that is decided before would never be seen.
        for partition in partitions:
            await consumer.position(partition)
        await _rounds(consumer, sender, until)
    except KafkaError as error:
        raise InfrastructureError(f"Kafka doesn't tell how far the workers are: {error}") from error
    finally:
        await consumer.stop()


async def workers_run(settings: Settings, bootstrap: str) -> bool:
    """Whether the group has members."""
    admin = AIOKafkaAdminClient(**client_options(settings, bootstrap))
    try:
        await admin.start()
        answers = await admin.describe_consumer_groups([settings.group])
    except KafkaError as error:
        raise InfrastructureError(f"Kafka doesn't tell who is in group {settings.group}: {error}") from error
    finally:
        await admin.close()
    return any(bool(group[5]) for answer in answers for group in answer.groups)


async def _rounds(consumer: Any, sender: Sender, until: int) -> None:
    stand: dict[int, Meta] = {}
    while True:
        before = dict(sender.marks)
        await sender.mark(until)
        await _passed(consumer, sender, until, stand)
        if all(end == before.get(number, -1) + 1 for number, end in sender.marks.items()):
            return


async def _passed(consumer: Any, sender: Sender, until: int, stand: dict[int, Meta]) -> None:
    """Until every partition number has read all that we sent, and its clock stands at ``until``."""
    expected = sender.expected()
    heard = time.monotonic()
    while not all(_has_passed(stand.get(number), ends, until) for number, ends in expected.items()):
        fetched = await consumer.getmany(timeout_ms=_POLL_MS)
        for partition, records in fetched.items():
            metas = [record.value for record in records if record.key == META_KEY]
            if metas:
                stand[partition.partition] = Meta.decode(metas[-1])
                heard = time.monotonic()
        if time.monotonic() - heard > _STALLED_S:
            raise InfrastructureError(
                f"the workers have decided nothing for {_STALLED_S:g} s, though not all is decided: see their logs"
            )
        await asyncio.sleep(0)


def _has_passed(meta: Meta | None, ends: Any, until: int) -> bool:
    if meta is None or meta.clock_ms < until:
        return False
    return all(meta.offsets.get(topic, 0) >= end for topic, end in ends.items())
