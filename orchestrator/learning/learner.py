"""Reads ``journey-log`` beside the worker's decisions, counts, and writes what was learned to the topic ``models``.

Learners are a group of their own: each partition of the log has one. What a partition has taught stands in one record
with the offset up to which it goes, so that a restart goes on exactly there: nothing is counted twice or lost. See
``learning/lesson.py`` for why two learners at once do no harm. A learner that fails begins anew from these records, and
disturbs no decision.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from orchestrator.errors import BadRecord
from orchestrator.kafka import names
from orchestrator.learning.lesson import Lesson
from orchestrator.learning.metrics import LearnerMetrics
from orchestrator.learning.snapshot import KINDS, Counts, Part, key_of, read_model
from orchestrator.settings import Settings

_log = logging.getLogger(__name__)

_POLL_MS: Final = 500
_FETCH_BYTES: Final = 1 << 16
_RECORDS_AT_ONCE: Final = 500
_RECORD_BYTES: Final = 8 << 20
"""More than a record can have; compressed, it is what Kafka takes by default."""
_REREAD_MOST: Final = 50_000
"""In records of the log: after so many it is written down where it stands, even if nothing was learned from them."""
_WANTED_S: Final = 2.0
_AGAIN_FIRST_S: Final = 1.0
_AGAIN_LONGEST_S: Final = 60.0
_LEAVE_S: Final = 5.0


class Learner:
    """One member of the group of learners.

    Args:
        wanted: whether there is anything to learn: until then nothing is read.
    """

    def __init__(
        self,
        client_options: Mapping[str, Any],
        settings: Settings,
        metrics: LearnerMetrics,
        wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        self._client_options = dict(client_options)
        self._settings = settings
        self._metrics = metrics
        self._wanted = wanted
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Asks for a graceful end: what was learned is written down."""
        self._stopping.set()

    async def run(self) -> None:
        """Learns until stopped. Raises nothing: what goes wrong is logged and tried again."""
        while not self._wanted() and not await self._rest(_WANTED_S):
            pass
        pause_s = _AGAIN_FIRST_S
        while not self._stopping.is_set():
            session = _Session(self._client_options, self._settings, self._metrics, self._stopping)
            try:
                await session.run()
            except Exception as error:  # noqa: BLE001 - decisions go on with what was learned before
                unknown = not isinstance(error, KafkaError)
                _log.error("learning stopped and will begin anew: %r", error, exc_info=unknown)
                self._metrics.failures.inc()
                if session.learned:
                    pause_s = _AGAIN_FIRST_S
                await self._rest(pause_s)
                pause_s = min(_AGAIN_LONGEST_S, pause_s * 2)

    async def _rest(self, pause_s: float) -> bool:
        """Waits; whether it is time to stop."""
        try:
            async with asyncio.timeout(pause_s):
                await self._stopping.wait()
        except TimeoutError:
            return False
        return True


class _Session(ConsumerRebalanceListener):  # type: ignore[misc]
    """From one start of the clients to their end. ``learned`` tells whether it came so far as to write."""

    def __init__(
        self, client_options: Mapping[str, Any], settings: Settings, metrics: LearnerMetrics, stopping: asyncio.Event
    ) -> None:
        self.learned = False
        self._client_options = client_options
        self._settings = settings
        self._metrics = metrics
        self._stopping = stopping
        self._lessons: dict[TopicPartition, list[Lesson]] = {}
        self._failure: Exception | None = None
        self._consumer = AIOKafkaConsumer(
            **client_options,
            group_id=f"{settings.group}-learn",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            fetch_min_bytes=_FETCH_BYTES,
            fetch_max_wait_ms=_POLL_MS,
            max_poll_records=_RECORDS_AT_ONCE,
            session_timeout_ms=settings.session_timeout,
            heartbeat_interval_ms=min(3_000, settings.session_timeout // 4),
        )
        self._producer = AIOKafkaProducer(
            **client_options,
            acks="all",
            enable_idempotence=True,
            compression_type="gzip",
            max_request_size=_RECORD_BYTES,
        )

    async def run(self) -> None:
        """Raises what went wrong."""
        await self._producer.start()
        try:
            await self._consumer.start()
            self._consumer.subscribe([self._settings.topic(names.JOURNEY_LOG)], listener=self)
            await self._follow()
            await self._write(list(self._lessons), at_least=1)
        finally:
            await self._leave()

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Goes on where the last record of each partition says."""
        try:
            self._consumer.pause(*assigned)
            found = await read_parts(self._client_options, self._settings)
            begins = await self._consumer.beginning_offsets(assigned)
            ends = await self._consumer.end_offsets(assigned)
            for partition in assigned:
                lessons = [_resumed(partition, kind, found, begins[partition], ends[partition]) for kind in KINDS]
                # With no pause between the two: what was fetched from elsewhere must not be counted.
                self._consumer.seek(partition, min(lesson.offset for lesson in lessons))
                self._lessons[partition] = lessons
            self._consumer.resume(*assigned)
        except Exception as error:  # noqa: BLE001 - the client would only log it, and go on without the partitions
            self._failure = error

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Writes down what they have taught, and lets them go."""
        try:
            await self._write([tp for tp in revoked if tp in self._lessons], at_least=1)
        except Exception as error:  # noqa: BLE001 - as above
            self._failure = error
        for partition in revoked:
            self._lessons.pop(partition, None)
            self._metrics.let_go(partition.partition)

    async def _follow(self) -> None:
        every_s = self._settings.learning_every / 1000
        loop = asyncio.get_running_loop()
        write_at = loop.time() + every_s
        while not self._stopping.is_set():
            batches = await self._consumer.getmany(timeout_ms=_POLL_MS)
            if self._failure is not None:
                raise self._failure
            for partition, records in batches.items():
                self._hear(partition, records)
            if loop.time() >= write_at:
                await self._write(list(self._lessons), at_least=_REREAD_MOST)
                await self._show_lag()
                write_at = loop.time() + every_s

    def _hear(self, partition: TopicPartition, records: list[Any]) -> None:
        for lesson in self._lessons.get(partition, ()):
            skipped = lesson.skipped
            for record in records:
                lesson.hear(record.offset, record.value)
            self._metrics.skipped.inc(lesson.skipped - skipped)

    async def _show_lag(self) -> None:
        """By position, which passes over the marks of transactions too."""
        for partition in list(self._lessons):
            end = self._consumer.highwater(partition)
            if end is not None and partition in self._consumer.assignment():
                lag = max(0, end - await self._consumer.position(partition))
                self._metrics.lag.labels(str(partition.partition)).set(lag)

    async def _write(self, partitions: list[TopicPartition], at_least: int) -> None:
        """Writes down what is news, and where so much was read that it should not be read again."""
        topic = self._settings.topic(names.MODELS)
        offsets = {}
        for partition in partitions:
            # Meanwhile the partition may have gone to another.
            for lesson in self._lessons.get(partition, ()):
                if not lesson.has_news and lesson.unwritten < at_least:
                    continue
                offset, (key, value) = lesson.offset, lesson.write()
                await self._producer.send_and_wait(topic, value, key=key, partition=0)
                lesson.wrote(offset)
                offsets[partition] = offset
                self._metrics.written.inc()
        if offsets:
            self.learned = True
            await self._commit(offsets)

    async def _commit(self, offsets: dict[TopicPartition, int]) -> None:
        """For whoever watches the group's lag; what counts stands in the records."""
        try:
            await self._consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError) as error:
            _log.debug("the group's offsets were not committed: %r", error)

    async def _leave(self) -> None:
        try:
            async with asyncio.timeout(_LEAVE_S):
                await self._consumer.stop()
                await self._producer.stop()
        except (TimeoutError, KafkaError) as error:
            _log.debug("learning left without a word: %r", error)


def _resumed(partition: TopicPartition, kind: type[Counts], parts: Mapping[str, Part], begin: int, end: int) -> Lesson:
    known = parts.get(key_of(kind.KIND, partition.partition).decode())
    lesson = Lesson(partition.partition, known, kind)
    if lesson.offset > end:
        _log.warning("partition %s of the log begins anew: so does learning from it", partition.partition)
        lesson.offset = begin
    elif lesson.offset < begin:
        if known is not None:
            lost = begin - lesson.offset
            _log.warning("partition %s of the log has lost %s records before they were read", partition.partition, lost)
        lesson.offset = begin
    return lesson


async def read_parts(client_options: Mapping[str, Any], settings: Settings) -> dict[str, Part]:
    """What stands on the topic ``models`` now, by key. Raises KafkaError."""
    topic = TopicPartition(settings.topic(names.MODELS), 0)
    consumer = AIOKafkaConsumer(
        **client_options, group_id=None, enable_auto_commit=False, isolation_level="read_committed"
    )
    parts: dict[str, Part | None] = {}
    await consumer.start()
    try:
        consumer.assign([topic])
        await consumer.seek_to_beginning(topic)
        end = (await consumer.end_offsets([topic]))[topic]
        while await consumer.position(topic) < end:
            for record in (await consumer.getmany(topic, timeout_ms=_POLL_MS)).get(topic, ()):
                try:
                    key, part = read_model(record.key, record.value)
                except BadRecord as bad:
                    _log.error("a record of the models topic at offset %s is left out: %s", record.offset, bad)
                else:
                    parts[key] = part
    finally:
        await consumer.stop()
    return {key: part for key, part in parts.items() if part is not None}
