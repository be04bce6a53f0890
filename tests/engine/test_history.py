"""The history: in chunks beside the record, within count and age, and along to the user when a visitor logs in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from orchestrator.engine.customer import is_customer
from orchestrator.events.intake import Intake, Limits
from orchestrator.streams.work import Work
from orchestrator.testing import JourneyTestDriver
from orchestrator.testing.run import TestRecord

Given = Callable[[str], JourneyTestDriver]

NOTHING = "journey: none\nentry: {on: Never Seen}\nsteps: [{end: true}]\n---\n"
LIMITS = Limits(262_144, 365 * 86_400_000, 86_400_000, event_clock=True, strict={})
START = 1_767_600_000_000
HOUR = 3_600_000


class Home:
    """One partition number that is written after each record."""

    def __init__(self, definitions: str) -> None:
        self.env = JourneyTestDriver.of_text(NOTHING + definitions).env
        self.records: dict[bytes, bytes] = {}
        self.written: list[set[bytes]] = []
        self.now = START
        self._offset = 0

    def work(self) -> Work:
        return Work(0, 1, self.env, Intake(LIMITS), self.records.get)

    def save(self, work: Work) -> None:
        writes = work.writes()
        self.written.append({key for key in writes if not is_customer(key)})
        for key, value in writes.items():
            if value is None:
                self.records.pop(key, None)
            else:
                self.records[key] = value
        outputs = [output for output in work.outputs if output.topic == "customer-events"]
        for output in outputs:
            self.take("customer-events", output.value, output.headers)

    def take(self, topic: str, value: bytes | None, headers: list[tuple[str, bytes]]) -> None:
        work = self.work()
        work.apply(topic, TestRecord(0, self._offset, self.now, b"", value, headers), self.now)
        self._offset += 1
        self.save(work)

    def track(
        self, event: str, hours: int = 0, user: str | None = "ada", visitor: str | None = None, **fields: Any
    ) -> None:
        self.now += hours * HOUR
        ids = {"userId": user} if user else {}
        ids |= {"anonymousId": visitor} if visitor else {}
        record = {"type": "track", "event": event, "messageId": f"m{self._offset}", "timestamp": self.now, **ids}
        self.take("events.click", orjson.dumps({**record, "properties": fields}), [])

    def fire(self, hours: int) -> None:
        self.now += hours * HOUR
        work = self.work()
        for key in [key for key in self.records if is_customer(key)]:
            work.fire(key.decode(), self.now)
        self.save(work)

    def kept(self) -> list[dict[str, Any]]:
        """The events in all chunks, in the order of their keys."""
        chunks = [value for key, value in sorted(self.records.items()) if key.startswith(b"\x02")]
        return [orjson.loads(line) for chunk in chunks for line in chunk.split(b"\n")]


def names(home: Home) -> list[str]:
    return [event["name"] for event in home.kept()]


def test_without_a_rule_nothing_is_kept() -> None:
    home = Home("computed: {x: {count: A}}")
    home.track("A")
    assert set(home.records) == {b"u:ada"}


def test_what_is_declared_is_kept_beside_the_record() -> None:
    home = Home("history: {keep: 10, for: 30 days, events: [A, B], properties: [sku]}")
    for event in "ACB":
        home.track(event, sku="s", secret="no")
    assert names(home) == ["A", "B"]
    assert home.kept()[0] == {"id": "m0", "name": "A", "timestamp": START, "properties": {"sku": "s"}}
    assert b"sku" not in home.records[b"u:ada"]


def test_an_event_rewrites_the_last_chunk_alone() -> None:
    home = Home("history: {keep: 1000, for: 30 days}")
    for _ in range(200):
        home.track("A", text="x" * 200)
    assert len([key for key in home.records if key.startswith(b"\x02")]) > 5
    assert all(len(keys) == 1 for keys in home.written)
    assert max(len(value) for value in home.records.values()) < 5_000


def test_the_oldest_go_when_there_are_too_many() -> None:
    home = Home("history: {keep: 20, for: 30 days}")
    for number in range(300):
        home.track("A", n=number, text="x" * 200)
    numbers = [event["properties"]["n"] for event in home.kept()]
    assert numbers == list(range(numbers[0], 300))
    assert 20 <= len(numbers) <= 20 + 2 * 16


def test_they_go_when_they_are_too_old_though_nobody_comes() -> None:
    home = Home("history: {keep: 20, for: 2 days}")
    home.track("A")
    home.track("A", hours=24)
    home.fire(hours=24)
    assert names(home) == ["A", "A"]
    home.fire(hours=24)
    assert home.kept() == []
    assert b"history" not in home.records[b"u:ada"]


def test_of_a_large_event_lists_and_maps_go_first() -> None:
    home = Home("history: {keep: 20, for: 2 days}")
    home.track("A", sku="s", products=["x" * 100] * 100)
    home.track("A", text="x" * 10_000)
    assert [event.get("properties") for event in home.kept()] == [{"sku": "s"}, None]


def test_a_visitors_history_goes_along_to_the_user() -> None:
    home = Home("history: {keep: 20, for: 30 days}")
    home.track("A", user=None, visitor="laptop")
    home.track("B", hours=1)
    home.track("C", hours=1, visitor="laptop")
    assert sorted(names(home)) == ["A", "B", "C"]
    assert {key[:7] for key in home.records if key.startswith(b"\x02")} == {b"\x02u:ada\x00"}


def test_the_history_goes_when_it_is_not_declared_any_more() -> None:
    home = Home("history: {keep: 20, for: 30 days}")
    home.track("A")
    home.env = JourneyTestDriver.of_text(NOTHING).env
    home.track("A")
    assert set(home.records) == {b"u:ada"}
