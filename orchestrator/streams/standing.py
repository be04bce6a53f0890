"""Where customers stand, counted on the changelog: exact as of its end, whether workers run or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from sys import intern
from typing import Any, Final

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from orchestrator import engine
from orchestrator.engine.customer import Customer, Pointer, decode
from orchestrator.journeys.plan import Place
from orchestrator.kafka import names
from orchestrator.settings import Settings

_POLL_MS: Final = 500
_FETCH_WAIT_MS: Final = 20
_CUSTOMERS: Final = (b"u:", b"a:")
_INSIDE: Final = b'"instances":'


@dataclass(slots=True)
class Standing:
    """How many customers there are, and how many wait at each step of each version of a journey.

    ``segments`` has the members of each, if they were asked for.
    """

    places: Counter[Place] = field(default_factory=Counter)
    customers: int = 0
    segments: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _One:
    """One customer."""

    places: tuple[Place, ...]
    segments: tuple[str, ...]


_NOWHERE: Final = _One((), ())


async def standing(client_options: Mapping[str, Any], settings: Settings, env: engine.Env | None = None) -> Standing:
    """Counts; with an env also who belongs to its segments, as if it had been in force all the time.

    Raises:
        KafkaError: the changelog cannot be read.
    """
    consumer = AIOKafkaConsumer(
        **client_options,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        fetch_max_wait_ms=_FETCH_WAIT_MS,
    )
    topic = settings.topic(names.CHANGELOG)
    await consumer.start()
    try:
        # The numbers are not all known before somebody has asked for the topic.
        numbers = consumer.partitions_for_topic(topic) or await consumer._client._wait_on_metadata(topic)
        partitions = [TopicPartition(topic, number) for number in sorted(numbers)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        last: dict[bytes, _One] = {}
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=_POLL_MS)).values():
                for record in records:
                    _take(last, record.key, record.value, env, record.timestamp)
    finally:
        await consumer.stop()
    return Standing(
        Counter(place for one in last.values() for place in one.places),
        len(last),
        Counter(name for one in last.values() for name in one.segments),
    )


def _take(last: dict[bytes, _One], key: bytes, value: bytes | None, env: engine.Env | None, at: int) -> None:
    if key[:2] not in _CUSTOMERS:
        return
    if value is None or (_INSIDE not in value and isinstance(decode(value), Pointer)):
        last.pop(key, None)
        return
    places = tuple(_places(value)) if _INSIDE in value else ()
    segments = _segments(value, env, at) if env is not None else ()
    last[key] = _One(places, segments) if places or segments else _NOWHERE


def _segments(value: bytes, env: engine.Env, at: int) -> tuple[str, ...]:
    record = decode(value)
    if not isinstance(record, Customer):
        return ()
    # Where somebody stands is no matter here, and may be in a version that is not at hand.
    record.instances, record.offers = {}, {}
    swept = engine.on_sweep(env, record, at).record
    return tuple(map(intern, swept.segments)) if isinstance(swept, Customer) else ()


def _places(value: bytes) -> Iterator[Place]:
    text, _, _ = value.partition(b"\x00")
    for instance in orjson.loads(text).get("instances", {}).values():
        if instance["step"] is not None:
            yield instance["journey"], instance["version"], instance["step"]
