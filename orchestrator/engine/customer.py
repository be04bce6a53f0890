"""The record of one customer: all that is known, where they stand, and what is open towards them."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Final

import orjson

from orchestrator.engine.contacts import NO_CONTACTS, Contacts

USER: Final = "u:"
ANONYMOUS: Final = "a:"
ALIASES_KEPT: Final = 64
MERGES_KEPT: Final = 256
OFFERS_KEPT: Final = 64
PAST_KEPT: Final = 256
UNHEARD_KEPT: Final = 32
EXPERIMENTS_KEPT: Final = 256

RESERVED: Final = b"\x01"
"""How the keys of records begin that belong to no customer, beside those of the customers."""

CUSTOMERS: Final = (USER.encode(), ANONYMOUS.encode())
"""How the keys of customers' records begin."""

PARTS: Final = b"\x02"
"""How the keys begin of what is kept apart from a customer's record."""

_SEPARATOR: Final = b"\x00"  # JSON text never holds it


def stay_key(journey: str, value: str) -> str:
    """The key of a stay: one at a time for each value of the entry's ``key``."""
    return f"{journey}/{value}" if value else journey


@dataclass(slots=True, init=False)
class Instance:
    """One stay of a customer in one journey.

    ``key`` is unique for the customer: the journey's name, and ``value``, that of the entry's key, if it has one.
    ``origin`` is the customer's key at entry and ``entry`` the event that began it: the ids of its
    actions are made of them, so that they survive a merge. ``step`` is None once the last step is
    done and only its offers and goals are watched. ``due`` is when the wait ends, ``since`` when it began.
    ``laps`` counts how often it went on elsewhere, so that a step that is taken again speaks with ids of its
    own. ``said`` has, for the steps whose message is awaited, the id of their last action, empty once it was
    opened.
    """

    journey: str
    version: str
    key: str
    origin: str
    entered_at: int
    entry: dict[str, Any]
    step: str | None
    due: int | None
    since: int | None
    last: dict[str, Any] | None
    value: str
    laps: int
    said: dict[str, str]

    def __init__(
        self,
        journey: str,
        version: str,
        key: str,
        origin: str,
        entered_at: int,
        entry: dict[str, Any],
        step: str | None = None,
        due: int | None = None,
        since: int | None = None,
        last: dict[str, Any] | None = None,
        value: str = "",
        laps: int = 0,
        said: dict[str, str] | None = None,
    ) -> None:
        self.journey = journey
        self.version = version
        self.key = key
        self.origin = origin
        self.entered_at = entered_at
        self.entry = entry
        self.step = step
        self.due = due
        self.since = since
        self.last = last
        self.value = value
        self.laps = laps
        self.said = said if said is not None else {}

    def copy(self) -> Instance:
        """As it is now; ``dataclasses.replace`` takes five times as long."""
        return Instance(
            self.journey,
            self.version,
            self.key,
            self.origin,
            self.entered_at,
            self.entry,
            self.step,
            self.due,
            self.since,
            self.last,
            self.value,
            self.laps,
            self.said,
        )

    @property
    def set_aside(self) -> bool:
        """Whether another stay has its key now, and only its offers are watched."""
        return self.key != stay_key(self.journey, self.value)


@dataclass(slots=True, init=False)
class Offer:
    """An action that is held until ``due``, or published (``due`` is None) and can still be withdrawn.

    One that stands in a ``placement`` is of no stay in a journey: ``instance``, ``journey``, ``version`` and ``step``
    are empty, ``place`` is where it stands, from 1 on, and ``cause`` what is kept of the event that it was chosen at.
    ``since`` is when it was first decided about: of two that matter the same, the earlier one goes before.
    """

    id: str
    instance: str
    journey: str
    version: str
    step: str
    action: str
    channel: str
    purpose: str
    customer_id: str
    trigger: dict[str, Any]
    expires_at: int
    due: int | None
    placement: str
    place: int
    cause: dict[str, Any] | None
    since: int

    def __init__(
        self,
        id: str,  # noqa: A002 - the name of the field
        instance: str,
        journey: str,
        version: str,
        step: str,
        action: str,
        channel: str,
        purpose: str,
        customer_id: str,
        trigger: dict[str, Any],
        expires_at: int,
        due: int | None,
        placement: str = "",
        place: int = 0,
        cause: dict[str, Any] | None = None,
        since: int = 0,
    ) -> None:
        self.id = id
        self.instance = instance
        self.journey = journey
        self.version = version
        self.step = step
        self.action = action
        self.channel = channel
        self.purpose = purpose
        self.customer_id = customer_id
        self.trigger = trigger
        self.expires_at = expires_at
        self.due = due
        self.placement = placement
        self.place = place
        self.cause = cause
        self.since = since


@dataclass(slots=True)
class Chain:
    """Where a held offer stands in its action's chain, the first being 0.

    ``sent`` has the ids of the links that went out before it, and whether only a click stops the chain, and not that
    the message was opened.
    """

    number: int
    sent: dict[str, bool] = field(default_factory=dict)


@dataclass(slots=True)
class Past:
    """The last stay in a journey that limits re-entry."""

    entered_at: int
    entries: int = 1


@dataclass(slots=True)
class Assignment:
    """The arm of an experiment that was given at a moment."""

    arm: str
    at: int


@dataclass(slots=True)
class Consent:
    """A yes or a no to messages of one purpose on one channel."""

    given: bool
    at: int
    source: str | None = None


@dataclass(slots=True)
class Ticket:
    """What an offer has of a pool: a place of the window that began at ``window``, or it waits for one.

    ``rank`` and ``asked_at`` are where in the order it waits. A place may be used before ``until``; None waits.
    One that is ``used`` is given back only if the sender says that nothing was sent. ``only`` is the channel that the
    offer may still go out on, since there was no place on its own; without a ``pool`` it has nothing to give back.
    """

    pool: str
    rank: list[float]
    asked_at: int
    window: int = 0
    until: int | None = None
    used: bool = False
    only: str = ""


@dataclass(slots=True)
class Customer:
    """A known customer (``u:`` and the userId) or an anonymous visitor (``a:`` and the anonymousId).

    ``seen`` holds the digests of the last message ids, each with the second in which it came.
    ``next_due`` is the earliest moment at which something of this record falls due. ``claimed`` has
    the anonymous ids whose records may be on their way here, with the id of the event that tied each,
    and ``unheard`` the events since then, which the stays on their way have not heard. ``adapted``
    is the ``Env.adaption`` that the record was last brought up to. ``alarms`` has by name when
    something falls due beside waits and offers: see ``engine/alarms.py``. ``armed`` is what the alarms
    of entries go by and ``served`` the last occasion of each journey that was: see ``engine/timetable.py``.
    ``entered`` has the moments that count for caps, by journey. ``places`` has since when the customer is
    inside of a circle, and ``located`` when that was last known. ``computed`` has for each
    computed trait the version of its definition and its state, ``segments`` the sorted names of those
    that the customer belongs to, and ``history`` the numbers of the first and the last chunk of the
    events that are kept apart, and how many these are. ``experiments`` has the arms that the customer
    was given, by experiment and holdout. ``surveys`` has the last answer to each survey: score, kind and
    moment. ``campaign`` is what the visit came by, and ``at`` when: see ``engine/visit.py``. ``contacts``
    are the messages that were published for the customer. ``site`` is when the customer was
    last on the site and ``calls`` since when they are on the line, by call; with a minus, when they left:
    see ``engine/presence.py``. ``suppressed`` has by channel whether the customer is not to be contacted,
    ``consent_from`` from when a yes counts that was dated in the future.
    ``hours`` counts the messages that they opened in each hour of their day.
    ``tickets`` are what offers have of channels and queues that take only so many, by action id: see
    ``engine/capacity.py``.
    ``placed`` is what stands in each placement: see ``engine/standing.py``.
    ``chains`` are the offers that follow others, by id: see ``engine/chain.py``.
    """

    key: str
    first_seen: int
    last_seen: int
    traits: dict[str, Any] = field(default_factory=dict)
    trait_times: dict[str, int] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)
    consents: dict[str, Consent] = field(default_factory=dict)
    bounced: dict[str, int] = field(default_factory=dict)
    quiet: dict[str, int] = field(default_factory=dict)
    instances: dict[str, Instance] = field(default_factory=dict)
    offers: dict[str, Offer] = field(default_factory=dict)
    placed: dict[str, list[list[Any]]] = field(default_factory=dict)
    past: dict[str, Past] = field(default_factory=dict)
    experiments: dict[str, Assignment] = field(default_factory=dict)
    merged: list[str] = field(default_factory=list)
    claimed: dict[str, str] = field(default_factory=dict)
    unheard: list[dict[str, Any]] = field(default_factory=list)
    adapted: str = ""
    alarms: dict[str, int] = field(default_factory=dict)
    armed: list[str | None] = field(default_factory=list)
    served: dict[str, int] = field(default_factory=dict)
    entered: dict[str, list[int]] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    located: int = 0
    computed: dict[str, list[Any]] = field(default_factory=dict)
    segments: list[str] = field(default_factory=list)
    history: list[int] = field(default_factory=list)
    surveys: dict[str, list[Any]] = field(default_factory=dict)
    campaign: dict[str, Any] = field(default_factory=dict)
    products: dict[str, list[int]] = field(default_factory=dict)
    contacts: Contacts = NO_CONTACTS
    suppressed: dict[str, Consent] = field(default_factory=dict)
    consent_from: dict[str, int] = field(default_factory=dict)
    site: int = 0
    calls: dict[str, int] = field(default_factory=dict)
    hours: list[int] = field(default_factory=list)
    tickets: dict[str, Ticket] = field(default_factory=dict)
    chains: dict[str, Chain] = field(default_factory=dict)
    seen: bytes = b""
    next_due: int | None = None

    @property
    def id(self) -> str:
        """The id without its kind: what producers and channels know."""
        return self.key[2:]

    @property
    def known(self) -> bool:
        """Whether there is a userId."""
        return self.key.startswith(USER)


@dataclass(slots=True)
class Pointer:
    """An anonymous id that is owned by a customer: later events under it follow to ``to``."""

    key: str
    to: str
    at: int


Record = Customer | Pointer

_OPTIONAL: Final = (
    "traits",
    "trait_times",
    "aliases",
    "consents",
    "bounced",
    "quiet",
    "instances",
    "offers",
    "placed",
    "past",
    "experiments",
    "merged",
    "claimed",
    "unheard",
    "adapted",
    "alarms",
    "armed",
    "served",
    "entered",
    "places",
    "located",
    "computed",
    "segments",
    "history",
    "suppressed",
    "consent_from",
    "surveys",
    "campaign",
    "site",
    "calls",
    "hours",
    "tickets",
    "products",
    "chains",
)
_optional: Final = attrgetter(*_OPTIONAL)
_PARTS_OF_RECORD: Final[tuple[tuple[str, Any], ...]] = (
    ("instances", Instance),
    ("offers", Offer),
    ("chains", Chain),
    ("past", Past),
    ("experiments", Assignment),
    ("consents", Consent),
    ("tickets", Ticket),
    ("suppressed", Consent),
)


def to_json(record: Record) -> dict[str, Any]:
    """The record as plain JSON values, without what is empty and without ``seen``."""
    if isinstance(record, Pointer):
        return {"key": record.key, "to": record.to, "at": record.at}
    plain: dict[str, Any] = {"key": record.key, "first_seen": record.first_seen, "last_seen": record.last_seen}
    plain |= {name: value for name, value in zip(_OPTIONAL, _optional(record), strict=True) if value}
    if record.contacts:
        plain["contacts"] = record.contacts.text
    if record.next_due is not None:
        plain["next_due"] = record.next_due
    return plain


def is_customer(key: bytes) -> bool:
    """Whether the record under a key of the store or the changelog is one that ``decode`` reads."""
    return not key.startswith((RESERVED, PARTS))


def encode(record: Record) -> bytes:
    """The bytes that the store and the changelog hold; what is decoded from them has the same bytes again."""
    text = orjson.dumps(to_json(record))
    return text if isinstance(record, Pointer) else text + _SEPARATOR + record.seen


def decode(value: bytes) -> Record:
    """The record of ``encode``'s bytes."""
    text, _, seen = value.partition(_SEPARATOR)
    return from_json(orjson.loads(text), seen)


def from_json(plain: dict[str, Any], seen: bytes) -> Record:
    """The record of ``to_json``'s values, taking them over."""
    if "to" in plain:
        return Pointer(**plain)
    parts: dict[str, Any] = {
        name: {key: kind(**value) for key, value in plain[name].items()}
        for name, kind in _PARTS_OF_RECORD
        if name in plain
    }
    if "contacts" in plain:
        parts["contacts"] = Contacts(plain["contacts"])
    return Customer(**plain | parts if parts else plain, seen=seen)
