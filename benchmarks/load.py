"""The load: events of about 150 bytes, made before the clock starts or sent at a steady rate."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Iterator
from typing import Any

from aiokafka import AIOKafkaProducer

from orchestrator.moments import format_moment
from orchestrator.streams.homes import home

CUSTOMERS = 1_000


def event(number: int, customers: int, now_ms: int) -> tuple[bytes, bytes]:
    """Key and value of one event; each customer's ``n`` goes through all remainders of 5."""
    customer = f"customer-{number % customers}"
    value = (
        f'{{"type":"track","event":"Product Viewed","messageId":"m-{number}","userId":"{customer}",'
        f'"timestamp":"{format_moment(now_ms)}","properties":{{"n":{number // customers + number}}}}}'
    )
    return customer.encode(), value.encode()


async def backlog(producer: AIOKafkaProducer, topic: str, partitions: int, count: int, customers: int) -> None:
    """Writes ``count`` events as fast as it goes."""
    batches: dict[int, Any] = {}
    sent: list[Awaitable[Any]] = []
    now = time.time_ns() // 1_000_000
    for number in range(count):
        key, value = event(number, customers, now)
        partition = home(key.decode(), partitions)
        batch = batches.setdefault(partition, producer.create_batch())
        if batch.append(key=key, value=value, timestamp=now) is None:
            sent.append(await producer.send_batch(batch, topic, partition=partition))
            batches[partition] = producer.create_batch()
            batches[partition].append(key=key, value=value, timestamp=now)
    for partition, batch in batches.items():
        sent.append(await producer.send_batch(batch, topic, partition=partition))
    await asyncio.gather(*sent)


async def steady(producer: AIOKafkaProducer, topic: str, rate: int, seconds: float, customers: int) -> int:
    """Sends ``rate`` events a second, each with the wall clock as its time stamp; how many were sent."""
    began, number = time.perf_counter(), 0
    for due in _ticks(seconds):
        while number < rate * due:
            now = time.time_ns() // 1_000_000
            key, value = event(number, customers, now)
            await producer.send(topic, value, key=key, timestamp_ms=now)
            number += 1
        await asyncio.sleep(max(0.0, due - (time.perf_counter() - began)))
    await producer.flush()
    return number


async def batches(
    producer: AIOKafkaProducer, topic: str, partitions: int, rate: int, seconds: float, customers: int
) -> int:
    """As ``steady``, with the events of ten milliseconds at once: for rates that leave no time for single ones."""
    began, number = time.perf_counter(), 0
    for due in _ticks(seconds):
        now = time.time_ns() // 1_000_000
        filled = [producer.create_batch() for _ in range(partitions)]
        while number < rate * due:
            key, value = event(number, customers, now)
            filled[home(key.decode(), partitions)].append(key=key, value=value, timestamp=now)
            number += 1
        for partition, batch in enumerate(filled):
            if batch.record_count():
                await producer.send_batch(batch, topic, partition=partition)
        await asyncio.sleep(max(0.0, due - (time.perf_counter() - began)))
    await producer.flush()
    return number


def _ticks(seconds: float) -> Iterator[float]:
    for tick in range(1, int(seconds * 100) + 1):
        yield tick / 100
