"""What other programs ask one partition number: answered at once, in a work that the next checkpoint makes durable.

A partition is nearly always at work: a checkpoint is on its way while the next records come in. So a request does not
wait for it: it is answered in the work that is under way between two batches of its records, or begins the next work,
which reads what the open checkpoint leaves behind.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson

from orchestrator.engine import Follow, Request
from orchestrator.errors import InfrastructureError, RequestRefused

if TYPE_CHECKING:
    from orchestrator.streams.work import Work

_log = logging.getLogger(__name__)

REQUESTS_PER_CHECKPOINT: Final = 200
BYTES_PER_CHECKPOINT: Final = 1 << 18
"""They stand in its journal, which is one record: this is a quarter of what Kafka takes."""

Answer = dict[str, Any] | Follow


@dataclass(slots=True, eq=False)
class _Asked:
    request: Request
    durable: bool
    size: int
    answered: asyncio.Future[Answer]


@dataclass(slots=True)
class Answered:
    """A work with answers in it; ``durable`` are told theirs when it is written."""

    work: Work
    durable: list[tuple[_Asked, Answer]] = field(default_factory=list)
    count: int = 0
    size: int = 0

    def has_room(self, size: int) -> bool:
        """Whether one more request fits into its journal, and the definitions do not change before it."""
        fits = self.count < REQUESTS_PER_CHECKPOINT and self.size + size <= BYTES_PER_CHECKPOINT
        return fits and self.work.following is None

    def written(self) -> None:
        """The checkpoint is committed."""
        for asked, answer in self.durable:
            _tell(asked, answer)


class Requests:
    """Those that are not answered yet; ``begin`` makes the next work."""

    def __init__(self, begin: Callable[[], Work]) -> None:
        self._begin = begin
        self._waiting: deque[_Asked] = deque()
        self._open: set[_Asked] = set()
        self._in_hand: Answered | None = None

    def __bool__(self) -> bool:
        return bool(self._waiting) or self._in_hand is not None

    def ask(self, request: Request, *, durable: bool) -> asyncio.Future[Answer]:
        """Takes a request in. Its answer comes with ``answer``; Follow if the id belongs to another customer.

        The future raises RequestRefused for what cannot be answered, InfrastructureError if the partition number goes
        to another worker first or what is durable was not written, and what a bug of ours raises.
        """
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        asked = _Asked(request, durable, len(orjson.dumps(request.to_json())), answered)
        self._waiting.append(asked)
        self._open.add(asked)
        answered.add_done_callback(lambda _: self._open.discard(asked))
        return answered

    def answer(self, now: int) -> None:
        """Answers as many as the next checkpoint has room for; ``now`` in UTC milliseconds."""
        while self._waiting:
            hand = self.in_hand()
            if not hand.has_room(self._waiting[0].size):
                return
            asked = self._waiting.popleft()
            if not asked.answered.done():
                self._answer(hand, asked, now)

    def in_hand(self) -> Answered:
        """The work that is under way: what is asked meanwhile is answered in it."""
        if self._in_hand is None:
            self._in_hand = Answered(self._begin())
        return self._in_hand

    def close(self) -> None:
        """What is asked from here on is for the next checkpoint."""
        self._in_hand = None

    def fail(self, error: Exception) -> None:
        """Nobody is answered any more here."""
        self._waiting.clear()
        self._in_hand = None
        for asked in list(self._open):
            _refuse(asked, error)

    def _answer(self, hand: Answered, asked: _Asked, now: int) -> None:
        try:
            answer = hand.work.answer(asked.request, now)
        except RequestRefused as refused:
            _refuse(asked, refused)
            return
        except Exception as error:  # noqa: BLE001 - a bug that only this request shows must not stop all others
            _log.exception("a request about %s found a bug of ours", asked.request.customer)
            _refuse(asked, error)
            return
        hand.count += 1
        hand.size += asked.size
        if asked.durable:
            hand.durable.append((asked, answer))
        else:
            _tell(asked, answer)


def moved(number: int) -> InfrastructureError:
    """Whoever asked here must ask elsewhere."""
    return InfrastructureError(f"partition {number} goes to another worker, or begins anew")


def _tell(asked: _Asked, answer: Answer) -> None:
    if not asked.answered.done():
        asked.answered.set_result(answer)


def _refuse(asked: _Asked, error: Exception) -> None:
    if not asked.answered.done():
        asked.answered.set_exception(error)
