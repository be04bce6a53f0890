"""One broker, workers on it, and what they give: events per second of a backlog, and latency at a steady rate."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from benchmarks import load
from orchestrator.kafka import topics
from orchestrator.settings import Settings

PROJECT = Path(__file__).parent / "project"
PARTITIONS = 4
CHANNELS = ("web", "email", "sms", "push", "call", "ads", "crm")
PLAIN_SHARE = 20
"""The plain agent gets this part of the events, or it would take all day."""


@dataclass(frozen=True, slots=True)
class Bench:
    """One run: a broker and a folder of its own."""

    kafka: str
    folder: Path

    def settings(self, prefix: str, guarantee: str, project: Path = PROJECT, **more: Any) -> Settings:
        """Of one worker."""
        return Settings.load(
            project,
            kafka=self.kafka,
            prefix=prefix,
            group=f"{prefix}group",
            guarantee=guarantee,
            state_folder=self.folder / prefix,
            http_port=0,
            log_level="warning",
            **more,
        )

    @asynccontextmanager
    async def worker(self, settings: Settings, project: Path = PROJECT) -> AsyncIterator[None]:
        """A worker process."""
        process = _worker(self, settings, project)
        try:
            yield
        finally:
            await asyncio.to_thread(_stop, process)

    @asynccontextmanager
    async def producer(self) -> AsyncIterator[AIOKafkaProducer]:
        """A producer for the load."""
        producer = AIOKafkaProducer(bootstrap_servers=self.kafka, linger_ms=5, max_batch_size=1 << 19)
        await producer.start()
        try:
            yield producer
        finally:
            await producer.stop()


async def throughput(
    bench: Bench, name: str, events: int, customers: int, project: Path = PROJECT, run: str = ""
) -> float:
    """Events per second over the middle of a backlog, by committed or published progress."""
    prefix = f"{run}{name.replace(' ', '-')}-{customers}."
    settings = bench.settings(prefix, "exactly_once" if name == "exactly-once" else "at_least_once", project)
    await topics.apply(settings, bench.kafka, CHANNELS)
    await _create(bench, f"{prefix}plain.actions", f"{prefix}plain.said")
    async with bench.producer() as producer:
        await load.backlog(producer, settings.topic("events.click"), PARTITIONS, events, customers)
    out = f"{prefix}plain.actions" if name == "plain" else settings.topic("actions.crm")
    process = _plain(bench, prefix) if name == "plain" else _worker(bench, settings, project)
    try:
        return await _rate_of(bench, out, events // 5) * 5
    finally:
        _stop(process)


async def latency(
    bench: Bench, guarantee: str, rate: int, seconds: float, project: Path = PROJECT, run: str = ""
) -> list[float]:
    """Milliseconds from the event's time stamp to the moment when a read-committed consumer has the action."""
    prefix = f"{run}latency-{guarantee}-{rate}."
    settings = bench.settings(prefix, guarantee, project)
    await topics.apply(settings, bench.kafka, CHANNELS)
    async with bench.worker(settings, project), bench.producer() as producer:
        await load.steady(producer, settings.topic("events.click"), 50, 1.0, load.CUSTOMERS)
        measured: list[float] = []
        consumer = await reader(bench, settings.topic("actions.crm"))
        reading = asyncio.create_task(_measure(consumer, measured))
        await _until_some(measured)
        await asyncio.sleep(1)
        measured.clear()
        sent = await load.steady(producer, settings.topic("events.click"), rate, seconds, load.CUSTOMERS * 5)
        deadline = time.monotonic() + 30
        while len(measured) < sent // 5 and time.monotonic() < deadline:  # noqa: ASYNC110 - a consumer counts
            await asyncio.sleep(0.05)
        reading.cancel()
        await consumer.stop()
        return measured


async def _until_some(measured: list[float]) -> None:
    while not measured:  # noqa: ASYNC110 - a consumer fills it
        await asyncio.sleep(0.05)


async def _measure(consumer: AIOKafkaConsumer, measured: list[float]) -> None:
    async for record in consumer:
        now = time.time() * 1000
        value = orjson.loads(record.value)
        happened = _moment_ms(value["trigger"]["timestamp"])
        measured.append(now - happened)


def _moment_ms(text: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(text).timestamp() * 1000


async def _rate_of(bench: Bench, topic: str, actions: int) -> float:
    """Published actions per second between a tenth and nine tenths of all."""
    consumer = await reader(bench, topic)
    partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    seen, began, began_at = 0, 0.0, 0
    deadline = time.monotonic() + 300
    try:
        while time.monotonic() < deadline:
            for records in (await consumer.getmany(*partitions, timeout_ms=200)).values():
                seen += len(records)
            if not began and seen >= actions // 10:
                began, began_at = time.perf_counter(), seen
            if seen >= actions * 9 // 10:
                return (seen - began_at) / (time.perf_counter() - began)
    finally:
        await consumer.stop()
    raise SystemExit(f"only {seen} of {actions} actions came on {topic}")


async def reader(bench: Bench, topic: str) -> AIOKafkaConsumer:
    """A read-committed consumer of a whole topic, from its beginning."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bench.kafka,
        group_id=None,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        fetch_max_wait_ms=5,
    )
    await consumer.start()
    consumer.assign([TopicPartition(topic, number) for number in range(PARTITIONS)])
    await consumer.seek_to_beginning()
    return consumer


async def _create(bench: Bench, *names: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bench.kafka)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in names])
    finally:
        await admin.close()


def _worker(bench: Bench, settings: Settings, project: Path) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "ORCHESTRATOR_KAFKA": bench.kafka,
        "ORCHESTRATOR_PREFIX": settings.prefix,
        "ORCHESTRATOR_GROUP": settings.group,
        "ORCHESTRATOR_GUARANTEE": settings.guarantee,
        "ORCHESTRATOR_STATE_FOLDER": str(settings.state_folder),
        "ORCHESTRATOR_HTTP_PORT": "0",
        "ORCHESTRATOR_LOG_LEVEL": "warning",
        "ORCHESTRATOR_API_PORT": str(settings.api_port),
        "ORCHESTRATOR_API_KEYS": ",".join(
            f"{name}={key.get_secret_value()}" for name, key in settings.api_keys.items()
        ),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "orchestrator", "--project", str(project), "worker"], env=environment
    )


def _plain(bench: Bench, prefix: str) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "BENCH_KAFKA": bench.kafka,
        "BENCH_PREFIX": prefix,
        "BENCH_FOLDER": str(bench.folder / f"{prefix}plain"),
        "BENCH_PARTITIONS": str(PARTITIONS),
    }
    command = [sys.executable, "-m", "benchmarks.plain", "worker", "-l", "error", "--without-web"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
