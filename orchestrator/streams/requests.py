"""What other programs ask one partition number, until it is answered."""

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

REQUESTS_PER_CHECKPOINT: Final = 64
BYTES_PER_CHECKPOINT: Final = 1 << 18
"""They stand in its journal, which is one record: this is a quarter of what Kafka takes."""

Answer = dict[str, Any] | Follow


@dataclass(slots=True, eq=False)
class _Asked:
    request: Request
    durable: bool
    size: int
    answered: asyncio.Future[Answer]
    answer: Answer | None = field(default=None)


class Requests:
    """Taken in as they come, answered in a step of the partition; what is durable is told when it is written."""

    def __init__(self) -> None:
        self._waiting: deque[_Asked] = deque()
        self._unwritten: list[_Asked] = []

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def ask(self, request: Request, *, durable: bool) -> asyncio.Future[Answer]:
        """The answer, when it is there; Follow if the id belongs to another customer.

        The future raises RequestRefused for what cannot be answered, InfrastructureError if the partition number goes
        to another worker first or what is durable was not written, and what a bug of ours raises.
        """
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Asked(request, durable, len(orjson.dumps(request.to_json())), answered))
        return answered

    def answer(self, begin: Callable[[], Work], now: int) -> Work:
        """A new work with as much as fits in; a request that finds a bug is left out, and all else done again."""
        taken = self._fitting()
        work = begin()
        while (wrong := self._answered(work, taken, now)) is not None:
            taken.remove(wrong)
            work = begin()
        for asked in taken:
            if asked.durable:
                self._unwritten.append(asked)
            else:
                _tell(asked)
        return work

    def written(self) -> None:
        """The checkpoint is committed."""
        told, self._unwritten = self._unwritten, []
        for asked in told:
            _tell(asked)

    def fail(self, error: Exception) -> None:
        """Nobody is answered any more here."""
        failed, self._unwritten, self._waiting = [*self._unwritten, *self._waiting], [], deque()
        for asked in failed:
            if not asked.answered.done():
                asked.answered.set_exception(error)

    def _fitting(self) -> list[_Asked]:
        """The next ones that somebody still waits for."""
        taken: list[_Asked] = []
        size = 0
        while self._waiting and len(taken) < REQUESTS_PER_CHECKPOINT:
            size += self._waiting[0].size
            if taken and size > BYTES_PER_CHECKPOINT:
                break
            asked = self._waiting.popleft()
            if not asked.answered.done():
                taken.append(asked)
        return taken

    def _answered(self, work: Work, taken: list[_Asked], now: int) -> _Asked | None:
        """Works on all; the one that found a bug, if any did."""
        for asked in list(taken):
            try:
                asked.answer = work.answer(asked.request, now)
            except RequestRefused as refused:
                taken.remove(asked)
                _refuse(asked, refused)
            except Exception as error:  # noqa: BLE001 - a bug that only this request shows must not stop all others
                _log.exception("a request about %s found a bug of ours", asked.request.customer)
                _refuse(asked, error)
                return asked
        return None


def _tell(asked: _Asked) -> None:
    if not asked.answered.done():
        assert asked.answer is not None
        asked.answered.set_result(asked.answer)


def _refuse(asked: _Asked, error: Exception) -> None:
    if not asked.answered.done():
        asked.answered.set_exception(error)


def moved(number: int) -> InfrastructureError:
    """Whoever asked here must ask elsewhere."""
    return InfrastructureError(f"partition {number} goes to another worker, or begins anew: ask again")
