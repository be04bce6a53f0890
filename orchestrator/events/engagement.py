"""What the names of events about messages say: ours, and those of Segment's email and mobile specs.

https://segment.com/docs/connections/spec/email/ and https://segment.com/docs/connections/spec/mobile/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

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

NOT_OF_CUSTOMER: Final = frozenset(
    {
        *("Message Sent", "Message Delivered", "Message Failed", "Message Cancel Missed"),
        *("Email Delivered", "Push Notification Received"),
        *BOUNCED,
        *("Order Updated", "Order Shipped", "Order Delivered", "Order Refunded", "Payment Received"),
        *("Subscription Renewed", "Subscription Ended", "Profile Updated"),
    }
)
"""What a sender, a warehouse or a bank does is nothing that the customer does: it ends no absence."""

_FIRST_WORDS: Final = ("Message ", "Email ", "Push Notification ", "SMS ")


def is_about_message(name: str) -> bool:
    """Whether an event is about a message: what became of it, or what the customer did with it."""
    return name.startswith(_FIRST_WORDS) or name in UNSUBSCRIBED or name == SURVEY_ANSWERED
