"""A circuit breaker: after too many failures nothing is tried for a while, then one action probes.

closed     all may go; ``failures`` within ``window_ms`` open it, unless more than these succeeded meanwhile: a few of
           very many may always fail
open       none may go for ``pause_ms``
half open  one may go: its success closes the breaker, its failure opens it again
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """Times are UTC ms, and parameters.

    ``started`` gives a ticket that comes back with the result: what was under way when the breaker opened says nothing
    about the time after.
    """

    def __init__(self, failures: int = 5, window_ms: int = 60_000, pause_ms: int = 30_000) -> None:
        self.state = State.CLOSED
        self.probing = False
        self.opened = 0
        self.reason = ""
        self._failures = failures
        self._window_ms = window_ms
        self._pause_ms = pause_ms
        self._failed: deque[tuple[int, int]] = deque(maxlen=failures)
        self._successes = 0
        self._ticket = 0
        self._until = 0

    def allows(self, now: int) -> bool:
        """Whether one more may go now."""
        if self.state is State.OPEN and now >= self._until:
            self.state = State.HALF_OPEN
            self.probing = False
        return self.state is State.CLOSED or (self.state is State.HALF_OPEN and not self.probing)

    def next_at(self) -> int | None:
        """When an open one lets its probe go; None for the others."""
        return self._until if self.state is State.OPEN else None

    def started(self) -> int:
        """One goes. Call it only where ``allows`` says so."""
        if self.state is State.HALF_OPEN:
            self.probing = True
        return self._ticket

    def succeeded(self, ticket: int) -> None:
        """The provider answered as it should."""
        self._successes += 1
        if ticket == self._ticket and self.state is State.HALF_OPEN:
            self._failed.clear()
            self._turn(State.CLOSED)

    def failed(self, ticket: int, now: int, reason: str) -> None:
        """The provider failed."""
        if ticket != self._ticket:
            return
        self._failed.append((now, self._successes))
        if self.state is State.HALF_OPEN or self._is_down(now):
            self.opened += 1
            self.reason = reason
            self._until = now + self._pause_ms
            self._turn(State.OPEN)

    def _is_down(self, now: int) -> bool:
        since, successes = self._failed[0]
        often = len(self._failed) == self._failures and now - since <= self._window_ms
        return often and self._successes - successes <= self._failures

    def _turn(self, state: State) -> None:
        self.state = state
        self._ticket += 1
        self.probing = False
