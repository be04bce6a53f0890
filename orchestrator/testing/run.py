"""Rules of this file: the work of all partition numbers in memory, at a time that only the caller moves.

The same intake, engine and batch work as in a worker; only Kafka, the disk and the clock are missing. What is decided
does not depend on how often the work is written: after each record for a test that looks at customers in between, after
some thousand for a simulation that has no time to lose.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from orchestrator import engine
from orchestrator.engine.customer import Customer, Record, decode, encode
from orchestrator.engine.home import NO_REFERENCES, References
from orchestrator.engine.pool import due_in
from orchestrator.events.intake import Intake
from orchestrator.kafka import names
from orchestrator.streams.homes import home
from orchestrator.streams.work import Headers, Output, Work

RECORDS_PER_WRITE: Final = 4_000
"""As a worker's checkpoint: customers who come twice within it are read and written once."""

Take = Callable[[Output], None]


@dataclass(frozen=True, slots=True)
class TestRecord:
    """A record as a consumer would give it."""

    __test__ = False

    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class Run:
    """Records of the input topics in, records of the output topics out.

    Args:
        env: the compiled definitions; another one may be set at any time.
        intake: what is accepted.
        take: gets everything that leaves, in its order.
        start: the first moment, UTC milliseconds.
        partitions: how many homes customers are spread over; what is decided must not depend on it.
        records_per_write: after how many records customers are written.
    """

    def __init__(
        self,
        env: engine.Env,
        intake: Intake,
        take: Take,
        *,
        start: int = 0,
        partitions: int = 1,
        records_per_write: int = RECORDS_PER_WRITE,
    ) -> None:
        self.now = start
        self.duplicates = 0
        self.late = 0
        self._env = env
        self._intake = intake
        self._take = take
        self._records_per_write = records_per_write
        self._references = NO_REFERENCES
        self._parts = [_Part(number, partitions, env, intake) for number in range(partitions)]
        self._offsets: dict[tuple[str, int], int] = {}
        self._waiting: deque[Output] = deque()

    @property
    def env(self) -> engine.Env:
        """What is in force."""
        return self._env

    @env.setter
    def env(self, env: engine.Env) -> None:
        for part in self._parts:
            self._write(part)
            part.begin(env, self._references)
        adapted, self._env = self._env.adaption == env.adaption, env
        if not adapted:
            self._sweep()

    @property
    def references(self) -> References:
        """What is sold, and whatever else all partition numbers read."""
        return self._references

    @references.setter
    def references(self, references: References) -> None:
        self._references = references
        for part in self._parts:
            self._write(part)
            part.begin(self._env, references)

    def produce(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers,
        *,
        partition: int | None = None,
        timestamp: int | None = None,
    ) -> None:
        """Decides one record of a logical input topic, and what other homes are told because of it.

        It is on the key's partition unless another is given, and its time stamp is now unless another is given.
        """
        number = partition
        if number is None:
            number = home((key or b"").decode("utf-8", "replace"), len(self._parts))
        self._deliver(Output(topic, number, key, value, headers), self.now if timestamp is None else timestamp)
        self._deliver_waiting()

    def advance_to(self, moment_ms: int) -> None:
        """Lets time pass until a moment; what falls due fires in its order, each when it is due."""
        while (found := self._next_due(moment_ms)) is not None:
            due, key, part = found
            self.now = max(self.now, due)
            part.work.fire(key, self.now)
            self._collect(part)
            self._deliver_waiting()
        self.now = max(self.now, moment_ms)

    def answer(self, request: engine.Request) -> dict[str, Any]:
        """Answers a request about one customer, whoever their id belongs to. Raises RequestRefused."""
        found = self.ask(request)
        return self.answer(replace(request, customer=found.to)) if isinstance(found, engine.Follow) else found

    def ask(self, request: engine.Request) -> dict[str, Any] | engine.Follow:
        """What the home of the request's customer answers. Raises RequestRefused."""
        part = self._parts[home(request.customer[2:], len(self._parts))]
        found = part.work.answer(request, self.now)
        self._collect(part)
        self._deliver_waiting()
        return found

    def put(self, record: Record) -> None:
        """Makes a customer known as they are, before anything of theirs is decided, and ready for what time brings."""
        part = self._parts[home(record.key[2:], len(self._parts))]
        self._write(part)
        part.put(record)
        part.work.sweep(record.key, self.now)
        self._collect(part)

    def record(self, key: str) -> Record | None:
        """The record under a key (with ``u:`` or ``a:``) at its home."""
        value = self.stored(key, key.encode())
        return decode(value) if value is not None else None

    def stored(self, customer: str, key: bytes) -> bytes | None:
        """What is kept under a key at a customer's home."""
        part = self._parts[home(customer[2:], len(self._parts))]
        self._write(part)
        return part.records.get(key)

    def timers(self) -> list[tuple[int, str]]:
        """What is due when: (UTC milliseconds, key), the earliest first."""
        for part in self._parts:
            self._write(part)
        return sorted({row for part in self._parts for row in part.due_rows()})

    def records(self) -> Iterator[Record]:
        """Everybody who is known, pointers included."""
        for part in self._parts:
            self._write(part)
            for key, value in part.records.items():
                if key[:2] in (b"u:", b"a:"):
                    yield decode(value)

    def _sweep(self) -> None:
        for part in self._parts:
            for key in sorted(key for key in part.records if key[:2] in (b"u:", b"a:")):
                part.work.sweep(key.decode(), self.now)
                self._collect(part)
        self._deliver_waiting()

    def _next_due(self, until: int) -> tuple[int, str, _Part] | None:
        if len(self._parts) == 1:
            part = self._parts[0]
            found = part.next_due(until)
            return (*found, part) if found is not None else None
        rows = [(*row, part.number) for part in self._parts if (row := part.next_due(until)) is not None]
        if not rows:
            return None
        due, key, number = min(rows)
        return due, key, self._parts[number]

    def _deliver_waiting(self) -> None:
        """Delivers what goes to other homes, the first first."""
        while self._waiting:
            self._deliver(self._waiting.popleft(), self.now)

    def _deliver(self, output: Output, timestamp: int) -> None:
        part = self._parts[output.partition]
        place = (output.topic, output.partition)
        offset = self._offsets[place] = self._offsets.get(place, -1) + 1
        record = TestRecord(output.partition, offset, timestamp, output.key, output.value, output.headers)
        part.work.apply(output.topic, record, self.now)
        self._collect(part)

    def _collect(self, part: _Part) -> None:
        outputs = part.work.outputs
        if outputs:
            part.work.outputs = []
            for output in outputs:
                if output.topic == names.CUSTOMER_EVENTS:
                    self._waiting.append(output)
                else:
                    self._take(output)
        part.taken += 1
        if part.taken >= self._records_per_write:
            self._write(part)

    def _write(self, part: _Part) -> None:
        if part.taken:
            self.duplicates += part.work.counts.duplicates
            self.late += part.work.counts.late
            part.write()
            part.begin(self._env, self._references)


class _Part:
    """One partition number: its customers, when they are due, and the work since they were last written."""

    def __init__(self, number: int, partitions: int, env: engine.Env, intake: Intake) -> None:
        self.number = number
        self.records: dict[bytes, bytes] = {}
        self._partitions = partitions
        self._intake = intake
        self._due: list[tuple[int, bytes]] = []
        self.begin(env, NO_REFERENCES)

    def begin(self, env: engine.Env, references: References) -> None:
        """Begins new work."""
        self.taken = 0
        self.work = Work(self.number, self._partitions, env, self._intake, self.records.get, references)
        self._given: list[tuple[int, bytes]] = []

    def put(self, record: Record) -> None:
        """As ``Run.put``."""
        key = record.key.encode()
        self.records[key] = encode(record)
        if isinstance(record, Customer) and record.next_due is not None:
            heapq.heappush(self._due, (record.next_due, key))

    def write(self) -> None:
        """Puts what the work changed where the next one finds it."""
        for key, value in self.work.writes().items():
            if value is None:
                self.records.pop(key, None)
            else:
                self.records[key] = value
        for due, key in self._given:
            # Whoever was not looked at is still due; of the others, those whose moment has not changed.
            if self.work.due_of(key.decode(), due) == due:
                heapq.heappush(self._due, (due, key))
        for key, _, new in self.work.timers():
            if new is not None:
                heapq.heappush(self._due, (new, key))

    def next_due(self, until: int) -> tuple[int, str] | None:
        """The earliest customer that is due by ``until``."""
        given = []
        while self._due and self._due[0][0] <= until:
            given.append(heapq.heappop(self._due))
        if given:
            self._given += given
            self.work.schedule(given)
        return self.work.next_due(until)

    def due_rows(self) -> Iterator[tuple[int, str]]:
        """The rows that hold; those that a later change made stale are left out."""
        for due, key in self._due:
            if due_in(key, self.records.get(key)) == due:
                yield due, key.decode()
