"""Who belongs to a segment as the project has it now: asked of the customers' records, whether workers run or not.

Nothing has to be applied for that: traits that no worker computes yet are computed of the history.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final, TextIO

import orjson

from orchestrator.console.follow import Follower
from orchestrator.engine import traits
from orchestrator.engine.belonging import Belonging
from orchestrator.engine.customer import CUSTOMERS, PARTS, Customer, decode
from orchestrator.engine.journey import Env
from orchestrator.engine.turn import Turn
from orchestrator.errors import UsageError
from orchestrator.kafka import names
from orchestrator.settings import Settings
from orchestrator.streams.checkpoint import META_KEY
from orchestrator.streams.store import Meta

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")

Progress = Callable[[int, int], None]
"""Is told how many records were read, of how many."""


@dataclass(slots=True)
class Counted:
    """How many there are, and how many of them belong to the segment."""

    customers: int = 0
    members: int = 0
    anonymous: int = 0
    """Members without a userId."""


class Census:
    """Takes records as they are on the changelog, in their order; the last under a key counts.

    Args:
        env: the project's definitions.
        name: the segment.
        now: the moment as of which windows are looked at, UTC milliseconds.
    """

    def __init__(self, env: Env, name: str, now: int) -> None:
        self.now = now
        self._env = env
        self._name = name
        self._belonging = Belonging(env, [name])
        self._kept: dict[bytes, bytes | None] = {}
        self._parts: dict[bytes, bytes] = {}

    def take(self, key: bytes, value: bytes | None) -> None:
        """One record; of whoever can be judged at once, and does not belong, the key alone is kept."""
        if key.startswith(PARTS):
            if value is None:
                self._parts.pop(key, None)
            elif self._belonging.traits:
                self._parts[key] = value
        elif key.startswith(CUSTOMERS):
            record = decode(value) if value is not None else None
            if isinstance(record, Customer):
                belongs = self._belonging.asks_history(record) or self._judged(record) is not None
                self._kept[key] = value if belongs else None
            else:
                self._kept.pop(key, None)

    def members(self) -> Iterator[Turn]:
        """All who belong to it, with what is known of them, in order of their keys."""
        for key in sorted(self._kept):
            value = self._kept[key]
            record = decode(value) if value is not None else None
            turn = self._judged(record) if isinstance(record, Customer) else None
            if turn is not None:
                yield turn

    def count(self) -> Counted:
        """How many there are."""
        counted = Counted(customers=len(self._kept))
        for turn in self.members():
            counted.members += 1
            counted.anonymous += not turn.customer.known
        return counted

    def _judged(self, record: Customer) -> Turn | None:
        turn = self._belonging.judged(record, self.now, self._parts.get)
        return turn if self._name in record.segments else None


async def take_census(settings: Settings, bootstrap: str, env: Env, name: str, progress: Progress) -> Census:
    """Reads the changelog to its committed end, while workers may write on.

    Raises:
        UsageError: the project has no such segment.
        InfrastructureError: Kafka doesn't give the records.
    """
    if name not in env.audience.segments:
        known = ", ".join(sorted(env.audience.segments)) or "none"
        raise UsageError(f"the project has no segment '{name}': its segments.yaml has {known}")
    async with Follower(settings, bootstrap, [names.CHANGELOG]) as follower:
        now = await moment(settings, follower)
        census = Census(env, name, now)
        async for batch in follower.all(progress):
            for found in batch:
                census.take(found.record.key, found.record.value)
        return census


def row(turn: Turn) -> dict[str, Any]:
    """A customer as JSON values."""
    customer = turn.customer
    return {
        "id": customer.id,
        "known": customer.known,
        "traits": customer.traits,
        "computed": traits.as_of(turn.env.audience, customer, turn.now),
        "segments": customer.segments,
    }


def sample(turns: Iterable[Turn], count: int) -> list[Turn]:
    """Some of them, by chance, but the same ones each time."""
    return sorted(turns, key=lambda turn: blake2b(turn.customer.key.encode(), digest_size=8).digest())[:count]


def write_jsonl(turns: Iterable[Turn], file: TextIO) -> int:
    """Writes a line of JSON for each; how many these are."""
    count = 0
    for count, turn in enumerate(turns, 1):  # noqa: B007 - it is counted
        file.write(orjson.dumps(row(turn), option=orjson.OPT_APPEND_NEWLINE).decode())
    return count


def write_csv(turns: Iterable[Turn], file: TextIO) -> int:
    """Writes id, known and all traits as a table for spreadsheets; how many rows these are."""
    rows = [_flat(row(turn)) for turn in turns]
    columns = sorted({column for found in rows for column in found} - {"id", "known"})
    writer = csv.DictWriter(file, ["id", "known", *columns], restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return len(rows)


def _flat(found: dict[str, Any]) -> dict[str, str]:
    cells = {"id": found["id"], "known": found["known"]}
    for group in ("traits", "computed"):
        cells |= {f"{group}.{name}": value for name, value in found[group].items()}
    return {name: _cell(value) for name, value in cells.items()}


def _cell(value: Any) -> str:
    """A text that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else orjson.dumps(value).decode().strip('"')
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text


async def moment(settings: Settings, follower: Follower) -> int:
    """The time that the workers go by: the clock, or the one of the data that they have read."""
    if settings.clock == "wall":
        return time.time_ns() // 1_000_000
    latest = [
        Meta.decode(found.record.value).clock_ms for found in await follower.last(_TAIL) if found.record.key == META_KEY
    ]
    return max(latest, default=0)


_TAIL: Final = 100
"""A checkpoint's last record is the meta record; behind it are at most markers of transactions."""
