"""What was learned from outcomes, in lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from orchestrator.engine.models import HOURS, Counted

_COUNTS: Final = ("published", "opened", "clicked", "converted", "followed")
_CHANNELS: Final = ("CHANNEL", "PUBLISHED", "READ", "BEST SENT AT", "MOST OPENED AT")


def actions_table(rows: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Each action in each channel: counts over all time that is kept, and the rate, in which the new weighs most."""
    head = ("ACTION", "CHANNEL", *(name.upper() for name in _COUNTS), "PROPENSITY")
    lines = [
        (row["action"], row["channel"], *(str(row[name]) for name in _COUNTS), f"{row['propensity']:.2%}")
        for row in rows
    ]
    return [head, *lines]


def channel_rows(models: Counted) -> list[dict[str, Any]]:
    """Each channel: how many messages, weighed by age, how many are read, and the hours of a customer's day for it."""
    return [
        {
            "channel": channel,
            "published": round(rate.tried),
            "read": round(models.read_rate(channel), 4),
            "best_sent_at": _most([models.response(channel, hour) for hour in range(HOURS)])
            if rate.succeeded
            else None,
            "most_opened_at": _most(models.opening_hours(channel)) if rate.succeeded else None,
        }
        for channel, rate in sorted(models.read.items())
    ]


def channels_table(rows: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    """The same in columns."""
    lines = [
        (
            row["channel"],
            str(row["published"]),
            f"{row['read']:.2%}",
            _clock(row["best_sent_at"]),
            _clock(row["most_opened_at"]),
        )
        for row in rows
    ]
    return [_CHANNELS, *lines]


def _most(shares: Sequence[float]) -> int:
    return max(range(HOURS), key=lambda hour: (shares[hour], -hour))


def _clock(hour: int | None) -> str:
    return f"{hour:02}:00" if hour is not None else ""
