"""Who belongs to a segment as the project has it now: asked of the customers' records, whether workers run or not.

Nothing has to be applied for that: traits that no worker computes yet are computed of the history.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any, Final, TextIO

import orjson

from orchestrator.console.follow import Follower
from orchestrator.engine import history, segments, traits
from orchestrator.engine.audience import EVERYTHING, Audience, Trait, own_state
from orchestrator.engine.chunks import Chunks
from orchestrator.engine.customer import PARTS, Customer, decode, is_customer
from orchestrator.engine.home import Home
from orchestrator.engine.journey import Env
from orchestrator.engine.turn import Turn
from orchestrator.errors import UsageError
from orchestrator.kafka import names
from orchestrator.settings import Settings
from orchestrator.streams.checkpoint import META_KEY
from orchestrator.streams.store import Meta

_SEGMENT: Final = "segments."
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


@dataclass(slots=True)
class Census:
    """Takes records as they are on the changelog, in their order; the last under a key counts.

    Args:
        env: the project's definitions.
        name: the segment.
        now: the moment as of which windows are looked at, UTC milliseconds.
    """

    env: Env
    name: str
    now: int
    _kept: dict[bytes, bytes | None] = field(default_factory=dict, init=False)
    _parts: dict[bytes, bytes] = field(default_factory=dict, init=False)
    _needed: tuple[Trait, ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        """Asks no more segments than it must, and computes no more traits."""
        audience = self.env.audience
        asked = _asked(audience, self.name)
        self._needed = _traits_read(audience, asked)
        self.env = replace(
            self.env, audience=replace(audience, segments={each: audience.segments[each] for each in asked})
        )

    def take(self, key: bytes, value: bytes | None) -> None:
        """One record; whoever can be judged at once, and does not belong, is kept by key alone."""
        if key.startswith(PARTS):
            if value is None:
                self._parts.pop(key, None)
            elif self._needed:
                self._parts[key] = value
        elif is_customer(key) and not key.startswith(b"\x00"):
            record = decode(value) if value is not None else None
            if not isinstance(record, Customer):
                self._kept.pop(key, None)
            else:
                open_ = self._asks_history(record)
                self._kept[key] = value if open_ or self._turn(record) is not None else None

    def members(self) -> Iterator[Turn]:
        """All who belong to it, with what is known of them, in order of their keys."""
        for key in sorted(self._kept):
            value = self._kept[key]
            record = decode(value) if value is not None else None
            turn = self._turn(record) if isinstance(record, Customer) else None
            if turn is not None:
                yield turn

    def count(self) -> Counted:
        """How many there are."""
        counted = Counted(customers=len(self._kept))
        for turn in self.members():
            counted.members += 1
            counted.anonymous += not turn.customer.known
        return counted

    def _asks_history(self, record: Customer) -> bool:
        """Whether traits have to be computed of events that may not have been read yet."""
        return bool(record.history) and any(
            own_state(trait, record.computed.get(trait.name)) is None for trait in self._needed
        )

    def _turn(self, record: Customer) -> Turn | None:
        """The customer as of now; None if they do not belong to the segment."""
        turn = Turn(self.env, record, None, self.now, Home(chunks=Chunks(self._parts.get)))
        record.segments = [name for name in record.segments if name not in self.env.audience.segments]
        if self._asks_history(record):
            self._compute(turn)
        turn.changed.add(EVERYTHING)
        segments.update(turn)
        return turn if self.name in record.segments else None

    def _compute(self, turn: Turn) -> None:
        computed, events = turn.customer.computed, history.events(turn)
        for trait in self._needed:
            if own_state(trait, computed.get(trait.name)) is None:
                state = traits.recomputed(trait, events, turn.now)
                if state is not None:
                    computed[trait.name] = [trait.version, state]


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
        now = await _moment(settings, follower)
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


def _asked(audience: Audience, name: str) -> list[str]:
    """The segment and those that it names, in the order in which they are asked."""
    wanted = {name}
    for each in reversed(audience.ordered):
        if each.name in wanted:
            wanted |= {part.removeprefix(_SEGMENT) for part in each.reads if part.startswith(_SEGMENT)}
    return [each.name for each in audience.ordered if each.name in wanted]


def _traits_read(audience: Audience, asked: Iterable[str]) -> tuple[Trait, ...]:
    parts = {part for name in asked for part in audience.segments[name].reads}
    everything = not parts.isdisjoint({EVERYTHING, f"computed.{EVERYTHING}"})
    return tuple(trait for trait in audience.traits.values() if everything or f"computed.{trait.name}" in parts)


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


async def _moment(settings: Settings, follower: Follower) -> int:
    """The time that the workers go by: the clock, or the one of the data that they have read."""
    if settings.clock == "wall":
        return time.time_ns() // 1_000_000
    latest = [
        Meta.decode(found.record.value).clock_ms for found in await follower.last(_TAIL) if found.record.key == META_KEY
    ]
    return max(latest, default=0)


_TAIL: Final = 100
"""A checkpoint's last record is the meta record; behind it are at most markers of transactions."""
