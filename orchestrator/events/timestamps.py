"""When an event happened: ISO 8601 or epoch milliseconds outside, UTC milliseconds since the epoch inside."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from orchestrator.events.refusal import Code, refusal, shown

TIME_FIELDS: Final = ("timestamp", "originalTimestamp", "sentAt", "receivedAt")
"""Where Segment and RudderStack put it; the first that is there counts."""

EARLIEST_MS: Final = 946_684_800_000
"""2000-01-01: nothing before it is a customer's event."""

LATEST_MS: Final = 32_503_680_000_000
"""3000-01-01: a bound even for event time, so that time plus a wait can still be written as a date."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Where milliseconds count from."""
_ALLOWED: Final = "write ISO 8601 such as 2026-01-02T03:04:05.678Z, or epoch milliseconds as a number"


def happened(record: Mapping[str, Any]) -> int | None:
    """UTC milliseconds of the event's own time stamp; None when it has none.

    Raises:
        BadRecord: bad_timestamp, for one that is no moment.
    """
    stamp = record.get("timestamp")
    if type(stamp) is str:
        try:
            since = datetime.fromisoformat(stamp) - EPOCH
        except (ValueError, TypeError):
            pass
        else:
            return since.days * 86_400_000 + (since.seconds * 1000 + since.microseconds // 1000)
    field = time_field(record)
    if field is None:
        return None
    try:
        return read_moment(record[field])
    except ValueError as error:
        raise refusal(Code.BAD_TIMESTAMP, f"'{field}' is {error}") from None


def time_field(record: Mapping[str, Any]) -> str | None:
    """The name of the field that tells when it happened; null and the empty text tell nothing."""
    return next((field for field in TIME_FIELDS if record.get(field) not in (None, "")), None)


def read_moment(stamp: Any) -> int:
    """UTC milliseconds of one time stamp; without an offset it is UTC.

    Raises:
        ValueError: with what came and what is allowed.
    """
    if type(stamp) is int or type(stamp) is float:
        return int(stamp)
    if type(stamp) is not str:
        raise ValueError(f"{shown(stamp)}: {_ALLOWED}")
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError:
        raise ValueError(f"{shown(stamp)}, which is no moment: {_ALLOWED}") from None
    since = (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)) - EPOCH
    return since.days * 86_400_000 + (since.seconds * 1000 + since.microseconds // 1000)
