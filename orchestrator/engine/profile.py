"""What an event tells about the customer. The newest time stamp wins, whatever the order of arrival."""

from __future__ import annotations

from typing import Any, Final

from orchestrator.engine.customer import Consent, Customer
from orchestrator.engine.visit import arrive, is_over
from orchestrator.events.engagement import BOUNCED, NOT_OF_CUSTOMER, UNSUBSCRIBED, is_hard_bounce
from orchestrator.events.event import CONSENT_CHANGED, IDENTIFIED, PAGE_VIEWED, PREFERENCES_CHANGED, Event

ALL_CHANNELS: Final = "*"
PREFERRED: Final = "preferred_channel"
"""The trait with the customer's own choice: a channel, or a list of them, the dearest first."""

OF_PERMISSION: Final = frozenset({CONSENT_CHANGED, PREFERENCES_CHANGED, *UNSUBSCRIBED, *BOUNCED})
_CONTACTS: Final = frozenset({"email", "phone", "push_token"})


def learn(customer: Customer, event: Event) -> bool:
    """Takes over traits, consent and reachability; True if consent or reachability may have got worse.

    A second time it changes nothing.
    """
    timestamp = event.timestamp
    if timestamp < customer.first_seen:
        customer.first_seen = timestamp
    if timestamp > customer.last_seen and event.name not in NOT_OF_CUSTOMER:
        if customer.campaign and is_over(customer, timestamp):
            customer.campaign = {}
        customer.last_seen = timestamp
    if event.traits and event.name == IDENTIFIED:
        _traits(customer, event.traits, event.timestamp)
    if event.context:
        _locale(customer, event)
    if event.name == PAGE_VIEWED or "campaign" in event.context:
        arrive(customer, event)
    return event.name in OF_PERMISSION and _permission(customer, event)


def consent_of(customer: Customer, channel: str, purpose: str) -> Consent | None:
    """The newest word of the customer on this channel, be it for it alone or for all; of two at once, a no."""
    own = customer.consents.get(f"{channel}/{purpose}")
    general = customer.consents.get(f"{ALL_CHANNELS}/{purpose}")
    if own is None or (general is not None and _rank(general) > _rank(own)):
        return general
    return own


def set_consent(customer: Customer, key: str, consent: Consent) -> None:
    """Keeps the newer of two; at the same moment a no wins."""
    old = customer.consents.get(key)
    if old is None or _rank(consent) > _rank(old):
        customer.consents[key] = consent


def _rank(consent: Consent) -> tuple[int, bool]:
    return consent.at, not consent.given


def set_trait(customer: Customer, name: str, value: Any, at: int) -> None:
    """Keeps the newer value; None removes the trait. Who has a new address can be reached again."""
    if customer.trait_times.get(name, at) > at:
        return
    if name in _CONTACTS and value != customer.traits.get(name):
        customer.bounced.clear()
    customer.trait_times[name] = at
    if value is None:
        customer.traits.pop(name, None)
    else:
        customer.traits[name] = value


def _traits(customer: Customer, traits: dict[str, Any], at: int) -> None:
    for name, value in traits.items():
        set_trait(customer, name, value, at)


def _locale(customer: Customer, event: Event) -> None:
    for name in ("locale", "timezone"):
        value = event.context.get(name)
        if isinstance(value, str) and name not in customer.traits:
            customer.traits[name] = value


def _permission(customer: Customer, event: Event) -> bool:
    properties = event.properties
    if event.name == CONSENT_CHANGED:
        given = properties.get("given")
        consent = Consent(given is True, event.timestamp, _text(properties.get("source")))
        set_consent(
            customer,
            f"{_text(properties.get('channel')) or ALL_CHANNELS}/{_text(properties.get('purpose')) or 'marketing'}",
            consent,
        )
        return not consent.given
    if event.name == PREFERENCES_CHANGED:
        if PREFERRED in properties:
            set_trait(customer, PREFERRED, properties[PREFERRED], event.timestamp)
        return False
    if event.name in UNSUBSCRIBED:
        channel = UNSUBSCRIBED[event.name] or _text(properties.get("channel")) or ALL_CHANNELS
        purpose = _text(properties.get("purpose")) or "marketing"
        set_consent(customer, f"{channel}/{purpose}", Consent(False, event.timestamp, "unsubscribed"))
        return True
    if is_hard_bounce(properties):
        bounced = BOUNCED[event.name] or _text(properties.get("channel"))
        if bounced is not None:
            customer.bounced[bounced] = max(event.timestamp, customer.bounced.get(bounced, 0))
            return True
    return False


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
