"""The Faust app of a worker: one agent over all inputs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import faust
from aiokafka.errors import KafkaError
from faust.types import TP

from orchestrator.engine.home import References
from orchestrator.errors import OrchestratorError
from orchestrator.events.intake import Intake
from orchestrator.kafka import names
from orchestrator.settings import Settings
from orchestrator.streams import table, transport
from orchestrator.streams.definitions import Envs
from orchestrator.streams.metrics import Metrics
from orchestrator.streams.ownership import Ownership
from orchestrator.streams.partition import State

_log = logging.getLogger(__name__)

_FETCHED_RECORDS: Final = 4_000


class App(faust.App):  # type: ignore[misc]
    """Faust's app with our transport, table store and take-over."""

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
        references: Callable[[], References],
        url: str | None = None,
    ) -> None:
        transport.register()
        table.register()
        servers = str(client_options["bootstrap_servers"]).split(",")
        super().__init__(
            settings.group,
            broker=[f"{transport.SCHEME}://{server.strip()}" for server in servers],
            store=f"{table.SCHEME}://",
            TableManager=table.TableManager,
            topic_partitions=partition_count,
            topic_allow_declare=False,
            topic_disable_leader=True,
            table_standby_replicas=0,
            stream_wait_empty=False,
            stream_recovery_delay=0.0,
            stream_buffer_maxsize=64,
            broker_commit_interval=3600.0,
            broker_commit_every=None,
            broker_max_poll_records=_FETCHED_RECORDS,
            broker_max_poll_interval=300.0,
            broker_session_timeout=settings.session_timeout / 1000,
            broker_heartbeat_interval=min(3.0, settings.session_timeout / 4000),
            broker_rebalance_timeout=60.0,
            broker_request_timeout=max(40.0, settings.session_timeout / 1000 + 1),
            web_enabled=False,
            # The group tells each member where the others are: two of one address would be taken for one.
            canonical_url=url if url is not None else f"none://{uuid4()}",
            worker_redirect_stdouts=False,
        )
        self.client_options = dict(client_options)
        self.envs = envs
        self.refused: OrchestratorError | None = None
        self.ownership = Ownership(
            settings,
            client_options,
            envs,
            intake,
            partition_count,
            folder,
            metrics,
            clock,
            lambda: self.consumer,
            references,
        )
        self._declare_streams(settings, partition_count)

    @property
    def ready(self) -> bool:
        """Whether this worker has joined and restored, and none of its partitions has ended."""
        recovery = self.tables.recovery
        restoring = self.rebalancing or recovery.in_recovery or not recovery.completed.is_set()
        return not restoring and all(
            partition.state is State.RUNNING for partition in self.ownership.partitions.values()
        )

    def member_url(self, number: int) -> str | None:
        """Where the worker is reached that the group has given a partition number to, as far as is known here."""
        for url, topics in self.assignor.changelog_distribution.items():
            if any(number in partitions for partitions in topics.values()):
                return str(url)
        return None

    async def take_over(self, assigned: frozenset[TP], generation: int) -> None:
        """Makes this worker the owner of what was assigned, and begins to work on it."""
        inputs = {tp for tp in assigned if tp.topic in self.ownership.logical}
        numbers = sorted({tp.partition for tp in inputs})
        _log.info("assigned: partitions %s", numbers or "none")
        try:
            await self.ownership.restore(numbers)
            if generation == self.consumer_generation_id:
                await self._resume_inputs(inputs, assigned - inputs)
                self.ownership.begin()
        except (KafkaError, OSError) as error:
            self.ownership.retry(error)

    async def refuse(self, error: Exception) -> None:
        """Ends the worker, for it cannot take over what it was given."""
        if isinstance(error, OrchestratorError):
            self.refused = error
        else:
            _log.critical("taking over failed, and this is a bug of ours: %s", error)
        await self.crash(error)

    def _create_directories(self) -> None:
        """Faust keeps nothing on disk here."""

    def _declare_streams(self, settings: Settings, partition_count: int) -> None:
        raw: dict[str, Any] = {
            "key_serializer": "raw",
            "value_serializer": "raw",
            "acks": False,
            "partitions": partition_count,
        }
        inputs = self.topic(*self.ownership.logical, **raw)
        changelog = self.topic(settings.topic(names.CHANGELOG), compacting=True, **raw)
        self.Table("customers", partitions=partition_count, changelog_topic=changelog)
        self.agent(inputs, name="decide")(self._decide)
        self.on_partitions_revoked.connect(self._let_go_revoked)

    async def _decide(self, stream: Any) -> None:
        async for _ in stream:
            message = stream.current_event.message
            if message.generation_id == self.consumer_generation_id:
                self.ownership.offer(message.topic, message.partition, message.value)

    async def _let_go_revoked(self, app: Any, revoked: set[TP], **kwargs: Any) -> None:
        await self.tables.recovery.end()
        await self.ownership.let_go()

    async def _resume_inputs(self, inputs: set[TP], others: frozenset[TP]) -> None:
        consumer = self.consumer
        positions = await self.ownership.positions(inputs)
        consumer.resume_partitions(inputs)
        await consumer.thread.seek_all(positions, pause=others)
        consumer._read_offset.update({tp: offset or None for tp, offset in positions.items()})
        await self.on_rebalance_complete.send()
        self.flow_control.resume()
        consumer.resume_flow()
        await self._fetcher.maybe_start()
        self.tables.on_actives_ready()
        self.tables.on_standbys_ready()
        self.on_rebalance_end()
