"""The event that asks for a journey, whoever asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.events.event import JOURNEY_REQUESTED
from orchestrator.moments import format_moment


def journey_requested(
    journey: str,
    customer: str,
    data: dict[str, Any] | None,
    *,
    anonymous: bool,
    id_: str,
    at: int,
    by: str | None = None,
    edits: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """As a track call; ``id_`` is its message id, ``at`` UTC milliseconds, ``by`` the partner who asks."""
    told = {"data": data, "by": by, "edits": dict(edits) if edits else None}
    return {
        "type": "track",
        "event": JOURNEY_REQUESTED,
        "messageId": id_,
        "anonymousId" if anonymous else "userId": customer,
        "timestamp": format_moment(at),
        "properties": {"journey": journey, **{name: value for name, value in told.items() if value is not None}},
    }
