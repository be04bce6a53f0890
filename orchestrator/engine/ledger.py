"""Counters that belong to a partition number, not to a customer: how many entered, how many are let go a minute.

No counter is shared, so what is allowed in all is split: of N each of P numbers has N/P, and the lowest numbers have
one of the rest each. So a total is never exceeded, whatever the numbers do at one time; it may not be used up where
more customers than elsewhere have their home.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson

from orchestrator.engine.customer import RESERVED

MINUTE_MS: Final = 60_000
_SPREAD_MS: Final = 55_000
"""The last seconds of a minute are left free, for those who come a little late."""
_BUCKETS: Final = 60
"""Of the span of a cap: a place is free again at most a sixtieth of the span too late, never too early."""


def key_of(partition: int) -> bytes:
    """The key of a partition number's ledger, beside those of its customers."""
    return RESERVED + b"ledger/%d" % partition


def _nothing() -> bytes | None:
    return None


class Ledger:
    """The counters of one partition number; ``read`` gives their bytes when they are first asked for."""

    __slots__ = ("_plain", "_read", "changed", "partition", "partitions")

    def __init__(self, partition: int = 0, partitions: int = 1, read: Callable[[], bytes | None] = _nothing) -> None:
        self.partition = partition
        self.partitions = partitions
        self.changed = False
        self._read = read
        self._plain: dict[str, Any] | None = None

    def share(self, total: int) -> int:
        """How many of a total are this number's."""
        whole, rest = divmod(total, self.partitions)
        return whole + (self.partition < rest)

    def full(self, name: str, most: int, per_ms: int | None, now: int) -> bool:
        """Whether as many as this number may were admitted within ``per_ms`` up to now, or ever."""
        return sum(count for _, count in self._within(name, per_ms, now)) >= self.share(most)

    def admit(self, name: str, per_ms: int | None, now: int) -> None:
        """Counts one who is admitted. Within a sixtieth of the span they are counted together."""
        end = 0 if per_ms is None else now + max(1, per_ms // _BUCKETS) - 1
        rows = self._counts[name] = self._within(name, per_ms, now)
        self.changed = True
        if rows and (per_ms is None or rows[-1][0] >= now):
            rows[-1][1] += 1
        else:
            rows.append([end, 1])

    def slot(self, name: str, per_minute: int, now: int) -> int:
        """The next free moment, now or later, at which one more may be let go; it is taken then.

        In no minute of the clock more than ``per_minute`` moments are given by all numbers together. If there are
        fewer of them than numbers, each number has one in some minutes, in turn.
        """
        share, every = self.share(per_minute), 1
        if per_minute < self.partitions:
            share, every = 1, -(-self.partitions // per_minute)
        minute, taken = self._slots.get(name, (0, 0))
        if now // MINUTE_MS > minute:
            minute, taken = now // MINUTE_MS, 0
        if taken >= share:
            minute, taken = minute + 1, 0
        if (self.partition - minute) % every:
            minute, taken = minute + (self.partition - minute) % every, 0
        self._slots[name] = [minute, taken + 1]
        self.changed = True
        return max(now, minute * MINUTE_MS + taken * _SPREAD_MS // share)

    def encode(self) -> bytes:
        """The bytes that the store and the changelog hold."""
        return orjson.dumps(self._loaded)

    def _within(self, name: str, per_ms: int | None, now: int) -> list[list[int]]:
        rows = self._counts.get(name, [])
        return rows if per_ms is None else [row for row in rows if row[0] > now - per_ms]

    @property
    def _counts(self) -> dict[str, list[list[int]]]:
        counts: dict[str, list[list[int]]] = self._loaded["counts"]
        return counts

    @property
    def _slots(self) -> dict[str, list[int]]:
        slots: dict[str, list[int]] = self._loaded["slots"]
        return slots

    @property
    def _loaded(self) -> dict[str, Any]:
        if self._plain is None:
            value = self._read()
            self._plain = orjson.loads(value) if value is not None else {"counts": {}, "slots": {}}
        return self._plain


def in_slot(due: int, now: int) -> bool:
    """Whether a moment that was given still holds: the next minute has moments of its own."""
    return due // MINUTE_MS == now // MINUTE_MS
