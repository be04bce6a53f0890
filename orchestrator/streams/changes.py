"""Changing the definitions: one change at a time, whoever makes it, and seen by all partition numbers or by none.

A change is one transaction: the definitions if they are new, the change itself, and a marker on each partition of
``customer-events``, where it takes effect. All who change share one transactional id: whoever begins later fences the
former, who then looks again at what is in force.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import InvalidProducerEpoch, KafkaError, ProducerFenced

from orchestrator.errors import InfrastructureError
from orchestrator.journeys.applied import Applied, State
from orchestrator.journeys.catalogue import Catalogue, records_of
from orchestrator.journeys.contact_policy import PauseDefinition
from orchestrator.journeys.origin import Origin
from orchestrator.journeys.pack import Pack
from orchestrator.kafka import names
from orchestrator.kafka.rights import explain
from orchestrator.settings import Settings
from orchestrator.streams.definitions import Definitions, limits_in
from orchestrator.streams.headers import DEFINITIONS

_log = logging.getLogger(__name__)

MARKER_KEY: Final = b"\x00definitions"
_TRIES: Final = 20
_MOST_BYTES: Final = 16 << 20
"""Before compression: definitions are texts, so that the broker's limit of a megabyte holds ten of them."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be in force; ``what`` says it in words, ``note`` why.

    ``back_to`` is the version that a rollback goes back to; ``end_unmapped`` as in ``engine.Env.ends_unmapped``,
    ``pauses`` are what is said to nobody.
    """

    pack: Pack
    what: str
    origin: Origin
    states: Mapping[str, State] = field(default_factory=dict)
    note: str = ""
    back_to: str | None = None
    end_unmapped: bool = False
    pauses: Sequence[PauseDefinition] = ()


Decide = Callable[[Catalogue], Awaitable[Change | None]]
"""From what was ever in force to what shall be; None for no change. It may raise, and nothing is changed."""


async def change(client_options: Mapping[str, Any], settings: Settings, decide: Decide) -> Applied | None:
    """Makes a change, if ``decide`` asks for one: what is in force since then.

    Raises:
        SettingsError: a right is missing.
        InfrastructureError: Kafka fails, or others change the definitions all the time.
    """
    for _ in range(_TRIES):
        try:
            return await _change_once(client_options, settings, decide)
        except (ProducerFenced, InvalidProducerEpoch):
            _log.info("somebody else changes the definitions at this moment: looking again")
            # Not all at once: each fences the one before.
            await asyncio.sleep(random.uniform(0.1, 1.0))  # noqa: S311
        except KafkaError as error:
            raise explain(error, settings) or InfrastructureError(
                f"the definitions cannot be changed: {error}"
            ) from error
    raise InfrastructureError("others change the definitions all the time: try again")


async def _change_once(client_options: Mapping[str, Any], settings: Settings, decide: Decide) -> Applied | None:
    producer = AIOKafkaProducer(
        **client_options,
        transactional_id=f"{settings.group}-definitions",
        acks="all",
        compression_type="gzip",
        max_request_size=_MOST_BYTES,
        max_batch_size=_MOST_BYTES,
    )
    definitions = Definitions(client_options, settings)
    try:
        await producer.start()
        # From here on nobody else's change can be under way: what is read is what is in force.
        await producer.begin_transaction()
        await definitions.start()
        wanted = await decide(definitions.catalogue)
        if wanted is None:
            await producer.abort_transaction()
            return None
        applied = definitions.catalogue.following(
            wanted.pack,
            wanted.states,
            limits_in(settings),
            wanted.what,
            _now_ms(),
            wanted.origin,
            wanted.note,
            back_to=wanted.back_to,
            end_unmapped=wanted.end_unmapped,
            pauses=wanted.pauses,
        )
        await _send(producer, settings, definitions.catalogue, applied, wanted.pack)
        await producer.commit_transaction()
        return applied
    finally:
        await definitions.stop()
        await producer.stop()


async def _send(
    producer: AIOKafkaProducer, settings: Settings, catalogue: Catalogue, applied: Applied, pack: Pack
) -> None:
    known = catalogue.has_pack(applied.pack)
    topic, inputs = settings.topic(names.DEFINITIONS), settings.topic(names.CUSTOMER_EVENTS)
    for key, value in records_of(applied, pack)[known:]:
        await producer.send_and_wait(topic, value, key=key, partition=0)
    header = (DEFINITIONS, applied.version.encode())
    for number in sorted(await producer.partitions_for(inputs)):
        await producer.send_and_wait(inputs, None, key=MARKER_KEY, partition=number, headers=[header])


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
