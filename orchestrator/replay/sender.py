"""Sends records in batches, and knows from the acknowledgements where they are."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from orchestrator.errors import InfrastructureError, SettingsError
from orchestrator.kafka import names
from orchestrator.kafka.client import client_options, connection
from orchestrator.kafka.metadata import describe
from orchestrator.replay.recording import Recorded
from orchestrator.settings import Settings
from orchestrator.streams.headers import TIME
from orchestrator.streams.homes import home

_BATCH_BYTES: Final = 512 * 1024


@dataclass(slots=True)
class Sending:
    """A chunk on its way: the acknowledgement of each batch, with its place and its count of records."""

    batches: list[tuple[tuple[str, int], int, Awaitable[Any]]] = field(default_factory=list)


class Sender:
    """A producer to the input topics; every record goes where the default partitioner puts its key.

    ``ends`` has the next offset after everything of ours that was acknowledged, by logical topic and partition number;
    ``marks`` that of the last mark of time in each partition of ``customer-events``.
    """

    def __init__(self, settings: Settings, bootstrap: str) -> None:
        self.partitions = 0
        self.ends: dict[tuple[str, int], int] = {}
        self.marks: dict[int, int] = {}
        self.sent: Counter[str] = Counter()
        self._settings = settings
        self._bootstrap = bootstrap
        self._producer: AIOKafkaProducer | None = None

    async def __aenter__(self) -> Self:
        self.partitions = await _partition_count(self._settings, self._bootstrap)
        producer = AIOKafkaProducer(
            **client_options(self._settings, self._bootstrap),
            acks="all",
            enable_idempotence=True,
            linger_ms=0,
            max_batch_size=_BATCH_BYTES,
            max_request_size=2 * _BATCH_BYTES,
        )
        try:
            await producer.start()
        except KafkaError as error:
            raise InfrastructureError(f"Kafka at {self._bootstrap} takes no producer: {error}") from error
        self._producer = producer
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._producer is not None:
            await self._producer.stop()

    async def send(self, records: Iterable[Recorded]) -> Sending:
        """Hands the records to Kafka in their order within each partition."""
        assert self._producer is not None
        producer, sending, partitions = self._producer, Sending(), self.partitions
        batches: dict[tuple[str, int], Any] = {}
        now = time.time_ns() // 1_000_000
        for record in records:
            place = (record.topic, home(record.key.decode("utf-8", "replace"), partitions))
            batch = batches.get(place)
            if batch is None:
                batch = batches[place] = producer.create_batch()
            if batch.append(key=record.key or None, value=record.value, timestamp=now) is None:
                await self._dispatch(sending, place, batch)
                batch = batches[place] = producer.create_batch()
                if batch.append(key=record.key or None, value=record.value, timestamp=now) is None:
                    raise InfrastructureError(
                        f"a line of {len(record.value)} bytes is too large for Kafka: leave it out"
                    )
        for place, batch in batches.items():
            await self._dispatch(sending, place, batch)
        return sending

    async def acknowledged(self, sending: Sending) -> None:
        """Waits until Kafka has all of it."""
        for place, count, acknowledgement in sending.batches:
            self.ends[place] = await _acknowledged(acknowledgement) + count
            self.sent[place[0]] += count

    async def mark(self, until: int) -> None:
        """Tells every partition number that all records up to ``until`` (UTC ms) have been sent."""
        assert self._producer is not None
        topic = self._settings.topic(names.CUSTOMER_EVENTS)
        waiting = {}
        for number in range(self.partitions):
            ends = {topic: end for (topic, partition), end in self.ends.items() if partition == number}
            header = (TIME, orjson.dumps({"until": until, "ends": ends}))
            batch = self._producer.create_batch()
            batch.append(key=None, value=None, timestamp=time.time_ns() // 1_000_000, headers=[header])
            waiting[number] = await self._producer.send_batch(batch, topic, partition=number)
        for number, acknowledgement in waiting.items():
            self.marks[number] = await _acknowledged(acknowledgement) + 1

    def expected(self) -> dict[int, Mapping[str, int]]:
        """By partition number: the next offsets, by logical topic, of whoever has read all that was sent."""
        return {
            number: {topic: end for (topic, partition), end in self.ends.items() if partition == number}
            | {names.CUSTOMER_EVENTS: self.marks[number]}
            for number in self.marks
        }

    async def _dispatch(self, sending: Sending, place: tuple[str, int], batch: Any) -> None:
        assert self._producer is not None
        topic, partition = place
        try:
            acknowledgement = await self._producer.send_batch(batch, self._settings.topic(topic), partition=partition)
        except KafkaError as error:
            raise InfrastructureError(
                f"Kafka doesn't take records on {self._settings.topic(topic)}: {error}"
            ) from error
        sending.batches.append((place, batch.record_count(), acknowledgement))


async def _acknowledged(acknowledgement: Awaitable[Any]) -> int:
    try:
        return int((await acknowledgement).offset)
    except (KafkaError, asyncio.CancelledError) as error:
        if isinstance(error, asyncio.CancelledError):
            raise
        raise InfrastructureError(f"Kafka did not take what was sent: {error}") from error


async def _partition_count(settings: Settings, bootstrap: str) -> int:
    wanted = {settings.topic(logical) for logical in names.INPUT_TOPICS}
    async with connection(settings, bootstrap) as opened:
        states = await describe(opened, wanted)
    missing = sorted(wanted - states.keys())
    if missing:
        raise SettingsError(f"topics are missing: {', '.join(missing)}; create them with 'orchestrator topics apply'")
    counts = {state.partitions for state in states.values() if not state.hidden}
    if len(counts) != 1:
        raise SettingsError(
            "the input topics need one number of partitions, and our user the right to see them: "
            "see 'orchestrator topics list'"
        )
    return counts.pop()
