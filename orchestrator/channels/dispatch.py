"""Which action goes when: no I/O, no clock, no chance.

Rules of this file:

- One customer's actions go in the order in which they came: while one waits for its retry, those behind it wait too.
  Other customers' actions go on. Among those that may go, the higher priority goes first, then the one that has been
  ready for longer.
- What expires or is cancelled while it waits ends at once, wherever it stands in the order.
- What is being sent can't be stopped. If that try fails, an expiry or a cancel that came meanwhile ends it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush

from orchestrator.channels.action import Action
from orchestrator.channels.backoff import Backoff
from orchestrator.channels.breaker import Breaker
from orchestrator.channels.ending import Ending, Fate, ending_of
from orchestrator.channels.outcome import BounceKind, Later, Outcome
from orchestrator.channels.pace import Pace
from orchestrator.channels.progress import Progress
from orchestrator.moments import format_moment


@dataclass(slots=True, eq=False)
class Held:
    """An action in hand, from its record to its end."""

    action: Action
    offset: int
    progress: Progress
    tries: int = 0
    sending: bool = False
    ended: bool = False
    revoked: bool = False
    """Another process has its partition now: it is that one's to try again."""
    cancelled: str | None = None
    """Why, if a cancel came while it was being sent."""
    ticket: int = 0


@dataclass(slots=True)
class Turn:
    """What is to be done at a moment."""

    send: list[Held] = field(default_factory=list)
    ended: list[tuple[Held, Ending]] = field(default_factory=list)


class Dispatch:
    """All actions in hand. Times are UTC ms, and parameters."""

    def __init__(self, concurrency: int, backoff: Backoff, breaker: Breaker, pace: Pace) -> None:
        self.breaker = breaker
        self.sending = 0
        self._concurrency = concurrency
        self._backoff = backoff
        self._pace = pace
        self._lanes: dict[str, deque[Held]] = {}
        self._by_id: dict[str, Held] = {}
        self._ready: list[tuple[int, int, Held]] = []
        self._waiting: list[tuple[int, int, Held]] = []
        self._expiries: list[tuple[int, int, Held]] = []
        self._count = 0

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, action_id: str) -> bool:
        return action_id in self._by_id

    def add(self, held: Held) -> bool:
        """Takes an action in hand, unless it is there already.

        One whose partition went elsewhere and came back while it was being sent is ours again.
        """
        before = self._by_id.get(held.action.action_id)
        if before is not None:
            came_back = before.revoked
            if came_back:
                before.offset, before.progress, before.revoked = held.offset, held.progress, False
            return came_back
        self._by_id[held.action.action_id] = held
        heappush(self._expiries, (held.action.expires_at_ms, self._next(), held))
        lane = self._lanes.setdefault(held.action.customer_id, deque())
        lane.append(held)
        if len(lane) == 1:
            self._make_ready(held)
        return True

    def cancel(self, action_id: str, reason: str, now: int) -> tuple[Held, Ending] | None:
        """Ends an action that waits. One that is being sent is marked: it ends with its try."""
        held = self._by_id[action_id]
        if held.sending:
            held.cancelled = reason
            return None
        return self._end(held, Ending(Fate.CANCELLED, now, reason))

    def turn(self, now: int) -> Turn:
        """What has expired, and what goes now."""
        turn = Turn()
        for held in self._due(self._expiries, now):
            if not held.sending:
                turn.ended.append(self._end(held, _expired(held, now)))
        for held in self._due(self._waiting, now):
            self._make_ready(held)
        while self._ready and self.sending < self._concurrency and self._pace.allows(now) and self.breaker.allows(now):
            held = heappop(self._ready)[2]
            if not held.ended:
                self._start(held, now)
                turn.send.append(held)
        return turn

    def finish(self, held: Held, outcome: Outcome, now: int, chance: float) -> Ending | None:
        """A try is over; how the action ended, or None if it goes on. ``chance`` is from 0 to 1."""
        held.sending = False
        self.sending -= 1
        if isinstance(outcome, Later) and not outcome.of_recipient:
            self.breaker.failed(held.ticket, now, outcome.reason)
        else:
            self.breaker.succeeded(held.ticket)
        ending = ending_of(outcome, now)
        if isinstance(outcome, Later):
            ending = self._later(held, outcome, now, chance)
        if ending is not None or held.revoked:
            self._leave(held)
        return ending

    def next_at(self) -> int | None:
        """When ``turn`` has something to do again, if nothing else happens before."""
        moments = [queue[0][0] for queue in (self._expiries, self._waiting) if self._clean(queue)]
        if self._clean(self._ready) and self.sending < self._concurrency:
            reopens = self.breaker.next_at()
            if reopens is not None:
                moments.append(max(reopens, self._pace.next_at()))
            elif not self.breaker.probing:
                moments.append(self._pace.next_at())
        return min(moments, default=None)

    def revoke(self, wanted: Callable[[Progress], bool]) -> None:
        """Lets go of what is in hand of partitions that went elsewhere; what is being sent goes on to its try's end."""
        for held in [held for held in self._by_id.values() if wanted(held.progress)]:
            held.revoked = True
            if not held.sending:
                self._leave(held)

    def _later(self, held: Held, outcome: Later, now: int, chance: float) -> Ending | None:
        if held.revoked:
            return None
        if held.cancelled is not None:
            return Ending(Fate.CANCELLED, now, held.cancelled)
        expires = held.action.expires_at_ms
        if expires <= now:
            return Ending(Fate.EXPIRED, now, f"it expired at {format_moment(expires)}; the last try: {outcome.reason}")
        bounce: BounceKind | None = "soft" if outcome.of_recipient else None
        if held.tries >= self._backoff.tries:
            return Ending(Fate.GAVE_UP, now, f"{_tried(held)}; the last try: {outcome.reason}", bounce)
        due = now + self._backoff.delay_ms(held.tries, chance, outcome.after_ms)
        if due >= expires:
            text = f"{_tried(held)}, and it expires before the next try; the last one: {outcome.reason}"
            return Ending(Fate.GAVE_UP, now, text, bounce)
        heappush(self._waiting, (due, self._next(), held))
        return None

    def _start(self, held: Held, now: int) -> None:
        held.ticket = self.breaker.started()
        self._pace.started(now)
        held.sending = True
        held.tries += 1
        self.sending += 1

    def _end(self, held: Held, ending: Ending) -> tuple[Held, Ending]:
        self._leave(held)
        return held, ending

    def _leave(self, held: Held) -> None:
        held.ended = True
        del self._by_id[held.action.action_id]
        customer = held.action.customer_id
        lane = self._lanes[customer]
        was_first = lane[0] is held
        lane.remove(held)
        if not lane:
            del self._lanes[customer]
        elif was_first:
            self._make_ready(lane[0])

    def _make_ready(self, held: Held) -> None:
        heappush(self._ready, (-held.action.priority, self._next(), held))

    def _due(self, queue: list[tuple[int, int, Held]], now: int) -> list[Held]:
        found = []
        while self._clean(queue) and queue[0][0] <= now:
            found.append(heappop(queue)[2])
        return found

    def _clean(self, queue: list[tuple[int, int, Held]]) -> bool:
        """Drops what has ended from the head; whether anything is left."""
        while queue and queue[0][2].ended:
            heappop(queue)
        return bool(queue)

    def _next(self) -> int:
        self._count += 1
        return self._count


def _expired(held: Held, now: int) -> Ending:
    text = f"it expired at {format_moment(held.action.expires_at_ms)}"
    return Ending(Fate.EXPIRED, now, f"{text}, {_tried(held)}" if held.tries else text)


def _tried(held: Held) -> str:
    return "tried once" if held.tries == 1 else f"tried {held.tries} times"
