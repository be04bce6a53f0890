"""Identity with everything in flight: messages between homes are delivered in every order that Kafka allows.

Three partition numbers, each with its own records. What one sends to another arrives in the order in
which it was sent, and in no order with what a third one sends.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from typing import Any, Final

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from orchestrator.engine.customer import Customer, Pointer, Record, decode
from orchestrator.engine.message import Claim
from orchestrator.engine.message import decode as decode_message
from orchestrator.events.intake import Intake, Limits
from orchestrator.journeys.compile import compile_env
from orchestrator.kafka import names
from orchestrator.streams.headers import FORWARD, MESSAGE
from orchestrator.streams.homes import home
from orchestrator.streams.work import HOPS_ALLOWED, Output, Work
from orchestrator.testing.driver import TestRecord
from orchestrator.testing.texts import pack_of

PARTITIONS: Final = 3
HOUR: Final = 3_600_000
DAY: Final = 24 * HOUR
START: Final = 1_767_600_000_000

JOURNEYS: Final = """
channels:
  note: {address: id, consent: none, content: {text: {}}}
---
action: now
channel: note
content: {text: "{{ event.id }}"}
---
action: later
channel: note
expires: 90 days
content: {text: "{{ journey.entry.id }}"}
---
action: rescue
channel: note
content: {text: rescue}
---
# Whoever has the event in the past, owns its effect.
journey: ping
entry: {on: Ping, key: event.id, reentry: never}
steps: [{act: now}]
---
journey: hold
entry: {on: Hold, key: event.id, reentry: never}
steps: [{act: later, delay: 1 hour}]
---
journey: cart
entry: {on: Product Added}
exit: [{on: Order Completed}]
steps: [{wait: 10 days}, {act: rescue}]
"""
ENV: Final = compile_env(pack_of(JOURNEYS), dedupe_count=1_000, dedupe_window_ms=365 * DAY, late_after_ms=365 * DAY)
INTAKE: Final = Intake(Limits(262_144, 365 * DAY, DAY, event_clock=False, strict={}))

USERS: Final = ("ada", "bo", "cy", "laptop")
"""One user has the name of a device."""
VISITORS: Final = ("laptop", "tablet", "ada")
"""And one device that of a user."""


class Homes:
    """The partition numbers, and what is under way between them."""

    def __init__(self) -> None:
        self.now = START
        self.records: list[dict[bytes, bytes]] = [{} for _ in range(PARTITIONS)]
        self.under_way: dict[tuple[int, int], deque[Output]] = defaultdict(deque)
        self.actions: list[dict[str, Any]] = []
        self.decisions: list[dict[str, Any]] = []
        self.claims: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self.dead_letters: list[Output] = []
        self.longest_way = 0
        self._offset = 0

    def send(self, partition: int, call: dict[str, Any]) -> None:
        """An event comes to a partition and is decided there."""
        self._apply(partition, names.EVENT_TOPICS[0], b"", orjson.dumps(call), [])

    def deliver(self, source: int, target: int) -> None:
        """The next message from one partition number to another arrives."""
        message = self.under_way[source, target].popleft()
        if not self.under_way[source, target]:
            del self.under_way[source, target]
        self._apply(target, message.topic, message.key, message.value, message.headers)

    def deliver_all(self) -> None:
        """All messages arrive, and those that they bring about."""
        while self.under_way:
            self.deliver(*min(self.under_way))

    def fire(self, partition: int) -> None:
        """What is due at one partition number happens."""
        work = self._work(partition)
        dues = ((key, decode(value)) for key, value in self.records[partition].items())
        work.schedule([(of.next_due, key) for key, of in dues if isinstance(of, Customer) and of.next_due is not None])
        while (due := work.next_due(self.now)) is not None:
            work.fire(due[1], self.now)
        self._save(work)

    def record(self, key: str) -> Record | None:
        """The record at its home."""
        value = self.records[home(key[2:], PARTITIONS)].get(key.encode())
        return decode(value) if value is not None else None

    def all_records(self) -> list[tuple[int, Record]]:
        """Every record, with the partition number that holds it."""
        return [(number, decode(value)) for number, held in enumerate(self.records) for value in held.values()]

    def _apply(self, partition: int, topic: str, key: bytes | None, value: bytes | None, headers: Any) -> None:
        self._offset += 1
        work = self._work(partition)
        work.apply(topic, TestRecord(partition, self._offset, self.now, key, value, headers), self.now)
        self._save(work)

    def _work(self, partition: int) -> Work:
        return Work(partition, PARTITIONS, ENV, INTAKE, self.records[partition].get)

    def _save(self, work: Work) -> None:
        self.records[work.partition] |= {key: value for key, value in work.writes().items() if value is not None}
        for output in work.outputs:
            if output.topic == names.CUSTOMER_EVENTS:
                self._note(output)
                self.under_way[work.partition, output.partition].append(output)
            elif output.topic == names.DEAD_LETTER:
                self.dead_letters.append(output)
            elif output.topic == names.DECISIONS:
                self.decisions.append(orjson.loads(output.value or b""))
            elif output.topic != names.JOURNEY_LOG:
                self.actions.append(orjson.loads(output.value or b""))

    def _note(self, output: Output) -> None:
        headers = dict(output.headers)
        if FORWARD in headers:
            self.longest_way = max(self.longest_way, orjson.loads(headers[FORWARD])["hops"])
        elif MESSAGE in headers:
            message = decode_message(output.value or b"")
            if isinstance(message, Claim):
                self.claims[message.to].append((message.at, message.user))


class InFlight(RuleBasedStateMachine):
    """Every order of events and messages."""

    def __init__(self) -> None:
        super().__init__()
        self.homes = Homes()
        self.sent: list[tuple[int, dict[str, Any]]] = []
        self.times_sent: Counter[str] = Counter()

    @initialize(start=st.integers(0, 20))
    def begin(self, start: int) -> None:
        self.homes.now += start * 1_000

    @rule(
        name=st.sampled_from(["Ping", "Hold", "Signed In"]),
        who=st.one_of(
            st.tuples(st.sampled_from(USERS), st.none()),
            st.tuples(st.none(), st.sampled_from(VISITORS)),
            st.tuples(st.sampled_from(USERS), st.sampled_from(VISITORS)),
        ),
        ago=st.integers(0, 30),
        astray=st.none() | st.integers(0, PARTITIONS - 1),
    )
    def event(self, name: str, who: tuple[str | None, str | None], ago: int, astray: int | None) -> None:
        """Something happens; now and then the producer has a partitioner of its own."""
        ids = {"userId": who[0], "anonymousId": who[1]}
        self._send({"type": "track", "event": name, "properties": {}, **ids}, ago, astray)

    @rule(previous=st.sampled_from(USERS + VISITORS), user=st.sampled_from(USERS), ago=st.integers(0, 30))
    def alias(self, previous: str, user: str, ago: int) -> None:
        """Somebody says that two ids are one: users, visitors, oneself, in circles."""
        self._send({"type": "alias", "previousId": previous, "userId": user}, ago, None)

    @rule(data=st.data(), astray=st.none() | st.integers(0, PARTITIONS - 1))
    def send_again(self, data: st.DataObject, astray: int | None) -> None:
        """A producer sends an event a second time."""
        if self.sent:
            partition, call = data.draw(st.sampled_from(self.sent))
            self.times_sent[call["messageId"]] += 1
            self.homes.send(partition if astray is None else astray, call)

    @rule(data=st.data(), count=st.integers(1, 5))
    def deliver(self, data: st.DataObject, count: int) -> None:
        """Messages arrive."""
        for _ in range(count):
            if self.homes.under_way:
                self.homes.deliver(*data.draw(st.sampled_from(sorted(self.homes.under_way))))

    @rule(minutes=st.sampled_from([1, 61]), partition=st.integers(0, PARTITIONS - 1))
    def time_passes(self, minutes: int, partition: int) -> None:
        """Only one of the partition numbers gets round to its timers."""
        self.homes.now += minutes * 60_000
        self.homes.fire(partition)

    @rule()
    def silence(self) -> None:
        """All that is under way arrives."""
        self.homes.deliver_all()
        self._all_is_well()

    @invariant()
    def no_event_wanders_about(self) -> None:
        assert self.homes.longest_way <= 2 < HOPS_ALLOWED
        assert self.homes.dead_letters == []

    @invariant()
    def records_are_at_home_and_only_visitors_point(self) -> None:
        for partition, record in self.homes.all_records():
            assert home(record.key[2:], PARTITIONS) == partition
            if isinstance(record, Pointer):
                assert record.key.startswith("a:")
                assert record.to.startswith("u:")

    @invariant()
    def nothing_is_said_twice(self) -> None:
        ids = Counter(action["action_id"] for action in self.homes.actions if action["kind"] == "action")
        assert [identifier for identifier, times in ids.items() if times > 1] == []

    @invariant()
    def what_is_open_is_known_to_be_open(self) -> None:
        for _, record in self.homes.all_records():
            if isinstance(record, Customer):
                assert {made.instance for made in record.offers.values()} <= record.instances.keys()
                dues = [made.due or made.expires_at for made in record.offers.values()]
                dues += [stay.due for stay in record.instances.values() if stay.due is not None]
                assert record.next_due == min(dues, default=None)

    def teardown(self) -> None:
        self.homes.deliver_all()
        self.homes.now += 3 * HOUR
        for partition in range(PARTITIONS):
            self.homes.fire(partition)
        self._all_is_well()
        self._all_that_was_held_was_said()

    def _send(self, call: dict[str, Any], ago: int, astray: int | None) -> None:
        self.homes.now += 1_000
        ident = f"m{len(self.sent)}"
        timestamp = {"timestamp": self.homes.now - ago * 1_000}
        whole = {**call, "messageId": ident, **timestamp}
        key = str(call.get("userId") or call.get("anonymousId"))
        partition = home(key, PARTITIONS) if astray is None else astray
        self.sent.append((partition, whole))
        self.times_sent[ident] += 1
        self.homes.send(partition, whole)

    def _all_is_well(self) -> None:
        """What must hold whenever nothing is under way."""
        self._every_device_has_the_owner_who_claimed_it_last()
        self._every_event_had_its_effect_in_one_place()
        for _, record in self.homes.all_records():
            if isinstance(record, Customer):
                assert (record.claimed, record.unheard) == ({}, [])

    def _every_device_has_the_owner_who_claimed_it_last(self) -> None:
        for key, claims in self.homes.claims.items():
            at, user = max(claims)
            assert self.homes.record(key) == Pointer(key, user, at)
        for _, record in self.homes.all_records():
            if isinstance(record, Customer):
                for alias in record.aliases:
                    pointer = self.homes.record(f"a:{alias}")
                    assert isinstance(pointer, Pointer)
                    assert pointer.to == record.key

    def _every_event_had_its_effect_in_one_place(self) -> None:
        owners = self._owners()
        for _, call in self.sent:
            if call.get("event") not in ("Ping", "Hold"):
                continue
            found = owners[call["messageId"]]
            user, visitor = call["userId"], f"a:{call['anonymousId']}"
            if user is not None:
                assert found == [f"u:{user}"]
                continue
            possible = {claimant for _, claimant in self.homes.claims.get(visitor, [])} or {visitor}
            assert set(found) <= possible
            # Of a device that changed hands meanwhile, the second copy is the new owner's.
            assert 1 <= len(found) <= min(self.times_sent[call["messageId"]], len(possible))
            assert len(found) == len(set(found))

    def _owners(self) -> dict[str, list[str]]:
        owners: dict[str, list[str]] = defaultdict(list)
        for _, record in self.homes.all_records():
            if isinstance(record, Customer):
                for stay in record.past:
                    owners[stay.partition("/")[2]].append(record.key)
        return owners

    def _all_that_was_held_was_said(self) -> None:
        owners = self._owners()
        said = Counter(action["content"]["text"] for action in self.homes.actions)
        expected = {
            call["messageId"]: len(owners[call["messageId"]])
            for _, call in self.sent
            if call.get("event") in ("Ping", "Hold")
        }
        assert said == expected
        assert {decision["outcome"] for decision in self.homes.decisions} <= {"held", "published"}


InFlight.TestCase.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
TestInFlight = InFlight.TestCase


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_whatever_overtakes_what_a_purchase_after_the_login_ends_the_cart_from_before_it(data: st.DataObject) -> None:
    homes = Homes()
    visitor = {"type": "track", "anonymousId": "tablet", "properties": {}}
    user = {"type": "track", "userId": "bo", "properties": {}}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("tablet", visitor | {"event": "Product Added", "messageId": "1"}),
        ("bo", user | {"event": "Signed In", "anonymousId": "tablet", "messageId": "2"}),
        ("bo", user | {"event": "Signed In", "anonymousId": "laptop", "messageId": "3"}),
        ("bo", user | {"event": "Order Completed", "messageId": "4"}),
        ("bo", user | {"event": "Page Viewed", "messageId": "5"}),
    ]
    for key, call in calls:
        homes.now += 1_000
        homes.send(home(key, PARTITIONS), call | {"timestamp": homes.now})
        while homes.under_way:
            if data.draw(st.booleans()):
                break
            homes.deliver(*data.draw(st.sampled_from(sorted(homes.under_way))))
    homes.deliver_all()
    homes.now += 11 * DAY
    for partition in range(PARTITIONS):
        homes.fire(partition)
    assert homes.actions == []
