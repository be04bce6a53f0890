"""A sender's process from start to stop: actions in, tries, endings written down and reported, commits.

The order for one action, and what a crash between two lines means:

1. the provider has taken it;
2. the memory has the ending                 before this line: it is sent again, under the same key of idempotency
3. Kafka has the reports                     before this line: they are written (again) after the restart
4. the memory knows that they are reported   before this line: they are written again, and are duplicates
5. the group's commit has it done            before this line: it is read again, and dropped
"""

from __future__ import annotations

import asyncio
import logging
import random
import signal
import time
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, Final

from orchestrator.channels import reports
from orchestrator.channels.action import Action, Cancel, read
from orchestrator.channels.backoff import Backoff
from orchestrator.channels.breaker import Breaker, State
from orchestrator.channels.dispatch import Dispatch, Held
from orchestrator.channels.ending import Ending, Fate
from orchestrator.channels.memory import Memory
from orchestrator.channels.metrics import Metrics
from orchestrator.channels.outcome import Accepted, Bounced, Later, Outcome, Refused
from orchestrator.channels.pace import Pace
from orchestrator.channels.progress import Progress
from orchestrator.channels.reporter import Reporter
from orchestrator.channels.sender import Sender
from orchestrator.channels.settings import SenderSettings
from orchestrator.channels.topics import ActionTopics, Read
from orchestrator.errors import SettingsError
from orchestrator.events.routing import ENGAGEMENT
from orchestrator.health import HealthServer
from orchestrator.kafka import names
from orchestrator.kafka.client import connection
from orchestrator.kafka.metadata import Operation, describe
from orchestrator.kafka.rights import topic_rights
from orchestrator.settings import Settings
from orchestrator.streams.folder import WorkerFolder
from orchestrator.together import alongside

_log = logging.getLogger(__name__)

_COMMIT_S: Final = 0.2
_FORGET_S: Final = 1.0
_FORGET_COUNT: Final = 5_000
_LONGEST_SLEEP_S: Final = 1.0
"""The wall clock may be set meanwhile."""
_SILENCE_S: Final = 10.0
_GRACE_S: Final = 5.0


def wall_ms() -> int:
    """UTC milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


class Courier:
    """One process of a sender. ``run`` returns when it was stopped, and raises what stopped it otherwise."""

    def __init__(self, settings: Settings, bootstrap: str, options: SenderSettings, sender: Sender) -> None:
        self.metrics = Metrics()
        self._settings = settings
        self._bootstrap = bootstrap
        self._options = options
        self._sender = sender
        self._dispatch = Dispatch(
            options.concurrency,
            Backoff(options.retry_first, options.retry_most, options.tries),
            Breaker(options.breaker_failures, options.breaker_window, options.breaker_pause),
            Pace(options.per_second),
        )
        logical = [names.action_topic(channel) for channel in options.channels]
        self._logical = {settings.topic(topic): topic for topic in logical}
        self._topics = ActionTopics(
            settings,
            bootstrap,
            f"{settings.group}-send-{options.name}",
            self._logical,
            self._let_go,
            options.timeout + 2 * round(_GRACE_S * 1000),
        )
        self._reporter = Reporter(settings, bootstrap)
        self._memory: Memory | None = None
        self._cancels: dict[str, tuple[Cancel, Read]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._failure: asyncio.Future[None] | None = None
        self._stop = asyncio.Event()
        self._wake = asyncio.Event()
        self._running = False
        self.health = HealthServer(
            settings.http_host, settings.http_port, self.metrics.text, self.not_ready, self._refresh
        )

    def stop(self) -> None:
        """Asks for a graceful end: what is being sent is sent to the end, what waits is left to the next process."""
        self._stop.set()

    async def run(self, handle_signals: bool = True) -> None:
        """Sends until stopped.

        Raises:
            SettingsError: topics or rights are not as they must be.
            InfrastructureError: the HTTP port or the state folder cannot be had, or Kafka is gone for good.
        """
        if handle_signals:
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, self.stop)
        self._failure = asyncio.get_running_loop().create_future()
        folder = WorkerFolder(self._settings.state_folder / "senders" / self._options.name)
        await self.health.start()
        _log.info("metrics and health on http://%s:%s", self._settings.http_host, self.health.port)
        try:
            await self._check()
            self._memory = Memory(folder.path / "sent")
            async with AsyncExitStack() as stack:
                stack.callback(self._memory.close)
                if isinstance(self._sender, AbstractAsyncContextManager):
                    await stack.enter_async_context(self._sender)
                await stack.enter_async_context(self._reporter)
                await self._work()
        finally:
            await self.health.stop()
            folder.release()
        _log.info("stopped")

    def not_ready(self) -> str | None:
        """Why this sender is not ready, in words; None if it is."""
        if not self._running or not self._topics.ready:
            return "starting or rebalancing"
        breaker = self._dispatch.breaker
        if breaker.state is not State.CLOSED:
            return f"the circuit breaker is {breaker.state.replace('_', ' ')}: {breaker.reason}"
        if self._topics.silence_s > _SILENCE_S:
            return f"Kafka has not answered for {self._topics.silence_s:.0f} s"
        return None

    async def _check(self) -> None:
        needs = dict.fromkeys(self._logical, Operation.READ)
        needs |= {self._settings.topic(topic): Operation.WRITE for topic in (ENGAGEMENT, names.DEAD_LETTER)}
        async with connection(self._settings, self._bootstrap) as opened:
            states = await describe(opened, needs)
        missing = [name for name in needs if name not in states]
        problems = topic_rights(
            self._settings,
            {name: [need] for name, need in needs.items() if name in states and need not in states[name].allowed},
        )
        if missing:
            problems.append(f"topics are missing: {', '.join(missing)}; create them with 'orchestrator topics apply'")
        if problems:
            raise SettingsError("\n".join(problems))

    async def _work(self) -> None:
        assert self._failure is not None
        try:
            await self._topics.start()
            self._running = True
            await alongside(
                self._stop.wait(), self._read(), self._send(), self._commit(), self._forget(), _result(self._failure)
            )
            _log.info("stopping")
            await self._settle(self._options.timeout / 1000 + _GRACE_S)
            await self._topics.commit()
        finally:
            self._running = False
            for task in self._tasks:
                task.cancel()
            await self._topics.stop()

    async def _read(self) -> None:
        while True:
            # With an open breaker as well, while there is room: a cancel or an expiry must not wait for the provider.
            self._take(await self._topics.read(self._options.in_hand - len(self._dispatch)))
            self._wake.set()

    def _take(self, found: list[Read]) -> None:
        """Cancels last, and at once: one that lies there already comes before the first try of its action."""
        cancels = []
        for each in found:
            try:
                message = read(each.record.value, each.record.headers)
            except ValueError as error:
                self._spawn(self._refuse(each, str(error)))
                continue
            if isinstance(message, Cancel):
                cancels.append((message, each))
            else:
                self._take_action(message, each)
        for cancel, each in cancels:
            self._take_cancel(cancel, each)

    def _take_action(self, action: Action, found: Read) -> None:
        assert self._memory is not None
        known = self._memory.get(action.action_id)
        if known is None and self._dispatch.add(Held(action, found.record.offset, found.progress)):
            return
        self.metrics.duplicates.inc()
        if known is None or known.reported:
            found.done()
        else:
            self._spawn(self._report(action, known.ending, found.progress, found.record.offset))

    def _take_cancel(self, cancel: Cancel, found: Read) -> None:
        if cancel.action_id not in self._dispatch:
            self._spawn(self._cancel(cancel, found))
            return
        ended = self._dispatch.cancel(cancel.action_id, cancel.reason, wall_ms())
        if ended is None:
            self._cancels[cancel.action_id] = (cancel, found)
        else:
            self._spawn(self._end(*ended))
            self.metrics.cancels.labels("in_time").inc()
            found.done()

    async def _send(self) -> None:
        while True:
            self._wake.clear()
            now, sleep_s = wall_ms(), _LONGEST_SLEEP_S
            if self._topics.caught_up or len(self._dispatch) >= self._options.in_hand:
                turn = self._dispatch.turn(now)
                for held in turn.send:
                    self._spawn(self._try(held))
                for held, ending in turn.ended:
                    self._spawn(self._end(held, ending))
                next_at = self._dispatch.next_at()
                if next_at is not None:
                    sleep_s = min(sleep_s, max(0.001, (next_at - now) / 1000))
            try:
                async with asyncio.timeout(sleep_s):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _try(self, held: Held) -> None:
        began = time.perf_counter()
        outcome = await self._outcome(held.action)
        now = wall_ms()
        self.metrics.seconds.observe(time.perf_counter() - began)
        self.metrics.tries.labels(type(outcome).__name__.lower()).inc()
        if isinstance(outcome, Later):
            _log.info("action %s: try %d: %s", held.action.action_id, held.tries, outcome.reason)
        was = self._dispatch.breaker.state
        ending = self._dispatch.finish(held, outcome, now, random.random())  # noqa: S311
        self._tell_breaker(was)
        self._wake.set()
        pending = self._cancels.pop(held.action.action_id, None)
        if ending is None:
            return
        if ending.fate is Fate.SENT:
            self.metrics.delay.observe(max(0, now - held.action.decided_at_ms) / 1000)
        await self._end(held, ending)
        if pending is not None:
            await self._cancel(*pending)

    def _tell_breaker(self, was: State) -> None:
        breaker = self._dispatch.breaker
        if breaker.state is State.OPEN and was is not State.OPEN:
            pause_s = self._options.breaker_pause / 1000
            _log.warning("the circuit breaker opens, nothing is tried for %g s: %s", pause_s, breaker.reason)
        elif breaker.state is State.CLOSED and was is not State.CLOSED:
            _log.info("the circuit breaker closes: what waits is sent")

    async def _outcome(self, action: Action) -> Outcome:
        timeout_s = self._options.timeout / 1000
        try:
            async with asyncio.timeout(timeout_s):
                outcome: Any = await self._sender.send(action)
        except TimeoutError:
            return Later(f"no answer in {timeout_s:g} s")
        except Exception as error:  # noqa: BLE001
            _log.exception("the sender failed on action %s", action.action_id)
            return Later(f"{type(error).__name__}: {error}")
        if isinstance(outcome, Accepted | Bounced | Refused | Later):
            return outcome
        _log.error("the sender gave %r for action %s, which is no outcome", outcome, action.action_id)
        return Later(f"the sender gave {type(outcome).__name__}, which is no outcome")

    async def _end(self, held: Held, ending: Ending) -> None:
        assert self._memory is not None
        self._memory.ended(held.action, ending)
        self.metrics.ended.labels(ending.fate).inc()
        if ending.fate is not Fate.SENT:
            _log.info("action %s: %s: %s", held.action.action_id, ending.fate, ending.detail)
        await self._report(held.action, ending, held.progress, held.offset)

    async def _report(self, action: Action, ending: Ending, progress: Progress, offset: int) -> None:
        assert self._memory is not None
        events = reports.reports(action, ending)
        await self._reporter.report(action.customer_id, events, reports.headers_of(action))
        self._memory.ended(action, ending, reported=True)
        progress.done(offset)

    async def _cancel(self, cancel: Cancel, found: Read) -> None:
        """A cancel whose action is not in hand any more."""
        assert self._memory is not None
        known = self._memory.get(cancel.action_id)
        if known is None:
            _log.info("a cancel of action %s, which another process had in hand", cancel.action_id)
            self.metrics.cancels.labels("unknown").inc()
        elif known.ending.fate is Fate.SENT:
            event = reports.cancel_missed(cancel, known.anonymous, known.ending.at, wall_ms())
            await self._reporter.report(cancel.customer_id, [event], reports.headers_of(cancel))
            self.metrics.cancels.labels("missed").inc()
        else:
            self.metrics.cancels.labels("in_time").inc()
        found.done()

    async def _refuse(self, found: Read, reason: str) -> None:
        _log.warning("%s %s: %s", found.topic, found.record.offset, reason)
        await self._reporter.refuse(found.topic, found.record, reason, wall_ms())
        self.metrics.unusable.inc()
        found.done()

    async def _let_go(self, progress: frozenset[Progress]) -> None:
        """Partitions go to another member: what is being sent ends first."""
        self._dispatch.revoke(lambda each: each in progress)
        await self._settle(self._options.timeout / 1000 + _GRACE_S)

    async def _settle(self, timeout_s: float) -> None:
        while self._tasks and timeout_s > 0:
            began = time.monotonic()
            await asyncio.wait(self._tasks, timeout=timeout_s)
            timeout_s -= time.monotonic() - began

    async def _commit(self) -> None:
        while True:
            await asyncio.sleep(_COMMIT_S)
            if self._topics.ready:
                await self._topics.commit()

    async def _forget(self) -> None:
        assert self._memory is not None
        while True:
            await asyncio.sleep(_FORGET_S)
            self._memory.forget(wall_ms() - self._options.remember, _FORGET_COUNT)

    async def _refresh(self) -> None:
        breaker = self._dispatch.breaker
        self.metrics.breaker_is(breaker.state, breaker.opened)
        self.metrics.in_hand.set(len(self._dispatch))
        self.metrics.sending.set(self._dispatch.sending)
        for topic, number, lag in self._topics.lags() if self._running else ():
            self.metrics.lag.labels(topic, str(number)).set(lag)

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Runs it beside; a failure of it ends the process."""
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and self._failure is not None and not self._failure.done():
            self._failure.set_exception(error)


async def _result(future: asyncio.Future[None]) -> None:
    await future
