"""Rules of this file: what follows a message of a chain, and what stops it.

The link after the one that is out is an offer of the same stay, held until it is due: so it is dropped with the stay,
waits while the journey is paused, goes along when records become one, and stays with the version that it began in. It
has an id of its own, made of that of the link before it.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b
from typing import Final

from orchestrator.engine.action import Action, Link
from orchestrator.engine.customer import Chain, Customer, Offer
from orchestrator.events.engagement import UNSUBSCRIBED, outcome_of
from orchestrator.events.event import Event

_CLICKED: Final = frozenset({"clicked", "replied"})
_OPENED: Final = _CLICKED | {"opened"}
_FAILED: Final = "failed"


def place_of(customer: Customer, made: Offer) -> Chain:
    """Where an offer stands in its chain; the first link is not written down."""
    return customer.chains.get(made.id) or Chain(0)


def retry_id(id_: str, number: int) -> str:
    """The id of what follows a message on another channel, or goes beside it; a replay gives it again."""
    return blake2b(f"{id_}\x1f{number}".encode(), digest_size=16).hexdigest()


def following(customer: Customer, action: Action, made: Offer, *, sent: bool, now: int) -> Offer | None:
    """The link after an offer that was ``sent`` now, or never will be: it is due then; None after the last one."""
    chain = customer.chains.pop(made.id, None) or Chain(0)
    number = chain.number + 1
    if number >= len(action.chain):
        return None
    link, treatment = action.chain[chain.number], action.on(action.chain[number].channel)
    due = now + link.within_ms if sent else now
    id_ = retry_id(made.id, number)
    customer.chains[id_] = Chain(number, {**chain.sent, made.id: link.clicked} if sent else chain.sent)
    return replace(made, id=id_, channel=treatment.channel.name, due=due, expires_at=due + treatment.expires_ms)


def waits_for(link: Link) -> str:
    """What the trace says of the link after one that is out."""
    return f"it follows if the {link.channel} message is not {'clicked' if link.clicked else 'opened'} in time"


def heed(customer: Customer, event: Event, now: int) -> list[tuple[Offer, str]]:
    """What an event about a message means for the links that wait: those that must not follow, with the reason.

    If the last link has failed, the next one is due now.
    """
    id_, told = str(event.properties.get("action_id")), outcome_of(event.name, event.properties)
    state = "clicked" if event.name in UNSUBSCRIBED else told[1] if told is not None else ""
    stopped = []
    for waiting, chain in customer.chains.items():
        made = customer.offers.get(waiting)
        if made is None or made.due is None or id_ not in chain.sent:
            continue
        if state in _answers(clicked=chain.sent[id_]):
            stopped.append((made, f"{event.name} came: the chain ends"))
        elif state == _FAILED and id_ == next(reversed(chain.sent)):
            made.due = min(made.due, now)
    return stopped


def followers(customer: Customer, made: Offer) -> list[Offer]:
    """The links that wait after a message."""
    waiting = [id_ for id_, chain in customer.chains.items() if made.id in chain.sent]
    return [customer.offers[id_] for id_ in waiting if id_ in customer.offers]


def answered(customer: Customer, chain: Chain) -> bool:
    """Whether the customer has answered a link that went before."""
    contacts = map(customer.contacts.get, chain.sent)
    return any(
        contact is not None and contact.state in _answers(clicked=chain.sent[contact.id]) for contact in contacts
    )


def unite_chains(customer: Customer, other: Customer) -> None:
    """What waits in another record of the same customer."""
    for id_, chain in other.chains.items():
        customer.chains.setdefault(id_, chain)


def _answers(*, clicked: bool) -> frozenset[str]:
    return _CLICKED if clicked else _OPENED
