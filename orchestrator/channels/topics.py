"""The action topics as one member of the sender's group reads them, and how far it is done with them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from orchestrator.channels.progress import Progress
from orchestrator.errors import InfrastructureError
from orchestrator.kafka.client import client_options
from orchestrator.settings import Settings

_log = logging.getLogger(__name__)

_POLL_MS: Final = 200
_REQUEST_MS: Final = 30_000
_CATCH_UP_S: Final = 5.0
"""No longer than this is read ahead before the first action goes."""


@dataclass(frozen=True, slots=True)
class Read:
    """A record (aiokafka's) of a logical topic, with the progress of its partition."""

    topic: str
    record: Any
    progress: Progress

    def done(self) -> None:
        """Nothing is left to do for it."""
        self.progress.done(self.record.offset)


class ActionTopics(ConsumerRebalanceListener):  # type: ignore[misc]
    """One member of the group.

    Args:
        topics: The real name of each topic to the logical one.
        revoked: Called with what goes to another member, and awaited before it goes.
        patience_ms: How long that may take before the group goes on without us.
    """

    def __init__(
        self,
        settings: Settings,
        bootstrap: str,
        group: str,
        topics: Mapping[str, str],
        revoked: Callable[[frozenset[Progress]], Awaitable[None]],
        patience_ms: int,
    ) -> None:
        self._options = client_options(settings, bootstrap)
        self._group = group
        self._topics = topics
        self._revoked = revoked
        self._progress: dict[Any, Progress] = {}
        self._ready = False
        self._behind: dict[Any, int] = {}
        self._began = 0.0
        self._failure: InfrastructureError | None = None
        self._committing = asyncio.Lock()
        self._consumer = AIOKafkaConsumer(
            **self._options,
            group_id=group,
            enable_auto_commit=False,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            session_timeout_ms=settings.session_timeout,
            rebalance_timeout_ms=max(patience_ms, settings.session_timeout),
            request_timeout_ms=max(patience_ms, settings.session_timeout) + _REQUEST_MS,
            heartbeat_interval_ms=min(3_000, settings.session_timeout // 4),
            fetch_max_wait_ms=100,
        )

    async def start(self) -> None:
        """Joins the group. Raises InfrastructureError."""
        self._consumer.subscribe(list(self._topics), listener=self)
        try:
            await self._consumer.start()
        except KafkaError as error:
            raise InfrastructureError(f"Kafka takes no consumer: {error}") from error

    async def stop(self) -> None:
        """Leaves the group."""
        await self._consumer.stop()

    @property
    def ready(self) -> bool:
        """Whether it has its partitions, be they none."""
        return self._ready

    @property
    def caught_up(self) -> bool:
        """Whether all that lay there when the partitions came has been read, cancels too; or it took too long."""
        return self._ready and (not self._behind or time.monotonic() - self._began > _CATCH_UP_S)

    @property
    def silence_s(self) -> float:
        """How long Kafka has given no answer, in seconds."""
        asked = self._consumer.assignment() - self._consumer.paused()
        if not asked:
            return 0.0
        polled = [self._consumer.last_poll_timestamp(partition) or 0 for partition in asked]
        return min(time.time() - max(polled) / 1000, time.monotonic() - self._began)

    async def read(self, room: int) -> list[Read]:
        """What came, at most ``room``; nothing but the group's own business goes on where there is no room.

        Raises:
            InfrastructureError: Kafka refuses.
        """
        self._pause(room <= 0)
        try:
            fetched = await self._consumer.getmany(timeout_ms=_POLL_MS, max_records=max(room, 1))
        except KafkaError as error:
            raise InfrastructureError(f"Kafka gives no records: {error}") from error
        if self._failure is not None:
            raise self._failure
        if not self._ready:
            # Of partitions that come or go; whoever has them then begins at the commit.
            return []
        found = [
            Read(self._topics[partition.topic], record, self._progress[partition])
            for partition, records in fetched.items()
            for record in records
            if partition in self._progress and self._progress[partition].read(record.offset)
        ]
        await self._look_ahead()
        return found

    async def commit(self) -> None:
        """Tells the group what is done.

        Raises:
            InfrastructureError: Kafka refuses.
        """
        await self._commit(self._progress)

    def lags(self) -> Iterable[tuple[str, int, int]]:
        """Logical topic, partition number and records that are not read."""
        for partition in self._consumer.assignment():
            end = self._consumer.highwater(partition)
            progress = self._progress.get(partition)
            if end is not None and progress is not None:
                yield self._topics[partition.topic], partition.partition, max(0, end - progress.position)

    async def on_partitions_revoked(self, revoked: Iterable[Any]) -> None:
        """As aiokafka calls it: the group waits until it returns."""
        self._ready = False
        leaving, self._progress = self._progress, {}
        await self._revoked(frozenset(leaving.values()))
        await self._commit(leaving)

    async def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        """As aiokafka calls it, which would only log an error."""
        partitions = list(assigned)
        try:
            progress = await self._former(partitions) if partitions else {}
            self._behind = dict(await self._consumer.end_offsets(partitions)) if partitions else {}
        except KafkaError as error:
            self._failure = InfrastructureError(f"Kafka doesn't tell how far the group is: {error}")
            return
        for partition, each in progress.items():
            self._consumer.seek(partition, each.position)
        self._progress = progress
        self._began = time.monotonic()
        self._ready = True
        numbers = sorted(f"{self._topics[each.topic]}/{each.partition}" for each in partitions)
        _log.info("ready: %s", ", ".join(numbers) or "no partitions, other senders have them all")

    async def _former(self, partitions: list[Any]) -> dict[Any, Progress]:
        """How far the group was done with partitions. The consumer doesn't give the metadata of a commit."""
        admin = AIOKafkaAdminClient(**self._options)
        try:
            await admin.start()
            committed = await admin.list_consumer_group_offsets(self._group, partitions=partitions)
        finally:
            await admin.close()
        begins = await self._consumer.beginning_offsets(partitions)
        progress = {}
        for partition in partitions:
            known = committed.get(partition)
            if known is None or known.offset < 0:
                progress[partition] = Progress(begins[partition])
            else:
                progress[partition] = Progress(known.offset, known.metadata)
        return progress

    async def _commit(self, progress: Mapping[Any, Progress]) -> None:
        async with self._committing:
            wanted = {partition: found for partition, each in progress.items() if (found := each.to_commit())}
            if not wanted:
                return
            try:
                await self._consumer.commit(
                    {partition: (found.offset, found.metadata) for partition, found in wanted.items()}
                )
            except (CommitFailedError, IllegalStateError) as error:
                _log.warning("the group goes on without us, so the last commit is lost: %s", error)
                return
            except KafkaError as error:
                raise InfrastructureError(f"Kafka takes no commit: {error}") from error
            for partition, found in wanted.items():
                progress[partition].committed(found)

    async def _look_ahead(self) -> None:
        for partition, end in list(self._behind.items()):
            try:
                if await self._consumer.position(partition) >= end:
                    del self._behind[partition]
            except IllegalStateError:
                del self._behind[partition]

    def _pause(self, wanted: bool) -> None:
        assigned: set[TopicPartition] = self._consumer.assignment()
        paused: set[TopicPartition] = self._consumer.paused()
        if wanted and assigned - paused:
            self._consumer.pause(*(assigned - paused))
        elif not wanted and paused:
            self._consumer.resume(*paused)
