"""Plays a feed at a pace, and tells the workers how far the data's time has come.

Everything that was handed to Kafka is acknowledged before the mark of its time is sent, so a worker that waits for a
mark's offsets never waits in vain.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Final

from orchestrator.replay.feed import Feed
from orchestrator.replay.pace import Pace
from orchestrator.replay.recording import Recorded, dated
from orchestrator.replay.sender import Sender, Sending
from orchestrator.together import together

LINES_PER_MARK: Final = 2_000
MARK_S: Final = 0.03
"""Each mark costs a transaction in each partition: at 20 ms two busy cores spend themselves on those."""
_IDLE_MARK_S: Final = 0.25
_CHUNKS_IN_FLIGHT: Final = 8
LARGEST_BYTES: Final = 900_000
"""Kafka takes no record above 1 MB by default, its headers included."""


@dataclass(slots=True)
class Progress:
    """What has been played: ``at`` is the data's moment, ``marked`` the last one that the workers were told."""

    lines: int = 0
    unreadable: int = 0
    too_large: int = 0
    late: int = 0
    first_at: int | None = None
    at: int | None = None
    marked: int | None = None


class Player:
    """One run of a replay.

    Args:
        sender: An open sender.
        pace: How fast.
        event_time: Whether time is the data's; else events are dated anew, from now on.
        late_after_ms: A line that lies further back than this is counted as late.
    """

    def __init__(self, sender: Sender, pace: Pace, *, event_time: bool, late_after_ms: int) -> None:
        self.progress = Progress()
        self._sender = sender
        self._pace = pace
        self._event_time = event_time
        self._late_after_ms = late_after_ms
        self._in_flight: asyncio.Queue[tuple[Sending, int | None] | None] = asyncio.Queue(_CHUNKS_IN_FLIGHT)
        self._began = 0.0
        self._began_ms = 0
        self._due_s = 0.0
        self._promised = 0

    async def play(self, feed: Feed) -> None:
        """Sends the whole feed, and its marks; returns when all is acknowledged. Raises InfrastructureError."""
        self._began = time.monotonic()
        self._began_ms = time.time_ns() // 1_000_000
        await together(self._send(feed), self._confirm())

    async def _send(self, feed: Feed) -> None:
        chunk_at = 0.0
        while not feed.ended:
            chunk = self._chunk(feed)
            if chunk:
                chunk_at = time.monotonic()
                sending = await self._sender.send(chunk)
                await self._in_flight.put((sending, self._until(feed)))
                # At full speed nothing else would ever have its turn.
                await asyncio.sleep(0)
                continue
            waits_s = self._waits_s(feed)
            await self._pass_time(feed, waits_s)
            await feed.wait(min(max(waits_s, chunk_at + MARK_S - time.monotonic()), _IDLE_MARK_S))
        await self._in_flight.put(None)

    def _chunk(self, feed: Feed) -> list[Recorded]:
        """What is due, as much as fits between two marks."""
        chunk: list[Recorded] = []
        ends = time.monotonic() + MARK_S
        while len(chunk) < LINES_PER_MARK and (record := feed.peek()) is not None:
            now, due_s = time.monotonic(), self._next_due_s(record)
            if now > ends or now - self._began < due_s:
                break
            feed.pop()
            self._due_s = due_s
            if self._count(record):
                chunk.append(record)
        return chunk

    def _count(self, record: Recorded) -> bool:
        progress = self.progress
        progress.lines += 1
        if len(record.value) > LARGEST_BYTES:
            progress.too_large += 1
            return False
        progress.unreadable += record.unreadable
        if record.at is not None:
            if progress.first_at is None or progress.at is None:
                progress.first_at = progress.at = record.at
            progress.late += record.at < progress.at - self._late_after_ms
            progress.at = max(progress.at, record.at)
            if not self._event_time and not record.unreadable:
                record.value = dated(record.value, self._new_moment(record.at, progress.first_at))
        return True

    def _new_moment(self, at: int, first_at: int) -> int:
        if self._pace.speed is None:
            return time.time_ns() // 1_000_000
        return self._began_ms + int((at - first_at) / self._pace.speed)

    def _next_due_s(self, record: Recorded) -> float:
        """Seconds after the beginning at which the record is to be sent."""
        at, last = record.at, self.progress.at
        passed_ms = max(0, at - last) if at is not None and last is not None else 0
        return self._due_s + (self._pace.pause_s(passed_ms) if self.progress.lines else 0.0)

    def _waits_s(self, feed: Feed) -> float:
        record = feed.peek()
        if record is None:
            return _IDLE_MARK_S
        return max(0.0, self._next_due_s(record) - (time.monotonic() - self._began))

    def _until(self, feed: Feed) -> int | None:
        """The moment up to which all has been sent: not the last one, if a line of the same moment may follow."""
        at, following = self.progress.at, feed.peek()
        if at is None or not self._event_time:
            return None
        complete = feed.ended or (following is not None and following.at is not None and following.at > at)
        return at if complete else at - 1

    async def _pass_time(self, feed: Feed, waits_s: float) -> None:
        """In a pause of the data time goes on, so that what is due in it happens in it."""
        record, at = feed.peek(), self.progress.at
        if not self._event_time or waits_s < _IDLE_MARK_S or record is None or record.at is None or at is None:
            return
        reached = at + self._pace.passed_ms(time.monotonic() - self._began - self._due_s)
        if min(reached, record.at - 1) > self._promised:
            await self._in_flight.put((Sending(), min(reached, record.at - 1)))

    async def _confirm(self) -> None:
        while (chunk := await self._in_flight.get()) is not None:
            sending, until = chunk
            await self._sender.acknowledged(sending)
            if until is not None and until > self._promised:
                await self._sender.mark(until)
                self.progress.marked = self._promised = until
