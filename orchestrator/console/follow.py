"""Records of topics as a reader sees them: committed ones only, the past in order of time, then what comes."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from orchestrator.errors import InfrastructureError, SettingsError
from orchestrator.kafka.client import client_options, connection
from orchestrator.kafka.metadata import describe
from orchestrator.settings import Settings
from orchestrator.streams.homes import home

BEGINNING: Final = "beginning"
END: Final = "end"
_POLL_MS: Final = 200


@dataclass(frozen=True, slots=True)
class Found:
    """A record of a logical topic."""

    topic: str
    record: Any


class Follower:
    """Reads topics without a group.

    Args:
        topics: Logical names; those that are not there are left out, unless all are.
        at_home_of: Only the partitions of this customer's ids, where the orchestrator writes all about them.
    """

    def __init__(
        self, settings: Settings, bootstrap: str, topics: Iterable[str], at_home_of: str | Iterable[str] | None = None
    ) -> None:
        self._settings = settings
        self._bootstrap = bootstrap
        self._logical = {settings.topic(logical): logical for logical in topics}
        self._at_home_of = [at_home_of] if isinstance(at_home_of, str) else at_home_of
        self.counts: dict[str, int] = {}
        self._partitions: list[TopicPartition] = []
        self._consumer = AIOKafkaConsumer(
            **client_options(settings, bootstrap),
            group_id=None,
            enable_auto_commit=False,
            isolation_level="read_committed",
            fetch_max_wait_ms=20,
        )

    async def __aenter__(self) -> Self:
        try:
            counts = await self._counts()
        except BaseException:
            await self._consumer.stop()
            raise
        for name, count in counts.items():
            self.counts[self._logical[name]] = count
            numbers: Iterable[int] = range(count)
            if self._at_home_of is not None:
                numbers = sorted({home(id_, count) for id_ in self._at_home_of})
            self._partitions += [TopicPartition(name, number) for number in numbers]
        try:
            await self._consumer.start()
            self._consumer.assign(self._partitions)
        except KafkaError as error:
            await self._consumer.stop()
            raise _unreadable(error) from error
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def seek(self, origin: str | int) -> None:
        """Goes to ``beginning``, ``end``, or so many milliseconds ago."""
        try:
            if origin == BEGINNING:
                await self._consumer.seek_to_beginning(*self._partitions)
            elif origin == END:
                await self._consumer.seek_to_end(*self._partitions)
            else:
                await self._seek_back(int(origin))
            # Looked up now: what comes from now on must not be missed.
            for partition in self._partitions:
                await self._consumer.position(partition)
        except KafkaError as error:
            raise _unreadable(error) from error

    async def seek_to(self, moment_ms: int) -> None:
        """Goes to the first records of a moment (UTC ms)."""
        try:
            await self._seek_to(moment_ms)
            for partition in self._partitions:
                await self._consumer.position(partition)
        except KafkaError as error:
            raise _unreadable(error) from error

    async def past(self, until_ms: int | None = None) -> AsyncIterator[Found]:
        """What is there now, in order of time; up to a moment (UTC ms) if one is given."""
        try:
            ends = await self._consumer.end_offsets(self._partitions)
            if until_ms is not None:
                later = await self._consumer.offsets_for_times(dict.fromkeys(self._partitions, until_ms + 1))
                ends |= {partition: found.offset for partition, found in later.items() if found is not None}
            async for found in self._merged(ends):
                yield found
        except KafkaError as error:
            raise _unreadable(error) from error

    async def all(self, progress: Callable[[int, int], None]) -> AsyncIterator[list[Found]]:
        """What is there now from the beginning on, in order within each partition, as it comes.

        Args:
            progress: is told how many offsets were passed, of how many.
        """
        try:
            begins = await self._consumer.beginning_offsets(self._partitions)
            ends = await self._consumer.end_offsets(self._partitions)
            for partition, begin in begins.items():
                self._consumer.seek(partition, begin)
            whole = sum(ends.values()) - sum(begins.values())
            while True:
                at = {partition: await self._consumer.position(partition) for partition in self._partitions}
                left = sum(max(0, ends[partition] - at[partition]) for partition in self._partitions)
                progress(whole - left, whole)
                if not left:
                    return
                unread = [partition for partition in self._partitions if at[partition] < ends[partition]]
                fetched = await self._consumer.getmany(*unread, timeout_ms=_POLL_MS)
                yield [self._found(record) for records in fetched.values() for record in records]
        except KafkaError as error:
            raise _unreadable(error) from error

    async def last(self, count: int) -> list[Found]:
        """What is on the last ``count`` offsets of each partition."""
        try:
            begins = await self._consumer.beginning_offsets(self._partitions)
            ends = await self._consumer.end_offsets(self._partitions)
            for partition, end in ends.items():
                self._consumer.seek(partition, max(begins[partition], end - count))
            return [found async for found in self._merged(ends)]
        except KafkaError as error:
            raise _unreadable(error) from error

    async def coming(self) -> AsyncIterator[Found]:
        """What comes, for ever."""
        while True:
            for found in await self.poll():
                yield found

    async def poll(self, timeout_ms: int = _POLL_MS) -> list[Found]:
        """What came since the last time; waits a little if that is nothing."""
        try:
            fetched = await self._consumer.getmany(timeout_ms=timeout_ms)
        except KafkaError as error:
            raise _unreadable(error) from error
        records = [self._found(record) for records in fetched.values() for record in records]
        return sorted(records, key=_time)

    async def is_at(self, ends: dict[TopicPartition, int]) -> bool:
        """Whether all up to these offsets has been read."""
        return all([await self._consumer.position(partition) >= end for partition, end in ends.items()])

    async def ends(self) -> dict[TopicPartition, int]:
        """The ends of the logs, with what isn't committed yet."""
        consumer = AIOKafkaConsumer(**client_options(self._settings, self._bootstrap), group_id=None)
        try:
            await consumer.start()
            return dict(await consumer.end_offsets(self._partitions))
        except KafkaError as error:
            raise _unreadable(error) from error
        finally:
            await consumer.stop()

    async def _counts(self) -> dict[str, int]:
        async with connection(self._settings, self._bootstrap) as opened:
            states = await describe(opened, self._logical)
        if not states:
            raise SettingsError(
                f"topics are missing: {', '.join(self._logical)}; create them with 'orchestrator topics apply'"
            )
        return {name: state.partitions for name, state in states.items()}

    async def _seek_back(self, milliseconds: int) -> None:
        await self._seek_to(time.time_ns() // 1_000_000 - milliseconds)

    async def _seek_to(self, since: int) -> None:
        found = await self._consumer.offsets_for_times(dict.fromkeys(self._partitions, since))
        for partition in self._partitions:
            if found[partition] is None:
                await self._consumer.seek_to_end(partition)
            else:
                self._consumer.seek(partition, found[partition].offset)

    async def _merged(self, ends: dict[TopicPartition, int]) -> AsyncIterator[Found]:
        """The oldest of all heads, once no partition can have an older one."""
        waiting: dict[TopicPartition, deque[Any]] = {partition: deque() for partition in self._partitions}
        unread = set(self._partitions)
        while True:
            unread = {partition for partition in unread if await self._consumer.position(partition) < ends[partition]}
            starved = [partition for partition in unread if not waiting[partition]]
            if starved:
                for partition, records in (await self._consumer.getmany(*starved, timeout_ms=_POLL_MS)).items():
                    waiting[partition].extend(records)
                continue
            heads = [records for records in waiting.values() if records]
            if not heads:
                return
            oldest = min(heads, key=lambda records: (records[0].timestamp, records[0].topic, records[0].partition))
            yield self._found(oldest.popleft())

    def _found(self, record: Any) -> Found:
        return Found(self._logical[record.topic], record)


def _time(found: Found) -> tuple[int, str, int, int]:
    record = found.record
    return record.timestamp, record.topic, record.partition, record.offset


def _unreadable(error: KafkaError) -> InfrastructureError:
    return InfrastructureError(f"Kafka doesn't give the records: {error}")
