"""Which input topic an event belongs on, by its name; and the names that are known there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from orchestrator.events.cloudevents import segment_data
from orchestrator.events.engagement import SURVEY_ANSWERED
from orchestrator.events.event import (
    ALIASED,
    CONSENT_CHANGED,
    GROUPED,
    IDENTIFIED,
    JOURNEY_REQUESTED,
    LOCATION_CHANGED,
    PAGE_VIEWED,
    PREFERENCES_CHANGED,
    SCREEN_VIEWED,
    SUPPRESSED,
    UNSUPPRESSED,
)

CLICK: Final = "events.click"
CALL: Final = "events.call"
PURCHASE: Final = "events.purchase"
ENGAGEMENT: Final = "events.engagement"
PROFILE: Final = "events.profile"

KNOWN_NAMES: Final[Mapping[str, frozenset[str]]] = {
    CLICK: frozenset(
        {
            PAGE_VIEWED,
            SCREEN_VIEWED,
            # Segment's e-commerce spec without the orders.
            *("Products Searched", "Product List Viewed", "Product List Filtered", "Promotion Viewed"),
            *("Promotion Clicked", "Product Clicked", "Product Viewed", "Product Added", "Product Removed"),
            *("Cart Viewed", "Cart Shared", "Product Shared", "Product Reviewed", "Product Added to Wishlist"),
            *("Product Removed from Wishlist", "Wishlist Product Added to Cart", "Checkout Started"),
            *("Checkout Step Viewed", "Checkout Step Completed", "Payment Info Entered", "Coupon Entered"),
            *("Coupon Applied", "Coupon Denied", "Coupon Removed"),
            # Segment's mobile spec without the push messages.
            *("Application Installed", "Application Opened", "Application Updated", "Application Backgrounded"),
            *("Application Uninstalled", "Application Crashed", "Deep Link Clicked", "Deep Link Opened"),
            "Install Attributed",
            # Ours.
            *("Product Reviews Viewed", "Products Compared", "Checkout Failed", "Payment Failed", "Error Viewed"),
            *("Form Submitted", "Support Chat Started", "Support Chat Ended", "Signed In", "Signed Out", "Signed Up"),
        }
    ),
    CALL: frozenset(
        {
            *("Call Started", "Call Answered", "Call Transferred", "Call Ended", "Call Missed", "Call Abandoned"),
            *("Callback Requested", "Voicemail Left"),
        }
    ),
    PURCHASE: frozenset(
        {
            *("Order Completed", "Order Updated", "Order Refunded", "Order Cancelled", "Order Returned"),
            *("Order Shipped", "Order Delivered", "Payment Received"),
            *("Subscription Started", "Subscription Renewed", "Subscription Cancelled", "Subscription Ended"),
        }
    ),
    ENGAGEMENT: frozenset(
        {
            *("Message Sent", "Message Delivered", "Message Opened", "Message Clicked", "Message Dismissed"),
            *("Message Replied", "Message Bounced", "Message Unsubscribed", "Message Failed"),
            "Message Cancel Missed",
            SURVEY_ANSWERED,
            # Segment's email and mobile specs.
            *("Email Delivered", "Email Opened", "Email Link Clicked", "Email Bounced", "Email Marked as Spam"),
            *("Unsubscribed", "Push Notification Received", "Push Notification Tapped"),
            "Push Notification Bounced",
        }
    ),
    PROFILE: frozenset(
        {
            *(IDENTIFIED, ALIASED, GROUPED, CONSENT_CHANGED, PREFERENCES_CHANGED, JOURNEY_REQUESTED, LOCATION_CHANGED),
            *("Profile Updated", "Profile Deleted", "Location Entered", "Location Left", SUPPRESSED, UNSUPPRESSED),
        }
    ),
}
"""By logical topic: what a strict one takes."""

_TOPIC_OF_NAME: Final = {name: topic for topic, names in KNOWN_NAMES.items() for name in names}

# A word that stands alone before a space, so that "Callback Offered" is no call.
_TOPIC_OF_FIRST_WORD: Final = {
    "Call": CALL,
    "Order": PURCHASE,
    "Purchase": PURCHASE,
    "Subscription": PURCHASE,
    "Message": ENGAGEMENT,
    "Email": ENGAGEMENT,
    "SMS": ENGAGEMENT,
    "Push": ENGAGEMENT,
    "Survey": ENGAGEMENT,
    "Profile": PROFILE,
    "Consent": PROFILE,
    "Location": PROFILE,
}
_TOPIC_OF_CALL: Final = {"identify": PROFILE, "alias": PROFILE, "group": PROFILE, "page": CLICK, "screen": CLICK}


def topic_of(record: Mapping[str, Any]) -> str:
    """The logical topic of a Segment call or a CloudEvent; ``events.click`` for what is not known."""
    call = _call(record)
    kind = call.get("type")
    if type(kind) is str and kind in _TOPIC_OF_CALL and "specversion" not in call:
        return _TOPIC_OF_CALL[kind]
    name = kind if "specversion" in call else call.get("event")
    if type(name) is not str:
        return CLICK
    return _TOPIC_OF_NAME.get(name) or _TOPIC_OF_FIRST_WORD.get(name.partition(" ")[0], CLICK)


def key_of(record: Mapping[str, Any]) -> bytes:
    """The key that brings a record straight to its customer's home: the userId, else the anonymousId.

    It is empty when there is none: ``Intake`` will refuse such a record wherever it goes.
    """
    call = _call(record)
    subject = record.get("subject") if "specversion" in record else None
    for identity in (call.get("userId"), call.get("anonymousId"), subject):
        if (type(identity) is str and identity) or type(identity) is int:
            return str(identity).encode(errors="replace")
    return b""


def _call(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The Segment call inside of a CloudEvent, if there is one; else the record."""
    data = record.get("data")
    return data if "specversion" in record and segment_data(data) else record
