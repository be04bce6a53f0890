"""Homes: the partition number that Kafka's default partitioner gives an id, the same on every topic."""

from __future__ import annotations

from functools import lru_cache

from aiokafka.partitioner import murmur2

_POSITIVE = 0x7FFFFFFF


@lru_cache(maxsize=65_536)
def home(customer_id: str, partitions: int) -> int:
    """The partition number of a customer id (murmur2 of its UTF-8 bytes, as Java's producer does)."""
    return int((murmur2(customer_id.encode()) & _POSITIVE) % partitions)
