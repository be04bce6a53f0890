"""Programs that ask what to say, while events stream."""

from __future__ import annotations

import asyncio
import socket
import time

import aiohttp

from benchmarks import load
from benchmarks.bench import CHANNELS, PARTITIONS, Bench
from orchestrator.kafka import topics

PER_S = 50
_KEY = "a-key-of-the-benchmarks"
CUSTOMERS = 10_000
"""The stream's, too, when its maximum is measured: the more there are, the more of them a checkpoint writes."""
_WARM_S = 3.0


async def measure(bench: Bench, rate: int, seconds: float) -> dict[str, list[float]]:
    """Milliseconds from the moment at which a request was to be sent to its answer; every other one is durable."""
    port = _free_port()
    settings = bench.settings("decide.", "exactly_once", api_port=port, api_keys={"bench": _KEY})
    await topics.apply(settings, bench.kafka, CHANNELS)
    url = f"http://127.0.0.1:{port}/v1/decide"
    headers = {"Authorization": f"Bearer {_KEY}"}
    async with (
        bench.worker(settings),
        bench.producer() as producer,
        aiohttp.ClientSession(headers=headers) as session,
    ):
        await _until_answered(session, url)
        topic = settings.topic("events.click")
        streaming = asyncio.create_task(load.batches(producer, topic, PARTITIONS, rate, seconds + _WARM_S, CUSTOMERS))
        await asyncio.sleep(_WARM_S)
        measured: dict[str, list[float]] = {"plain": [], "durable": []}
        began, asking = time.perf_counter(), []
        for number in range(int(seconds * PER_S)):
            due = began + number / PER_S
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            name = "durable" if number % 2 else "plain"
            asking.append(asyncio.create_task(_ask(session, url, number, due, name, measured[name])))
        await asyncio.gather(*asking)
        await streaming
        return measured


async def _ask(
    session: aiohttp.ClientSession, url: str, number: int, due: float, name: str, measured: list[float]
) -> None:
    status = await _post(session, url, f"k-{number}", f"customer-{number * 7 % CUSTOMERS}", name == "durable")
    if status != 200:
        raise SystemExit(f"a request was answered with {status}")
    measured.append((time.perf_counter() - due) * 1000)


async def _post(session: aiohttp.ClientSession, url: str, key: str, customer: str, durable: bool) -> int:
    body = {"customer": {"userId": customer}, "channel": "crm", "places": 3}
    params = {"durable": str(durable).lower()}
    async with session.post(url, json=body, params=params, headers={"Idempotency-Key": key}) as reply:
        await reply.read()
        return reply.status


async def _until_answered(session: aiohttp.ClientSession, url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if await _post(session, url, "first", "customer-0", True) == 200:
                return
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(0.2)
    raise SystemExit("the worker answers nothing")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port
