"""Taking over partition numbers: the one way to begin, after a start, a rebalance or a failed checkpoint.

For each number: initialise the transactional id (which aborts or awaits what its last owner left
open), read the changelog to its committed end, apply it to the local store, and go on at the offsets
of the last meta record, for the group's own offsets may still be those of an earlier transaction.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from orchestrator.engine.pool import due_in, has_timer
from orchestrator.errors import InfrastructureError, SettingsError
from orchestrator.streams.checkpoint import META_KEY
from orchestrator.streams.metrics import Metrics
from orchestrator.streams.store import Meta, Store

_log = logging.getLogger(__name__)

RECORDS_PER_WRITE: Final = 5_000
_POLL_MS: Final = 500
# The broker answers one request of a connection after the other: what waits for data holds up the next partition.
_FETCH_WAIT_MS: Final = 20
_PROGRESS_EVERY: Final = 50_000


@dataclass(slots=True)
class Restored:
    """A store that is as new as its changelog, and where it stands."""

    store: Store
    meta: Meta


class ChangelogReader:
    """Reads the changelog partitions of one worker into its stores."""

    def __init__(
        self,
        client_options: Mapping[str, Any],
        topic: str,
        partitions: int,
        folder: Callable[[int], Path],
        stale_after_ms: int,
        metrics: Metrics,
        clock: Callable[[], int],
    ) -> None:
        self._client_options = client_options
        self._topic = topic
        self._partitions = partitions
        self._folder = folder
        self._stale_after_ms = stale_after_ms
        self._metrics = metrics
        self._clock = clock

    async def restore(self, numbers: list[int]) -> dict[int, Restored]:
        """Opens and completes the stores of these partition numbers.

        Raises:
            KafkaError: when the changelog cannot be read.
            SettingsError: when the number of partitions is not the one that the state was made with.
        """
        began = self._clock()
        consumer = AIOKafkaConsumer(
            **self._client_options,
            group_id=None,
            enable_auto_commit=False,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            fetch_max_wait_ms=_FETCH_WAIT_MS,
        )
        await consumer.start()
        restored: dict[int, Restored] = {}
        try:
            partitions = [TopicPartition(self._topic, number) for number in numbers]
            begins, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
            # Assigned once, and in turn unpaused: aiokafka that is stopped just after a change of its assignment hangs.
            consumer.assign(partitions)
            consumer.pause(*partitions)
            for partition in partitions:
                consumer.seek(partition, begins[partition])
            for partition in partitions:
                consumer.resume(partition)
                one = await self._restore_one(consumer, partition, begins[partition], ends[partition])
                restored[partition.partition] = one
                consumer.pause(partition)
        except BaseException:
            for one in restored.values():
                one.store.close()
            raise
        finally:
            await consumer.stop()
        self._metrics.restore_seconds.set((self._clock() - began) / 1000)
        return restored

    async def _restore_one(
        self, consumer: AIOKafkaConsumer, partition: TopicPartition, begin: int, end: int
    ) -> Restored:
        number = partition.partition
        store = self._open(number, begin, end)
        try:
            fits, restored = await self._read(consumer, partition, store, end)
            if not fits:
                _log.warning("partition %s: the local state is of another changelog; it is rebuilt", number)
                store.close()
                Store.wipe(self._folder(number))
                store = Store(self._folder(number))
                _, restored = await self._read(consumer, partition, store, end)
        except BaseException:
            store.close()
            raise
        meta = restored if restored is not None else Meta(self._partitions, uuid.uuid4().hex)
        if meta.partitions != self._partitions:
            store.close()
            raise SettingsError(
                f"the state of partition {number} was made with {meta.partitions} partitions per topic, now there are "
                f"{self._partitions}: customers would change their homes. Set the old number again, or start with a "
                "new group and a new prefix"
            )
        return Restored(store, meta)

    def _open(self, number: int, begin: int, end: int) -> Store:
        folder = self._folder(number)
        store = None
        try:
            store = Store(folder)
            why = self._fault(store.meta(), begin, end)
        except Exception as error:  # noqa: BLE001 - RocksDB has no errors of its own; whatever it is, the changelog heals it
            why = f"is damaged ({error})"
        if store is not None:
            if why is None:
                return store
            store.close()
        _log.warning("partition %s: the local state %s; it is rebuilt", number, why)
        Store.wipe(folder)
        try:
            return Store(folder)
        except Exception as error:
            raise InfrastructureError(
                f"cannot keep state in {folder}: {error}; see that the disk is there, may be written and has room"
            ) from error

    def _fault(self, meta: Meta | None, begin: int, end: int) -> str | None:
        """Why a store cannot be completed from the changelog, if so."""
        if meta is None:
            return None
        if self._clock() - meta.applied_at > self._stale_after_ms:
            return "is too old: deletions may be missing"
        if meta.changelog_next > end + 1 or meta.meta_offset < begin:
            return "does not fit the changelog"
        return None

    async def _read(
        self, consumer: AIOKafkaConsumer, partition: TopicPartition, store: Store, end: int
    ) -> tuple[bool, Meta | None]:
        """Applies all up to ``end``; whether the store fits this changelog, and its last meta record."""
        local = meta = store.meta()
        consumer.seek(partition, local.meta_offset if local is not None else 0)
        fits, count = local is None, 0
        left = self._metrics.restore_left.labels(str(partition.partition))
        while (position := await consumer.position(partition)) < end:
            left.set(end - position)
            records = (await consumer.getmany(partition, timeout_ms=_POLL_MS, max_records=RECORDS_PER_WRITE)).get(
                partition, []
            )
            changes: dict[bytes, bytes | None] = {}
            for record in records:
                if record.key != META_KEY:
                    changes[record.key] = record.value
                    continue
                meta = replace(Meta.decode(record.value), meta_offset=record.offset)
                fits = fits or (local is not None and meta.identity == local.identity)
                if not fits:
                    return False, None
            if records:
                count += len(records)
                self._metrics.restored.inc(len(records))
                stand = replace(
                    meta or Meta(self._partitions, ""), changelog_next=records[-1].offset + 1, applied_at=self._clock()
                )
                store.write(changes, _timers(store, changes), stand)
                meta = stand if meta is not None else None
                if count % _PROGRESS_EVERY < len(records):
                    _log.info(
                        "partition %s: %s changelog records restored, %s to go",
                        partition.partition,
                        count,
                        end - records[-1].offset - 1,
                    )
        left.set(0)
        return fits, meta


def _timers(store: Store, changes: Mapping[bytes, bytes | None]) -> list[tuple[bytes, int | None, int | None]]:
    rows = []
    for key, value in changes.items():
        if not has_timer(key):
            continue
        old, new = due_in(key, store.get(key)), due_in(key, value)
        if old != new:
            rows.append((key, old, new))
    return rows
