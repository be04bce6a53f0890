"""The example shop's events as a feed that knows when each was sent."""

from __future__ import annotations

import time
from itertools import takewhile

import orjson

from orchestrator.replay.feed import Listed
from orchestrator.replay.recording import Recorded
from orchestrator.shop.clickstream import events
from orchestrator.shop.line import Defect, Line

_DAY_MS = 86_400_000


class ShopFeed(Listed):
    """All of the shop's events, or those of its first days.

    ``sent_at`` has the moments (UTC seconds) at which they were handed on, by message id.
    """

    def __init__(self, seed: int, days: int | None) -> None:
        self.lines = _lines(seed, days)
        self.sent_at: dict[str, float] = {}
        self._ids = iter([_message_id(line) for line in self.lines])
        super().__init__(
            Recorded(line.topic, line.key, line.value, line.timestamp_ms, line.defect is Defect.NOT_JSON)
            for line in self.lines
        )

    def pop(self) -> Recorded:
        """As ``Feed.pop``."""
        self.sent_at.setdefault(next(self._ids), time.time())
        return super().pop()


def _lines(seed: int, days: int | None) -> list[Line]:
    lines = events(seed)
    if days is None:
        return list(lines)
    first = next(lines)
    ends = first.timestamp_ms + days * _DAY_MS
    return [first, *takewhile(lambda line: line.timestamp_ms < ends, lines)]


def _message_id(line: Line) -> str:
    try:
        return str(orjson.loads(line.value)["messageId"])
    except orjson.JSONDecodeError:
        return ""
