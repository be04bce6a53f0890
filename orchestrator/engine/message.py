"""What reaches a record beside its events, and what it sends to others.

Claim    to an anonymous id's home: this user was seen with it
Absorb   to a user's home: the record that an anonymous id had until it was claimed
Granted  to a user's home: the anonymous id is theirs, and there is no record to hand over
Release  to a user's home: an anonymous id of theirs belongs to somebody else from now on
Follow   an event goes on to the home of the customer who owns its anonymous id
Bid      to a pool's home: an offer asks for a place of a channel or queue that takes only so many
GiveBack to a pool's home: an offer needs its place, or the next one, no more
Place    to a customer's home: the offer has a place
Full     to a customer's home: there is no place for the offer
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Claim:
    """``to`` is the anonymous id's key; ``at`` when it was seen with the user. Each claim is answered."""

    to: str
    user: str
    at: int


@dataclass(frozen=True, slots=True)
class Absorb:
    """``merge_id`` makes it idempotent; ``record`` is the JSON of a customer, ``seen`` its digests in hex.

    ``history`` are the events that were kept of them, the oldest first, ``answers`` those to requests about them.
    """

    to: str
    merge_id: str
    record: dict[str, Any]
    seen: str
    history: list[dict[str, Any]] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Granted:
    """``anonymous`` is the user's."""

    to: str
    anonymous: str


@dataclass(frozen=True, slots=True)
class Release:
    """``anonymous`` went to another user at ``at``."""

    to: str
    anonymous: str
    at: int


@dataclass(frozen=True, slots=True)
class Follow:
    """The event under work belongs to ``to``."""

    to: str


@dataclass(frozen=True, slots=True)
class Bid:
    """``to`` is the pool's key; in one pool the least ``rank`` comes first, then who asked first."""

    to: str
    customer: str
    action_id: str
    rank: list[float]
    asked_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class GiveBack:
    """As the ``Bid``; ``window`` names the window of which there is a place, None if it still waits."""

    to: str
    action_id: str
    rank: list[float]
    asked_at: int
    window: int | None


@dataclass(frozen=True, slots=True)
class Place:
    """A place of the window that began at ``window``, to be used before ``until``; ``asked_at`` is of the ``Bid``."""

    to: str
    pool: str
    action_id: str
    asked_at: int
    window: int
    until: int


@dataclass(frozen=True, slots=True)
class Full:
    """``detail`` says it to a person; ``asked_at`` is of the ``Bid``."""

    to: str
    pool: str
    action_id: str
    asked_at: int
    detail: str


ToCustomer = Claim | Absorb | Granted | Release | Place | Full
ToPool = Bid | GiveBack
Message = ToCustomer | ToPool
_KINDS: dict[str, type[Message]] = {
    "claim": Claim,
    "absorb": Absorb,
    "granted": Granted,
    "release": Release,
    "bid": Bid,
    "giveback": GiveBack,
    "place": Place,
    "full": Full,
}


def encode(message: Message) -> bytes:
    """The value that travels on ``customer-events``."""
    return orjson.dumps({"kind": type(message).__name__.lower(), **asdict(message)})


def decode(value: bytes) -> Message:
    """The message of ``encode``'s bytes. Raises ValueError, KeyError or TypeError for anything else."""
    fields = orjson.loads(value)
    return _KINDS[fields.pop("kind")](**fields)
