"""The timers of one partition number: rows on disk, and what the work in hand has added to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from orchestrator.streams.store import Store
    from orchestrator.streams.work import Work

TIMERS_PER_CHECKPOINT: Final = 100
"""A burst must not hold up fresh events: they take turns, and a turn of so many timers takes about 10 ms."""
_END_OF_TIME: Final = (1 << 63) - 1


class Timers:
    """What is due, the earliest first; ``most`` of it for each checkpoint."""

    def __init__(self, store: Store, most: int = TIMERS_PER_CHECKPOINT) -> None:
        self._store = store
        self._most = most
        self.renew()

    def renew(self) -> None:
        """After a checkpoint: the rows on disk have changed, and there is room for the next timers."""
        self._left = self._most
        # Rows stay on disk until the checkpoint, so those that the work was given are the first of them.
        self._given = 0
        self._read(1)

    def next_due(self, work: Work | None) -> int | None:
        """The earliest moment at which something may be due (UTC ms)."""
        scheduled = work.next_scheduled() if work is not None else None
        if self._given == len(self._rows):
            return scheduled
        row = self._rows[self._given][0]
        return row if scheduled is None or row < scheduled else scheduled

    def fire(self, work: Work, until: int, now: Callable[[int], int]) -> bool:
        """Fires what is due by ``until``; False if this checkpoint has no room left for more.

        Args:
            now: gives the clock at which a timer of a given due moment fires.
        """
        while (found := self._earliest(work, until)) is not None:
            if not self._left:
                return False
            self._left -= 1
            due, key = found
            # A wall clock may be set back behind what it has already released.
            work.fire(key, max(due, now(due)))
        return True

    def _earliest(self, work: Work, until: int) -> tuple[int, str] | None:
        """The next customer who is due by ``until``.

        Rows go to the work as they are needed: the rest of a burst would be read and sorted again at each checkpoint.
        """
        while True:
            there = self._given < len(self._rows) and self._rows[self._given][0] <= until
            before = self._rows[self._given][0] - 1 if there else until
            found = work.next_due(before)
            if found is not None or not there:
                return found
            self._give(work, until)

    def _give(self, work: Work, until: int) -> None:
        first = self._given
        while self._given < len(self._rows) and self._rows[self._given][0] <= until:
            self._given += 1
        work.schedule(self._rows[first : self._given])
        if self._given == len(self._rows) == self._asked:
            self._read(2 * self._asked + self._most)

    def _read(self, count: int) -> None:
        self._asked = count
        self._rows = self._store.due(_END_OF_TIME, count)
