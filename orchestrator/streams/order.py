"""In what order one partition number takes its records and timers, and what time it is there.

Wall time: records are taken as they come. Timers fire up to the moment to which all inputs are known
to be read: the wall clock if they are read to an end that was sampled at that clock, else the time
stamp of the last record. So after an outage the purchase that waits in the log is read before "no
purchase in 30 minutes" fires.

Event time: a replay marks its stream: "all records up to moment W are on these offsets". Records are
taken in the order of their own time stamps, across inputs, once they are all there; waits pass in
the data's time. What other homes send after a mark is taken after the records up to it, and the mark
itself when all of that is done: whoever takes over meanwhile finds it again. Without marks, what has
come is taken after a pause.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

from orchestrator.errors import BadRecord
from orchestrator.events.intake import Intake
from orchestrator.events.routing import PROFILE
from orchestrator.kafka import names
from orchestrator.streams.headers import TIME, Mark, read_mark

if TYPE_CHECKING:
    from orchestrator.streams.timers import Timers
    from orchestrator.streams.transport import Horizon
    from orchestrator.streams.work import Input, Work

RECORDS_PER_CHECKPOINT: Final = 4_000
BYTES_PER_CHECKPOINT: Final = 1 << 19
"""A customer that is parsed takes some ten times the bytes of its event, and four partitions may be at it at once."""
_SAMPLED: Final = 32
GRACE_MS: Final = 100
"""A record bears the time of its making and reaches the log a little later: timers wait that long for it."""
UNMARKED_PAUSE_MS: Final = 2_000
_RANK: Final = {topic: int(topic != PROFILE) for topic in names.INPUT_TOPICS}
"""Of what bears the same time stamp, who the customer is comes before what they did."""
_END_OF_TIME: Final = 1 << 62


class Order(Protocol):
    """What a partition asks for."""

    def offer(self, topic: str, records: Sequence[Input], wall: int) -> None:
        """Takes in what was fetched of a logical topic."""

    def take(self, work: Work, timers: Timers, wall: int, most: int) -> bool:
        """Feeds up to ``most`` records and due timers to the work, or to where definitions change; True if not all."""

    def see(self, horizons: Mapping[str, Horizon], wall: int) -> None:
        """Learns how far the inputs are read."""

    def wants_horizons(self, timers: Timers, wall: int) -> bool:
        """Whether something seems due that only a sample of the inputs can release."""

    @property
    def pending(self) -> int:
        """Records taken in and not yet decided."""

    @property
    def record_bytes(self) -> int:
        """About how many bytes each of them has."""

    def waiting(self, topic: str) -> int:
        """Those of one logical topic; 0 when more of it is needed before anything can go on."""

    def clock_ms(self, wall: int) -> int:
        """What time it is here."""


def mean_bytes(records: Sequence[Input]) -> int:
    """About how many bytes the value of one of these has: of some of them the mean, at least 1."""
    some = records[:: max(1, len(records) // _SAMPLED)]
    return max(1, sum(len(record.value or b"") for record in some) // len(some))


def most_records(record_bytes: int) -> int:
    """How many records of a size one checkpoint takes."""
    return max(1, min(RECORDS_PER_CHECKPOINT, BYTES_PER_CHECKPOINT // record_bytes))


class WallOrder:
    """Time is the wall clock."""

    def __init__(self) -> None:
        self._queues: dict[str, deque[Input]] = {topic: deque() for topic in names.INPUT_TOPICS}
        self._reached = dict.fromkeys(names.INPUT_TOPICS, 0)
        self._next = dict.fromkeys(names.INPUT_TOPICS, -1)
        self.pending = 0
        self.record_bytes = 1

    def offer(self, topic: str, records: Sequence[Input], wall: int) -> None:
        """As ``Order.offer``."""
        self._queues[topic].extend(records)
        self.pending += len(records)
        self.record_bytes = mean_bytes(records)

    def take(self, work: Work, timers: Timers, wall: int, most: int) -> bool:
        """As ``Order.take``."""
        left = most
        while left and self.pending and work.following is None:
            left -= self._take_run(work, timers, wall, left)
        if work.following is not None:
            return True
        more = not timers.fire(work, min(*self._reached.values(), wall), lambda _: wall)
        return more or self.pending > 0

    def _take_run(self, work: Work, timers: Timers, wall: int, most: int) -> int:
        """Takes records of the input that is furthest behind, until another one is; how many."""
        topic, queue, until = self._oldest()
        apply, next_due, reached = work.apply, timers.next_due, self._reached
        taken, latest = 0, reached[topic]
        while queue and taken < most:
            record = queue[0]
            timestamp = record.timestamp
            if taken and timestamp > until:
                break
            due = next_due(work)
            if due is not None and due < timestamp:
                timers.fire(work, min(*reached.values(), timestamp - 1), lambda _: wall)
            queue.popleft()
            apply(topic, record, wall)
            if timestamp > latest:
                reached[topic] = latest = min(timestamp, wall)
            taken += 1
            if work.following is not None:
                break
        self._next[topic] = record.offset + 1
        self.pending -= taken
        return taken

    def see(self, horizons: Mapping[str, Horizon], wall: int) -> None:
        """As ``Order.see``."""
        for topic, horizon in horizons.items():
            read = horizon.handed is None or horizon.handed <= self._next[topic]
            if horizon.drained and read and not self._queues[topic]:
                self._reached[topic] = max(self._reached[topic], horizon.polled_at - GRACE_MS)

    def wants_horizons(self, timers: Timers, wall: int) -> bool:
        """As ``Order.wants_horizons``."""
        due = timers.next_due(None)
        return due is not None and due <= wall

    def clock_ms(self, wall: int) -> int:
        """As ``Order.clock_ms``."""
        return wall

    def waiting(self, topic: str) -> int:
        """As ``Order.waiting``."""
        return len(self._queues[topic])

    def _oldest(self) -> tuple[str, deque[Input], int]:
        """The input whose first record is the oldest, and up to which time stamp it may go on before another one."""
        heads = sorted((queue[0].timestamp, _RANK[topic], topic) for topic, queue in self._queues.items() if queue)
        _, rank, topic = heads[0]
        until = heads[1][0] - (heads[1][1] < rank) if len(heads) > 1 else _END_OF_TIME
        return topic, self._queues[topic], until


class EventOrder:
    """Time is the data's."""

    def __init__(self, intake: Intake, clock_ms: int, offsets: Mapping[str, int]) -> None:
        self._intake = intake
        self._clock = clock_ms
        self._queues: dict[str, deque[tuple[int, Input]]] = {topic: deque() for topic in names.EVENT_TOPICS}
        self._forwarded: deque[tuple[int, Input]] = deque()
        self._marked = 0
        self._latest = dict.fromkeys(names.EVENT_TOPICS, 0)
        self._received = {topic: offsets.get(topic, 0) for topic in names.EVENT_TOPICS}
        self._marks: deque[Mark] = deque()
        self._since = 0
        self._until = 0
        self._released = dict.fromkeys(names.EVENT_TOPICS, 0)
        self._offered_at = 0
        self.pending = 0
        self.record_bytes = 1

    def offer(self, topic: str, records: Sequence[Input], wall: int) -> None:
        """As ``Order.offer``."""
        self._offered_at = wall
        self.pending += len(records)
        self.record_bytes = mean_bytes(records)
        if topic == names.CUSTOMER_EVENTS:
            for record in records:
                self._mark(record)
                self._forwarded.append((self._marked, record))
            return
        queue = self._queues[topic]
        for record in records:
            self._latest[topic] = max(self._latest[topic], self._moment(topic, record, wall))
            queue.append((self._latest[topic], record))
        self._received[topic] = records[-1].offset + 1

    def take(self, work: Work, timers: Timers, wall: int, most: int) -> bool:
        """As ``Order.take``."""
        self._release_unmarked(wall)
        left = most
        for topic, at, record in self._ready():
            if not timers.fire(work, at - 1, self._at_due):
                return True
            self._clock = max(self._clock, at)
            work.apply(topic, record, self._clock)
            self._drop(topic)
            left -= 1
            if not left or work.following is not None:
                return True
        if not timers.fire(work, self._until, self._at_due):
            return True
        self._clock = max(self._clock, self._until)
        return False

    def see(self, horizons: Mapping[str, Horizon], wall: int) -> None:
        """Event time asks the data alone."""

    def wants_horizons(self, timers: Timers, wall: int) -> bool:
        """Event time asks the data alone."""
        return False

    def clock_ms(self, wall: int) -> int:
        """As ``Order.clock_ms``."""
        return self._clock

    def waiting(self, topic: str) -> int:
        """As ``Order.waiting``."""
        if topic == names.CUSTOMER_EVENTS:
            return len(self._forwarded) if self._marks else 0
        needed = self._marks and self._received[topic] < self._marks[0].ends.get(topic, 0)
        return 0 if needed else len(self._queues[topic])

    def _at_due(self, due: int) -> int:
        self._clock = max(self._clock, due)
        return self._clock

    def _release_unmarked(self, wall: int) -> None:
        if not self._marks and self.pending and wall - self._offered_at > UNMARKED_PAUSE_MS:
            self._until = max(self._until, max((queue[-1][0] for queue in self._queues.values() if queue), default=0))
            self._released.update(self._received)

    def _release_mark(self) -> bool:
        if not self._marks or any(self._received[topic] < end for topic, end in self._marks[0].ends.items()):
            return False
        mark = self._marks.popleft()
        self._since, self._until = self._until, max(self._until, mark.until)
        self._released.update((topic, max(end, self._released[topic])) for topic, end in mark.ends.items())
        return True

    def _ready(self) -> Iterator[tuple[str, int, Input]]:
        while True:
            at, topic = self._head()
            if at <= self._until:
                yield topic, at, self._queue(topic)[0][1]
            elif not self._release_mark():
                return

    def _head(self) -> tuple[int, str]:
        """When what comes next counts as happening, and its topic.

        An event that comes after the mark which it should have come before is taken after that mark, whenever it was
        fetched: else what becomes of it would depend on how fast that was.
        """
        heads = [
            (queue[0][0], topic)
            for topic, queue in self._queues.items()
            if queue and queue[0][1].offset < self._released[topic]
        ]
        at, topic = min(heads, default=(_END_OF_TIME, ""))
        at = max(at, min(self._since + 1, self._until))
        if self._forwarded and self._forwarded[0][0] < at:
            return self._forwarded[0][0], names.CUSTOMER_EVENTS
        return at, topic

    def _drop(self, topic: str) -> None:
        self.pending -= 1
        self._queue(topic).popleft()

    def _queue(self, topic: str) -> deque[tuple[int, Input]]:
        return self._forwarded if topic == names.CUSTOMER_EVENTS else self._queues[topic]

    def _moment(self, topic: str, record: Input, wall: int) -> int:
        try:
            return self._intake.read(topic, 0, record.offset, record.value, record.headers, record.timestamp, wall).at
        except BadRecord:
            return self._latest[topic]

    def _mark(self, record: Input) -> None:
        for name, value in record.headers:
            if name == TIME:
                with suppress(ValueError):  # the work puts it on the dead-letter topic
                    mark = read_mark(value)
                    self._marks.append(mark)
                    self._marked = max(self._marked, mark.until)
