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


class Count:
    """Takes the records of the changelog in the order of each key.

    Args:
        env: with it, who belongs to its segments, as if it had been in force all the time.
    """

    def __init__(self, env: engine.Env | None = None) -> None:
        self._env = env
        self._last: dict[bytes, _One] = {}

    def take(self, key: bytes, value: bytes | None, at: int) -> None:
        """Takes one record; ``at`` is its time stamp in UTC milliseconds."""
        if key[:2] not in _CUSTOMERS:
            return
        if value is None or (_INSIDE not in value and isinstance(decode(value), Pointer)):
            self._last.pop(key, None)
            return
        places = tuple(_places(value)) if _INSIDE in value else ()
        segments = _segments(value, self._env, at) if self._env is not None else ()
        self._last[key] = _One(places, segments) if places or segments else _NOWHERE

    def standing(self) -> Standing:
        """What it comes to."""
        return Standing(
            Counter(place for one in self._last.values() for place in one.places),
            len(self._last),
            Counter(name for one in self._last.values() for name in one.segments),
        )


async def standing(client_options: Mapping[str, Any], settings: Settings, env: engine.Env | None = None) -> Standing:
    """Reads the changelog to its end, and counts; ``env`` as in ``Count``. Raises KafkaError."""
    consumer = AIOKafkaConsumer(
        **client_options,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        fetch_max_wait_ms=_FETCH_WAIT_MS,
    )
    count, topic = Count(env), settings.topic(names.CHANGELOG)
    await consumer.start()
    try:
        # The numbers are not all known before somebody has asked for the topic.
        numbers = consumer.partitions_for_topic(topic) or await consumer._client._wait_on_metadata(topic)
        partitions = [TopicPartition(topic, number) for number in sorted(numbers)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=_POLL_MS)).values():
                for record in records:
                    count.take(record.key, record.value, record.timestamp)
    finally:
        await consumer.stop()
    return count.standing()


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
