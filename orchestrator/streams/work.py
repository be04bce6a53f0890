"""Rules of this file: all that one partition number decides between two checkpoints, in memory alone.

Records go in one by one; what comes out is a write set, a list of records to publish, the offsets
that were read and a journal of it. Nothing here waits, reads a clock or touches a disk other than
through ``read``. If the checkpoint fails, the whole is thrown away and done again.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, Final, NamedTuple, Protocol

import orjson

from orchestrator import engine
from orchestrator.contracts.origin import told_by
from orchestrator.engine.customer import CUSTOMERS, Customer, Record, decode, encode
from orchestrator.engine.home import NO_REFERENCES, References
from orchestrator.engine.identity import subject_of
from orchestrator.engine.ledger import key_of
from orchestrator.engine.message import GiveBack, Place, ToPool
from orchestrator.engine.message import decode as decode_message
from orchestrator.engine.message import encode as encode_message
from orchestrator.engine.pool import POOL, Pool
from orchestrator.errors import BadRecord, Bug
from orchestrator.events.event import Event
from orchestrator.events.intake import Intake
from orchestrator.journeys.applied import number_of
from orchestrator.kafka import names
from orchestrator.moments import format_moment
from orchestrator.streams.headers import DEFINITIONS, FORWARD, MESSAGE, TIME, read_mark
from orchestrator.streams.homes import home

Headers = list[tuple[str, bytes]]

HOPS_ALLOWED: Final = 8
CONTENT: Final = "content"
"""The code of the dead letter of an action whose content could not be made."""
NEVER_WRITTEN: Final = -1
"""The offset of what is on no topic."""
RECORD_BYTES_ALLOWED: Final = 500_000
"""Half of what Kafka takes by default, for the records of two that become one must fit too."""
_PLACE_BYTES: Final = 1_000
"""More than a stay, an offer or what an event adds to a computed trait takes, without the event in it."""

_NO_RUN: Final[list[Any]] = [None, 0, 0, 0]
_OURS: Final = frozenset((DEFINITIONS, FORWARD, MESSAGE, TIME))
_OF_DEAD_LETTER: Final = "dead-letter-"
_JSON: Final = [("content-type", b"application/json")]


class Input(Protocol):
    """A Kafka record as the consumer gives it; ``timestamp`` in UTC milliseconds."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


class Output(NamedTuple):
    """A record to publish on a logical topic."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers


@dataclass(slots=True)
class Counts:
    """What happened, for the metrics. ``caused`` has the Kafka time stamp of each action's event.

    ``places`` are those of channels and queues that take only so many, by name and what became of them; ``waiting`` is
    how many wait for one.
    """

    events: dict[str, int] = field(default_factory=dict)
    actions: dict[tuple[str, str], int] = field(default_factory=dict)
    dead_letters: dict[str, int] = field(default_factory=dict)
    decisions: dict[tuple[str, str], int] = field(default_factory=dict)
    outcomes: dict[tuple[str, str, str], int] = field(default_factory=dict)
    answers: dict[tuple[str, str, str], int] = field(default_factory=dict)
    places: dict[tuple[str, str], int] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    duplicates: int = 0
    late: int = 0
    forwards: int = 0
    timers: int = 0
    adapted: int = 0
    requests: int = 0
    caused: list[int] = field(default_factory=list)


class Work:
    """The work of one partition number since its last checkpoint.

    ``following`` is the version of the definitions that are in force after it: it ends where they change.
    """

    def __init__(
        self,
        partition: int,
        partitions: int,
        env: engine.Env,
        intake: Intake,
        read: Callable[[bytes], bytes | None],
        references: References = NO_REFERENCES,
    ) -> None:
        self.partition = partition
        self.partitions = partitions
        self.env = env
        self.references = references
        self.touched: dict[str, Record | None] = {}
        self.outputs: list[Output] = []
        self.offsets: dict[str, int] = {}
        self.journal: list[list[Any]] = []
        self.following: str | None = None
        self.counts = Counts()
        self._intake = intake
        self._read = read
        self._ledger_key = key_of(partition)
        ledger = engine.Ledger(partition, partitions, partial(read, self._ledger_key))
        self._home = engine.Home(ledger, engine.Chunks(read), engine.Pages(read), *references)
        self._pools: dict[str, Pool] = {}
        self._old_due: dict[str, int | None] = {}
        self._last_due: dict[str, int | None] = {}
        self._sizes: dict[str, int] = {}
        self._scheduled: list[tuple[int, str]] = []
        self._run: list[Any] = _NO_RUN

    def __bool__(self) -> bool:
        return bool(self.offsets or self.journal)

    def apply(self, topic: str, record: Input, now: int) -> None:
        """Decides one input record. A bad one goes to the dead-letter topic. Raises Bug."""
        offset = record.offset
        self.offsets[topic] = offset + 1
        run = self._run
        if run[0] == topic and run[1] + run[2] == offset and run[3] == now:
            run[2] += 1
        else:
            self._run = [topic, offset, 1, now]
            self.journal.append(self._run)
        try:
            if topic == names.CUSTOMER_EVENTS:
                self._apply_forwarded(record, now)
            else:
                event = self._intake.read(
                    topic, self.partition, offset, record.value, record.headers, record.timestamp, now
                )
                self._apply_event(event, None, record, now, topic, self.partition, offset, 0)
        except BadRecord as bad:
            self._dead_letter(topic, record, bad, now)

    def fire(self, key: str, now: int) -> None:
        """Does what is due by ``now`` for one customer, or for a channel or queue that takes only so many."""
        if key.startswith(POOL):
            self._release(self._pool(key), now)
            return
        record = self._load(key)
        if not isinstance(record, Customer):
            return
        self.journal.append(["timer", key, now])
        self._run = _NO_RUN
        self.counts.timers += 1
        step = engine.on_timer(self.env, record, now, self._home)
        self._take(key, step, now, None)
        self._grow(key, 0)

    def sweep(self, key: str, now: int) -> None:
        """Brings one customer up to the definitions in force, if that is still to do."""
        was_here = key in self.touched
        record = self._load(key)
        if isinstance(record, Customer) and record.adapted != self.env.adaption:
            self.journal.append(["sweep", key, now])
            self._run = _NO_RUN
            self.counts.adapted += 1
            self._take(key, engine.on_sweep(self.env, record, now, self._home), now, None)
            self._grow(key, 0)
        elif not was_here:
            self.touched.pop(key, None)

    def answer(self, request: engine.Request, now: int) -> dict[str, Any] | engine.Follow:
        """Answers what is asked about one customer; Follow if the id belongs to somebody else.

        Raises:
            RequestRefused: it cannot be answered; nothing has changed.
        """
        key = request.customer
        was_here = key in self.touched
        record = self._load(key)
        if isinstance(record, engine.Pointer):
            self._put_back(key, record if was_here else None)
            return engine.Follow(record.to)
        before = encode(record) if record is not None else None
        parts = dict(self._home.chunks.written)
        try:
            step, answer = engine.on_request(self.env, record, request, now, self._home)
        except Exception:
            # A bug must not leave half of what it did to whoever is decided after it.
            self._home.chunks.written = parts
            self._put_back(key, decode(before) if was_here and before is not None else None)
            raise
        if step is None:
            self._put_back(key, record if was_here else None)
            return answer
        self.journal.append(["request", key, now, request.to_json()])
        self._run = _NO_RUN
        self.counts.requests += 1
        self._take(key, step, now, None)
        self._grow(key, 0)
        return answer

    def redo(self, entry: Sequence[Any]) -> None:
        """Does again what an entry of a journal says beside records. Raises Bug for a kind that nobody knows."""
        if entry[0] == "timer":
            self.fire(entry[1], entry[2])
        elif entry[0] == "sweep":
            self.sweep(entry[1], entry[2])
        elif entry[0] == "request":
            self.answer(engine.Request(**entry[3]), entry[2])
        else:
            raise Bug(f"the journal has an entry of a kind that nobody knows: {entry[0]}")

    def schedule(self, rows: Sequence[tuple[int, bytes]]) -> None:
        """Adds timer rows from the store to those of this work."""
        for due, key in rows:
            heapq.heappush(self._scheduled, (due, key.decode()))

    def next_scheduled(self) -> int | None:
        """The earliest moment in this work at which something may be due."""
        return self._scheduled[0][0] if self._scheduled else None

    def next_due(self, until: int) -> tuple[int, str] | None:
        """The earliest customer that is due by ``until``; rows that a later change made stale are skipped."""
        while self._scheduled and self._scheduled[0][0] <= until:
            due, key = self._scheduled[0]
            if self._due_of(key) == due:
                return due, key
            heapq.heappop(self._scheduled)
        return None

    def writes(self) -> dict[bytes, bytes | None]:
        """The records as the changelog and the store take them, with the ledger and what else is kept beside them."""
        records = {key.encode(): encode(record) for key, record in self.touched.items() if record is not None}
        ledger = self._home.ledger
        if ledger.changed:
            records[self._ledger_key] = ledger.encode()
        records |= {key.encode(): pool.encode() for key, pool in self._pools.items()}
        return records | self._home.chunks.written | dict(self._home.pages.writes())

    def left(self, key: bytes) -> bytes | None:
        """What this work leaves under a key of the store. Raises KeyError if it leaves that as it was."""
        if key == self._ledger_key:
            if not self._home.ledger.changed:
                raise KeyError(key)
            return self._home.ledger.encode()
        if key in self._home.chunks.written:
            return self._home.chunks.written[key]
        record = self.touched[key.decode()] if key.startswith(CUSTOMERS) else None
        if record is None:
            raise KeyError(key)
        return encode(record)

    def timers(self) -> list[tuple[bytes, int | None, int | None]]:
        """The customers whose next due moment changed: key, old, new."""
        changed = []
        for key, record in self.touched.items():
            new = record.next_due if isinstance(record, Customer) else None
            old = self._old_due[key]
            if old != new:
                changed.append((key.encode(), old, new))
        for key, pool in self._pools.items():
            if pool.next_due != self._old_due[key]:
                changed.append((key.encode(), self._old_due[key], pool.next_due))
        return changed

    def due_of(self, key: str, otherwise: int) -> int | None:
        """When something of a record falls due that this work has looked at; ``otherwise`` if it has not."""
        return self._last_due.get(key, otherwise)

    def _apply_event(
        self,
        event: Event,
        to: str | None,
        record: Input,
        now: int,
        topic: str,
        partition: int,
        offset: int,
        hops: int,
    ) -> None:
        counts = self.counts
        key = to if to is not None else subject_of(event)
        held = self.touched.get(key) or self._load(key)
        if held is None and home(key[2:], self.partitions) != self.partition:
            self._forward(record, key, topic, partition, offset, hops)
            return
        self._refuse_overgrown(key, record)
        step = engine.on_event(self.env, held, event, now, key, self._home)
        if step.forwards and isinstance(step.forwards[0], engine.Follow):
            self._forward(record, step.forwards[0].to, topic, partition, offset, hops)
            return
        counts.events[event.name] = counts.events.get(event.name, 0) + 1
        if step.duplicate:
            counts.duplicates += 1
            return
        if step.late:
            counts.late += 1
        self._take(key, step, now, record.timestamp)
        self._grow(key, len(record.value or b""))

    def _apply_forwarded(self, record: Input, now: int) -> None:
        headers = dict(record.headers)
        if TIME in headers:
            _check_mark(headers[TIME])
            return
        if DEFINITIONS in headers:
            self._change_definitions(headers[DEFINITIONS])
            return
        if MESSAGE in headers:
            self._apply_message(record, now)
            return
        if FORWARD not in headers:
            raise BadRecord(
                "not_forwarded",
                f"'{names.CUSTOMER_EVENTS}' is written by the orchestrator alone: publish to the events.* topics",
            )
        try:
            origin = orjson.loads(headers[FORWARD])
            topic, partition, offset, timestamp = (
                str(origin["topic"]),
                int(origin["partition"]),
                int(origin["offset"]),
                int(origin["timestamp"]),
            )
            hops, to = int(origin["hops"]), str(origin["to"])
        except (ValueError, KeyError, TypeError) as error:
            raise BadRecord(
                "not_forwarded", f"the header {FORWARD} is damaged: only the orchestrator writes it"
            ) from error
        if hops > HOPS_ALLOWED:
            raise BadRecord("too_many_hops", f"the event was sent on {hops} times without reaching the home of {to}")
        original = [(name, value) for name, value in record.headers if name not in _OURS]
        event = self._intake.read(topic, partition, offset, record.value, original, timestamp, now)
        self._apply_event(
            event,
            to,
            _Forwarded(offset, timestamp, record.key, record.value, original),
            now,
            topic,
            partition,
            offset,
            hops,
        )

    def _change_definitions(self, value: bytes) -> None:
        version = value.decode("utf-8", "replace")
        try:
            newer = number_of(version) > number_of(self.env.version)
        except ValueError as error:
            raise BadRecord(
                "bad_message", f"the header {DEFINITIONS} is damaged: only the orchestrator writes it"
            ) from error
        # A partition number that begins anew, with the definitions of today, reads of those of yesterday.
        if newer:
            self.following = version

    def _apply_message(self, record: Input, now: int) -> None:
        try:
            message = decode_message(record.value or b"")
            key = message.to
        except (ValueError, KeyError, TypeError) as error:
            raise BadRecord(
                "bad_message", f"the message is damaged: only the orchestrator writes to '{names.CUSTOMER_EVENTS}'"
            ) from error
        if isinstance(message, ToPool):
            pool = self._pool(key)
            if isinstance(message, GiveBack) and message.window is not None:
                self._count_place(pool.name, "returned")
            self._reply(pool, engine.on_ask(self.env, pool, message, now, self._home))
            return
        step = engine.on_message(self.env, self._load(key), message, now, self._home)
        self._take(key, step, now, record.timestamp)
        self._grow(key, len(record.value or b""))

    def _pool(self, key: str) -> Pool:
        pool = self._pools.get(key)
        if pool is None:
            value = self._read(key.encode())
            pool = self._pools[key] = Pool.decode(value) if value is not None else Pool(key)
            self._old_due[key] = self._last_due[key] = pool.next_due
        return pool

    def _release(self, pool: Pool, now: int) -> None:
        self.journal.append(["timer", pool.key, now])
        self._run = _NO_RUN
        self.counts.timers += 1
        self._reply(pool, engine.on_release(self.env, pool, now, self._home))

    def _reply(self, pool: Pool, messages: Sequence[engine.Message]) -> None:
        """What a pool tells those who ask; when it is due then."""
        if pool.next_due is not None and pool.next_due != self._last_due[pool.key]:
            heapq.heappush(self._scheduled, (pool.next_due, pool.key))
        self._last_due[pool.key] = pool.next_due
        for message in messages:
            self._count_place(pool.name, "given" if isinstance(message, Place) else "refused")
            self._message(message)
        self.counts.waiting[pool.name] = pool.waiting

    def _count_place(self, name: str, what: str) -> None:
        self.counts.places[name, what] = self.counts.places.get((name, what), 0) + 1

    def _due_of(self, key: str) -> int | None:
        if key.startswith(POOL):
            return self._pool(key).next_due
        record = self._load(key)
        return record.next_due if isinstance(record, Customer) else None

    def _refuse_overgrown(self, key: str, record: Input) -> None:
        added = len(record.value or b"")
        if self._sizes.get(key, 0) + added <= RECORD_BYTES_ALLOWED:
            return
        held = self.touched.get(key)
        size = self._sizes[key] = len(encode(held)) if held is not None else 0
        if size + added > RECORD_BYTES_ALLOWED:
            raise BadRecord(
                "record_full",
                f"the record of {key[2:]} would exceed {RECORD_BYTES_ALLOWED} bytes: too much is kept of one customer",
            )

    def _grow(self, key: str, added: int) -> None:
        """Keeps a size that the record does not exceed, so that it is measured only when that is too much."""
        record = self.touched.get(key)
        if isinstance(record, Customer):
            places = 2 + len(record.instances) + len(record.offers) + len(record.computed)
            self._sizes[key] = self._sizes.get(key, 0) + places * (added + _PLACE_BYTES)

    def _put_back(self, key: str, record: Record | None) -> None:
        """As it was before somebody looked: with no record, as if nobody had."""
        if record is not None:
            self.touched[key] = record
        else:
            self.touched.pop(key, None)

    def _load(self, key: str) -> Record | None:
        try:
            return self.touched[key]
        except KeyError:
            pass
        value = self._read(key.encode())
        record = decode(value) if value is not None else None
        if record is not None:
            self.touched[key] = record
            self._sizes[key] = len(value or b"")
        self._old_due[key] = self._last_due[key] = record.next_due if isinstance(record, Customer) else None
        return record

    def _take(self, key: str, step: engine.Step, now: int, caused: int | None) -> None:
        record = step.record
        if record is not None:
            self.touched[key] = record
            due = record.next_due if isinstance(record, Customer) else None
            if due is not None and due != self._last_due.get(key):
                heapq.heappush(self._scheduled, (due, key))
            self._last_due[key] = due
        if step.forwards:
            for message in step.forwards:
                self._message(message)
        if not step.log and not step.decisions:
            return
        if step.actions:
            self._actions(step, now, caused)
        for failed in step.failed:
            self._failed(failed, now)
        customer_key = key[2:].encode()
        for decision in step.decisions:
            self._count_decision(decision)
            self.outputs.append(Output(names.DECISIONS, self.partition, customer_key, orjson.dumps(decision), _JSON))
        for line in step.log:
            if line["kind"] == "outcome":
                self._count_outcome(line)
            if line["kind"] == "survey":
                self._count_answer(line)
            self.outputs.append(Output(names.JOURNEY_LOG, self.partition, customer_key, orjson.dumps(line), _JSON))

    def _actions(self, step: engine.Step, now: int, caused: int | None) -> None:
        counts, moment = self.counts, format_moment(now).encode()
        for action in step.actions:
            value = action.value
            kind: str = value["kind"]
            identifier = value["action_id"] if kind == "action" else f"{value['action_id']}/cancel"
            customer_key = action.customer_id.encode()
            headers = [
                *_constant_headers(kind, value["journey"], value.get("placement")),
                ("ce_id", identifier.encode()),
                ("ce_time", moment),
                ("ce_subject", customer_key),
            ]
            if action.traceparent is not None:
                headers.append(("traceparent", action.traceparent.encode()))
            partition = home(action.customer_id, self.partitions)
            topic = names.action_topic(action.channel)
            self.outputs.append(Output(topic, partition, customer_key, orjson.dumps(value), headers))
            label = (action.channel, kind)
            counts.actions[label] = counts.actions.get(label, 0) + 1
            if caused is not None:
                counts.caused.append(caused)

    def _failed(self, failed: engine.Failed, now: int) -> None:
        counts, partition = self.counts.dead_letters, home(failed.customer_id, self.partitions)
        counts[CONTENT] = counts.get(CONTENT, 0) + 1
        topic = names.action_topic(failed.channel)
        headers = [*_JSON, *dead_letter_headers(CONTENT, failed.reason, topic, partition, NEVER_WRITTEN, now, now)]
        value = orjson.dumps(failed.value)
        self.outputs.append(Output(names.DEAD_LETTER, self.partition, failed.customer_id.encode(), value, headers))

    def _count_decision(self, decision: dict[str, Any]) -> None:
        if decision["kind"] != "decision":
            return
        label = (told_by(decision), decision["outcome"])
        self.counts.decisions[label] = self.counts.decisions.get(label, 0) + 1

    def _count_answer(self, line: dict[str, Any]) -> None:
        label = (line["journey"] or "", line["survey"], line["group"])
        self.counts.answers[label] = self.counts.answers.get(label, 0) + 1

    def _count_outcome(self, line: dict[str, Any]) -> None:
        label = (line["action"], line["channel"], line["what"])
        self.counts.outcomes[label] = self.counts.outcomes.get(label, 0) + 1

    def _message(self, message: engine.Message | engine.Follow) -> None:
        if isinstance(message, engine.Follow):
            raise Bug("only an event can follow a pointer")
        self.counts.forwards += 1
        to = message.to[2:]
        self.outputs.append(
            Output(
                names.CUSTOMER_EVENTS,
                home(to, self.partitions),
                to.encode(),
                encode_message(message),
                [(MESSAGE, b"1")],
            )
        )

    def _forward(self, record: Input, to: str, topic: str, partition: int, offset: int, hops: int) -> None:
        origin = {
            "topic": topic,
            "partition": partition,
            "offset": offset,
            "timestamp": record.timestamp,
            "hops": hops + 1,
            "to": to,
        }
        # A producer must not be able to pass its event off as a message between customers.
        headers = [header for header in record.headers if header[0] not in _OURS]
        headers.append((FORWARD, orjson.dumps(origin)))
        self.counts.forwards += 1
        self.outputs.append(
            Output(names.CUSTOMER_EVENTS, home(to[2:], self.partitions), to[2:].encode(), record.value, headers)
        )

    def _dead_letter(self, topic: str, record: Input, bad: BadRecord, now: int) -> None:
        self.counts.dead_letters[bad.code] = self.counts.dead_letters.get(bad.code, 0) + 1
        added = dead_letter_headers(bad.code, str(bad), topic, self.partition, record.offset, record.timestamp, now)
        # One that was put back and is refused again tells the reason of now alone.
        kept = [header for header in record.headers if not header[0].startswith(_OF_DEAD_LETTER)]
        headers = [*kept, *added]
        self.outputs.append(Output(names.DEAD_LETTER, self.partition, record.key, record.value, headers))


def dead_letter_headers(
    code: str, reason: str, topic: str, partition: int, offset: int, timestamp: int, now: int
) -> Headers:
    """What a dead letter says of itself; ``topic`` is the logical name of where the record was."""
    return [
        ("dead-letter-code", code.encode()),
        ("dead-letter-reason", reason.encode("utf-8", "replace")),
        ("dead-letter-topic", topic.encode()),
        ("dead-letter-partition", str(partition).encode()),
        ("dead-letter-offset", str(offset).encode()),
        ("dead-letter-timestamp", str(timestamp).encode()),
        ("dead-letter-time", format_moment(now).encode()),
    ]


def _check_mark(value: bytes) -> None:
    try:
        read_mark(value)
    except ValueError as error:
        raise BadRecord(
            "bad_message", f"the header {TIME} is no mark of a replay: only the orchestrator writes it"
        ) from error


@lru_cache(maxsize=4096)
def _constant_headers(kind: str, journey: str | None, placement: str | None) -> Headers:
    source = f"/journeys/{journey}" if journey is not None else f"/placements/{placement}"
    return [
        *_JSON,
        ("ce_specversion", b"1.0"),
        ("ce_source", source.encode()),
        ("ce_type", f"orchestrator.{kind}".encode()),
    ]


@dataclass(frozen=True, slots=True)
class _Forwarded:
    """The original of a forwarded record."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers
