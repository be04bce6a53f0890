"""Definitions on their topic: every pack that was ever applied, so that whoever stands in an old version finds it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from orchestrator import engine
from orchestrator.engine.journey import Journey
from orchestrator.journeys.compile import compile_env, compile_journey, journey_version
from orchestrator.journeys.pack import Pack
from orchestrator.kafka import names
from orchestrator.settings import Settings

CLOCK_KEY: Final = b"clock"
_PACK: Final = b"pack/"
_POLL_MS: Final = 500


async def publish(client_options: Mapping[str, Any], settings: Settings, pack: Pack) -> engine.Env:
    """Puts the pack on the topic if it is new, and compiles it together with all older versions.

    Raises:
        KafkaError: the topic cannot be read or written.
        DefinitionError: the pack does not compile.
    """
    known = await read(client_options, settings)
    env = compile_with(pack, known, settings)
    producer = AIOKafkaProducer(**client_options, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        topic = settings.topic(names.DEFINITIONS)
        if _PACK + env.version.encode() not in known:
            await producer.send_and_wait(topic, pack.to_json(), key=_PACK + env.version.encode(), partition=0)
        await producer.send_and_wait(topic, orjson.dumps({"clock": settings.clock}), key=CLOCK_KEY, partition=0)
    finally:
        await producer.stop()
    return env


async def read(client_options: Mapping[str, Any], settings: Settings) -> dict[bytes, bytes]:
    """The last value of each key of the definitions topic."""
    consumer = AIOKafkaConsumer(**client_options, group_id=None, enable_auto_commit=False, auto_offset_reset="earliest")
    partition = TopicPartition(settings.topic(names.DEFINITIONS), 0)
    await consumer.start()
    values: dict[bytes, bytes] = {}
    try:
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        end = (await consumer.end_offsets([partition]))[partition]
        while await consumer.position(partition) < end:
            for record in (await consumer.getmany(partition, timeout_ms=_POLL_MS)).get(partition, []):
                if record.value is None:
                    values.pop(record.key, None)
                else:
                    values[record.key] = record.value
    finally:
        await consumer.stop()
    return values


def compile_with(pack: Pack, known: Mapping[bytes, bytes], settings: Settings) -> engine.Env:
    """The env of a pack in which every version on the topic is still there for those who stand in it."""
    pinned: dict[tuple[str, str], Journey] = {}
    for key, value in known.items():
        if key.startswith(_PACK):
            old = Pack.from_json(value)
            for name in old.journeys:
                version = journey_version(old, name)
                if (name, version) not in pinned:
                    pinned[name, version] = compile_journey(old, name)
    return compile_env(
        pack,
        dedupe_count=settings.dedupe_count,
        dedupe_window_ms=settings.dedupe_window,
        late_after_ms=settings.late_after,
        pinned=pinned,
    )
