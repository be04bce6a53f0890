"""Where a player finds the next record without ever waiting for it longer than it wants to."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from orchestrator.replay.recording import Recorded

_READ_AHEAD: Final = 5_000


class Feed(Protocol):
    """``peek`` gives the next record, None when there is none yet, or, once ``ended``, none any more."""

    @property
    def ended(self) -> bool: ...

    def peek(self) -> Recorded | None: ...

    def pop(self) -> Recorded: ...

    async def wait(self, timeout_s: float) -> None:
        """Until there may be another record, or the time is up."""


class Listed:
    """Records that are there as soon as they are asked for: of a list or a file."""

    def __init__(self, records: Iterable[Recorded]) -> None:
        self._records = iter(records)
        self._next = next(self._records, None)

    @property
    def ended(self) -> bool:
        """As ``Feed.ended``."""
        return self._next is None

    def peek(self) -> Recorded | None:
        """As ``Feed.peek``."""
        return self._next

    def pop(self) -> Recorded:
        """As ``Feed.pop``."""
        assert self._next is not None
        record, self._next = self._next, next(self._records, None)
        return record

    async def wait(self, timeout_s: float) -> None:
        """As ``Feed.wait``."""
        await asyncio.sleep(timeout_s)


class Piped:
    """Records that somebody else is still writing: a thread waits for them."""

    def __init__(self, records: Iterator[Recorded]) -> None:
        self._records = records
        self._queue: deque[Recorded] = deque()
        self._room = threading.Semaphore(_READ_AHEAD)
        self._loop = asyncio.get_running_loop()
        self._arrived = asyncio.Event()
        self._done = False
        self._failure: Exception | None = None
        # A daemon: reading can't be interrupted, and who ends the program waits for nobody's next line.
        threading.Thread(target=self._read, name="replay-reader", daemon=True).start()

    @property
    def ended(self) -> bool:
        """As ``Feed.ended``; raises what reading raised."""
        if self._done and self._failure is not None:
            raise self._failure
        return self._done and not self._queue

    def peek(self) -> Recorded | None:
        """As ``Feed.peek``."""
        return self._queue[0] if self._queue else None

    def pop(self) -> Recorded:
        """As ``Feed.pop``."""
        self._room.release()
        return self._queue.popleft()

    async def wait(self, timeout_s: float) -> None:
        """As ``Feed.wait``."""
        if self._queue:
            await asyncio.sleep(timeout_s)
            return
        self._arrived.clear()
        if self._queue or self._done:
            return
        try:
            async with asyncio.timeout(timeout_s):
                await self._arrived.wait()
        except TimeoutError:
            return

    def _read(self) -> None:
        try:
            for record in self._records:
                self._room.acquire()
                self._queue.append(record)
                if len(self._queue) == 1:
                    self._wake()
        except Exception as error:  # noqa: BLE001 - it is raised where the records are asked for
            self._failure = error
        self._done = True
        self._wake()

    def _wake(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._arrived.set)
        except RuntimeError:
            return  # the loop is closed: nobody waits any more
