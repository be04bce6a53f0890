"""A Faust transport that delivers one micro-batch per partition and poll, and leaves commits to the checkpoint.

Faust's own per-record plumbing costs 40 to 75 µs; here one Faust event carries a whole poll.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import aiokafka
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import FetchResult, PartitionRecords
from faust.transport.drivers import TRANSPORTS
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage

from orchestrator.events.routing import PROFILE

FETCH_WAIT_MS: Final = 20
"""Faust hard-codes 1,500, which is what an idle partition would add to the latency of the others."""
FETCH_BYTES: Final = 1 << 20

SCHEME: Final = "orchestrator"

_log = logging.getLogger(__name__)

_LEAVE_S: Final = 2.0
_OUTAGE_S: Final = 0.25


@dataclass(frozen=True, slots=True)
class Horizon:
    """What is known of one input: read to its end as of ``polled_at`` (UTC ms), if ``drained``.

    ``handed`` is the next offset after the records that were given to the worker.
    """

    polled_at: int
    drained: bool
    handed: int | None
    lag: int


class BatchScheduler:
    """Gives each partition's records of a poll as one item; ``comes_first`` says of a topic whether it does.

    What was acknowledged before something else was sent is in the same poll or in an earlier one: so who the customer
    is comes before what they do, if a producer waits for the acknowledgement.
    """

    def __init__(self, comes_first: Callable[[str], bool]) -> None:
        self._comes_first = comes_first

    def iterate(self, records: Mapping[TP, list[Any]]) -> Iterator[tuple[TP, list[Any]]]:
        """Partition by partition."""
        yield from sorted(records.items(), key=lambda item: not self._comes_first(item[0].topic))


class ConsumerThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """Runs the aiokafka consumer, read committed: aborted forwards must never be acted on."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._handed: dict[TopicPartition, int] = {}
        self.answered_at = time.monotonic()

    def _answered(self) -> None:
        self.answered_at = time.monotonic()

    async def on_start(self) -> None:
        """Connects."""
        await super().on_start()
        consumer = self._ensure_consumer()
        pace(consumer._client)
        fetcher = consumer._fetcher
        fetcher._proc_fetch_request = _dated_when_asked(
            _bare(fetcher._proc_fetch_request, fetcher._records), self._answered
        )

    async def on_thread_stop(self) -> None:
        """Leaves the group, if Kafka is there."""
        try:
            async with asyncio.timeout(_LEAVE_S):
                await super().on_thread_stop()
        except (TimeoutError, asyncio.CancelledError) as error:
            # Without Kafka the cancellation of a fetch comes out here: it would end the thread, and mode wait for it.
            _log.warning("left without a word to the group, which notices after session_timeout (%r)", error)

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        conf = self.app.conf
        self._assignor = self.app.assignor
        return aiokafka.AIOKafkaConsumer(
            **self.app.client_options,
            client_id=conf.broker_client_id,
            group_id=conf.id,
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_poll_records=conf.broker_max_poll_records,
            max_poll_interval_ms=int(conf.broker_max_poll_interval * 1000),
            max_partition_fetch_bytes=FETCH_BYTES,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            request_timeout_ms=int(conf.broker_request_timeout * 1000),
        )

    async def _fetch_records(self, consumer: aiokafka.AIOKafkaConsumer, *args: Any, **kwargs: Any) -> Any:
        records = await super()._fetch_records(consumer, *args, **kwargs)
        for partition, batch in records.items():
            self._handed[partition] = batch[-1].offset + 1
        return records

    async def seek_all(self, positions: Mapping[TP, int], pause: Iterable[TP]) -> None:
        """Moves to the given offsets and forgets what was fetched; ``pause`` is never fetched."""
        await self.call_thread(self._seek_all, positions, list(pause))

    async def _seek_all(self, positions: Mapping[TP, int], pause: list[TP]) -> None:
        consumer = self._ensure_consumer()
        self._handed.clear()
        assigned = consumer.assignment()
        consumer.pause(*(tp for tp in map(_topic_partition, pause) if tp in assigned))
        for tp, offset in positions.items():
            if _topic_partition(tp) in assigned:
                consumer.seek(_topic_partition(tp), offset)

    async def starting_offsets(self, partitions: Iterable[TP]) -> dict[TP, int]:
        """The group's committed offsets, or the beginning where it has none."""
        found: dict[TP, int] = await self.call_thread(self._starting_offsets, list(partitions))
        return found

    async def _starting_offsets(self, partitions: list[TP]) -> dict[TP, int]:
        consumer = self._ensure_consumer()
        beginnings = await consumer.beginning_offsets([_topic_partition(tp) for tp in partitions])
        found = {}
        for tp in partitions:
            committed = await consumer.committed(_topic_partition(tp))
            found[tp] = committed if committed is not None else beginnings[_topic_partition(tp)]
        return found

    async def beginnings(self, partitions: Iterable[TP]) -> dict[TP, int]:
        """The first offsets that are still there."""
        found: dict[TP, int] = await self.call_thread(self._beginnings, list(partitions))
        return found

    async def _beginnings(self, partitions: list[TP]) -> dict[TP, int]:
        offsets = await self._ensure_consumer().beginning_offsets([_topic_partition(tp) for tp in partitions])
        return {TP(found.topic, found.partition): offset for found, offset in offsets.items()}

    async def horizons(self, partitions: Iterable[TP]) -> dict[TP, Horizon]:
        """How far the inputs are read, sampled between two polls."""
        sampled: dict[TP, Horizon] = await self.call_thread(self._horizons, list(partitions))
        return sampled

    async def _horizons(self, partitions: list[TP]) -> dict[TP, Horizon]:
        consumer = self._ensure_consumer()
        assigned = consumer.assignment()
        found = {}
        for tp in partitions:
            partition = _topic_partition(tp)
            if partition not in assigned:
                continue
            state = consumer._subscription.subscription.assignment.state_value(partition)
            end = state.lso if state.lso is not None and state.lso >= 0 else state.highwater
            if state.timestamp is None or end is None or not state.has_valid_position:
                continue
            position = state.position
            found[tp] = Horizon(
                int(state.timestamp), position >= end, self._handed.get(partition), max(0, end - position)
            )
        return found

    async def rejoin(self) -> None:
        """Leaves the work of this generation and asks the group for a new assignment."""
        await self.call_thread(self._rejoin)

    async def _rejoin(self) -> None:
        self._ensure_consumer()._coordinator.request_rejoin()

    async def commit_offsets(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Commits with the member's id and generation. Raises KafkaError."""
        await self.call_thread(self._commit_offsets, dict(offsets))

    async def _commit_offsets(self, offsets: dict[TopicPartition, int]) -> None:
        await self._ensure_consumer().commit(offsets)


class Consumer(driver.Consumer):  # type: ignore[misc]
    """Micro-batches, and no commit but the checkpoint's."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scheduler = BatchScheduler(lambda topic: self.app.ownership.logical.get(topic) == PROFILE)

    def _new_consumer_thread(self) -> ConsumerThread:
        # Faust gives its thread a loop of asyncio's own, whatever the worker runs on.
        same_kind = type(asyncio.get_running_loop())
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon, thread_loop=same_kind())

    @property
    def thread(self) -> ConsumerThread:
        """The consumer's thread, for seeks, commits and horizons."""
        thread: ConsumerThread = self._thread
        return thread

    def _to_message(self, tp: TP, records: list[Any]) -> ConsumerMessage:
        last = records[-1]
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            last.offset,
            last.timestamp / 1000,
            last.timestamp_type,
            (),
            None,
            records,
            None,
            0,
            0,
            tp,
            generation_id=self.app.consumer_generation_id,  # without it Faust drops the batch as stale
        )

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Offsets jump by a batch: Faust's tree of gaps would grow for ever."""

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """Faust's ack list knows nothing of the checkpoint: it must not move an offset."""
        return False

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """As ``commit``."""
        return False

    async def perform_seek(self) -> None:
        """Positions come from the meta records (see ``restore``), never from the group's offsets alone."""

    async def verify_all_partitions_active(self) -> None:
        """Faust's livelock detector knows acks only; lag and checkpoint times are metrics of our own."""


class Producer(driver.Producer):  # type: ignore[misc]
    """Nothing leaves but through the checkpoint, whose producers are its own."""

    async def on_start(self) -> None:
        """Connects to nothing."""

    async def on_stop(self) -> None:
        """Has nothing to close."""

    async def flush(self) -> None:
        """Has nothing to send."""


class Transport(driver.Transport):  # type: ignore[misc]
    """The transport of ``orchestrator://host:port`` broker URLs."""

    Consumer = Consumer
    Producer = Producer


def register() -> None:
    """Makes the scheme known to Faust."""
    TRANSPORTS.aliases[SCHEME] = f"{__name__}:Transport"


def pace(client: Any) -> None:
    """Makes a client of aiokafka's pause while Kafka is down; it would ask for metadata in a busy loop."""
    update = client._metadata_update

    async def paced(cluster: Any, topics: Any) -> bool:
        updated: bool = await update(cluster, topics)
        leaders_are_known = all(
            cluster.available_partitions_for_topic(topic) == cluster.partitions_for_topic(topic)
            for topic in cluster.topics()
        )
        if not (updated and leaders_are_known):
            await asyncio.sleep(_OUTAGE_S)
        return updated

    client._metadata_update = paced


def _dated_when_asked(
    fetch: Callable[..., Awaitable[bool]], answered: Callable[[], None]
) -> Callable[..., Awaitable[bool]]:
    """By itself the fetcher dates an answer when it reads it, and a process that hung does that much later."""

    async def dated(assignment: Any, node_id: Any, request: Any) -> bool:
        asked = time.time_ns() // 1_000_000
        found = await fetch(assignment, node_id, request)
        for topic, partitions in request.topics:
            for partition, *_ in partitions:
                state = assignment.state_value(TopicPartition(topic, partition))
                if state.timestamp is not None:
                    if state.timestamp >= asked:
                        answered()
                    state.timestamp = min(state.timestamp, asked)
        return found

    return dated


def _bare(
    fetch: Callable[..., Awaitable[bool]], results: Mapping[TopicPartition, Any]
) -> Callable[..., Awaitable[bool]]:
    """Gives the records as they were parsed: aiokafka's ConsumerRecord around each costs as much as parsing it."""

    async def fetched(assignment: Any, node_id: Any, request: Any) -> bool:
        found = await fetch(assignment, node_id, request)
        for result in results.values():
            if isinstance(result, FetchResult) and result.has_more():
                result._partition_records.__class__ = _BareRecords
        return found

    return fetched


class _BareRecords(PartitionRecords):  # type: ignore[misc]
    def __iter__(self) -> Iterator[Any]:
        records: Iterator[Any] = self._records_iterator
        return records

    def _consumer_record(self, tp: TopicPartition, record: Any) -> Any:
        return record


def _topic_partition(tp: Any) -> TopicPartition:
    return TopicPartition(tp.topic, tp.partition)
