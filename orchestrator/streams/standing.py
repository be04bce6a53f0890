"""Where customers stand, counted on the changelog: exact as of its end, whether workers run or not."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from sys import intern
from typing import Any, Final

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from orchestrator import engine
from orchestrator.engine.belonging import Belonging
from orchestrator.engine.customer import CUSTOMERS, PARTS, Customer, Pointer, decode
from orchestrator.journeys.plan import Place
from orchestrator.kafka import names
from orchestrator.settings import Settings

_POLL_MS: Final = 500
_FETCH_WAIT_MS: Final = 20
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
    segments: tuple[str, ...] = ()
    value: bytes = b""
    """The record of whoever has to be judged in the end, with all of their history."""
    at: int = 0


_NOWHERE: Final = _One(())


class Count:
    """Takes the records of the changelog in the order of each key.

    Args:
        env: with it, who belongs to its segments, as if it had been in force all the time.
        now: the moment as of which windows are looked at, UTC milliseconds; without it, that of each record.
    """

    def __init__(self, env: engine.Env | None = None, now: int | None = None) -> None:
        self._now = now
        self._belonging = Belonging(env, env.audience.segments) if env is not None else None
        self._last: dict[bytes, _One] = {}
        self._parts: dict[bytes, bytes] = {}

    def take(self, key: bytes, value: bytes | None, at: int) -> None:
        """Takes one record; ``at`` is its time stamp in UTC milliseconds."""
        if key.startswith(PARTS):
            self._take_part(key, value)
        if not key.startswith(CUSTOMERS):
            return
        if value is None or (_INSIDE not in value and isinstance(decode(value), Pointer)):
            self._last.pop(key, None)
            return
        places = tuple(_places(value)) if _INSIDE in value else ()
        one = self._one(places, value, at)
        self._last[key] = one if places or one.segments or one.value else _NOWHERE

    def standing(self) -> Standing:
        """What it comes to."""
        return Standing(
            Counter(place for one in self._last.values() for place in one.places),
            len(self._last),
            Counter(name for one in self._last.values() for name in (self._late(one) if one.value else one.segments)),
        )

    def _take_part(self, key: bytes, value: bytes | None) -> None:
        if value is None:
            self._parts.pop(key, None)
        elif self._belonging is not None and self._belonging.traits:
            self._parts[key] = value

    def _one(self, places: tuple[Place, ...], value: bytes, at: int) -> _One:
        if self._belonging is None:
            return _One(places)
        record = decode(value)
        assert isinstance(record, Customer)
        if self._belonging.asks_history(record):
            return _One(places, value=value, at=at)
        return _One(places, self._segments(record, at))

    def _late(self, one: _One) -> tuple[str, ...]:
        record = decode(one.value)
        assert isinstance(record, Customer)
        return self._segments(record, one.at)

    def _segments(self, record: Customer, at: int) -> tuple[str, ...]:
        if self._belonging is None:
            return ()
        declared = self._belonging.segments
        judged = self._belonging.judged(record, at if self._now is None else self._now, self._parts.get).customer
        return tuple(intern(name) for name in judged.segments if name in declared)


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
    now = time.time_ns() // 1_000_000 if settings.clock == "wall" else None
    count, topic = Count(env, now), settings.topic(names.CHANGELOG)
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


def _places(value: bytes) -> Iterator[Place]:
    text, _, _ = value.partition(b"\x00")
    for instance in orjson.loads(text).get("instances", {}).values():
        if instance["step"] is not None:
            yield instance["journey"], instance["version"], instance["step"]
