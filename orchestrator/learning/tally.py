"""Counts by key and fortnight: exact, and the same in whatever order they were made.

What is long ago counts less, and in the end not at all. So that this does not depend on who counted when, nothing is
weighed here: whole numbers are kept by fortnight, and weighed when they are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

FORTNIGHT_MS: Final = 14 * 86_400_000
FORTNIGHTS_KEPT: Final = 13
"""Half a year."""

HALF_LIFE_MS: Final = 30 * 86_400_000
"""After this time something counts half as much."""


def fortnight_of(moment_ms: int) -> int:
    """The number of the fortnight, from the epoch, in which a moment is; moments are UTC ms."""
    return moment_ms // FORTNIGHT_MS


class Tally:
    """Rows of ``width`` counts by key and fortnight, at most ``most`` keys.

    Within its bounds two tallies of the same counts are equal, in whatever order they came. Above them the key goes of
    which nothing was counted for the longest time, of several the first by name.
    """

    __slots__ = ("_most", "_width", "newest", "rows")

    def __init__(self, width: int, most: int) -> None:
        self.rows: dict[tuple[str, ...], dict[int, list[int]]] = {}
        self.newest = 0
        self._width = width
        self._most = most

    def add(self, key: tuple[str, ...], fortnight: int, changes: Sequence[tuple[int, int]]) -> None:
        """Adds to the columns of a row; ``changes`` are pairs of column and count."""
        if fortnight > self.newest:
            self.newest = fortnight
            self._forget()
        if fortnight <= self.newest - FORTNIGHTS_KEPT:
            return
        by_fortnight = self.rows.get(key)
        if by_fortnight is None:
            by_fortnight = self.rows[key] = {}
            self._bound()
        row = by_fortnight.setdefault(fortnight, [0] * self._width)
        for column, count in changes:
            row[column] += count

    def __iter__(self) -> Iterator[tuple[tuple[str, ...], int, list[int]]]:
        """All rows: key, fortnight, counts."""
        for key in sorted(self.rows):
            for fortnight in sorted(self.rows[key]):
                yield key, fortnight, self.rows[key][fortnight]

    def plain(self) -> list[list[Any]]:
        """The rows as JSON has them, in order: the same counts are the same bytes."""
        return [[*key, fortnight, _trimmed(row)] for key, fortnight, row in self]

    def take(self, plain: Sequence[Sequence[Any]]) -> None:
        """The rows of ``plain``. Raises ValueError or TypeError for others."""
        for *key, fortnight, row in plain:
            self.add(tuple(map(str, key)), int(fortnight), [(column, int(count)) for column, count in enumerate(row)])

    def _forget(self) -> None:
        last = self.newest - FORTNIGHTS_KEPT
        for key in list(self.rows):
            kept = {fortnight: row for fortnight, row in self.rows[key].items() if fortnight > last}
            if kept:
                self.rows[key] = kept
            else:
                del self.rows[key]

    def _bound(self) -> None:
        if len(self.rows) > self._most:
            others = [key for key, rows in self.rows.items() if rows]
            del self.rows[min(others, key=lambda key: (max(self.rows[key]), key))]


def weights(newest: int) -> dict[int, float]:
    """By fortnight, how much something counts, 1 for the newest."""
    per_fortnight = 0.5 ** (FORTNIGHT_MS / HALF_LIFE_MS)
    return {newest - age: per_fortnight**age for age in range(FORTNIGHTS_KEPT)}


def _trimmed(row: list[int]) -> list[int]:
    end = len(row)
    while end and row[end - 1] == 0:
        end -= 1
    return row[:end]
