"""Workers without Kafka: the API of each on a port of its own, and one run of the engine behind all of them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import httpx
import orjson

from orchestrator.api.keys import Keys
from orchestrator.api.known import known
from orchestrator.api.owners import Found
from orchestrator.api.recommended import recommended
from orchestrator.api.server import ApiServer
from orchestrator.durations import parse_duration
from orchestrator.engine import Env, Follow, Pointer, Request
from orchestrator.errors import InfrastructureError
from orchestrator.events.intake import Intake, Limits
from orchestrator.events.routing import key_of, topic_of
from orchestrator.journeys.compile import compile_env
from orchestrator.kafka import names
from orchestrator.moments import format_moment
from orchestrator.streams.recent import Recent
from orchestrator.streams.work import Output
from orchestrator.testing.driver import LIMITS
from orchestrator.testing.run import Run
from orchestrator.testing.texts import pack_of

KEY: Final = "a-key-of-sixteen-or-more"
START: Final = 1_767_600_000_000
SHOP: Final = """
channels:
  note: {address: id, consent: none, content: {text: {}}}
---
action: hello
channel: note
content: {text: "hello {{ customer.traits.name | default('you') }}"}
---
journey: hello
entry: {on: Page Viewed}
exit: [{on: Order Completed}]
steps: [{act: hello}]
---
journey: callback
entry: {api: true}
steps: [{act: hello}, {wait: 1 day}]
"""


@dataclass
class Town:
    """All that is behind the workers."""

    run: Run
    recent: Recent
    said: list[Output] = field(default_factory=list)
    sent: int = 0
    answer_wrong: Exception | None = None
    kafka_gone: bool = False
    stuck: bool = False
    published: Callable[[dict[str, Any]], None] = field(default=lambda event: None)

    def take(self, output: Output) -> None:
        self.said.append(output)
        self.recent.take([output])

    def send(self, call: dict[str, Any]) -> None:
        self.sent += 1
        whole = {"messageId": f"m{self.sent}", "timestamp": format_moment(self.run.now), **call}
        self.run.produce(topic_of(whole), key_of(whole), orjson.dumps(whole), [])

    def track(self, name: str, **ids: str) -> None:
        self.send({"type": "track", "event": name, **ids})

    def story(self, kind: str) -> list[dict[str, Any]]:
        lines = [orjson.loads(output.value or b"") for output in self.said if output.topic == names.JOURNEY_LOG]
        return [line for line in lines if line["kind"] == kind]


class TownHome:
    """A partition number."""

    def __init__(self, town: Town) -> None:
        self._town = town

    async def ask(self, request: Request, *, durable: bool) -> Found:
        if self._town.answer_wrong is not None:
            raise self._town.answer_wrong
        if self._town.stuck:
            await asyncio.Event().wait()
        return self._town.run.ask(request)

    def known(self, key: str) -> Found | None:
        town = self._town
        record = town.run.record(key)
        if isinstance(record, Pointer):
            return Follow(record.to)
        read = partial(town.run.stored, key)
        return known(record, town.recent, read, town.run.env, town.run.now) if record is not None else None

    def recommended(self, key: str, count: int, category: str | None, beside: str | None) -> Found | None:
        run = self._town.run
        record = run.record(key)
        if isinstance(record, Pointer):
            return Follow(record.to)
        return recommended(record, run.env, run.references, run.now, count, category, beside)


class TownMember:
    """One worker, with some of the partition numbers."""

    def __init__(self, town: Town, numbers: set[int], partitions: int) -> None:
        self.partitions = partitions
        self.url = ""
        self.numbers = numbers
        self.reason: str | None = None
        self.others: dict[int, str] = {}
        self.town = town

    @property
    def env(self) -> Env | None:
        return self.town.run.env

    def now(self) -> int:
        return self.town.run.now

    def not_ready(self) -> str | None:
        return self.reason

    def home(self, number: int) -> TownHome | None:
        return TownHome(self.town) if number in self.numbers else None

    def url_of(self, number: int) -> str | None:
        return self.others.get(number)

    async def publish(self, event: dict[str, Any]) -> None:
        if self.town.kafka_gone:
            raise InfrastructureError("Kafka did not take what was sent")
        self.town.published(event)
        self.town.run.produce(topic_of(event), key_of(event), orjson.dumps(event), [])


@dataclass
class Served:
    """Running workers, each with a client."""

    town: Town
    members: list[TownMember]
    clients: list[httpx.Client]

    def move_to(self, town: Town) -> None:
        """The same workers, with another town behind them."""
        self.town = town
        for member in self.members:
            member.town, member.reason = town, None

    @property
    def client(self) -> httpx.Client:
        return self.clients[0]


def town_of(text: str, partitions: int = 1) -> Town:
    limits = Limits(262_144, parse_duration("365 days"), parse_duration("1 day"), event_clock=False, strict={})
    env = compile_env(pack_of(text), **LIMITS.model_dump())
    taken: list[Town] = []
    run = Run(env, Intake(limits), lambda output: taken[0].take(output), start=START, partitions=partitions)
    taken.append(Town(run, Recent(START)))
    return taken[0]


@contextmanager
def served(town: Town, homes: Sequence[set[int]] = ({0},), partitions: int = 1) -> Iterator[Served]:
    """The workers of a town, until the end of the test."""
    members = [TownMember(town, numbers, partitions) for numbers in homes]
    servers = [ApiServer("127.0.0.1", 0) for _ in members]
    for member, server in zip(members, servers, strict=True):
        member.url = f"http://127.0.0.1:{server.bind()}"
    for member in members:
        member.others = {number: other.url for other in members for number in other.numbers}
    with _loop() as loop:

        async def start() -> None:
            for member, server in zip(members, servers, strict=True):
                server.start(member, Keys({"shop": KEY}), lambda *_: None)

        async def stop() -> None:
            for server in servers:
                await server.stop()

        asyncio.run_coroutine_threadsafe(start(), loop).result()
        headers = {"Authorization": f"Bearer {KEY}"}
        clients = [httpx.Client(base_url=member.url, headers=headers, timeout=30) for member in members]
        try:
            yield Served(town, members, clients)
        finally:
            for client in clients:
                client.close()
            asyncio.run_coroutine_threadsafe(stop(), loop).result()


@contextmanager
def _loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
