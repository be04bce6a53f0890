"""Who is who: an anonymous id is claimed for a user, its record moves there once, later events follow.

Pointers only ever lead from an anonymous id to a user, so they cannot form a loop, whatever order
a producer asked for. Of two users who claim one anonymous id (a shared device) the newer claim owns
it from then on; what came before stays where it went.

A claim and the record that it brings take their time. What the user does meanwhile is kept until the
answer is there, and the stays that come along hear it then: a purchase right after the login ends the
cart's journey, even if both were decided before the cart arrived.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from orchestrator.engine import answers, derived, history
from orchestrator.engine.adapt import adapt
from orchestrator.engine.assignment import unite_experiments
from orchestrator.engine.browsing import unite_products
from orchestrator.engine.capacity import reopen, unite_tickets
from orchestrator.engine.chain import unite_chains
from orchestrator.engine.contact import bound
from orchestrator.engine.contacts import united
from orchestrator.engine.customer import (
    ALIASES_KEPT,
    ANONYMOUS,
    MERGES_KEPT,
    UNHEARD_KEPT,
    USER,
    Consent,
    Customer,
    Instance,
    Past,
    Pointer,
    encode,
    from_json,
    to_json,
)
from orchestrator.engine.entries import bound_past, reentry_refusal
from orchestrator.engine.home import Home
from orchestrator.engine.journey import ANY
from orchestrator.engine.message import Absorb, Claim, Granted, Release
from orchestrator.engine.offering import bound_offers, settle, withdraw, withdraw_unwanted
from orchestrator.engine.presence import unite_presence
from orchestrator.engine.profile import set_consent, set_suppressed
from orchestrator.engine.progress import hear_in, leave
from orchestrator.engine.reunion import unite_alarms
from orchestrator.engine.seen import unite
from orchestrator.engine.send_time import unite_hours
from orchestrator.engine.surveys import keep
from orchestrator.engine.turn import Step, Turn
from orchestrator.engine.visit import unite_campaigns
from orchestrator.engine.waits import follow
from orchestrator.events.engagement import is_about_message
from orchestrator.events.event import ALIASED, Event
from orchestrator.moments import format_moment


def subject_of(event: Event) -> str:
    """The key of the record that an event is about."""
    return USER + event.user_id if event.user_id is not None else ANONYMOUS + str(event.anonymous_id)


def tie(turn: Turn, event: Event) -> None:
    """Claims the anonymous ids that an event under its own userId shows to be this user's."""
    customer = turn.customer
    for anonymous in _shown_with(event):
        if anonymous in customer.aliases:
            continue
        customer.aliases[anonymous] = event.timestamp
        if len(customer.aliases) > ALIASES_KEPT:
            del customer.aliases[min(customer.aliases, key=lambda alias: (customer.aliases[alias], alias))]
        customer.claimed.setdefault(anonymous, event.id)
        if len(customer.claimed) > ALIASES_KEPT:
            del customer.claimed[next(iter(customer.claimed))]
        turn.send(Claim(ANONYMOUS + anonymous, customer.key, event.timestamp))


def keep_unheard(turn: Turn, event: Event) -> None:
    """While claims are open: keeps an event that a stay on its way might hear."""
    customer, heard, name = turn.customer, turn.env.heard, event.name
    told = is_about_message(name) or name in turn.env.credited
    if name in heard or ANY in heard or told or event.id in customer.claimed.values():
        customer.unheard.append(_kept(event))
        del customer.unheard[:-UNHEARD_KEPT]


def claim(record: Customer | Pointer | None, message: Claim, now: int, home: Home) -> Step:
    """At the home of the anonymous id: hands its record over and leaves a pointer."""
    pointer = Pointer(message.to, message.user, message.at)
    if record is None:
        return Step(pointer, forwards=[_granted(message)])
    if isinstance(record, Pointer):
        return _claim_again(record, message, pointer, now)
    merge_id, moved = _merge_id(message, record), history.hand_over(record, home.chunks)
    answered = answers.hand_over(record, home.chunks)
    absorb = Absorb(message.user, merge_id, to_json(record), record.seen.hex(), moved, answered)
    return Step(pointer, forwards=[absorb], log=[_line("claimed", message.user, message.to, now, None)])


def absorb(turn: Turn, message: Absorb) -> None:
    """At the user's home: unites the record that the anonymous id had with the user's own, once."""
    customer = turn.customer
    other = from_json(message.record, bytes.fromhex(message.seen))
    assert isinstance(other, Customer)
    unheard = _answered(customer, other.id)
    if message.merge_id in customer.merged:
        return
    customer.merged.append(message.merge_id)
    del customer.merged[:-MERGES_KEPT]
    adapt(turn)
    _unite_profile(customer, other)
    customer.seen = unite(customer.seen, other.seen, turn.env.dedupe_count)
    moved = _unite_journeys(turn, customer, other)
    unite_tickets(customer, other)
    _unite_past(customer, other)
    _unite_placed(turn, other)
    customer.contacts = bound(united(customer.contacts, other.contacts), turn.env.policy.contact, turn.now)
    unite_alarms(customer, other)
    answers.take_in(customer, turn.home.chunks, message.answers, turn.now)
    unite_presence(customer, other)
    unite_hours(customer, other)
    changes = derived.unite(turn, other, message.history)
    unite_experiments(customer, other)
    # What came along may be of older definitions than what was here.
    customer.adapted = other.adapted
    adapt(turn)
    turn.say(_line("merged", customer.key, other.key, turn.now, f"{len(moved)} journeys moved"))
    follow(turn)
    withdraw_unwanted(turn)
    bound_offers(turn)
    _hear_unheard(turn, moved, unheard)
    derived.settle(turn, changes)


def granted(customer: Customer, message: Granted) -> Step:
    """At the user's home: the anonymous id is theirs, and nothing comes along."""
    _answered(customer, message.anonymous)
    return Step(customer)


def release(customer: Customer, message: Release, now: int) -> Step:
    """At the former owner's home: the id is no longer theirs, so the next event with both claims it anew."""
    _answered(customer, message.anonymous)
    tied_at = customer.aliases.get(message.anonymous)
    if tied_at is None or tied_at > message.at:
        return Step(customer)
    del customer.aliases[message.anonymous]
    return Step(
        customer,
        log=[_line("released", customer.key, ANONYMOUS + message.anonymous, now, "another user was seen with it")],
    )


def _shown_with(event: Event) -> tuple[str, ...]:
    ids = () if event.anonymous_id is None else (event.anonymous_id,)
    return (*ids, event.previous_id) if event.name == ALIASED and event.previous_id is not None else ids


def _claim_again(record: Pointer, message: Claim, pointer: Pointer, now: int) -> Step:
    if record.to == message.user:
        record.at = max(record.at, message.at)
        return Step(record, forwards=[_granted(message)])
    if (message.at, message.user) <= (record.at, record.to):
        loser = Release(message.user, message.to[2:], record.at)
        return Step(
            record,
            forwards=[loser],
            log=[_line("shared", record.to, message.to, now, f"kept: the claim of {message.user[2:]} is older")],
        )
    loser = Release(record.to, message.to[2:], message.at)
    return Step(
        pointer,
        forwards=[loser, _granted(message)],
        log=[_line("shared", message.user, message.to, now, f"was {record.to[2:]}'s until now")],
    )


def _granted(message: Claim) -> Granted:
    return Granted(message.user, message.to[2:])


def _answered(customer: Customer, anonymous: str) -> list[dict[str, Any]]:
    """Closes a claim; the events that a stay under the anonymous id has not heard, from the tie on."""
    tied_by, unheard = customer.claimed.pop(anonymous, None), customer.unheard
    if not customer.claimed:
        customer.unheard = []
    if tied_by is None:
        return []
    first = next((place for place, event in enumerate(unheard) if event["id"] == tied_by), 0)
    return unheard[first:]


def _merge_id(message: Claim, record: Customer) -> str:
    return blake2b("\x1f".join((message.to, message.user)).encode() + encode(record), digest_size=12).hexdigest()


def _kept(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "name": event.name,
        "timestamp": event.timestamp,
        "at": event.at,
        "properties": event.properties,
        "traits": event.traits,
        "traceparent": event.traceparent,
    }


def _unite_profile(customer: Customer, other: Customer) -> None:
    unite_campaigns(customer, other)
    unite_products(customer, other)
    customer.first_seen = min(customer.first_seen, other.first_seen)
    customer.last_seen = max(customer.last_seen, other.last_seen)
    _unite_traits(customer, other)
    for key, consent in other.consents.items():
        set_consent(customer, key, Consent(consent.given, consent.at, consent.source), other.consent_from.get(key))
    for channel, word in other.suppressed.items():
        set_suppressed(customer, channel, word)
    for name, answer in other.surveys.items():
        keep(customer, name, answer)
    for mine, theirs in ((customer.bounced, other.bounced), (customer.quiet, other.quiet)):
        for key, moment in theirs.items():
            mine[key] = max(moment, mine.get(key, 0))


def _unite_placed(turn: Turn, other: Customer) -> None:
    """Of two answers for one placement that of the customer holds, and the other one is withdrawn."""
    customer, now = turn.customer, turn.now
    for name, rows in other.placed.items():
        if all(row[3] <= now for row in customer.placed.get(name, ())):
            customer.placed[name] = rows
            continue
        for made in [customer.offers.get(row[1]) for row in rows if row[3] > now]:
            if made is not None:
                withdraw(turn, made, f"something else stands in {name} now")


def _unite_past(customer: Customer, other: Customer) -> None:
    for key, past in other.past.items():
        mine_past = customer.past.get(key)
        entries = past.entries + (mine_past.entries if mine_past else 0)
        customer.past[key] = Past(max(past.entered_at, mine_past.entered_at if mine_past else 0), entries)
    bound_past(customer.past)


def _unite_traits(customer: Customer, other: Customer) -> None:
    """The newer word on each trait; that it was removed is a word too."""
    for name in {**other.traits, **other.trait_times}:
        at, mine_at = other.trait_times.get(name, 0), customer.trait_times.get(name, 0)
        if at < mine_at or (at == mine_at and name in customer.traits):
            continue
        if at:
            customer.trait_times[name] = at
        if name in other.traits:
            customer.traits[name] = other.traits[name]
        else:
            customer.traits.pop(name, None)


def _unite_journeys(turn: Turn, customer: Customer, other: Customer) -> list[Instance]:
    """Of two stays under one key the older goes on; what the other still held is dropped.

    A stay that the user has had before, and may not have again, ends here.
    """
    own_offers = set(customer.offers)
    for made in other.offers.values():
        customer.offers.setdefault(made.id, made)
    unite_chains(customer, other)
    moved = []
    for key, instance in other.instances.items():
        mine = customer.instances.get(key)
        keeps_mine = mine is not None and _seniority(mine) <= _seniority(instance)
        if mine is not None:
            _drop(turn, instance if keeps_mine else mine, set(other.offers) - own_offers if keeps_mine else own_offers)
        if keeps_mine:
            continue
        customer.instances[key] = instance
        refusal = _refusal(turn, key, instance) if mine is None else None
        if refusal is None:
            moved.append(instance)
        else:
            leave(turn, instance, refusal)
    return moved


def _refusal(turn: Turn, key: str, instance: Instance) -> str | None:
    """Why the user themselves could not have begun this stay."""
    journey = turn.journey(instance.journey, instance.version)
    return reentry_refusal(turn, journey.entry, key, instance.entered_at) if instance.step is not None else None


def _seniority(instance: Instance) -> tuple[bool, int, str]:
    return instance.step is None, instance.entered_at, instance.origin


def _drop(turn: Turn, instance: Instance, offers: set[str]) -> None:
    for made in list(turn.customer.offers.values()):
        if made.instance == instance.key and made.due is not None and made.id in offers:
            withdraw(turn, made, "the same journey was open under another id of this customer")
    turn.note("merged", instance, instance.step, "the older stay under the same key goes on")


def _hear_unheard(turn: Turn, moved: list[Instance], unheard: list[dict[str, Any]]) -> None:
    """The user's own stays have heard these events: the moved ones hear them now."""
    for kept in unheard:
        event = Event(**kept, user_id=turn.customer.id, anonymous_id=None, previous_id=None, context={})
        heard = turn.about(event)
        reopen(heard, event)
        settle(heard, event)
        for instance in moved:
            if turn.customer.instances.get(instance.key) is instance:
                hear_in(heard, event, instance)


def _line(happened: str, owner: str, anonymous: str, now: int, reason: str | None) -> dict[str, Any]:
    return {
        "kind": "identity",
        "customer_id": owner[2:],
        "anonymous_id": anonymous[2:],
        "at": format_moment(now),
        "happened": happened,
        "reason": reason,
    }
