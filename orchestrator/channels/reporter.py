"""Writes reports to ``events.engagement``, and what is no action to ``dead-letter``."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Any, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from orchestrator.errors import InfrastructureError
from orchestrator.events.routing import ENGAGEMENT
from orchestrator.kafka import names
from orchestrator.kafka.client import client_options
from orchestrator.moments import format_moment
from orchestrator.settings import Settings

_log = logging.getLogger(__name__)

Headers = list[tuple[str, bytes]]


class Reporter:
    """A producer; what it returned from is acknowledged by all replicas."""

    def __init__(self, settings: Settings, bootstrap: str) -> None:
        self._engagement = settings.topic(ENGAGEMENT)
        self._dead_letter = settings.topic(names.DEAD_LETTER)
        self._bootstrap = bootstrap
        self._producer = AIOKafkaProducer(
            **client_options(settings, bootstrap), acks="all", enable_idempotence=True, linger_ms=5
        )

    async def __aenter__(self) -> Self:
        try:
            await self._producer.start()
        except KafkaError as error:
            await self._producer.stop()
            raise InfrastructureError(f"Kafka at {self._bootstrap} takes no producer: {error}") from error
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()

    async def report(self, customer_id: str, events: Iterable[bytes], headers: Headers) -> None:
        """Events about one customer, in their order.

        Raises:
            InfrastructureError: Kafka did not take them.
        """
        await self._send(self._engagement, customer_id.encode(), events, headers)

    async def refuse(self, topic: str, record: Any, reason: str, now: int) -> None:
        """A record (aiokafka's) of a logical topic that is no action, with why; ``now`` in UTC ms.

        Raises:
            InfrastructureError: Kafka did not take it.
        """
        words = {
            "code": "bad_action",
            "reason": reason,
            "topic": topic,
            "partition": str(record.partition),
            "offset": str(record.offset),
            "timestamp": str(record.timestamp),
            "time": format_moment(now),
        }
        said = [(f"dead-letter-{name}", word.encode("utf-8", "replace")) for name, word in words.items()]
        try:
            await self._send(self._dead_letter, record.key, [record.value], [*record.headers, *said])
        except MessageSizeTooLargeError:
            _log.error("%s %s/%s is too large for %s", topic, record.partition, record.offset, self._dead_letter)

    async def _send(self, topic: str, key: bytes | None, values: Iterable[bytes | None], headers: Headers) -> None:
        try:
            # Handed over one after the other, so that they lie in their order; awaited together.
            sent = [await self._producer.send(topic, value, key, headers=headers) for value in values]
            await asyncio.gather(*sent)
        except MessageSizeTooLargeError:
            raise
        except KafkaError as error:
            raise InfrastructureError(f"Kafka does not take a report on {topic}: {error}") from error
