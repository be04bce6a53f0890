"""In what order records and timers are taken: by the data's time, and by the wall clock."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle
from typing import Any, Final, cast

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.engine.customer import Customer
from orchestrator.events.intake import Intake, Limits
from orchestrator.events.routing import PROFILE
from orchestrator.kafka import names
from orchestrator.streams.headers import TIME
from orchestrator.streams.order import GRACE_MS, UNMARKED_PAUSE_MS, EventOrder, Order, WallOrder, most_records
from orchestrator.streams.store import Meta, Store
from orchestrator.streams.timers import Timers
from orchestrator.streams.transport import Horizon
from orchestrator.streams.work import Work
from orchestrator.testing.driver import TestRecord
from tests.streams.cluster import MemoryStore
from tests.streams.world import DAY, ENV, INTAKE, MINUTE, START, Sent, events

WALL_INTAKE: Final = Intake(Limits(262_144, 365 * DAY, DAY, event_clock=False, strict={}))

Logs = dict[str, list[TestRecord]]


class Spy:
    """Stands before a work and notes when a timer was due, which the journal does not."""

    def __init__(self, store: MemoryStore, intake: Intake) -> None:
        self.work = Work(0, 1, ENV, intake, store.get)
        self.steps: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.work, name)

    def apply(self, topic: str, record: Any, now: int) -> None:
        self.steps.append((topic, record.offset, now))
        self.work.apply(topic, record, now)

    def fire(self, key: str, now: int) -> None:
        record = self.work._load(key)
        assert isinstance(record, Customer)
        self.steps.append(("timer", key, record.next_due, now))
        self.work.fire(key, now)


class Worker:
    """One partition number that takes what its order gives, and saves after each round."""

    def __init__(self, order: Order, intake: Intake) -> None:
        self.order = order
        self.store = MemoryStore()
        self.timers = Timers(cast(Store, self.store))
        self.steps: list[tuple[Any, ...]] = []
        self.offsets: dict[str, int] = {}
        self._intake = intake

    def round(self, wall: int) -> bool:
        work = Spy(self.store, self._intake)
        more = self.order.take(cast(Work, work), self.timers, wall, most_records(self.order.record_bytes))
        self.steps += work.steps
        self.offsets |= work.offsets
        self.store.write(work.writes(), work.timers(), Meta(1, ""))
        self.timers.renew()
        return more

    def rounds(self, wall: int) -> None:
        while self.round(wall):
            pass


def logs_of(sent: list[Sent]) -> Logs:
    logs: Logs = {topic: [] for topic in names.INPUT_TOPICS}
    for event in sent:
        log = logs[event.topic]
        log.append(TestRecord(0, len(log), event.timestamp, event.key, event.value, []))
    return logs


def mark(offset: int, until: int, ends: dict[str, int]) -> TestRecord:
    return TestRecord(0, offset, START, None, None, [(TIME, orjson.dumps({"until": until, "ends": ends}))])


def marked(sent: list[Sent], places: list[int]) -> Logs:
    """The events with a mark after each of the places, and one at the end that lets all waits pass."""
    logs = logs_of(sent)
    marks = logs[names.CUSTOMER_EVENTS]
    for place in sorted({place for place in places if 0 < place < len(sent)}):
        ends = {topic: len(log) for topic, log in logs_of(sent[:place]).items() if log}
        marks.append(mark(len(marks), sent[place - 1].timestamp, ends))
    ends = {topic: len(log) for topic, log in logs_of(sent).items() if log}
    marks.append(mark(len(marks), START + 60 * DAY, ends))
    return logs


# Event time.

PLACES: Final = st.lists(st.integers(0, 25), max_size=6)


def in_order(logs: Logs) -> list[tuple[Any, ...]]:
    """What comes of it when everything is there from the beginning."""
    worker = Worker(EventOrder(INTAKE, 0, {}), INTAKE)
    for topic, log in logs.items():
        if log:
            worker.order.offer(topic, log, 0)
    worker.rounds(0)
    return worker.steps


FETCHES: Final = st.lists(
    st.tuples(st.sampled_from(names.INPUT_TOPICS), st.integers(1, 8), st.booleans(), st.booleans()), max_size=40
)
"""Of which topic, how many records, and whether the worker gets round to them or is replaced by another."""

Fetches = list[tuple[str, int, bool, bool]]


def fetched_so(logs: Logs, fetches: Fetches, *, replaced: bool) -> list[tuple[Any, ...]]:
    """What comes of it when it is fetched bit by bit; what is left comes at last."""
    worker = Worker(EventOrder(INTAKE, 0, {}), INTAKE)
    positions = dict.fromkeys(logs, 0)
    rest = [(topic, len(log), False, False) for topic, log in logs.items()]
    for topic, most, taken, dies in [*fetches, *rest]:
        if records := logs[topic][positions[topic] : positions[topic] + most]:
            worker.order.offer(topic, records, 0)
            positions[topic] += len(records)
        if taken:
            worker.rounds(0)
        if replaced and taken and dies:
            worker.order = EventOrder(INTAKE, worker.order.clock_ms(0), worker.offsets)
            positions = dict.fromkeys(logs, 0) | worker.offsets
    worker.rounds(0)
    return worker.steps


@settings(max_examples=200, deadline=None)
@given(sent=events(), places=PLACES, fetches=FETCHES)
def test_however_inputs_and_marks_are_fetched_the_work_is_the_same(
    sent: list[Sent], places: list[int], fetches: Fetches
) -> None:
    logs = marked(sent, places)
    assert fetched_so(logs, fetches, replaced=False) == in_order(logs)


@settings(max_examples=200, deadline=None)
@given(sent=events(repeats=False), places=PLACES, fetches=FETCHES)
def test_a_new_owner_goes_on_in_the_same_order(sent: list[Sent], places: list[int], fetches: Fetches) -> None:
    logs = marked(sent, places)
    assert fetched_so(logs, fetches, replaced=True) == in_order(logs)


@settings(deadline=None)
@given(sent=events(repeats=False), places=PLACES)
def test_records_are_taken_in_the_order_of_their_time_stamps(sent: list[Sent], places: list[int]) -> None:
    logs = marked(sent, places)
    taken = [logs[topic][offset].timestamp for topic, offset, *_ in in_order(logs) if topic in names.EVENT_TOPICS]
    assert taken == sorted(event.timestamp for event in sent)


@settings(deadline=None)
@given(sent=events(repeats=False), places=PLACES)
def test_in_the_datas_time_nothing_is_late_and_nothing_early(sent: list[Sent], places: list[int]) -> None:
    logs, now = marked(sent, places), 0
    for step in in_order(logs):
        assert step[-1] >= now
        now = step[-1]
        if step[0] == "timer":
            assert step[2] == now
        elif step[0] in names.EVENT_TOPICS:
            assert logs[step[0]][step[1]].timestamp == now


def pages(count: int, topic: str = names.EVENT_TOPICS[0]) -> list[Sent]:
    """A visitor who looks at a page every minute."""
    calls = [
        {"type": "page", "userId": "ada", "messageId": f"m{number}", "timestamp": START + number * MINUTE}
        for number in range(count)
    ]
    return [Sent(topic, b"ada", orjson.dumps(call), START + number * MINUTE) for number, call in enumerate(calls)]


def test_nothing_is_taken_before_a_mark_says_that_all_is_there() -> None:
    worker = Worker(EventOrder(INTAKE, 0, {}), INTAKE)
    worker.order.offer(names.EVENT_TOPICS[0], logs_of(pages(3))[names.EVENT_TOPICS[0]], 0)
    worker.rounds(1_000)
    assert worker.steps == []
    assert worker.order.pending == 3


def test_a_mark_waits_for_the_records_that_it_tells_of() -> None:
    log = logs_of(pages(3))[names.EVENT_TOPICS[0]]
    worker = Worker(EventOrder(INTAKE, 0, {}), INTAKE)
    worker.order.offer(names.CUSTOMER_EVENTS, [mark(0, START + DAY, {names.EVENT_TOPICS[0]: 3})], 0)
    worker.order.offer(names.EVENT_TOPICS[0], log[:2], 0)
    worker.rounds(0)
    assert worker.steps == []
    worker.order.offer(names.EVENT_TOPICS[0], log[2:], 0)
    worker.rounds(0)
    assert [step[1] for step in worker.steps if step[0] == names.EVENT_TOPICS[0]] == [0, 1, 2]


def test_a_mark_is_done_when_what_it_released_is_done_and_time_has_passed() -> None:
    worker = Worker(EventOrder(INTAKE, 0, {}), INTAKE)
    worker.order.offer(names.CUSTOMER_EVENTS, [mark(0, START + DAY, {names.EVENT_TOPICS[0]: 3})], 0)
    worker.order.offer(names.EVENT_TOPICS[0], logs_of(pages(3))[names.EVENT_TOPICS[0]], 0)
    worker.rounds(0)
    assert worker.steps[-1] == (names.CUSTOMER_EVENTS, 0, START + DAY)
    assert "timer" in {step[0] for step in worker.steps}
    assert worker.order.clock_ms(0) == START + DAY


def test_a_late_record_is_taken_when_time_stands_still_between_two_marks() -> None:
    topic, until = names.EVENT_TOPICS[0], START + DAY
    worker = Worker(EventOrder(INTAKE, 0, {}), INTAKE)
    worker.order.offer(names.CUSTOMER_EVENTS, [mark(0, until, {topic: 2}), mark(1, until, {topic: 3})], 0)
    worker.order.offer(topic, logs_of(pages(3))[topic], 0)
    worker.rounds(0)
    assert [step[1] for step in worker.steps if step[0] == topic] == [0, 1, 2]


def test_what_a_new_owner_has_behind_it_satisfies_a_mark() -> None:
    worker = Worker(EventOrder(INTAKE, START, {names.EVENT_TOPICS[0]: 3}), INTAKE)
    worker.order.offer(names.CUSTOMER_EVENTS, [mark(7, START + DAY, {names.EVENT_TOPICS[0]: 3})], 0)
    worker.rounds(0)
    assert worker.steps == [(names.CUSTOMER_EVENTS, 7, START + DAY)]


def test_without_marks_what_has_come_is_taken_after_a_pause() -> None:
    worker = Worker(EventOrder(INTAKE, 0, {}), INTAKE)
    worker.order.offer(names.EVENT_TOPICS[0], logs_of(pages(3))[names.EVENT_TOPICS[0]], 5_000)
    worker.rounds(5_000 + UNMARKED_PAUSE_MS)
    assert worker.steps == []
    worker.rounds(5_001 + UNMARKED_PAUSE_MS)
    assert [step[1] for step in worker.steps if step[0] != "timer"] == [0, 1, 2]


def test_a_message_from_another_home_waits_for_what_was_sent_before_it() -> None:
    message = TestRecord(0, 1, START, b"ada", b"{}", [])
    worker = Worker(EventOrder(INTAKE, 0, {}), INTAKE)
    first = mark(0, START + MINUTE, {names.EVENT_TOPICS[0]: 2})
    worker.order.offer(names.CUSTOMER_EVENTS, [first, message], 0)
    worker.rounds(0)
    assert worker.steps == []
    worker.order.offer(names.EVENT_TOPICS[0], logs_of(pages(3))[names.EVENT_TOPICS[0]], 0)
    worker.rounds(0)
    assert [step[:2] for step in worker.steps] == [
        (names.EVENT_TOPICS[0], 0),
        (names.EVENT_TOPICS[0], 1),
        (names.CUSTOMER_EVENTS, 0),
        (names.CUSTOMER_EVENTS, 1),
    ]


def test_an_input_that_a_mark_waits_for_never_counts_as_crowded() -> None:
    order = EventOrder(INTAKE, 0, {})
    log = logs_of(pages(30))[names.EVENT_TOPICS[0]]
    order.offer(names.EVENT_TOPICS[0], log[:10], 0)
    assert order.waiting(names.EVENT_TOPICS[0]) == 10
    assert order.waiting(names.CUSTOMER_EVENTS) == 0
    order.offer(names.CUSTOMER_EVENTS, [mark(0, START + DAY, {names.EVENT_TOPICS[0]: 30})], 0)
    assert order.waiting(names.EVENT_TOPICS[0]) == 0
    assert order.waiting(names.CUSTOMER_EVENTS) == 1


# The wall clock.


@dataclass
class Fetching:
    """Logs that grow with the wall clock, and how far each is fetched."""

    logs: Logs
    arrivals: dict[str, list[int]]
    fetched: dict[str, int]
    wall: int = START

    def there(self, topic: str) -> int:
        """The end of a log as of now."""
        return sum(arrival <= self.wall for arrival in self.arrivals[topic])

    def fetch(self, topic: str, most: int) -> list[TestRecord]:
        """The next records."""
        end = min(self.fetched[topic] + most, self.there(topic))
        records = self.logs[topic][self.fetched[topic] : end]
        self.fetched[topic] = end
        return records

    def horizons(self) -> dict[str, Horizon]:
        """What the consumer knows."""
        return {
            topic: Horizon(
                self.wall,
                self.fetched[topic] == self.there(topic),
                self.fetched[topic] or None,
                self.there(topic) - self.fetched[topic],
            )
            for topic in self.logs
        }


ROUNDS: Final = st.lists(
    st.tuples(
        st.sampled_from([0, 50, MINUTE, 45 * MINUTE]),
        st.sets(st.sampled_from(names.EVENT_TOPICS)),
        st.integers(1, 10),
    ),
    max_size=40,
)


@settings(max_examples=200, deadline=None)
@given(sent=events(), lags=st.lists(st.integers(0, GRACE_MS), min_size=1, max_size=5), rounds=ROUNDS)
def test_no_timer_fires_before_an_older_record_is_read_and_nothing_is_lost_or_taken_twice(
    sent: list[Sent], lags: list[int], rounds: list[tuple[int, set[str], int]]
) -> None:
    logs, lag = logs_of(sent), cycle(lags)
    arrivals = {topic: sorted(record.timestamp + next(lag) for record in log) for topic, log in logs.items()}
    fetching = Fetching(logs, arrivals, dict.fromkeys(logs, 0))
    worker = Worker(WallOrder(), WALL_INTAKE)
    everything = (60 * DAY, set(names.EVENT_TOPICS), 100)
    for passed, topics, most in [*rounds, everything, everything]:
        fetching.wall += passed
        for topic in sorted(topics):
            if records := fetching.fetch(topic, most):
                worker.order.offer(topic, records, fetching.wall)
        if worker.order.wants_horizons(worker.timers, fetching.wall):
            worker.order.see(fetching.horizons(), fetching.wall)
        worker.round(fetching.wall)
    _no_record_was_overtaken(logs, worker.steps)
    assert worker.store.due(fetching.wall - GRACE_MS, 1) == []


def _no_record_was_overtaken(logs: Logs, steps: list[tuple[Any, ...]]) -> None:
    read = dict.fromkeys(logs, 0)
    for step in steps:
        if step[0] == "timer":
            due = step[2]
            unread = {topic: log[read[topic]].timestamp for topic, log in logs.items() if read[topic] < len(log)}
            assert all(timestamp >= due for timestamp in unread.values()), (step, unread)
            continue
        topic, offset, _ = step
        assert offset == read[topic]
        read[topic] += 1
    assert read == {topic: len(log) for topic, log in logs.items()}


def waiting_worker() -> Worker:
    """Ada has looked at a page and is to be greeted five minutes later."""
    worker = Worker(WallOrder(), WALL_INTAKE)
    worker.order.offer(names.EVENT_TOPICS[0], logs_of(pages(1))[names.EVENT_TOPICS[0]], START)
    worker.rounds(START)
    return worker


def drained(at: int) -> dict[str, Horizon]:
    return {topic: Horizon(at, True, 1 if topic == names.EVENT_TOPICS[0] else None, 0) for topic in names.INPUT_TOPICS}


def test_a_timer_waits_until_all_inputs_are_known_to_be_read() -> None:
    worker = waiting_worker()
    wall = START + 6 * MINUTE
    assert worker.order.wants_horizons(worker.timers, wall)
    worker.rounds(wall)
    assert len(worker.steps) == 1
    worker.order.see(drained(wall), wall)
    worker.rounds(wall)
    assert worker.steps[1] == ("timer", "u:ada", START + 5 * MINUTE, wall)


def test_an_input_with_something_unread_holds_all_timers_back() -> None:
    worker = waiting_worker()
    wall = START + 6 * MINUTE
    worker.order.see(drained(wall) | {names.EVENT_TOPICS[1]: Horizon(wall, False, None, 3)}, wall)
    worker.rounds(wall)
    assert len(worker.steps) == 1


def test_an_input_that_was_handed_over_but_not_decided_yet_does_so_too() -> None:
    worker = waiting_worker()
    wall = START + 6 * MINUTE
    worker.order.see(drained(wall) | {names.EVENT_TOPICS[0]: Horizon(wall, True, 2, 0)}, wall)
    worker.rounds(wall)
    assert len(worker.steps) == 1


def test_a_timer_waits_a_little_for_records_that_are_still_under_way() -> None:
    worker = waiting_worker()
    due = START + 5 * MINUTE
    worker.order.see(drained(due + GRACE_MS - 1), due + GRACE_MS)
    worker.rounds(due + GRACE_MS)
    assert len(worker.steps) == 1
    worker.order.see(drained(due + GRACE_MS), due + GRACE_MS)
    worker.rounds(due + GRACE_MS)
    assert len(worker.steps) == 2


def test_a_clock_that_is_set_back_fires_nothing_twice_and_does_not_hang() -> None:
    worker = waiting_worker()
    wall = START + 6 * MINUTE
    worker.order.see(drained(wall), wall)
    worker.rounds(START + 2 * MINUTE)
    assert len(worker.steps) == 1
    worker.rounds(wall)
    assert len(worker.steps) == 2


def test_the_purchase_that_waits_in_the_log_is_read_before_the_wait_for_it_runs_out() -> None:
    calls = [
        ("Product Added", 0, names.EVENT_TOPICS[0]),
        ("Order Completed", 20 * MINUTE, names.EVENT_TOPICS[2]),
    ]
    worker = Worker(WallOrder(), WALL_INTAKE)
    wall = START + 120 * MINUTE
    for number, (name, after, topic) in enumerate(calls):
        call = {
            "type": "track",
            "event": name,
            "userId": "ada",
            "properties": {"cart": "c1"},
            "messageId": f"m{number}",
            "timestamp": START + after,
        }
        worker.order.offer(topic, [TestRecord(0, 0, START + after, b"ada", orjson.dumps(call), [])], wall)
    worker.rounds(wall)
    horizons = {topic: Horizon(wall, True, None, 0) for topic in names.INPUT_TOPICS}
    worker.order.see(horizons, wall)
    worker.rounds(wall)
    assert [step[0] for step in worker.steps[:2]] == [names.EVENT_TOPICS[0], names.EVENT_TOPICS[2]]


def test_at_one_moment_who_the_customer_is_comes_before_what_they_did() -> None:
    worker = Worker(WallOrder(), WALL_INTAKE)
    for topic in (names.EVENT_TOPICS[0], PROFILE):
        records = [TestRecord(0, n, START + n, b"ada", b"{}", []) for n in range(2)]
        worker.order.offer(topic, records, START + 5)
    worker.rounds(START + 5)
    assert [step[:2] for step in worker.steps] == [
        (PROFILE, 0),
        (names.EVENT_TOPICS[0], 0),
        (PROFILE, 1),
        (names.EVENT_TOPICS[0], 1),
    ]
