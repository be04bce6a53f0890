"""What the names of events about messages say: ours, and those of Segment's email and mobile specs.

https://segment.com/docs/connections/spec/email/ and https://segment.com/docs/connections/spec/mobile/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

SURVEY_ANSWERED: Final = "Survey Answered"

UNSUBSCRIBED: Final[Mapping[str, str | None]] = {
    "Message Unsubscribed": None,
    "Unsubscribed": "email",
    "Email Marked as Spam": "email",
}
"""The customer wants no more; by name, the channel if it follows from the name, else it is a property."""

BOUNCED: Final[Mapping[str, str | None]] = {
    "Message Bounced": None,
    "Email Bounced": "email",
    "Push Notification Bounced": "push",
}
"""The customer can't be reached; the channel as above."""

OPENED: Final = frozenset(
    {
        *("Message Opened", "Message Clicked", "Email Opened", "Email Link Clicked", "Push Notification Tapped"),
        SURVEY_ANSWERED,
    }
)
"""The customer has seen what was sent: whoever clicks or answers has, too."""

OUTCOMES: Final[Mapping[str, str]] = {
    "Message Sent": "sent",
    "Message Cancel Missed": "sent",
    **dict.fromkeys(("Message Delivered", "Email Delivered", "Push Notification Received"), "delivered"),
    **dict.fromkeys(("Message Failed", *BOUNCED), "failed"),
    "Message Dismissed": "dismissed",
    **dict.fromkeys(("Message Opened", "Email Opened"), "opened"),
    **dict.fromkeys(("Message Clicked", "Email Link Clicked", "Push Notification Tapped"), "clicked"),
    **dict.fromkeys(("Message Replied", SURVEY_ANSWERED), "replied"),
}
"""What became of a message, by the name of the event that tells it."""

NOT_OF_CUSTOMER: Final = frozenset(
    {
        *("Message Sent", "Message Delivered", "Message Failed", "Message Cancel Missed"),
        *("Email Delivered", "Push Notification Received"),
        *BOUNCED,
        *("Order Updated", "Order Shipped", "Order Delivered", "Order Refunded", "Payment Received"),
        *("Subscription Renewed", "Subscription Ended", "Profile Updated", "Suppressed", "Unsuppressed"),
    }
)
"""What a sender, a warehouse or a bank does is nothing that the customer does: it ends no absence."""

_TEMPORARY: Final = frozenset({"soft", "transient", "temporary", "deferred"})
_FIRST_WORDS: Final = ("Message ", "Email ", "Push Notification ", "SMS ")


def is_about_message(name: str) -> bool:
    """Whether an event is about a message: what became of it, or what the customer did with it."""
    return name.startswith(_FIRST_WORDS) or name in UNSUBSCRIBED or name == SURVEY_ANSWERED


def is_hard_bounce(properties: Mapping[str, Any]) -> bool:
    """Whether nothing will ever arrive there: by ``kind``, or ``bounce_type`` as others say it; without them it is."""
    kind = properties.get("kind", properties.get("bounce_type"))
    return not (isinstance(kind, str) and kind.lower() in _TEMPORARY)


def outcome_of(name: str, properties: Mapping[str, Any]) -> tuple[str, str] | None:
    """The ``action_id`` of a message and what became of it; None if an event tells nothing of the kind.

    After a soft bounce the message may still arrive.
    """
    state, id_ = OUTCOMES.get(name), properties.get("action_id")
    if state is None or not isinstance(id_, str) or (name in BOUNCED and not is_hard_bounce(properties)):
        return None
    return id_, state
