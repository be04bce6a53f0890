"""Who waits for a place in a pool: the higher priority first, of the same priority whoever asked first.

The order is kept in pages of up to 64 rows, so that a hundred thousand may wait and one more rewrites one page.
"""

from __future__ import annotations

import struct
from bisect import bisect_left, bisect_right
from typing import Any, Final, NamedTuple

from orchestrator.engine.pages import Pages
from orchestrator.engine.pool import Pool

ROWS_KEPT: Final = 64
_NUMBER: Final = struct.Struct(">I")


class Waiter(NamedTuple):
    """One who waits; what comes first in it decides the order. ``rank`` is that of arbitration: the least is best."""

    rank: list[float]
    asked_at: int
    action_id: str
    customer: str
    expires_at: int


class Waiting:
    """Those who wait in one pool. Its ``pages`` are (first row, number, count), in order."""

    __slots__ = ("_pages", "_pool")

    def __init__(self, pool: Pool, pages: Pages) -> None:
        self._pool = pool
        self._pages = pages

    def __len__(self) -> int:
        return self._pool.waiting

    def add(self, waiter: Waiter) -> None:
        """Takes one in, once."""
        place, row = self._place(waiter), list(waiter)
        if place < 0:
            self._pool.waiting += 1
            self._open(0, [row])
            return
        entry = self._pool.pages[place]
        rows = self._pages.change(self._key(entry[1]))
        at = bisect_left(rows, row)
        if at < len(rows) and rows[at][:3] == row[:3]:
            return
        rows.insert(at, row)
        self._pool.waiting += 1
        if len(rows) > ROWS_KEPT:
            # Those who come last are most often the last in order too: then the first page stays as it is.
            cut = len(rows) - 1 if at == len(rows) - 1 else len(rows) // 2
            rows, behind = rows[:cut], rows[cut:]
            self._pages[self._key(entry[1])] = rows
            self._open(place + 1, behind)
        self._describe(place, rows)

    def remove(self, rank: list[float], asked_at: int, action_id: str) -> bool:
        """Lets one go who waits no more; whether they were here."""
        wanted = [rank, asked_at, action_id]
        place = self._place(wanted)
        if place < 0:
            return False
        rows = self._pages[self._key(self._pool.pages[place][1])]
        at = bisect_left(rows, wanted)
        if at == len(rows) or rows[at][:3] != wanted:
            return False
        self._take(place, at)
        return True

    def first(self) -> Waiter | None:
        """Who is next."""
        if not self._pool.pages:
            return None
        return Waiter(*self._pages[self._key(self._pool.pages[0][1])][0])

    def pop_first(self) -> Waiter:
        """Who is next, and waits no more."""
        return self._take(0, 0)

    def pop_last(self) -> Waiter:
        """Who would be the last, and waits no more."""
        return self._take(len(self._pool.pages) - 1, -1)

    def _place(self, row: Waiter | list[Any]) -> int:
        """The page that a row belongs to: the last one that begins with it or before it; -1 without any page."""
        firsts = self._pool.pages
        return max(0, bisect_right(firsts, list(row[:3]), key=lambda page: page[0]) - 1) if firsts else -1

    def _take(self, place: int, at: int) -> Waiter:
        rows = self._pages.change(self._key(self._pool.pages[place][1]))
        waiter = Waiter(*rows.pop(at))
        self._pool.waiting -= 1
        self._describe(place, rows)
        return waiter

    def _open(self, place: int, rows: list[list[Any]]) -> None:
        pool = self._pool
        pool.pages.insert(place, [rows[0][:3], pool.next_page, len(rows)])
        self._pages[self._key(pool.next_page)] = rows
        pool.next_page += 1

    def _describe(self, place: int, rows: list[list[Any]]) -> None:
        if rows:
            entry = self._pool.pages[place]
            entry[0], entry[2] = rows[0][:3], len(rows)
        else:
            del self._pool.pages[place]

    def _key(self, number: int) -> bytes:
        return self._pool.key.encode() + b"\x00" + _NUMBER.pack(number)
