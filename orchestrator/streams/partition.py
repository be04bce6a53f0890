"""One partition number at work: takes what came, decides, checkpoints, and again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from aiokafka.errors import KafkaError

from orchestrator import engine
from orchestrator.engine.customer import decode
from orchestrator.engine.home import References
from orchestrator.errors import InfrastructureError
from orchestrator.events.intake import Intake
from orchestrator.streams.checkpoint import Checkpoint
from orchestrator.streams.definitions import Envs
from orchestrator.streams.metrics import Metrics
from orchestrator.streams.order import Order, most_records
from orchestrator.streams.recent import Recent
from orchestrator.streams.requests import Answer, Requests, moved
from orchestrator.streams.store import Meta, Store
from orchestrator.streams.sweep import begun, sweep
from orchestrator.streams.timers import Timers
from orchestrator.streams.transport import Horizon
from orchestrator.streams.work import Input, Work

_log = logging.getLogger(__name__)

PENDING_BYTES_HIGH: Final = 2 << 20
PENDING_BYTES_LOW: Final = 3 << 19
"""Fetching goes on while three quarters still wait, or a partition would have nothing to do until more has come."""
_TICK_S: Final = 0.025
_STRETCH: Final = 500
"""Records that are decided without a pause: some milliseconds, or answers and acknowledgements would wait for more."""
_GATHER_S: Final = 0.005
"""What was written just before on another topic may come with the next fetch: the address before the sign-up."""
_IDLE_S: Final = 0.25
_GRACE_MS: Final = 1_000
"""A marker may be read a moment before the definitions that it names: that is no reason to be loud."""


class State(StrEnum):
    """``failed``: a bug of ours; the partition stands still until a person has looked at it."""

    RUNNING = "running"
    STOPPED = "stopped"
    FAILED = "failed"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a partition asks of its worker.

    ``pause`` and ``resume`` the fetching of a logical topic; ``lost`` is told of broken infrastructure; ``references``
    are what all partitions read as it is now.
    """

    clock: Callable[[], int]
    horizons: Callable[[int], Awaitable[Mapping[str, Horizon]]]
    pause: Callable[[int, str], None]
    resume: Callable[[int, str], None]
    lost: Callable[[int, BaseException], None]
    references: Callable[[], References]


class Partition:
    """The customers whose home this partition number is.

    ``waits_for`` says in words what it stands still for: definitions that the worker does not know yet. ``recent`` has
    the last decisions, where somebody may ask for them.
    """

    def __init__(
        self,
        number: int,
        envs: Envs,
        intake: Intake,
        store: Store,
        meta: Meta,
        checkpoint: Checkpoint,
        order: Order,
        metrics: Metrics,
        surroundings: Surroundings,
        recent: Recent | None = None,
    ) -> None:
        self.number = number
        self.recent = recent
        self.state = State.STOPPED
        self.failure: BaseException | None = None
        self.meta = meta
        self.store = store
        self.waits_for: str | None = None
        self._envs = envs
        self._env: engine.Env | None = None
        self._missing_since: int | None = None
        self._intake = intake
        self._checkpoint = checkpoint
        self._order = order
        self._timers = Timers(store)
        self._metrics = metrics
        self._around = surroundings
        self._requests = Requests(self._begin)
        self._saving: Work | None = None
        self._paused: set[str] = set()
        self._wake = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to work."""
        self.state = State.RUNNING
        self._in_force(grace_ms=0)
        self._task = asyncio.create_task(self._run(), name=f"partition-{self.number}")

    async def stop(self, patience_s: float | None = None) -> None:
        """Lets the open checkpoint finish, drops what was not begun, and releases the store.

        After ``patience_s`` the checkpoint is left to the next owner, as a crash would leave it.
        """
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            done, _ = await asyncio.wait([self._task], timeout=patience_s)
            if not done:
                self._task.cancel()
                await asyncio.wait([self._task])
        self._requests.fail(moved(self.number))
        self.store.close()
        if self.state is State.RUNNING:
            self.state = State.STOPPED

    def offer(self, topic: str, records: Sequence[Input]) -> None:
        """Takes in what was fetched; asks for a pause when too much is waiting."""
        following = self.meta.offsets.get(topic, 0)
        fresh = (
            records if records[0].offset >= following else [record for record in records if record.offset >= following]
        )
        if not fresh:
            return
        self._order.offer(topic, fresh, self._around.clock())
        order = self._order
        crowded = order.pending * order.record_bytes > PENDING_BYTES_HIGH and not self._has_room(topic)
        if crowded and topic not in self._paused:
            self._paused.add(topic)
            self._around.pause(self.number, topic)
        self._wake.set()

    async def ask(self, request: engine.Request, *, durable: bool) -> Answer:
        """The answer to a request about a customer whose home this is; ``durable``: when it is committed.

        Raises:
            RequestRefused: it cannot be answered.
            InfrastructureError: the partition number is not worked on here any more.
        """
        if self.state is not State.RUNNING or self._stopping:
            raise moved(self.number)
        answered = self._requests.ask(request, durable=durable)
        self._answer()
        self._wake.set()
        return await answered

    def known(self, key: str) -> engine.Record | None:
        """The record under a key as it was last committed."""
        value = self.store.get(key.encode())
        return decode(value) if value is not None else None

    @property
    def references(self) -> References:
        """What all partitions read, as it is now."""
        return self._around.references()

    def wake(self) -> None:
        """Looks again whether there is something to do: the definitions have changed."""
        self._wake.set()

    def go_on_with(self, version: str) -> None:
        """Before the start: these definitions are in force, for the marker that said so is gone from the log."""
        _log.warning("partition %s: the log has lost where definitions %s began", self.number, version)
        self.meta = replace(self.meta, env=version)

    async def _run(self) -> None:
        more = False
        try:
            while await self._wait(more):
                more = await self._round()
            if self._requests:
                await self._round()  # what was answered is to hold
        except (KafkaError, InfrastructureError, OSError, TimeoutError) as error:
            self._lose(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a bug of ours and stops the partition
            self._fail(error)

    async def _round(self) -> bool:
        """From what came to a checkpoint; whether there is more to do at once."""
        env = self._in_force()
        if env is None:
            return False
        if self._order.wants_horizons(self._timers, self._around.clock()):
            self._order.see(await self._around.horizons(self.number), self._around.clock())
        began = self._around.clock()
        hand = self._requests.in_hand()
        work = hand.work
        self._answer()
        more = await self._decide(work, began)
        self._requests.close()
        with self._metrics.stage("decide"):
            now = self._order.clock_ms(began)
            meta = sweep(work, self.store, begun(self.meta, env), now)
        if work:
            with self._metrics.stage("checkpoint"):
                meta = await self._save(work, meta, now, began)
            if self.recent is not None:
                self.recent.take(work.outputs)
        hand.written()
        self._show_sweep(meta)
        self.meta = meta
        if work.following is not None:
            self._env = None
        self._timers.renew()
        self._metrics.count(work.counts, self._around.clock())
        self._resume_paused()
        return (more and bool(work)) or meta.swept is not None or bool(self._requests)

    async def _decide(self, work: Work, began: int) -> bool:
        """Takes what one checkpoint holds, in stretches: meanwhile those of other partitions go on."""
        if self._stopping:
            return False
        left = most_records(self._order.record_bytes)
        while True:
            before = self._order.pending
            with self._metrics.stage("decide"):
                more = self._order.take(work, self._timers, began, min(left, _STRETCH))
            left -= before - self._order.pending
            if not more or left <= 0 or self._order.pending == before or work.following is not None:
                return more
            await asyncio.sleep(0)

    def _begin(self) -> Work:
        """The next work, with the definitions in force."""
        assert self._env is not None
        references = self._around.references()
        return Work(self.number, self.meta.partitions, self._env, self._intake, self._read, references)

    def _read(self, key: bytes) -> bytes | None:
        """What is stored, as the checkpoint leaves it that is on its way."""
        if self._saving is not None:
            try:
                return self._saving.left(key)
            except KeyError:
                pass
        return self.store.get(key)

    async def _save(self, work: Work, meta: Meta, now: int, began: int) -> Meta:
        self._saving = work
        try:
            return await self._checkpoint.save(work, self.store, meta, now, began)
        finally:
            self._saving = None

    def _answer(self) -> None:
        """Answers what was asked, unless the definitions are about to change."""
        if self._env is not None and (self._saving is None or self._saving.following is None):
            self._requests.answer(self._order.clock_ms(self._around.clock()))

    def _in_force(self, grace_ms: int = _GRACE_MS) -> engine.Env | None:
        """The definitions in force here; None while the worker does not have them."""
        if self._env is not None:
            return self._env
        self._env = self._envs.env(self.meta.env)
        if self._env is not None:
            _log.info("partition %s: definitions %s are in force", self.number, self._env.version)
            self._missing_since = None
            self._stand_still(None)
            return self._env
        now = self._around.clock()
        if self._missing_since is None:
            self._missing_since = now
        if now - self._missing_since >= grace_ms:
            self._stand_still(self._envs.why_not(self.meta.env))
        return None

    def _stand_still(self, reason: str | None) -> None:
        if reason is not None and reason != self.waits_for:
            _log.error("partition %s stands still: %s", self.number, reason)
        self.waits_for = reason
        self._metrics.waiting.labels(str(self.number)).set(int(reason is not None))

    async def _wait(self, more: bool) -> bool:
        """Until there is something to do; False when it is time to stop."""
        if more or self._stopping:
            return not self._stopping
        due = self._timers.next_due(None)
        soon = due is not None and due <= self._around.clock()
        try:
            async with asyncio.timeout(_TICK_S if soon else _IDLE_S):
                await self._wake.wait()
        except TimeoutError:
            return not self._stopping
        if not self._stopping:
            await asyncio.sleep(_GATHER_S)
        self._wake.clear()
        return not self._stopping

    def _show_sweep(self, meta: Meta) -> None:
        if meta.swept != self.meta.swept:
            self._metrics.sweep(self.number, meta.swept is not None, meta.swept_count)

    def _fail(self, error: BaseException) -> None:
        self.state, self.failure = State.FAILED, error
        self._requests.fail(moved(self.number))
        self._metrics.partition_failed(self.number)
        _log.critical("partition %s stopped, for this is a bug of ours: %s", self.number, error, exc_info=error)

    def _lose(self, error: BaseException) -> None:
        self.state, self.failure = State.LOST, error
        self._requests.fail(moved(self.number))
        _log.warning("partition %s: the checkpoint was aborted, its work will be done again: %r", self.number, error)
        self._around.lost(self.number, error)

    def _resume_paused(self) -> None:
        for topic in [topic for topic in self._paused if self._has_room(topic)]:
            self._around.resume(self.number, topic)
            self._paused.remove(topic)

    def _has_room(self, topic: str) -> bool:
        return self._order.waiting(topic) * self._order.record_bytes <= PENDING_BYTES_LOW
