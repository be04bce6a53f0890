"""Where customers stand, counted on the changelog: exact as of its end, whether workers run or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from orchestrator.journeys.plan import Place
from orchestrator.kafka import names
from orchestrator.settings import Settings

_POLL_MS: Final = 500
_FETCH_WAIT_MS: Final = 20
_CUSTOMERS: Final = (b"u:", b"a:")
_INSIDE: Final = b'"instances":'


@dataclass(slots=True)
class Standing:
    """How many customers wait at each step of each version of a journey."""

    places: Counter[Place] = field(default_factory=Counter)

    @property
    def inside(self) -> Counter[str]:
        """By journey."""
        counts: Counter[str] = Counter()
        for (journey, _, _), count in self.places.items():
            counts[journey] += count
        return counts


async def standing(client_options: Mapping[str, Any], settings: Settings) -> Standing:
    """Counts. Raises KafkaError when the changelog cannot be read."""
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
        last: dict[bytes, tuple[Place, ...]] = {}
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=_POLL_MS)).values():
                for record in records:
                    _take(last, record.key, record.value)
    finally:
        await consumer.stop()
    return Standing(Counter(place for places in last.values() for place in places))


def _take(last: dict[bytes, tuple[Place, ...]], key: bytes, value: bytes | None) -> None:
    if key[:2] not in _CUSTOMERS:
        return
    places = tuple(_places(value)) if value is not None and _INSIDE in value else ()
    if places:
        last[key] = places
    else:
        last.pop(key, None)


def _places(value: bytes) -> Iterator[Place]:
    text, _, _ = value.partition(b"\x00")
    for instance in orjson.loads(text).get("instances", {}).values():
        if instance["step"] is not None:
            yield instance["journey"], instance["version"], instance["step"]
