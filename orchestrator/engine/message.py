"""What reaches a record beside its events, and what it sends to others.

Claim    to an anonymous id's home: this user was seen with it
Absorb   to a user's home: the record that an anonymous id had until it was claimed
Granted  to a user's home: the anonymous id is theirs, and there is no record to hand over
Release  to a user's home: an anonymous id of theirs belongs to somebody else from now on
Follow   an event goes on to the home of the customer who owns its anonymous id
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


Message = Claim | Absorb | Granted | Release
_KINDS: dict[str, type[Claim] | type[Absorb] | type[Granted] | type[Release]] = {
    "claim": Claim,
    "absorb": Absorb,
    "granted": Granted,
    "release": Release,
}


def encode(message: Message) -> bytes:
    """The value that travels on ``customer-events``."""
    return orjson.dumps({"kind": type(message).__name__.lower(), **asdict(message)})


def decode(value: bytes) -> Message:
    """The message of ``encode``'s bytes. Raises ValueError, KeyError or TypeError for anything else."""
    fields = orjson.loads(value)
    return _KINDS[fields.pop("kind")](**fields)
