"""How fast actions may go."""

from __future__ import annotations

_SLACK_MS = 100.0
"""What a process that wakes late may catch up."""


class Pace:
    """At most ``per_second`` go, evenly; None is no bound. Times are UTC ms, and parameters."""

    def __init__(self, per_second: float | None = None) -> None:
        self._step_ms = 1000 / per_second if per_second else 0.0
        self._next = 0.0

    def allows(self, now: int) -> bool:
        """Whether one more may go now."""
        return self._next <= now

    def next_at(self) -> int:
        """When one more may go."""
        return -int(-self._next // 1)

    def started(self, now: int) -> None:
        """One goes."""
        self._next = max(self._next, now - _SLACK_MS) + self._step_ms
