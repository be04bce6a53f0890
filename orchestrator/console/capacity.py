"""How much of the capacity of channels and queues is used, and how many wait, as the workers last wrote it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.console.census import moment
from orchestrator.console.follow import Follower
from orchestrator.engine.pool import POOL, Pool, is_pool
from orchestrator.engine.window import Capacity, window_at
from orchestrator.kafka import names
from orchestrator.moments import format_moment
from orchestrator.settings import Settings


@dataclass(frozen=True, slots=True)
class Usage:
    """One channel or queue at a moment, UTC milliseconds.

    ``given`` are the places of the window that is on, or of the next one while it is closed. ``opens`` is when it is
    open next: now, if it is; None if it never is.
    """

    name: str
    capacity: Capacity
    given: int
    waiting: int
    now: int
    opens: int | None

    @property
    def left(self) -> int | None:
        """How many places the window still has; None if it has no limit."""
        return None if self.capacity.most is None else max(0, self.capacity.most - self.given)

    def to_json(self) -> dict[str, Any]:
        """As ``--json`` shows it."""
        capacity = self.capacity
        return {
            "name": self.name,
            "most": capacity.most,
            "per": str(capacity.per) if capacity.most is not None else None,
            "given": self.given,
            "left": self.left,
            "waiting": self.waiting,
            "reserve": capacity.reserve,
            "surplus": capacity.instead or str(capacity.surplus),
            "opens": None if self.opens is None else format_moment(self.opens),
            "open": self.opens == self.now,
        }


def usage(capacities: Mapping[str, Capacity], pools: Mapping[str, Pool], now: int) -> list[Usage]:
    """All that is declared, by name, with what is known of it."""
    return [_one(capacity, pools.get(name), now) for name, capacity in sorted(capacities.items())]


def pools_in(records: Iterable[tuple[bytes | None, bytes | None]]) -> dict[str, Pool]:
    """The pools among records of the changelog, each as it was last written."""
    last = {key: value for key, value in records if key is not None and is_pool(key)}
    return {key.decode().removeprefix(POOL): Pool.decode(value) for key, value in last.items() if value is not None}


async def read_usage(settings: Settings, bootstrap: str, capacities: Mapping[str, Capacity]) -> list[Usage]:
    """How much is used at the time that the workers go by, from the pools' homes on the changelog.

    Raises:
        InfrastructureError: Kafka doesn't give the records.
    """
    records: dict[bytes, bytes | None] = {}
    now = 0
    async with Follower(settings, bootstrap, [names.CHANGELOG], at_home_of=capacities) as follower:
        now = await moment(settings, follower)
        async for batch in follower.all(lambda *_: None):
            records |= {found.record.key: found.record.value for found in batch if is_pool(found.record.key or b"")}
    return usage(capacities, pools_in(records.items()), now)


def table(found: Iterable[Usage]) -> Iterator[str]:
    """The usage as lines for a person."""
    rows = [("", "places", "given", "left", "waiting", "open"), *map(_row, found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [
            cell.ljust(width) if column in (0, 1) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row[:-1], widths, strict=False))
        ]
        yield "  ".join([*cells, row[-1]]).rstrip()


def _one(capacity: Capacity, pool: Pool | None, now: int) -> Usage:
    window = window_at(capacity, now)
    counts = pool is not None and window is not None and pool.window >= window.start
    given = pool.used + pool.reserved if pool is not None and counts else 0
    waiting = pool.waiting if pool is not None else 0
    return Usage(capacity.name, capacity, given, waiting, now, capacity.hours.opens(now))


def _row(found: Usage) -> tuple[str, ...]:
    capacity = found.capacity
    if found.opens == found.now:
        opens = "always" if capacity.hours.always else "now"
    else:
        opens = "never" if found.opens is None else f"from {format_moment(found.opens)[:16].replace('T', ' ')} UTC on"
    if capacity.most is None:
        return found.name, "no limit", "", "", "", opens
    places = f"{capacity.most:,} {'an' if capacity.per == 'hour' else 'a'} {capacity.per}"
    return found.name, places, f"{found.given:,}", f"{found.left:,}", f"{found.waiting:,}", opens
