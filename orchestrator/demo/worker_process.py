"""The demo's worker: ``orchestrator worker`` in a process of its own, watched."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections import deque
from pathlib import Path
from typing import Final, Self

import aiohttp
import orjson

from orchestrator.errors import InfrastructureError

_METRICS_AT: Final = re.compile(r"metrics and health on (http://\S+)")
_LAST_LINES: Final = 15
_STARTS_S: Final = 60
_STOPS_S: Final = 20
_POLL_S: Final = 0.05
_KEPT_VARIABLE: Final = "ORCHESTRATOR_CACHE"


class WorkerProcess:
    """Started on entry, stopped on exit, by force if need be."""

    def __init__(self, project: Path, log: Path) -> None:
        self.address: str | None = None
        self._project = project
        self._log = log
        self._lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        # Settings of the user's environment would win over those of the demo's project.
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.upper().startswith("ORCHESTRATOR_") or name == _KEPT_VARIABLE
        }
        command = [sys.executable, "-m", "orchestrator.demo.child", str(os.getpid()), "--project", str(self._project)]
        self._process = await asyncio.create_subprocess_exec(
            *command,
            "worker",
            env=clean,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            limit=1 << 20,
            # Ctrl-C is for the demo, which stops its worker in good order.
            start_new_session=True,
        )
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        process, reading = self._process, self._reading
        assert process is not None
        assert reading is not None
        if process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(_STOPS_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        await reading

    async def ready(self) -> None:
        """Waits until it has joined and restored. Raises InfrastructureError when it doesn't in time."""
        try:
            async with asyncio.timeout(_STARTS_S):
                while not await self._is_ready():  # noqa: ASYNC110 - another process tells nothing by itself
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            raise InfrastructureError(f"the worker was not ready in {_STARTS_S} s: {self._last_words()}") from None

    async def watch(self) -> None:
        """Waits until it ends, which is never right. Raises InfrastructureError."""
        assert self._process is not None
        assert self._reading is not None
        code = await self._process.wait()
        await asyncio.wait([self._reading])
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        raise InfrastructureError(f"the worker {how}: {self._last_words()}")

    async def metrics(self) -> dict[str, float]:
        """The sums of its metrics over all labels, by name."""
        sums: dict[str, float] = {}
        async with aiohttp.ClientSession() as session, session.get(f"{self.address}/metrics") as response:
            text = await response.text()
        for line in text.splitlines():
            if not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                name = name.partition("{")[0]
                sums[name] = sums.get(name, 0) + float(value)
        return sums

    async def _is_ready(self) -> bool:
        if self.address is None:
            return False
        try:
            async with aiohttp.ClientSession() as session, session.get(f"{self.address}/health/ready") as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        with self._log.open("wb") as log:
            async for line in self._process.stderr:
                log.write(line)
                log.flush()
                message = _message(line)
                self._lines.append(message)
                match = _METRICS_AT.search(message) if self.address is None else None
                if match is not None:
                    self.address = match[1]

    def _last_words(self) -> str:
        return "\n".join(["its last words:", *self._lines, f"(all of them: {self._log})"])


def _message(line: bytes) -> str:
    try:
        entry = orjson.loads(line)
        return f"{entry['level']}: {entry['message']}" + (f"\n{entry['traceback']}" if "traceback" in entry else "")
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return line.decode(errors="replace").rstrip()
