"""One worker as a process that a test can kill: its settings come as JSON, its HTTP port goes to a file."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import Any

import uvloop

from orchestrator.errors import OrchestratorError, UsageError
from orchestrator.journeys.load import load
from orchestrator.settings import Settings
from orchestrator.streams.worker import Worker


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


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    project, bootstrap, port_file, flags = sys.argv[1:]
    try:
        uvloop.run(run(Path(project), bootstrap, Path(port_file), json.loads(flags)))
    except OrchestratorError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
