"""What became of an action, as events on ``events.engagement``.

Each action ends in exactly one of *Message Sent* and *Message Failed*. *Message Bounced* and *Message Delivered* stand
beside it where they are known. The message ids are made of the action's, so a repeated report is a duplicate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from orchestrator.channels.action import Action, Cancel
from orchestrator.channels.ending import Ending, Fate
from orchestrator.moments import format_moment

SENT: Final = "Message Sent"
DELIVERED: Final = "Message Delivered"
BOUNCED: Final = "Message Bounced"
FAILED: Final = "Message Failed"
CANCEL_MISSED: Final = "Message Cancel Missed"

OUTCOMES: Final[Mapping[str, str]] = {
    "sent": SENT,
    "delivered": DELIVERED,
    "opened": "Message Opened",
    "clicked": "Message Clicked",
    "dismissed": "Message Dismissed",
    "replied": "Message Replied",
    "bounced": BOUNCED,
    "failed": FAILED,
    "unsubscribed": "Message Unsubscribed",
}
"""The events by the word that their ids end with."""

_DETAIL_LENGTH: Final = 500


def reports(action: Action, ending: Ending) -> Iterator[bytes]:
    """The events that tell it, in their order."""
    if ending.fate is Fate.SENT:
        yield _event(SENT, "sent", action, ending.at, {})
        if ending.delivered:
            yield _event(DELIVERED, "delivered", action, ending.at, {})
        return
    detail = {"detail": ending.detail[:_DETAIL_LENGTH]}
    if ending.bounce is not None:
        yield _event(BOUNCED, "bounced", action, ending.at, {"kind": ending.bounce, **detail})
    yield _event(FAILED, "failed", action, ending.at, {"reason": str(ending.fate), **detail})


def cancel_missed(cancel: Cancel, anonymous: bool, sent_at: int, now: int) -> bytes:
    """The event that a cancel came too late; times are UTC ms."""
    text = f"it was sent at {format_moment(sent_at)}; the cancel's reason: {cancel.reason}"
    detail = {"detail": text[:_DETAIL_LENGTH]}
    return _event(CANCEL_MISSED, "cancel-missed", cancel, now, detail, anonymous=anonymous)


def headers_of(of: Action | Cancel) -> list[tuple[str, bytes]]:
    """The trace context goes on with them."""
    return [("traceparent", of.traceparent.encode())] if of.traceparent else []


def _event(
    name: str, word: str, of: Action | Cancel, at: int, more: dict[str, Any], anonymous: bool | None = None
) -> bytes:
    unknown = of.anonymous if isinstance(of, Action) else anonymous
    properties = {"action_id": of.action_id, "channel": of.channel, "journey": of.journey, **more}
    return orjson.dumps(
        reported(name, f"{of.action_id}/{word}", of.customer_id, properties, anonymous=bool(unknown), at=at)
    )


def reported(
    name: str, id_: str, customer: str, properties: Mapping[str, Any], *, anonymous: bool, at: int
) -> dict[str, Any]:
    """A report as a track call; ``id_`` is its message id, ``at`` UTC milliseconds."""
    return {
        "type": "track",
        "event": name,
        "messageId": id_,
        "anonymousId" if anonymous else "userId": customer,
        "timestamp": format_moment(at),
        "properties": properties,
    }
