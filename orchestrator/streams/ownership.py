"""The partition numbers that this worker owns: taken over, fed, and let go again."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from faust.types import TP

from orchestrator.engine.home import References
from orchestrator.events.intake import Intake
from orchestrator.kafka import names
from orchestrator.kafka.rights import explain
from orchestrator.settings import Settings
from orchestrator.streams.checkpoint import AtLeastOnce, Checkpoint, Destination, ExactlyOnce
from orchestrator.streams.definitions import Envs
from orchestrator.streams.metrics import Metrics
from orchestrator.streams.order import EventOrder, Order, WallOrder
from orchestrator.streams.partition import Partition, State, Surroundings
from orchestrator.streams.recent import Recent
from orchestrator.streams.restore import ChangelogReader, Restored
from orchestrator.streams.transport import Consumer, Horizon, pace
from orchestrator.streams.work import Input

_log = logging.getLogger(__name__)

_SEND_BATCH_BYTES: Final = 1 << 20
_CLOSE_S: Final = 2.0
_REJOIN_FIRST_S: Final = 0.2
_REJOIN_LONGEST_S: Final = 10.0


class Ownership:
    """What this worker owns in the present generation of the group.

    ``consumer`` gives Faust's consumer, which exists once the app has started.
    """

    def __init__(
        self,
        settings: Settings,
        client_options: Mapping[str, Any],
        envs: Envs,
        intake: Intake,
        partition_count: int,
        folder: Path,
        metrics: Metrics,
        clock: Callable[[], int],
        consumer: Callable[[], Consumer],
        references: Callable[[], References],
    ) -> None:
        self.partitions: dict[int, Partition] = {}
        self.logical = {settings.topic(logical): logical for logical in names.INPUT_TOPICS}
        self._settings = settings
        self._client_options = dict(client_options)
        self._envs = envs
        self._intake = intake
        self._partition_count = partition_count
        self._folder = folder
        self._metrics = metrics
        self._clock = clock
        self._consumer = consumer
        self._references = references
        self._producers: dict[int, AIOKafkaProducer] = {}
        self._rejoins = 0
        self._rejoin_task: asyncio.Task[None] | None = None

    def offer(self, topic: str, number: int, records: list[Input]) -> None:
        """Gives a partition what was fetched of a real topic; what it does not own any more is dropped."""
        partition = self.partitions.get(number)
        if partition is not None and partition.state is State.RUNNING:
            partition.offer(self.logical[topic], records)

    async def let_go(self, patience_s: float | None = None) -> None:
        """Finishes the open checkpoints and closes all partitions; ``patience_s`` as in ``Partition.stop``."""
        partitions, self.partitions = self.partitions, {}
        producers, self._producers = self._producers, {}
        await asyncio.gather(*(partition.stop(patience_s) for partition in partitions.values()))
        if producers:
            closing = [asyncio.create_task(producer.stop()) for producer in producers.values()]
            _, stuck = await asyncio.wait(closing, timeout=patience_s)
            for task in stuck:
                task.cancel()
        metrics = self._metrics
        metrics.assigned.set(0)
        # What others own now must not stand here with its last value for ever.
        state = (metrics.state_bytes, metrics.state_rows, metrics.restore_left, metrics.swept, metrics.sweeping)
        for gauge in (metrics.lag, metrics.failed, metrics.waiting, metrics.waiting_for_place, *state):
            gauge.clear()

    async def restore(self, numbers: list[int]) -> None:
        """Initialises the transactional ids and completes the stores.

        Raises:
            KafkaError, OSError: ``retry`` is for those.
            OrchestratorError: for what no second try can mend.
        """
        await self.let_go()
        started = await asyncio.gather(*map(self._start_producer, numbers), return_exceptions=True)
        for failure in started:
            if isinstance(failure, BaseException):
                raise failure
        restored = await self._reader().restore(numbers)
        self.partitions = {number: self._new_partition(number, one) for number, one in restored.items()}

    def retry(self, error: KafkaError | OSError) -> None:
        """After a failed take-over: another one is on its way. Raises OrchestratorError if that is no use."""
        refusal = explain(error, self._settings)
        if refusal is not None:
            raise refusal from error
        _log.warning("taking over failed: %r", error)
        self.ask_rejoin()

    async def positions(self, inputs: set[TP]) -> dict[TP, int]:
        """Where to read on: at the meta record's offset, else the group's, else the beginning."""
        found: dict[TP, int] = {}
        for tp in inputs:
            offset = self.partitions[tp.partition].meta.offsets.get(self.logical[tp.topic])
            if offset is not None:
                found[tp] = offset
        await self._see_lost_markers(found)
        unknown = inputs - found.keys()
        return found | (await self._consumer().thread.starting_offsets(unknown) if unknown else {})

    async def _see_lost_markers(self, positions: Mapping[TP, int]) -> None:
        """Topics forget: a partition that stood still for longer than that has missed changes of the definitions."""
        marked = self._settings.topic(names.CUSTOMER_EVENTS)
        begins = await self._consumer().thread.beginnings(tp for tp in positions if tp.topic == marked)
        current = self._envs.env("")
        for tp, begin in begins.items():
            if current is not None and positions[tp] < begin:
                self.partitions[tp.partition].go_on_with(current.version)

    def begin(self) -> None:
        """Lets the partitions work."""
        for partition in self.partitions.values():
            partition.start()
        if self.partitions:
            self._rejoins = 0
        self._metrics.assigned.set(len(self.partitions))
        _log.info("ready: partitions %s", sorted(self.partitions) or "none")

    def wake(self) -> None:
        """The definitions have changed."""
        for partition in self.partitions.values():
            partition.wake()

    async def lags(self) -> dict[tuple[str, int], int]:
        """Records not yet fetched, by logical topic and partition number."""
        inputs = [TP(real, number) for real in self.logical for number in self.partitions]
        found = await self._consumer().thread.horizons(inputs) if inputs else {}
        return {(self.logical[tp.topic], tp.partition): horizon.lag for tp, horizon in found.items()}

    def silence_s(self) -> float:
        """For how long Kafka has not answered, in seconds; 0 while there is nothing to ask it for."""
        return time.monotonic() - self._consumer().thread.answered_at if self.partitions else 0.0

    def ask_rejoin(self) -> None:
        """Whoever lost a checkpoint goes through the group: only a living member may fence the others."""
        self._metrics.rejoins.inc()
        if self._rejoin_task is None or self._rejoin_task.done():
            self._rejoin_task = asyncio.create_task(self._rejoin(), name="rejoin")

    async def close(self) -> None:
        """Lets go for good, even if Kafka is gone."""
        if self._rejoin_task is not None:
            self._rejoin_task.cancel()
        await self.let_go(_CLOSE_S)

    def _reader(self) -> ChangelogReader:
        return ChangelogReader(
            self._client_options,
            self._settings.topic(names.CHANGELOG),
            self._partition_count,
            lambda number: self._folder / str(number),
            self._settings.changelog_retention // 2,
            self._metrics,
            self._clock,
        )

    async def _start_producer(self, number: int) -> None:
        options: dict[str, Any] = {
            "linger_ms": 0,
            "max_batch_size": _SEND_BATCH_BYTES,
            "acks": "all",
        }
        exactly_once = self._settings.guarantee == "exactly_once"
        if exactly_once:
            options["transactional_id"] = f"{self._settings.group}-{number}"
            options["transaction_timeout_ms"] = max(10_000, self._settings.session_timeout)
        else:
            options["enable_idempotence"] = True
        self._producers[number] = producer = AIOKafkaProducer(**self._client_options, **options)
        pace(producer.client)
        await producer.start()
        if exactly_once:
            await producer.begin_transaction()
            await producer.abort_transaction()

    def _new_partition(self, number: int, restored: Restored) -> Partition:
        destination = Destination(self._settings.topic, number, self._metrics.stage)
        producer = self._producers[number]
        checkpoint: Checkpoint
        if self._settings.guarantee == "exactly_once":
            checkpoint = ExactlyOnce(producer, destination, self._settings.group)
        else:
            checkpoint = AtLeastOnce(producer, destination, self._consumer().thread.commit_offsets)
        meta = restored.meta
        event_time = self._settings.clock == "event"
        order: Order = EventOrder(self._intake, meta.clock_ms, meta.offsets) if event_time else WallOrder()
        surroundings = Surroundings(
            self._clock, self._horizons, self._pause, self._resume, self._lost, self._references
        )
        return Partition(
            number,
            self._envs,
            self._intake,
            restored.store,
            restored.meta,
            checkpoint,
            order,
            self._metrics,
            surroundings,
            Recent(self._clock()) if self._settings.serves_api else None,
        )

    async def _horizons(self, number: int) -> dict[str, Horizon]:
        found = await self._consumer().thread.horizons([TP(real, number) for real in self.logical])
        return {self.logical[tp.topic]: horizon for tp, horizon in found.items()}

    def _pause(self, number: int, topic: str) -> None:
        self._consumer().pause_partitions({TP(self._settings.topic(topic), number)})

    def _resume(self, number: int, topic: str) -> None:
        self._consumer().resume_partitions({TP(self._settings.topic(topic), number)})

    def _lost(self, number: int, error: BaseException) -> None:
        self.ask_rejoin()

    async def _rejoin(self) -> None:
        self._rejoins += 1
        await asyncio.sleep(min(_REJOIN_LONGEST_S, _REJOIN_FIRST_S * 2 ** (self._rejoins - 1)))
        await self._consumer().thread.rejoin()
