"""One worker as a process that a test can kill: its settings come as JSON, its HTTP port goes to a file.

``die`` in the settings names a point of a checkpoint and how often it is passed before the process dies there.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvloop
from aiokafka import AIOKafkaProducer

from orchestrator.errors import OrchestratorError, UsageError
from orchestrator.journeys.load import load
from orchestrator.settings import Settings
from orchestrator.streams import checkpoint
from orchestrator.streams.store import Store
from orchestrator.streams.transport import ConsumerThread
from orchestrator.streams.worker import Worker

POINTS: dict[str, tuple[Any, str]] = {
    "sent": (checkpoint, "send"),
    "acknowledged": (checkpoint, "acknowledged"),
    "offsets added": (AIOKafkaProducer, "send_offsets_to_transaction"),
    "committed": (AIOKafkaProducer, "commit_transaction"),
    "offsets committed": (ConsumerThread, "commit_offsets"),
    "stored": (Store, "write"),
}
"""What is done when the process dies."""


async def run(project: Path, bootstrap: str, port_file: Path, flags: dict[str, Any]) -> None:
    worker = Worker(Settings.load(project, **flags), bootstrap, load(project))
    telling = asyncio.create_task(tell_port(worker, port_file))
    try:
        await worker.run()
    finally:
        telling.cancel()


async def tell_port(worker: Worker, port_file: Path) -> None:
    while worker.health.port == 0:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.01)
    unfinished = port_file.with_suffix(".unfinished")
    unfinished.write_text(str(worker.health.port))
    unfinished.rename(port_file)


def die_at(point: str, left: int) -> None:
    """Makes this process die after it has passed a point of its checkpoints ``left`` times."""
    owner, name = POINTS[point]
    original: Callable[..., Any] = getattr(owner, name)

    def passed() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    async def awaited(*args: Any, **kwargs: Any) -> Any:
        result = await original(*args, **kwargs)
        passed()
        return result

    def called(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        passed()
        return result

    setattr(owner, name, awaited if asyncio.iscoroutinefunction(original) else called)


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    project, bootstrap, port_file, given = sys.argv[1:]
    flags = json.loads(given)
    die = flags.pop("die", None)
    if die is not None:
        die_at(*die)
    try:
        uvloop.run(run(Path(project), bootstrap, Path(port_file), flags))
    except OrchestratorError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
