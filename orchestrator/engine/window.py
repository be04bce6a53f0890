"""How many places a channel or a queue has, and when in its window each of them is there to be given.

A window is a minute or an hour of UTC, or a day of the queue's own calendar. Its places come evenly over the hours in
which it is open, in up to sixty slices: so the day's first askers cannot have them all, and whoever matters more waits
a slice at most. What of a slice is not wanted stays for later in the same window.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from orchestrator.engine.hours import Hours, Span

SLICES: Final = 60
_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 3_600_000


class Per(StrEnum):
    """What the places are for."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


class Surplus(StrEnum):
    """What becomes of those for whom the window has no place."""

    WAIT = "wait"
    EXPIRE = "expire"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class Capacity:
    """What one channel or queue takes; ``name`` is ``sms``, or ``call/sales`` for a queue.

    ``most`` places for each ``per``; None is as many as there are. ``reserve`` of them are kept
    for what the policy puts first until the last slice. ``instead`` is the channel that the surplus goes to.
    """

    name: str
    hours: Hours
    most: int | None = None
    per: Per = Per.DAY
    surplus: Surplus = Surplus.WAIT
    instead: str = ""
    reserve: int = 0

    @property
    def said(self) -> str:
        """``200 a day in call/sales``."""
        if self.most is None:
            return f"no limit in {self.name}"
        return f"{self.most:,} {'an' if self.per is Per.HOUR else 'a'} {self.per} in {self.name}"

    @property
    def clock(self) -> str:
        """What says where one window ends and the next one begins."""
        return f"{self.per} {self.hours.timezone}"


@dataclass(frozen=True, slots=True)
class Window:
    """``start`` names it; ``spans`` is when it is open."""

    start: int
    end: int
    spans: tuple[Span, ...]

    def slice_at(self, now: int) -> int:
        """The slice that is on, from 0; -1 before the first."""
        if not self.spans or now < self.spans[0][0]:
            return -1
        passed = sum(max(0, min(now, end) - start) for start, end in self.spans)
        return min(SLICES - 1, passed * SLICES // self._open_ms)

    def begins(self, number: int) -> int | None:
        """When a slice begins; None if there is none of that number."""
        if number >= SLICES:
            return None
        left = -(-number * self._open_ms // SLICES)
        for start, end in self.spans:
            if left < end - start:
                return start + left
            left -= end - start
        return None

    def closes(self, now: int) -> int | None:
        """When it closes next; None if it is closed now."""
        return next((end for start, end in self.spans if start <= now < end), None)

    @property
    def _open_ms(self) -> int:
        return sum(end - start for start, end in self.spans)


def window_at(capacity: Capacity, now: int) -> Window | None:
    """The window in which there is a place next: that of now, or of when it opens again; None if it never does."""
    opens = capacity.hours.opens(now)
    if opens is None:
        return None
    day = capacity.hours.day_of(opens)
    if capacity.per is Per.DAY:
        return Window(*capacity.hours.bounds(day), capacity.hours.spans(day))
    length = _HOUR_MS if capacity.per is Per.HOUR else _MINUTE_MS
    start = opens // length * length
    days = sorted({capacity.hours.day_of(start), day, capacity.hours.day_of(start + length - 1)})
    spans = [
        (max(start, begins), min(start + length, ends)) for each in days for begins, ends in capacity.hours.spans(each)
    ]
    return Window(start, start + length, tuple((begins, ends) for begins, ends in spans if begins < ends))


def released(total: int, slice_: int) -> int:
    """How many of a total have come when a slice has begun: in the last one, all of them."""
    return -(-total * (slice_ + 1) // SLICES)
