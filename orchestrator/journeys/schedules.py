"""Whether a cron schedule is one, and whether it is ever due."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from orchestrator.engine.calendar import DAY_MS, next_time

_FIELDS: Final = ("minute", "hour", "day", "month", "weekday")
_FORM: Final = "write minute, hour, day, month and weekday, for example '0 9 * * mon'"
_SOME_DAY: Final = datetime(2024, 1, 1, tzinfo=UTC)
_UTC: Final = ZoneInfo("UTC")


def check_schedule(text: str) -> str:
    """The text itself.

    Raises:
        ValueError: it is no schedule of five fields, or never due; the text says why.
    """
    fields = text.split()
    if len(fields) != len(_FIELDS):
        raise ValueError(f"'{text}' is no schedule: {_FORM}")
    for number, name in enumerate(_FIELDS):
        if not _parses(" ".join(field if place == number else "*" for place, field in enumerate(fields))):
            raise ValueError(f"'{text}' is no schedule, its {name} '{fields[number]}' is wrong: {_FORM}")
    if next_time(text, _UTC, int(_SOME_DAY.timestamp() * 1000)) is None:
        raise ValueError(f"'{text}' never fires: no year has such a day")
    return text


def fires_between(schedule: str, start_ms: int, end_ms: int) -> bool:
    """Whether it is due somewhere in the world from one moment to another, in UTC milliseconds."""
    due = next_time(schedule, _UTC, start_ms - DAY_MS)
    return due is not None and due <= end_ms + DAY_MS


def _parses(schedule: str) -> bool:
    try:
        CronSim(schedule, _SOME_DAY)
    except CronSimError:
        return False
    return True
