"""Workers on a log in memory: the real work, timers and checkpoint; only Kafka and RocksDB are missing.

A transaction's records get their offsets when they are sent and are seen when it is committed; an
aborted one leaves holes, and so does the marker at the end of each. A worker can be made to crash at
any call to its producer, before the call does anything or after it has.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, cast

import orjson
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.structs import RecordMetadata

from orchestrator import engine
from orchestrator.engine.pool import due_in, has_timer
from orchestrator.events.intake import Intake
from orchestrator.journeys.applied import State
from orchestrator.journeys.catalogue import Catalogue, records_of
from orchestrator.journeys.origin import Origin
from orchestrator.journeys.pack import Pack
from orchestrator.kafka import names
from orchestrator.streams.changes import MARKER_KEY
from orchestrator.streams.checkpoint import JOURNAL_KEY, META_KEY, AtLeastOnce, Checkpoint, Destination, ExactlyOnce
from orchestrator.streams.headers import DEFINITIONS
from orchestrator.streams.store import Meta, Store
from orchestrator.streams.sweep import begun, sweep
from orchestrator.streams.timers import Timers
from orchestrator.streams.work import Work
from orchestrator.testing.driver import TestRecord
from tests.streams.world import INTAKE, LIMITS_IN_FORCE, START, WHOLE_ENV, WHOLE_PACK, Sent

MOST_TIMERS: Final = 500
"""A seat does all that is due at once."""
_RECORDS_PER_BATCH: Final = 3
"""Few, so that a crash may come between two batches."""


class Crashed(Exception):
    """The process is gone."""


@dataclass(frozen=True, slots=True)
class Crash:
    """At which call to the producer, and whether the call still took effect."""

    call: int
    after: bool


class Log:
    """All topics; what is open is not seen."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, int], list[TestRecord]] = defaultdict(list)
        self.ends: dict[tuple[str, int], int] = defaultdict(int)

    def place(self, topic: str, partition: int, rows: Iterable[tuple[int, Any, Any, Any]]) -> list[TestRecord]:
        """Gives records their offsets."""
        placed = []
        for timestamp, key, value, headers in rows:
            offset = self.ends[topic, partition]
            self.ends[topic, partition] += 1
            placed.append(TestRecord(partition, offset, timestamp, key, value, list(headers)))
        return placed

    def show(self, topic: str, records: Iterable[TestRecord]) -> None:
        """Makes records visible to those who read committed ones."""
        for record in records:
            self.records[topic, record.partition].append(record)

    def after(self, topic: str, partition: int, offset: int) -> TestRecord | None:
        """The first record from an offset on."""
        return next((record for record in self.records.get((topic, partition), ()) if record.offset >= offset), None)

    def on(self, topic: str) -> list[TestRecord]:
        """All records of a topic, partition by partition."""
        return [record for place in sorted(self.records) if place[0] == topic for record in self.records[place]]


class Batch:
    """What ``create_batch`` gives."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, Any, Any, Any]] = []

    def append(self, *, timestamp: int, key: Any, value: Any, headers: Any = ()) -> object | None:
        """As the real one; None when it is full."""
        if len(self.rows) == _RECORDS_PER_BATCH:
            return None
        self.rows.append((timestamp, key, value, headers))
        return self

    def record_count(self) -> int:
        """As the real one."""
        return len(self.rows)


class Producer:
    """Counts its calls, and crashes at one of them."""

    def __init__(self, log: Log, crash: Crash | None) -> None:
        self.calls = 0
        self._log = log
        self._crash = crash
        self._open: list[tuple[str, list[TestRecord]]] | None = None

    def create_batch(self) -> Batch:
        """As the real one."""
        return Batch()

    async def begin_transaction(self) -> None:
        """As the real one."""
        self._call(self._begin)

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> asyncio.Future[RecordMetadata]:
        """As the real one: awaited once, it is on its way; the future is its acknowledgement."""
        placed: list[TestRecord] = []
        self._call(lambda: placed.extend(self._send(topic, partition, batch)))
        future: asyncio.Future[RecordMetadata] = asyncio.get_running_loop().create_future()
        first = placed[0].offset
        future.set_result(RecordMetadata(topic, partition, TopicPartition(topic, partition), first, 0, 0, first))
        return future

    async def send_offsets_to_transaction(self, offsets: Mapping[TopicPartition, int], group: str) -> None:
        """As the real one."""
        self._call(lambda: None)

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """What the consumer does at least once."""
        self._call(lambda: None)

    async def commit_transaction(self) -> None:
        """As the real one."""
        self._call(self._end)

    def abort(self) -> None:
        """What the next owner's initialisation does: nobody ever sees what was open."""
        for topic, placed in self._open or ():
            self._log.ends[topic, placed[0].partition] += 1
        self._open = None

    def _call(self, effect: Callable[[], None]) -> None:
        self.calls += 1
        now = self._crash is not None and self._crash.call == self.calls
        if now and self._crash is not None and not self._crash.after:
            raise Crashed
        effect()
        if now:
            raise Crashed

    def _begin(self) -> None:
        self._open = []

    def _send(self, topic: str, partition: int, batch: Batch) -> list[TestRecord]:
        placed = self._log.place(topic, partition, batch.rows)
        if self._open is None:
            self._log.show(topic, placed)
        else:
            self._open.append((topic, placed))
        return placed

    def _end(self) -> None:
        for topic, placed in self._open or ():
            self._log.show(topic, placed)
        for place in {(topic, placed[0].partition) for topic, placed in self._open or ()}:
            self._log.ends[place] += 1
        self._open = None


class MemoryStore:
    """What a store is asked, in memory."""

    def __init__(self) -> None:
        self.records: dict[bytes, bytes] = {}
        self.rows: set[tuple[int, bytes]] = set()
        self.kept: Meta | None = None

    def get(self, key: bytes) -> bytes | None:
        """As ``Store.get``."""
        return self.records.get(key)

    def due(self, until_ms: int, limit: int) -> list[tuple[int, bytes]]:
        """As ``Store.due``."""
        return sorted(row for row in self.rows if row[0] <= until_ms)[:limit]

    def keys_after(self, key: bytes, limit: int) -> list[bytes]:
        """As ``Store.keys_after``."""
        return sorted(found for found in self.records if found > key)[:limit]

    def write(
        self,
        records: Mapping[bytes, bytes | None],
        timers: Iterable[tuple[bytes, int | None, int | None]],
        meta: Meta,
    ) -> None:
        """As ``Store.write``."""
        for key, value in records.items():
            if value is None:
                self.records.pop(key, None)
            else:
                self.records[key] = value
        for key, old, new in timers:
            if old is not None:
                self.rows.discard((old, key))
            if new is not None:
                self.rows.add((new, key))
        self.kept = meta


class Seat:
    """One partition number's worker."""

    def __init__(self, number: int, cluster: Cluster) -> None:
        self.number = number
        self.store = MemoryStore()
        self.meta = Meta(cluster.partitions, "life")
        self.clock = START
        self._cluster = cluster

    def turn(self, count: int, crash: Crash | None = None, until: int | None = None) -> bool:
        """Decides up to ``count`` records, lets time pass to ``until``, and saves; whether there was anything to do.

        Raises:
            Crashed: as it was told to.
        """
        work, timers = self._work(), Timers(cast(Store, self.store), MOST_TIMERS)
        offsets = dict(self.meta.offsets)
        for _ in range(count):
            head = self._head(offsets)
            if head is None:
                break
            at, topic, record = head
            self._pass(timers, work, at - 1)
            work.apply(topic, record, self._reach(at))
            offsets[topic] = record.offset + 1
            if work.following is not None:
                break
        if until is not None and work.following is None:
            self._pass(timers, work, until)
            self._reach(until)
        store = cast(Store, self.store)
        meta = sweep(work, store, begun(self.meta, work.env), self.clock)
        if work:
            self._save(work, meta, crash)
        return bool(work)

    def ask(self, request: engine.Request, crash: Crash | None = None) -> dict[str, Any] | engine.Follow:
        """Answers a request, in a checkpoint of its own. Raises Crashed as it was told to."""
        work = self._work()
        answer = work.answer(request, self.clock)
        if work:
            self._save(work, self.meta, crash)
        return answer

    def restart(self, wipe: bool) -> None:
        """Takes over as a new process does: completes the store from the changelog and goes on at the meta record."""
        store = MemoryStore() if wipe else self.store
        meta = store.kept
        changes: dict[bytes, bytes | None] = {}
        for record in self._cluster.log.records[names.CHANGELOG, self.number]:
            if meta is not None and record.offset < meta.meta_offset:
                continue
            if record.key == META_KEY:
                meta = replace(Meta.decode(record.value or b""), meta_offset=record.offset)
            else:
                changes[record.key or b""] = record.value
        self.meta = meta if meta is not None else Meta(self._cluster.partitions, "life")
        timers = [
            (key, due_in(key, store.get(key)), due_in(key, value)) for key, value in changes.items() if has_timer(key)
        ]
        store.write(changes, timers, self.meta)
        self.store, self.clock = store, max(START, self.meta.clock_ms)

    def _pass(self, timers: Timers, work: Work, until: int) -> None:
        assert timers.fire(work, until, self._reach), "more is due at once than a checkpoint takes"

    def _reach(self, moment: int) -> int:
        self.clock = max(self.clock, moment)
        return self.clock

    def _work(self) -> Work:
        cluster = self._cluster
        env = cluster.env_of(self.meta.env)
        return Work(self.number, cluster.partitions, env, cluster.intake, self.store.get)

    def _head(self, offsets: Mapping[str, int]) -> tuple[int, str, TestRecord] | None:
        """What comes next: messages from others at once, events in the order of their time stamps."""
        log = self._cluster.log
        message = log.after(names.CUSTOMER_EVENTS, self.number, offsets.get(names.CUSTOMER_EVENTS, 0))
        if message is not None:
            return 0, names.CUSTOMER_EVENTS, message
        heads = [(log.after(topic, self.number, offsets.get(topic, 0)), topic) for topic in names.EVENT_TOPICS]
        found = [(record.timestamp, topic, record) for record, topic in heads if record is not None]
        return min(found, key=lambda head: head[:2], default=None)

    def _save(self, work: Work, meta: Meta, crash: Crash | None) -> None:
        cluster = self._cluster
        producer = Producer(cluster.log, crash)
        destination = Destination(lambda topic: topic, self.number)
        real = cast(AIOKafkaProducer, producer)
        checkpoint: Checkpoint = (
            ExactlyOnce(real, destination, "group")
            if cluster.exactly_once
            else AtLeastOnce(real, destination, producer.commit)
        )
        try:
            saving = checkpoint.save(work, cast(Store, self.store), meta, self.clock, self.clock)
            self.meta = cluster.loop.run_until_complete(saving)
        except Crashed:
            producer.abort()
            raise


class Cluster:
    """A log and a worker for each partition number."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        partitions: int = 2,
        *,
        exactly_once: bool = True,
        env: engine.Env = WHOLE_ENV,
        intake: Intake = INTAKE,
    ) -> None:
        self.loop = loop
        self.partitions = partitions
        self.exactly_once = exactly_once
        self.env = env
        self.intake = intake
        self.log = Log()
        self.catalogue = Catalogue(LIMITS_IN_FORCE)
        self.catalogue.take(b"pack/" + env.version.encode(), WHOLE_PACK.to_json())
        self.seats = [Seat(number, self) for number in range(partitions)]

    def produce(self, event: Sent, partition: int | None = None) -> None:
        """Appends an event, where the default partitioner puts it unless it is said where."""
        number = event.partition(self.partitions) if partition is None else partition
        row: tuple[int, Any, Any, Any] = (event.timestamp, event.key, event.value, [])
        self.log.show(event.topic, self.log.place(event.topic, number, [row]))

    def change(self, pack: Pack, states: Mapping[str, State], at: int, *, end_unmapped: bool = False) -> None:
        """Changes the definitions, and marks where on each partition."""
        applied = self.catalogue.following(
            pack, states, LIMITS_IN_FORCE, "apply", at, Origin("test"), end_unmapped=end_unmapped
        )
        for key, value in records_of(applied, pack):
            self.catalogue.take(key, value)
        row: tuple[int, Any, Any, Any] = (at, MARKER_KEY, None, [(DEFINITIONS, applied.version.encode())])
        for number in range(self.partitions):
            self.log.show(names.CUSTOMER_EVENTS, self.log.place(names.CUSTOMER_EVENTS, number, [row]))

    def env_of(self, version: str) -> engine.Env:
        """What is in force where a meta record names this version."""
        if version in ("", self.env.version):
            return self.env
        env = self.catalogue.env(version)
        assert env is not None
        return env

    def envs(self) -> dict[str, engine.Env]:
        """All that was ever in force, by version."""
        return {version: self.env_of(version) for version in self.catalogue.versions}

    def drain(self, until: int) -> None:
        """All workers go on until there is nothing left to do, and time has passed."""
        for moment in (None, until):
            while sum(seat.turn(1_000, until=moment) for seat in self.seats):
                pass

    def said(self) -> dict[str, list[TestRecord]]:
        """What those who read committed records find, by topic, without the workers' own business."""
        private = {*names.INPUT_TOPICS, names.CHANGELOG}
        topics = {topic for topic, _ in self.log.records} - private
        return {
            topic: [record for record in self.log.on(topic) if record.key != JOURNAL_KEY] for topic in sorted(topics)
        }

    def actions(self) -> list[dict[str, Any]]:
        """All actions and cancels."""
        topics = [topic for topic in self.said() if topic.startswith(names.action_topic(""))]
        return [orjson.loads(record.value or b"") for topic in topics for record in self.log.on(topic)]

    def customers(self) -> dict[bytes, bytes]:
        """All records of all workers."""
        return {key: value for seat in self.seats for key, value in seat.store.records.items()}

    def inputs(self) -> dict[tuple[str, int], dict[int, TestRecord]]:
        """The input topics, as the oracle wants them."""
        return {
            place: {record.offset: record for record in records}
            for place, records in self.log.records.items()
            if place[0] in names.INPUT_TOPICS
        }

    def journals(self) -> dict[int, list[dict[str, Any]]]:
        """The journals, as the oracle wants them."""
        return {
            seat.number: [
                orjson.loads(record.value or b"")
                for record in self.log.records[names.JOURNEY_LOG, seat.number]
                if record.key == JOURNAL_KEY
            ]
            for seat in self.seats
        }
