"""Where recorded events come from: a file, the standard input, the example shop, or a time range of the topics."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Final

from orchestrator.console.follow import BEGINNING, Follower
from orchestrator.durations import parse_duration
from orchestrator.errors import UsageError
from orchestrator.events.timestamps import read_moment
from orchestrator.kafka import names
from orchestrator.proof.simulation import Past
from orchestrator.replay.recording import Recording
from orchestrator.settings import Settings
from orchestrator.shop.clickstream import events

SHOP: Final = "shop"


def recorded(source: str) -> Iterator[Past]:
    """The events of a file of JSON Lines, perhaps gzipped, of ``-``, or of the example ``shop``.

    Raises:
        UsageError: while iterating, when the file cannot be read.
    """
    if source == SHOP and not Path(SHOP).exists():
        for line in events():
            yield Past(line.topic, line.key, line.value, line.timestamp_ms)
        return
    for record in Recording(Path(source)):
        yield Past(record.topic, record.key, record.value, record.at)


async def of_topics(
    settings: Settings, bootstrap: str, since_ms: int | None, until_ms: int | None
) -> AsyncIterator[Past]:
    """What producers published in a range of time, in order of time: committed records of the input topics alone."""
    async with Follower(settings, bootstrap, names.EVENT_TOPICS) as follower:
        await follower.seek(BEGINNING) if since_ms is None else await follower.seek_to(since_ms)
        async for found in follower.past(until_ms):
            record = found.record
            yield Past(found.topic, record.key or b"", record.value or b"", record.timestamp, list(record.headers))


def read_when(flag: str, text: str, now_ms: Callable[[], int]) -> int:
    """The moment that a person means: ISO 8601, or how long ago. Raises UsageError."""
    try:
        return read_moment(text)
    except ValueError:
        pass
    try:
        return now_ms() - parse_duration(text)
    except ValueError:
        raise UsageError(
            f"{flag} {text}: write a moment, for example 2026-03-01 or 2026-03-01T10:00:00Z, or how long ago, such as "
            "'7 days'"
        ) from None
