"""The definitions topic as a worker follows it: what is in force, and what was, for those who stand in it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from orchestrator import engine
from orchestrator.errors import DefinitionError, OrchestratorError
from orchestrator.journeys.applied import AppliedLimits
from orchestrator.journeys.catalogue import Catalogue
from orchestrator.kafka import names
from orchestrator.settings import Settings
from orchestrator.streams.transport import pace

_log = logging.getLogger(__name__)

CLOCK_KEY: Final = b"clock"
_POLL_MS: Final = 500
_FETCH_WAIT_MS: Final = 100
_AGAIN_S: Final = 1.0
_LEAVE_S: Final = 2.0


class Envs(Protocol):
    """What a partition asks for."""

    def env(self, version: str) -> engine.Env | None:
        """The env of a version, of the last one for an empty version; None if it is not known, or cannot be run."""

    def why_not(self, version: str) -> str:
        """Why there is none, for a person."""


def limits_in(settings: Settings) -> AppliedLimits:
    """The engine's limits under these settings."""
    return AppliedLimits(
        dedupe_count=settings.dedupe_count,
        dedupe_window_ms=settings.dedupe_window,
        late_after_ms=settings.late_after,
    )


class Definitions:
    """Reads the topic to its end, and follows it from there.

    Args:
        changed: is told of each change that came after the beginning.
    """

    def __init__(
        self, client_options: Mapping[str, Any], settings: Settings, changed: Callable[[], None] = lambda: None
    ) -> None:
        self.catalogue = Catalogue(limits_in(settings), settings.survey_key)
        self.clock: str | None = None
        self.changed = changed
        self._partition = TopicPartition(settings.topic(names.DEFINITIONS), 0)
        self._faults: dict[str, str] = {}
        self._consumer = AIOKafkaConsumer(
            **client_options,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            fetch_max_wait_ms=_FETCH_WAIT_MS,
        )

    async def start(self) -> None:
        """Connects, and reads all that is there. Raises KafkaError."""
        pace(self._consumer._client)
        await self._consumer.start()
        self._consumer.assign([self._partition])
        await self._consumer.seek_to_beginning(self._partition)
        await self.catch_up()

    async def catch_up(self) -> None:
        """Reads to the end as it is now. Raises KafkaError."""
        end = (await self._consumer.end_offsets([self._partition]))[self._partition]
        while await self._consumer.position(self._partition) < end:
            await self._poll()

    async def follow(self) -> None:
        """Reads what comes, until it is cancelled."""
        while True:
            try:
                if await self._poll():
                    self.changed()
            except KafkaError as error:
                _log.warning("the definitions cannot be read: %r", error)
                await asyncio.sleep(_AGAIN_S)

    async def stop(self) -> None:
        """Disconnects, if Kafka is there."""
        try:
            async with asyncio.timeout(_LEAVE_S):
                await self._consumer.stop()
        except (TimeoutError, asyncio.CancelledError) as error:
            # Without Kafka the cancellation of a fetch comes out here.
            _log.debug("stopped reading definitions: %r", error)

    def env(self, version: str) -> engine.Env | None:
        """As ``Envs.env``."""
        try:
            env = self.catalogue.env(version)
        except OrchestratorError as error:
            if version not in self._faults:
                _log.error("the definitions %s cannot be run by this release: %s", version, error)
            self._faults[version] = f"cannot be run by this release: {error}"
            return None
        if env is not None and version and env.version != version:
            _log.error("the definitions %s are not on the topic any more: going on with %s", version, env.version)
        return env

    def why_not(self, version: str) -> str:
        """As ``Envs.why_not``."""
        if not version:
            return "nothing is applied yet: 'orchestrator apply' does it"
        return f"definitions {version} {self._faults.get(version, 'are not on the definitions topic yet')}"

    async def _poll(self) -> bool:
        """Whether anything came."""
        batches = await self._consumer.getmany(self._partition, timeout_ms=_POLL_MS)
        records = batches.get(self._partition, [])
        for record in records:
            if record.value is not None:
                self._take(record.key or b"", record.value)
        return bool(records)

    def _take(self, key: bytes, value: bytes) -> None:
        try:
            if key == CLOCK_KEY:
                self.clock = orjson.loads(value)["clock"]
            else:
                self.catalogue.take(key, value)
        except (DefinitionError, ValueError, KeyError, TypeError) as error:
            _log.error("a record of the definitions topic cannot be read, key %r: %s", key[:80], error)


async def read(client_options: Mapping[str, Any], settings: Settings) -> Definitions:
    """What is on the topic now. Raises KafkaError."""
    definitions = Definitions(client_options, settings)
    try:
        await definitions.start()
    finally:
        await definitions.stop()
    return definitions


async def tell_clock(client_options: Mapping[str, Any], settings: Settings) -> None:
    """Says on the topic by what time all workers go. Raises KafkaError."""
    producer = AIOKafkaProducer(**client_options, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        value = orjson.dumps({"clock": settings.clock})
        await producer.send_and_wait(settings.topic(names.DEFINITIONS), value, key=CLOCK_KEY, partition=0)
    finally:
        await producer.stop()
