"""A worker process from start to stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from orchestrator.errors import BadRecord, InfrastructureError
from orchestrator.events.intake import Intake
from orchestrator.health import HealthServer
from orchestrator.journeys.pack import Pack
from orchestrator.kafka import names, topics
from orchestrator.kafka.client import client_options, reachable
from orchestrator.learning.learner import Learner
from orchestrator.settings import Settings
from orchestrator.streams.app import App
from orchestrator.streams.beginning import apply_folder
from orchestrator.streams.definitions import Definitions, tell_clock
from orchestrator.streams.folder import WorkerFolder
from orchestrator.streams.limits import limits_of
from orchestrator.streams.metrics import Metrics
from orchestrator.streams.partition import State
from orchestrator.streams.reference import ReferenceReader
from orchestrator.streams.work import dead_letter_headers

if TYPE_CHECKING:
    from orchestrator.api.server import Api

_log = logging.getLogger(__name__)

_SILENCE_S: Final = 10.0
_LEARNER_S: Final = 6.0
_GARBAGE_THRESHOLDS: Final = (200_000, 20, 100)
"""More than what the open checkpoints hold, which is no garbage: to look through it again and again costs a tenth of
the time at 20,000, and a sixth more at Python's own 700.
"""
_SWITCH_S: Final = 0.02
"""How long a thread may go on while another one wants to: between two stretches, which take less, it lets go anyway."""


def wall_ms() -> int:
    """UTC milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


class Worker:
    """One member of the group. ``run`` returns when it was stopped, and raises what stopped it otherwise."""

    def __init__(self, settings: Settings, bootstrap: str, pack: Pack) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.app: App | None = None
        self._bootstrap = bootstrap
        # As it travels: the order of keys in a file is no part of a version, and must not show in actions.
        self._pack = Pack.from_json(pack.to_json())
        self._definitions: Definitions | None = None
        self._references: ReferenceReader | None = None
        self.api: Api | None = None
        self._stop = asyncio.Event()
        self.health = HealthServer(
            settings.http_host, settings.http_port, self.metrics.text, self.not_ready, self._refresh
        )

    def stop(self) -> None:
        """Asks for a graceful end."""
        self._stop.set()

    async def run(self, handle_signals: bool = True) -> None:
        """Works until stopped.

        Raises:
            SettingsError: topics or rights are not as they must be.
            PlanRefused: the project's definitions may not be put in force.
            InfrastructureError: an HTTP port or the state folder cannot be had, or Kafka is gone for good.
        """
        gc.freeze()
        gc.set_threshold(*_GARBAGE_THRESHOLDS)
        sys.setswitchinterval(_SWITCH_S)
        if handle_signals:
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, self.stop)
        folder = WorkerFolder(self.settings.state_folder)
        await self.health.start()
        _log.info("metrics and health on http://%s:%s", self.settings.http_host, self.health.port)
        try:
            if self.settings.serves_api:
                self.api = _bind_api(self.settings)
            self.app = app = await self._make_app(folder)
            if self.api is not None:
                await self.api.start(self._bootstrap, app, app.envs, self.not_ready, self.metrics.request)
            await self._run_app(app)
        finally:
            if self.api is not None:
                await self.api.stop()
            if self._references is not None:
                await self._references.stop()
            if self._definitions is not None:
                await self._definitions.stop()
            await self.health.stop()
            folder.release()

    def not_ready(self) -> str | None:
        """Why this worker is not ready, in words; None if it is."""
        app = self.app
        if app is None:
            return "starting"
        failed = [
            str(number) for number, partition in app.ownership.partitions.items() if partition.state is State.FAILED
        ]
        if failed:
            return f"partition {', '.join(failed)} stands still because of a bug: see the log"
        if not app.ready:
            return "restoring or rebalancing"
        waiting = [
            f"partition {number}: {partition.waits_for}"
            for number, partition in app.ownership.partitions.items()
            if partition.waits_for is not None
        ]
        if waiting:
            return "; ".join(waiting)
        silence_s = app.ownership.silence_s()
        if silence_s > _SILENCE_S:
            return f"Kafka has not answered for {silence_s:.0f} s"
        return None

    async def _make_app(self, folder: WorkerFolder) -> App:
        options = client_options(self.settings, self._bootstrap)
        await reachable(self.settings, self._bootstrap)
        await topics.check(self.settings, self._bootstrap, self._pack.channels)
        definitions = await self._start_definitions(options)
        self._references = references = ReferenceReader(options, self.settings, self._refuse)
        await references.start()
        partitions = await _partition_count(options, self.settings)
        return App(
            self.settings,
            options,
            definitions,
            Intake(limits_of(self.settings)),
            partitions,
            folder.path,
            self.metrics,
            wall_ms,
            lambda: references.current,
            self.api.url if self.api is not None else None,
        )

    async def _start_definitions(self, options: dict[str, Any]) -> Definitions:
        """What is in force, with what this worker's folder brings."""
        settings = self.settings
        self._definitions = definitions = Definitions(options, settings)
        await definitions.start()
        if definitions.clock != settings.clock:
            await tell_clock(options, settings)
        if settings.apply_on_start and await apply_folder(options, settings, definitions.catalogue, self._pack):
            await definitions.catch_up()
        return definitions

    async def _run_app(self, app: App) -> None:
        stopping = asyncio.create_task(self._stop.wait())
        crashed = asyncio.create_task(_crash_of(app))
        following = asyncio.create_task(self._follow(app))
        assert self._references is not None
        reading = asyncio.create_task(self._references.follow())
        learner = self._new_learner()
        learning = asyncio.create_task(learner.run())
        starting = asyncio.create_task(app.start())
        try:
            await asyncio.wait([stopping, crashed, following, reading, starting], return_when=asyncio.FIRST_COMPLETED)
            if starting.done() and starting.exception() is None:
                await asyncio.wait([stopping, crashed, following, reading], return_when=asyncio.FIRST_COMPLETED)
        finally:
            _log.info("stopping")
            await app.stop()
            learner.stop()
            await asyncio.wait([learning], timeout=_LEARNER_S)
            for task in (stopping, crashed, following, reading, starting, learning):
                task.cancel()
            await asyncio.wait([stopping, crashed, following, reading, starting, learning])
        if app.refused is not None:
            raise app.refused
        if not self._stop.is_set():
            ended = [task.exception() for task in (following, reading, starting) if not task.cancelled()]
            reason = app.crash_reason or next((error for error in ended if error is not None), None)
            raise InfrastructureError(f"the worker ended: {reason!r}") from reason
        _log.info("stopped")

    def _new_learner(self) -> Learner:
        options = client_options(self.settings, self._bootstrap)
        return Learner(options, self.settings, self.metrics.learner, self._wants_to_learn)

    def _wants_to_learn(self) -> bool:
        env = self._definitions.env("") if self.settings.learning and self._definitions is not None else None
        return env is not None and (env.attribution is not None or env.policy.recommending is not None)

    async def _follow(self, app: App) -> None:
        assert self._definitions is not None
        self._definitions.changed = app.ownership.wake
        await self._definitions.follow()

    async def _refuse(self, topic: str, record: Any, bad: BadRecord) -> None:
        """A record that all workers read goes to the dead letters once: by the owner of partition 0."""
        if self.app is None or 0 not in self.app.ownership.partitions:
            return
        added = dead_letter_headers(bad.code, str(bad), topic, 0, record.offset, record.timestamp, wall_ms())
        producer = AIOKafkaProducer(**client_options(self.settings, self._bootstrap), acks="all")
        await producer.start()
        try:
            dead_letters = self.settings.topic(names.DEAD_LETTER)
            headers = [*record.headers, *added]
            await producer.send_and_wait(dead_letters, record.value, key=record.key, partition=0, headers=headers)
        finally:
            await producer.stop()

    async def _refresh(self) -> None:
        app = self.app
        if app is None:
            return
        for number, partition in app.ownership.partitions.items():
            if partition.state is State.RUNNING:
                self.metrics.state_bytes.labels(str(number)).set(partition.store.size_bytes())
                self.metrics.state_rows.labels(str(number)).set(partition.store.estimated_records())
        for (topic, number), lag in (await app.ownership.lags()).items():
            self.metrics.lag.labels(topic, str(number)).set(lag)


def _bind_api(settings: Settings) -> Api:
    from orchestrator.api.server import Api

    api = Api(settings)
    api.bind()
    _log.info("the API on %s", api.url)
    return api


async def _partition_count(options: dict[str, Any], settings: Settings) -> int:
    consumer = AIOKafkaConsumer(settings.topic(names.CHANGELOG), **options)
    await consumer.start()
    try:
        return len(consumer.partitions_for_topic(settings.topic(names.CHANGELOG)) or ())
    finally:
        await consumer.stop()


async def _crash_of(app: App) -> None:
    await app._crashed.wait()
