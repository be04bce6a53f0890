"""Rules of this file: an outcome is put down to the action that caused it, and counts once.

- What names an action by ``action_id`` is its outcome. A purchase that names none is put down to the last that was said
  before it within the window: to no service message, and to nothing that failed.
- What is known of a message only ever goes further (``contacts.Contact.further``), so late and repeated news change
  nothing twice, and the order in which they come does not matter.
- A purchase is put down to one action, once; several may be put down to one action.
- All is logged as lines of kind "outcome", the publication too: what outcomes are compared with.
"""

from __future__ import annotations

import math
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from orchestrator.engine.calendar import wall_of, zone_of
from orchestrator.engine.contacts import Contact
from orchestrator.engine.policy import Attribution
from orchestrator.engine.treatment import CONSENT_FREE
from orchestrator.errors import Unmet
from orchestrator.events.event import Event
from orchestrator.events.view import View
from orchestrator.moments import format_moment

if TYPE_CHECKING:
    from orchestrator.engine.turn import Turn

WON_KEPT: Final = 16
"""Of so many purchases that are put down to one action it is known that they have come, the newest."""

_NO_STAY: Final = View({}, {})
_FOLLOWS: Final = frozenset({"clicked", "replied"})


def tell_published(turn: Turn, contact: Contact, propensity: float | None = None) -> None:
    """Logs that something was said; ``propensity`` is how likely the customer was thought to follow, if known."""
    _log(turn, contact, "published", contact.at, was=None, propensity=propensity)


def tell(turn: Turn, contact: Contact, was: Contact, at: int) -> None:
    """Logs what became of a message at a moment, if it is more than was known."""
    if contact.state != was.state:
        followed = contact.state in _FOLLOWS and was.state not in _FOLLOWS and not contact.won
        _log(turn, contact, contact.state, at, was=was.state, followed=followed)


def credit(turn: Turn, event: Event) -> None:
    """Puts a purchase down to what was said, if it is one and there is anything."""
    attribution = turn.env.attribution
    if attribution is None or event.name not in attribution.events:
        return
    contacts, purchase = turn.customer.contacts, _digest(event)
    if any(purchase in contact.won for contact in contacts):
        return
    named = event.properties.get("action_id")
    found = contacts.get(named) if isinstance(named, str) else None
    joined = "action_id"
    if found is None or not found.counts:
        found, joined = _last_touch(turn, event, attribution), "last_touch"
    if found is None:
        return
    first = not found.won
    contact = found._replace(won=(*found.won, purchase)[-WON_KEPT:])
    turn.customer.contacts = contacts.with_(contact)
    _log(
        turn,
        contact,
        "converted",
        event.timestamp,
        was=contact.state,
        joined=joined,
        value=_value(turn, attribution),
        first=first,
        followed=first and contact.state not in _FOLLOWS,
    )


def _last_touch(turn: Turn, event: Event, attribution: Attribution) -> Contact | None:
    since = event.timestamp - attribution.window_ms
    for contact in reversed(turn.customer.contacts):
        if since < contact.at <= event.timestamp and contact.counts and contact.purpose not in CONSENT_FREE:
            return contact
    return None


def _value(turn: Turn, attribution: Attribution) -> int | float | None:
    if attribution.value is None:
        return None
    try:
        value = attribution.value.evaluate(turn.event_view(), turn.customer_view(), _NO_STAY, turn.catalog)
    except Unmet:
        return None
    usable = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return value if usable else None


def _digest(event: Event) -> str:
    return blake2b(event.id.encode(), digest_size=8).hexdigest()


def _log(
    turn: Turn,
    contact: Contact,
    what: str,
    at: int,
    *,
    was: str | None,
    joined: str = "action_id",
    value: int | float | None = None,
    first: bool = True,
    followed: bool = False,
    propensity: float | None = None,
) -> None:
    zone = zone_of(turn.customer, turn.env.policy.timezone)
    turn.say(
        {
            "kind": "outcome",
            "customer_id": turn.customer_id,
            "at": format_moment(at),
            "action_id": contact.id,
            "action": contact.action,
            "channel": contact.channel,
            "group": contact.group or None,
            "goal": contact.goal or None,
            "journey": contact.journey or None,
            "what": what,
            "was": was,
            "joined": joined,
            "first": first,
            "followed": followed,
            "value": value,
            "sent_at": format_moment(contact.at),
            "delay_ms": max(0, at - contact.at),
            "sent_hour": wall_of(contact.at, zone).hour,
            "hour": wall_of(at, zone).hour,
            "propensity": propensity,
            "trigger": turn.trigger(),
        }
    )
