"""A project on the real broker: actions go in, senders run, and what they report is read back."""

from __future__ import annotations

import asyncio
import os
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from orchestrator.channels import Accepted, Action, Outcome, Sender
from orchestrator.channels.courier import Courier
from orchestrator.channels.settings import SenderSettings
from orchestrator.kafka import topics
from orchestrator.moments import format_moment
from orchestrator.settings import Settings
from tests.channels.saying import HOUR, TRACE, cancel_record, record

PATIENCE_S = 60.0
SESSION_TIMEOUT = "6 seconds" if os.environ.get("ORCHESTRATOR_KAFKA") else "2 seconds"
"""The embedded broker allows less than others, and a kill costs that much."""


async def until(what: str, condition: Callable[[], Any]) -> None:
    """Waits on a condition."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE_S} s for {what}"
        await asyncio.sleep(0.02)


class Post(Sender):
    """Sends by writing down; what it says is set by the name of the journey's action, one answer a try."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.tries: list[str] = []
        self.answers: dict[str, list[Outcome | Exception]] = {}
        self.gate = asyncio.Event()
        self.gate.set()

    async def send(self, action: Action) -> Outcome:
        self.tries.append(action.action)
        await self.gate.wait()
        answers = self.answers.get(action.action)
        answer = answers.pop(0) if answers else Accepted()
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Accepted):
            self.sent.append(action.action)
        return answer


class Stage:
    """Topics of one test, and who reads and writes them."""

    def __init__(self, bootstrap: str, prefix: str, folder: Path) -> None:
        self.bootstrap = bootstrap
        self.folder = folder
        self.flags: dict[str, Any] = {
            "kafka": bootstrap,
            "prefix": prefix,
            "group": f"{prefix}group",
            "http_port": 0,
            "partitions": 2,
            "session_timeout": SESSION_TIMEOUT,
        }
        self.settings = Settings.load(folder, **self.flags)
        self.events: list[dict[str, Any]] = []
        self.traces: list[Any] = []
        self.dead: list[Any] = []
        self._producer: Any = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Stage]:
        await topics.apply(self.settings, self.bootstrap, ["email"])
        self._producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, acks="all")
        read = [self.settings.topic("events.engagement"), self.settings.topic("dead-letter")]
        consumer = AIOKafkaConsumer(*read, bootstrap_servers=self.bootstrap, auto_offset_reset="earliest")
        await self._producer.start()
        await consumer.start()
        reading = asyncio.create_task(self._read(consumer))
        try:
            yield self
        finally:
            reading.cancel()
            await asyncio.wait([reading])
            await consumer.stop()
            await self._producer.stop()

    async def act(self, name: str, customer: str = "ada", *, lasts_ms: int = HOUR, **changes: Any) -> None:
        """An action of that name, which is that of its id as well."""
        now = time.time_ns() // 1_000_000
        value = record(name, customer, action=name, decided=now, expires=now + lasts_ms, **changes)
        await self.put(customer, value)

    async def cancel(self, name: str, customer: str = "ada") -> None:
        now = format_moment(time.time_ns() // 1_000_000)
        await self.put(customer, {**cancel_record(name, customer), "action": name, "decided_at": now})

    async def put(self, customer: str, value: Any) -> None:
        text = value if isinstance(value, bytes) else orjson.dumps(value)
        headers = [("traceparent", TRACE.encode())]
        topic = self.settings.topic("actions.email")
        await self._producer.send_and_wait(topic, text, customer.encode(), headers=headers)

    def told(self) -> dict[str, list[str]]:
        """The names of the events about each action, by its id."""
        found: dict[str, list[str]] = defaultdict(list)
        for event in self.events:
            found[event["properties"]["action_id"]].append(event["event"])
        return dict(found)

    @asynccontextmanager
    async def courier(self, sender: Sender, state: str = "state", **options: Any) -> AsyncIterator[Courier]:
        """A sender that runs in here; ``state`` is its folder, as if it were on another machine."""
        flags = {**self.flags, "state_folder": str(self.folder / state)}
        values = {"name": "email", "channels": ["email"], "retry_first": "50 ms", "timeout": "10 seconds", **options}
        settings = Settings.load(self.folder, **flags)
        courier = Courier(settings, self.bootstrap, SenderSettings.model_validate(values), sender)
        running = asyncio.create_task(courier.run(handle_signals=False))
        try:
            await until("the sender", lambda: running.done() or courier.not_ready() is None)
            yield courier
            courier.stop()
            await asyncio.wait_for(running, PATIENCE_S)
        finally:
            running.cancel()
            await asyncio.wait([running])

    async def _read(self, consumer: Any) -> None:
        async for found in consumer:
            if found.topic == self.settings.topic("dead-letter"):
                self.dead.append(found)
            else:
                self.events.append(orjson.loads(found.value))
                self.traces.append(dict(found.headers).get("traceparent"))
