"""Rules of this file: the places of one channel or queue are given here alone, at the home of its name.

So there is one order over all customers, and no window gives more places than it has, whatever the partition numbers do
at one time. Who is next: the higher priority, then whoever asked first. A place that is there and wanted is given at
once; nobody who may have it waits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from orchestrator.engine.home import Home
from orchestrator.engine.journey import Env
from orchestrator.engine.message import Bid, Full, Message, Place, ToPool
from orchestrator.engine.pool import Pool
from orchestrator.engine.waiting import Waiter, Waiting
from orchestrator.engine.window import SLICES, Capacity, Surplus, Window, released, window_at

WAITERS_KEPT: Final = 100_000
PLACES_AT_ONCE: Final = 100
"""A slice of very many places is given in turn with fresh events."""
_LOOKS_AGAIN_MS: Final = 600_000
"""While somebody waits, changed definitions are heard of that soon even if nobody asks."""
_UNBOUNDED: Final = 1 << 62


def on_ask(env: Env, pool: Pool, message: ToPool, now: int, home: Home) -> list[Message]:
    """An offer asks for a place, waits no more, or its place goes to another; what those who asked are told.

    Where the clock of who asks is ahead of the one here, theirs counts: they would have no use for a place of before.
    """
    if isinstance(message, Bid):
        now = max(now, message.asked_at)
    work = _Allotment(env, pool, now, home)
    if isinstance(message, Bid):
        if message.expires_at > now:
            waiter = message.rank, message.asked_at, message.action_id, message.customer, message.expires_at
            work.waiting.add(Waiter(*waiter))
    elif message.window is None:
        work.waiting.remove(message.rank, message.asked_at, message.action_id)
    elif message.window == pool.window and pool.reserved:
        pool.reserved -= 1
    elif message.window == pool.window and pool.used:
        pool.used -= 1
    return work.done()


def on_release(env: Env, pool: Pool, now: int, home: Home) -> list[Message]:
    """Time brought the next places; what those who waited are told."""
    return _Allotment(env, pool, now, home).done()


class _Allotment:
    """The work on one pool."""

    def __init__(self, env: Env, pool: Pool, now: int, home: Home) -> None:
        self.waiting = Waiting(pool, home.pages)
        self._pool = pool
        self._now = now
        self._said: list[Message] = []
        self._first = len(env.policy.first)
        self._capacity = env.capacities.get(pool.name)
        self._window = self._turned() if self._capacity is not None else None

    def done(self) -> list[Message]:
        """Gives what is there, and says when there is more."""
        pool, capacity = self._pool, self._capacity
        if capacity is None or capacity.most is None:
            more = self._give(lambda _: 1, 0, _UNBOUNDED)
            pool.next_due = self._now if more else None
        elif self._window is None:
            self._drop(len(self.waiting), f"{capacity.name} never opens again")
            pool.next_due = None
        else:
            self._allot(capacity, self._window)
        return self._said

    def _turned(self) -> Window | None:
        """The window that counts now. Counts of one that is over go; time that was set back does not bring it again."""
        pool, capacity = self._pool, self._capacity
        assert capacity is not None
        window = window_at(capacity, self._now)
        if window is None:
            return None
        if pool.clock != capacity.clock:
            # Cut in another way, it goes on with what was given: rather too few than too many.
            pool.clock, pool.window = capacity.clock, window.start
        elif window.start > pool.window:
            pool.window, pool.used, pool.reserved = window.start, 0, 0
        return window

    def _allot(self, capacity: Capacity, window: Window) -> None:
        pool, closes = self._pool, window.closes(self._now)
        slice_ = window.slice_at(self._now)
        more = False
        if closes is not None and window.start == pool.window:
            more = self._give(lambda waiter: self._free(capacity, slice_, waiter), pool.window, closes)
        self._drop_surplus(capacity)
        if not len(self.waiting):
            pool.next_due = None
        elif more:
            pool.next_due = self._now
        else:
            pool.next_due = min(self._next_change(capacity, window, slice_), self._now + _LOOKS_AGAIN_MS)

    def _free(self, capacity: Capacity, slice_: int, waiter: Waiter) -> int:
        """How many places there are for one; the reserve is for what the policy puts first, and for all at last."""
        assert capacity.most is not None
        pool, reserve = self._pool, min(capacity.reserve, capacity.most)
        free = max(0, released(capacity.most - reserve, slice_) - pool.used)
        if waiter.rank[0] < self._first or slice_ == SLICES - 1:
            free += max(0, reserve - pool.reserved)
        return min(free, capacity.most - pool.used - pool.reserved)

    def _give(self, free: Callable[[Waiter], int], window: int, until: int) -> bool:
        """Gives places to those who are next; whether there is more to give."""
        for _ in range(PLACES_AT_ONCE):
            first = self.waiting.first()
            if first is None:
                return False
            if first.expires_at > self._now:
                if free(first) <= 0:
                    return False
                self._take()
                place = Place(first.customer, self._pool.name, first.action_id, first.asked_at, window, until)
                self._said.append(place)
            self.waiting.pop_first()
        return True

    def _take(self) -> None:
        """Counts a place: one that is for all, as long as there is one."""
        pool, capacity, window = self._pool, self._capacity, self._window
        if capacity is None or capacity.most is None or window is None:
            return
        reserve = min(capacity.reserve, capacity.most)
        if pool.used < released(capacity.most - reserve, window.slice_at(self._now)):
            pool.used += 1
        else:
            pool.reserved += 1

    def _drop_surplus(self, capacity: Capacity) -> None:
        """Those for whom the window has no place any more, and those who are too many to be kept."""
        assert capacity.most is not None
        if capacity.surplus is not Surplus.WAIT:
            left = max(0, capacity.most - self._pool.used - self._pool.reserved)
            self._drop(len(self.waiting) - left, f"there is no place left: {capacity.said}")
        self._drop(len(self.waiting) - WAITERS_KEPT, f"more than {WAITERS_KEPT:,} wait already: {capacity.said}")

    def _drop(self, count: int, detail: str) -> None:
        for _ in range(count):
            last = self.waiting.pop_last()
            self._said.append(Full(last.customer, self._pool.name, last.action_id, last.asked_at, detail))

    def _next_change(self, capacity: Capacity, window: Window, slice_: int) -> int:
        """When there may be a place for somebody who waits: with the next slice, or when it opens."""
        if window.start < self._pool.window:
            return self._pool.window
        if window.closes(self._now) is None:
            opens = capacity.hours.opens(self._now)
        else:
            opens = window.begins(slice_ + 1) or capacity.hours.opens(window.end)
        return _UNBOUNDED if opens is None else max(opens, self._now + 1)
