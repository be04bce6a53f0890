"""The timers of one partition number: rows on disk, and what the work in hand has added to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from orchestrator.streams.store import Store
    from orchestrator.streams.work import Work

TIMERS_PER_CHECKPOINT: Final = 500
"""A burst must not hold up fresh events: timers and events take turns."""


class Timers:
    """What is due, the earliest first."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._first_row = store.first_due()
        self._left = TIMERS_PER_CHECKPOINT

    def renew(self) -> None:
        """After a checkpoint: the rows on disk have changed, and there is room for the next timers."""
        self._first_row = self._store.first_due()
        self._left = TIMERS_PER_CHECKPOINT

    def next_due(self, work: Work | None) -> int | None:
        """The earliest moment at which something may be due (UTC ms)."""
        scheduled = work.next_scheduled() if work is not None else None
        if scheduled is None or (self._first_row is not None and self._first_row < scheduled):
            return self._first_row
        return scheduled

    def fire(self, work: Work, until: int, now: Callable[[int], int]) -> bool:
        """Fires what is due by ``until``; False if this checkpoint has no room left for more.

        Args:
            now: gives the clock at which a timer of a given due moment fires.
        """
        if self._first_row is not None and self._first_row <= until:
            rows = self._store.due(until, self._left + 1)
            work.schedule(rows)
            self._first_row = until + 1 if len(rows) <= self._left else rows[-1][0]
        while self._left > 0:
            found = work.pop_due(until)
            if found is None:
                return True
            self._left -= 1
            work.fire(found[1], now(found[0]))
        return work.next_scheduled() is None
