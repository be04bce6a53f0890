"""Rules of this file: this is the one place where state changes, in this order.

Exactly once:
1. the batch ran through the engine against an in-memory write set; nothing touched disk;
2. begin the transaction; append actions, forwards, decisions, journal, one changelog record per
   touched customer and one meta record; await every acknowledgement (with produce requests still in
   flight, the broker's check of the offsets would collide with its check of the records);
3. add the source offsets; commit;
4. write the write set, the timer index and the meta record to the store in one WriteBatch.
A crash before 3 leaves no trace, one between 3 and 4 is healed from the changelog.

At least once: actions, forwards and logs acknowledged, then the changelog, then the offsets, then the
store; in another order a remembered message id would swallow an action that never left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Final, Protocol

import orjson
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.structs import RecordMetadata

from orchestrator.kafka import names
from orchestrator.streams.reference import versions_of
from orchestrator.streams.store import Meta, Store
from orchestrator.streams.work import Output, Work

META_KEY: Final = b"\x00meta"
JOURNAL_KEY: Final = b"\x00journal"


class Checkpoint(Protocol):
    """A guarantee: how one partition number's work becomes durable."""

    async def save(self, work: Work, store: Store, meta: Meta, now: int, wall: int) -> Meta:
        """Makes the work durable and visible; the meta record of the new state. Raises KafkaError.

        ``now`` is the time that the work goes by, perhaps the data's; records bear ``wall``: topics delete by age.
        """


def _untimed(stage: str) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Destination:
    """Where records go: real topic names, and the partition number whose state this is; ``stage`` takes the time."""

    topic: Callable[[str], str]
    partition: int
    stage: Callable[[str], AbstractContextManager[None]] = _untimed


class ExactlyOnce:
    """One transaction for all; ``producer`` has this partition number's transactional id."""

    def __init__(self, producer: AIOKafkaProducer, destination: Destination, group: str) -> None:
        self._producer = producer
        self._destination = destination
        self._group = group

    async def save(self, work: Work, store: Store, meta: Meta, now: int, wall: int) -> Meta:
        """As ``Checkpoint.save``."""
        producer, destination = self._producer, self._destination
        records = work.writes()
        following = _following(meta, work, now, wall)
        with destination.stage("publish"):
            await producer.begin_transaction()
            said = await send(producer, destination, [*work.outputs, journal(work)], wall)
            changed = await send(producer, destination, changelog(records, following, destination.partition), wall)
            last = await acknowledged([*said, *changed])
        with destination.stage("commit"):
            offsets = source_offsets(work, destination)
            if offsets:
                await producer.send_offsets_to_transaction(offsets, self._group)
            await producer.commit_transaction()
        with destination.stage("store"):
            return apply(store, work, records, following, last)


class AtLeastOnce:
    """Ordered acknowledgements; ``commit`` commits the offsets with the group's generation."""

    def __init__(
        self,
        producer: AIOKafkaProducer,
        destination: Destination,
        commit: Callable[[Mapping[TopicPartition, int]], Awaitable[None]],
    ) -> None:
        self._producer = producer
        self._destination = destination
        self._commit = commit

    async def save(self, work: Work, store: Store, meta: Meta, now: int, wall: int) -> Meta:
        """As ``Checkpoint.save``."""
        producer, destination = self._producer, self._destination
        records = work.writes()
        following = _following(meta, work, now, wall)
        with destination.stage("publish"):
            await acknowledged(await send(producer, destination, [*work.outputs, journal(work)], wall))
            changed = changelog(records, following, destination.partition)
            last = await acknowledged(await send(producer, destination, changed, wall))
        with destination.stage("commit"):
            offsets = source_offsets(work, destination)
            if offsets:
                await self._commit(offsets)
        with destination.stage("store"):
            return apply(store, work, records, following, last)


def journal(work: Work) -> Output:
    """What was read and fired, in order: enough to run the same steps again."""
    value = {"kind": "journal", "partition": work.partition, "env": work.env.version, "entries": work.journal}
    versions = versions_of(work.references)
    if versions:
        value["references"] = versions
    return Output(names.JOURNEY_LOG, work.partition, JOURNAL_KEY, orjson.dumps(value), [])


def changelog(records: Mapping[bytes, bytes | None], meta: Meta, partition: int) -> list[Output]:
    """One record per touched customer; the meta record is the last, so that whoever has it has all."""
    outputs = [Output(names.CHANGELOG, partition, key, value, []) for key, value in records.items()]
    outputs.append(Output(names.CHANGELOG, partition, META_KEY, meta.encode(), []))
    return outputs


def apply(store: Store, work: Work, records: Mapping[bytes, bytes | None], meta: Meta, last: int) -> Meta:
    """The last step: the store takes what the log has, up to the meta record at offset ``last``."""
    applied = replace(meta, meta_offset=last, changelog_next=last + 1)
    store.write(records, work.timers(), applied)
    return applied


def source_offsets(work: Work, destination: Destination) -> dict[TopicPartition, int]:
    """The next offset of each input topic that the work read."""
    return {
        TopicPartition(destination.topic(topic), destination.partition): offset
        for topic, offset in work.offsets.items()
    }


@dataclass(frozen=True, slots=True)
class Sent:
    """A batch on its way: its acknowledgement gives the offset of the first of ``count`` records."""

    acknowledgement: Awaitable[RecordMetadata]
    count: int


async def send(
    producer: AIOKafkaProducer, destination: Destination, outputs: Iterable[Output], wall: int
) -> list[Sent]:
    """Appends the records in as few batches as they fit in; they keep their order within a partition."""
    grouped: dict[tuple[str, int], list[Output]] = {}
    for output in outputs:
        grouped.setdefault((output.topic, output.partition), []).append(output)
    sent: list[Sent] = []
    for (topic, partition), group in grouped.items():
        name = destination.topic(topic)
        batch = producer.create_batch()
        for output in group:
            if batch.append(key=output.key, value=output.value, timestamp=wall, headers=output.headers) is None:
                sent.append(Sent(await producer.send_batch(batch, name, partition=partition), batch.record_count()))
                batch = producer.create_batch()
                batch.append(key=output.key, value=output.value, timestamp=wall, headers=output.headers)
        sent.append(Sent(await producer.send_batch(batch, name, partition=partition), batch.record_count()))
    return sent


async def acknowledged(sent: list[Sent]) -> int:
    """Waits for all; the offset of the last record of the last batch."""
    placed = await asyncio.gather(*(batch.acknowledgement for batch in sent))
    return int(placed[-1].offset) + sent[-1].count - 1


def _following(meta: Meta, work: Work, now: int, wall: int) -> Meta:
    offsets = {**meta.offsets, **work.offsets}
    return replace(meta, offsets=offsets, env=work.following or work.env.version, clock_ms=now, applied_at=wall)
