"""A worker inside of the test's own process, for what can only be seen or broken from within."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from orchestrator.journeys.load import load
from orchestrator.settings import Settings
from orchestrator.streams.worker import Worker
from tests.faults.harness import PATIENCE_S, Stage


class Inside:
    """A running worker."""

    def __init__(self, worker: Worker, task: asyncio.Task[None]) -> None:
        self.worker = worker
        self.task = task

    async def get(self, path: str) -> tuple[int, str]:
        """Status and body of its HTTP server."""
        url = f"http://127.0.0.1:{self.worker.health.port}{path}"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return response.status, await response.text()

    async def wait_ready(self) -> None:
        await until("the worker to be ready", lambda: self.worker.not_ready() is None, self.task)

    async def stop(self) -> None:
        self.worker.stop()
        async with asyncio.timeout(PATIENCE_S):
            await self.task


@asynccontextmanager
async def inside(stage: Stage, **flags: Any) -> AsyncIterator[Inside]:
    """Runs a worker until the block ends."""
    settings = Settings.load(stage.project, **{**stage.flags, **flags})
    worker = Worker(settings, stage.bootstrap, load(stage.project))
    running = Inside(worker, asyncio.create_task(worker.run(handle_signals=False)))
    try:
        yield running
    finally:
        if not running.task.done():
            await running.stop()


async def until(what: str, condition: Callable[[], Any], task: asyncio.Task[None] | None = None) -> Any:
    """The first true value of a condition; raises what ended the task, if it ends meanwhile."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not (value := condition()):
                if task is not None and task.done():
                    await task
                    raise AssertionError(f"the worker ended before {what}")
                await asyncio.sleep(0.02)
            return value
    except TimeoutError:
        raise AssertionError(f"waited {PATIENCE_S} s for {what}") from None
