"""The event that asks for a journey, whoever asks."""

from __future__ import annotations

from typing import Any

from orchestrator.events.event import JOURNEY_REQUESTED
from orchestrator.moments import format_moment


def journey_requested(
    journey: str, customer: str, data: dict[str, Any] | None, *, anonymous: bool, id_: str, at: int
) -> dict[str, Any]:
    """As a track call; ``id_`` is its message id, ``at`` UTC milliseconds."""
    return {
        "type": "track",
        "event": JOURNEY_REQUESTED,
        "messageId": id_,
        "anonymousId" if anonymous else "userId": customer,
        "timestamp": format_moment(at),
        "properties": {"journey": journey, **({"data": data} if data is not None else {})},
    }
