"""Who is not to be contacted: by an event that says so, or by a list of the project."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from orchestrator.engine.contact_policy import ContactPolicy, Message
from orchestrator.engine.customer import Customer
from orchestrator.engine.verdict import Verdict
from orchestrator.moments import format_moment

DIGEST_LENGTH: Final = 16
_EVERYWHERE: Final = "*"


def digest_of(entry: str) -> str:
    """What a list holds of an address or an id: the beginning of its SHA-256 in hex, of lower case without blanks."""
    return sha256(entry.strip().lower().encode()).hexdigest()[:DIGEST_LENGTH]


def digests_in(text: str) -> frozenset[str]:
    """Those of a text in which one stands after the other."""
    return frozenset(text[at : at + DIGEST_LENGTH] for at in range(0, len(text), DIGEST_LENGTH))


def suppressed(customer: Customer, policy: ContactPolicy, message: Message, address: str | None) -> Verdict | None:
    """Why a customer is not to get a message at all; ``address`` is where it would go."""
    if customer.suppressed and policy.suppressed.binds(message):
        for place in (_EVERYWHERE, message.channel):
            word = customer.suppressed.get(place)
            if word is not None and not word.given:
                where = "everywhere" if place == _EVERYWHERE else f"on {place}"
                source = f" by {word.source}" if word.source else ""
                detail = f"suppressed {where} since {format_moment(word.at)}{source}"
                return Verdict("suppressed", detail, elsewhere=place != _EVERYWHERE)
    for rule in policy.suppressions:
        if rule.scope.binds(message):
            for what, entry in (("address", address), ("customer id", customer.id)):
                if entry is not None and digest_of(entry) in rule.digests:
                    return Verdict("suppressed", f"the {what} is on the suppression list '{rule.name}'")
    return None
