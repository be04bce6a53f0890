"""What an event tells about the customer. The newest time stamp wins, whatever the order of arrival."""

from __future__ import annotations

from typing import Any, Final

from orchestrator.engine.customer import Consent, Customer
from orchestrator.engine.visit import arrive, is_over
from orchestrator.events.engagement import BOUNCED, NOT_OF_CUSTOMER, UNSUBSCRIBED, is_hard_bounce
from orchestrator.events.event import (
    CONSENT_CHANGED,
    IDENTIFIED,
    PAGE_VIEWED,
    PREFERENCES_CHANGED,
    SUPPRESSED,
    UNSUPPRESSED,
    Event,
)

ALL_CHANNELS: Final = "*"
PREFERRED: Final = "preferred_channel"
"""The trait with the customer's own choice: a channel, or a list of them, the dearest first."""

OF_SUPPRESSION: Final = frozenset({SUPPRESSED, UNSUPPRESSED})
OF_PERMISSION: Final = frozenset({CONSENT_CHANGED, PREFERENCES_CHANGED, *UNSUBSCRIBED, *BOUNCED, *OF_SUPPRESSION})
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


def yes_counts_from(customer: Customer, channel: str, purpose: str) -> int | None:
    """From when the newest word counts, in UTC milliseconds, if it is a yes that was dated in the future."""
    word = consent_of(customer, channel, purpose)
    keys = (f"{channel}/{purpose}", f"{ALL_CHANNELS}/{purpose}")
    return next((customer.consent_from.get(key) for key in keys if customer.consents.get(key) is word), None)


def set_consent(customer: Customer, key: str, consent: Consent, counts_from: int | None = None) -> None:
    """Keeps the newer of two; at the same moment a no wins."""
    old = customer.consents.get(key)
    if old is None or _rank(consent) > _rank(old):
        waits = counts_from is not None and (old is None or not old.given or key in customer.consent_from)
        customer.consents[key] = consent
        customer.consent_from.pop(key, None)
        if counts_from is not None and waits:
            customer.consent_from[key] = counts_from


def _hear(customer: Customer, key: str, event: Event, given: bool, source: str | None) -> None:
    """A word counts in the order in which it was said, or heard, if its date is in the future.

    Of such a word a no counts at once, and a yes from its date on.
    """
    early = event.timestamp > event.at
    consent = Consent(given, min(event.timestamp, event.at), source)
    set_consent(customer, key, consent, event.timestamp if early and given else None)


def set_suppressed(customer: Customer, channel: str, word: Consent) -> None:
    """Keeps the newer word on whether a customer is not to be contacted; at the same moment that they are not."""
    old = customer.suppressed.get(channel)
    if old is None or _rank(word) > _rank(old):
        customer.suppressed[channel] = word


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
    channel = _text(properties.get("channel"))
    if event.name in OF_SUPPRESSION:
        given = event.name == UNSUPPRESSED
        word = Consent(given, min(event.timestamp, event.at), _text(properties.get("source")))
        set_suppressed(customer, channel or ALL_CHANNELS, word)
        return not given
    purpose = _text(properties.get("purpose")) or "marketing"
    if event.name == CONSENT_CHANGED:
        given = properties.get("given") is True
        _hear(customer, f"{channel or ALL_CHANNELS}/{purpose}", event, given, _text(properties.get("source")))
        return not given
    if event.name == PREFERENCES_CHANGED:
        if PREFERRED in properties:
            set_trait(customer, PREFERRED, properties[PREFERRED], event.timestamp)
        return False
    if event.name in UNSUBSCRIBED:
        place = UNSUBSCRIBED[event.name] or channel or ALL_CHANNELS
        source = _text(properties.get("source")) or "unsubscribed"
        _hear(customer, f"{place}/{purpose}", event, False, source)
        return True
    bounced = BOUNCED[event.name] or channel
    if bounced is None or not is_hard_bounce(properties):
        return False
    customer.bounced[bounced] = max(event.timestamp, customer.bounced.get(bounced, 0))
    return True


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
