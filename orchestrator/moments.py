"""Moments: UTC milliseconds since the epoch inside, ISO 8601 with milliseconds outside."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache


@lru_cache(maxsize=4096)
def format_moment(moment_ms: int) -> str:
    """ISO 8601 in UTC, for example ``2026-01-02T03:04:05.678Z``."""
    return datetime.fromtimestamp(moment_ms / 1000, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def to_datetime(moment_ms: int) -> datetime:
    """The moment as an aware datetime in UTC."""
    return datetime.fromtimestamp(moment_ms / 1000, UTC)
