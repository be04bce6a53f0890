"""What grows: the number of journeys that exist, and the number of timers that fall due at once."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer

from benchmarks.bench import CHANNELS, PARTITIONS, Bench, reader, throughput
from orchestrator.kafka import topics
from orchestrator.moments import format_moment
from orchestrator.streams.homes import home

LISTENING = 10
"""Journeys that hear the events of the load, however many there are beside them."""

ARMING_S = 30
"""From the first wait that begins until the first that ends."""
CALM_S = 5
"""How long fresh events come before the first wait ends, to compare with."""
FRESH_PER_S = 500

_ACTION = """\
action: {name}
channel: crm
purpose: service
expires: 1 day
content: {{object: task, fields: {{text: "{text}"}}}}
"""
_LISTENING = """\
journey: listening-{number}
purpose: service
entry:
  on: Product Viewed
  if: event.properties.n % {every} == {number}
steps: [{{act: hello}}]
"""
_OTHER = """\
journey: other-{number}
purpose: service
entry: {{on: "Other {number} Happened", if: event.properties.n % 5 == 0}}
steps: [{{wait: 1 hour}}, {{act: hello}}]
"""
_ARMED = """\
journey: armed
purpose: service
entry: {on: Armed}
steps:
  - wait: {date: timestamp(journey.entry.properties.due)}
  - act: ring
"""
_FRESH = """\
journey: fresh
purpose: service
entry: {on: Product Viewed}
steps: [{act: hello}]
"""


def project_of(folder: Path, journeys: int) -> Path:
    """A project with so many journeys, of which ``LISTENING`` hear the load; each fifth event brings an action."""
    files = {f"listening-{n}": _LISTENING.format(number=n, every=5 * LISTENING) for n in range(LISTENING)}
    files |= {f"other-{n}": _OTHER.format(number=n) for n in range(journeys - LISTENING)}
    return _write(folder / f"journeys-{journeys}", files, {"hello": "Hello."})


async def journeys_that_exist(bench: Bench, events: int, rounds: int) -> dict[int, list[float]]:
    """Events per second, exactly once, with 10 and with 1,000 journeys, in turn."""
    rates: dict[int, list[float]] = defaultdict(list)
    for round_ in range(rounds):
        for count in (LISTENING, 100 * LISTENING):
            project = project_of(bench.folder, count)
            rate = await throughput(bench, "exactly-once", events, 1_000 + round_, project, f"scale-{count}-")
            rates[count].append(rate)
    return rates


@dataclass(slots=True)
class Burst:
    """What came while many timers fell due: milliseconds of the fresh events before and meanwhile."""

    before: list[float] = field(default_factory=list)
    meanwhile: list[float] = field(default_factory=list)
    fired: int = 0
    out_of_order: int = 0
    took_s: float = 0.0


async def burst(bench: Bench, timers: int) -> Burst:
    """So many waits end within one second, while fresh events go on."""
    project = _write(
        bench.folder / "burst",
        {"armed": _ARMED, "fresh": _FRESH},
        {
            "hello": "Hello.",
            "ring": "{{ journey.entry.properties.due }}",
        },
    )
    settings = bench.settings("burst.", "exactly_once", project)
    await topics.apply(settings, bench.kafka, CHANNELS)
    async with bench.worker(settings, project), bench.producer() as producer:
        topic = settings.topic("events.click")
        first_due = time.time_ns() // 1_000_000 + ARMING_S * 1000
        await _arm(producer, topic, timers, first_due)
        consumer = await reader(bench, settings.topic("actions.crm"))
        try:
            return await _watch(consumer, producer, topic, timers, first_due)
        finally:
            await consumer.stop()


async def _arm(producer: AIOKafkaProducer, topic: str, timers: int, first_due: int) -> None:
    sent = []
    for number in range(timers):
        customer = f"armed-{number}"
        due = first_due + number * 1000 // timers
        sent.append(await _send(producer, topic, customer, "Armed", {"due": format_moment(due)}, number))
    await asyncio.gather(*sent)


async def _send(
    producer: AIOKafkaProducer, topic: str, customer: str, name: str, properties: dict[str, Any], number: int
) -> Any:
    now = time.time_ns() // 1_000_000
    call = {
        "type": "track",
        "event": name,
        "messageId": f"{name}-{number}",
        "userId": customer,
        "timestamp": format_moment(now),
        "properties": properties,
    }
    partition = home(customer, PARTITIONS)
    return await producer.send(topic, orjson.dumps(call), customer.encode(), partition=partition, timestamp_ms=now)


async def _watch(consumer: Any, producer: AIOKafkaProducer, topic: str, timers: int, first_due: int) -> Burst:
    seen, last = Burst(), dict.fromkeys(range(PARTITIONS), "")
    await asyncio.sleep(max(0.0, first_due / 1000 - CALM_S - time.time()))
    fresh = asyncio.create_task(_fresh(producer, topic))
    deadline = time.monotonic() + ARMING_S + 120
    try:
        while seen.fired < timers and time.monotonic() < deadline:
            for partition, records in (await consumer.getmany(timeout_ms=100)).items():
                for record in records:
                    _take(seen, last, partition.partition, record.value, first_due)
    finally:
        fresh.cancel()
    seen.took_s = time.time() - first_due / 1000
    return seen


async def _fresh(producer: AIOKafkaProducer, topic: str) -> None:
    number = 0
    while True:
        for _ in range(FRESH_PER_S // 50):
            await _send(producer, topic, f"fresh-{number % 1000}", "Product Viewed", {}, number)
            number += 1
        await asyncio.sleep(0.02)


def _take(seen: Burst, last: dict[int, str], partition: int, value: bytes, first_due: int) -> None:
    action = orjson.loads(value)
    if action["action"] == "ring":
        due = action["content"]["fields"]["text"]
        seen.fired += 1
        seen.out_of_order += due < last[partition]
        last[partition] = due
        return
    happened = datetime.fromisoformat(action["trigger"]["timestamp"]).timestamp() * 1000
    measured = seen.meanwhile if happened >= first_due else seen.before
    measured.append(time.time() * 1000 - happened)


def _write(folder: Path, journeys: dict[str, str], actions: dict[str, str]) -> Path:
    for kind in ("journeys", "actions"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    for name, text in journeys.items():
        (folder / "journeys" / f"{name}.yaml").write_text(text)
    for name, text in actions.items():
        (folder / "actions" / f"{name}.yaml").write_text(_ACTION.format(name=name, text=text))
    return folder
