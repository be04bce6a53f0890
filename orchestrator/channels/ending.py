"""How an action ended, as it is remembered and reported."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from orchestrator.channels.outcome import Accepted, Bounced, BounceKind, Later, Outcome, Refused


class Fate(StrEnum):
    """The one word for it; all but ``SENT`` are reasons of a failure."""

    SENT = "sent"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    BOUNCED = "bounced"
    REFUSED = "refused"
    GAVE_UP = "gave_up"


@dataclass(frozen=True, slots=True)
class Ending:
    """``at`` is when (UTC ms), ``detail`` why, ``bounce`` what the address has to do with it."""

    fate: Fate
    at: int
    detail: str = ""
    bounce: BounceKind | None = None
    delivered: bool = False

    def encode(self) -> bytes:
        """Short, since there is one for each action of the last days."""
        fields: dict[str, Any] = {"fate": self.fate, "at": self.at}
        if self.detail:
            fields["detail"] = self.detail
        if self.bounce:
            fields["bounce"] = self.bounce
        if self.delivered:
            fields["delivered"] = True
        return orjson.dumps(fields)

    @classmethod
    def decode(cls, value: bytes) -> Ending:
        """The ending of ``encode``'s bytes."""
        fields = orjson.loads(value)
        return cls(**{**fields, "fate": Fate(fields["fate"])})


def ending_of(outcome: Outcome, now: int) -> Ending | None:
    """What a try ends in; None if it is to be tried again."""
    match outcome:
        case Accepted(delivered=delivered):
            return Ending(Fate.SENT, now, delivered=delivered)
        case Bounced(kind=kind, reason=reason):
            return Ending(Fate.BOUNCED, now, reason, kind)
        case Refused(reason=reason):
            return Ending(Fate.REFUSED, now, reason)
        case Later():
            return None
