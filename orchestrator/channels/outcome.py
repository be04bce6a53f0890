"""What a sender says of one try.

Accepted   the provider has it
Bounced    the address takes nothing: for good (hard) or at present (soft)
Refused    the provider takes this message never
Later      nothing was sent this time; it is tried again
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

BounceKind = Literal["hard", "soft"]


@dataclass(frozen=True, slots=True)
class Accepted:
    """Handed on. ``delivered`` where the provider says that it has arrived, not only that it will try."""

    delivered: bool = False


@dataclass(frozen=True, slots=True)
class Bounced:
    """The recipient's address is at fault, and another try does not mend it."""

    kind: BounceKind
    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The message will never be taken, and it is not the address: another message may be."""

    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """Tried again, unless it expires before or was tried often enough.

    ``after_ms`` is the least time to wait, if the provider names one. ``of_recipient`` says that the recipient's side
    is the reason (a full mailbox), so that it tells nothing about the provider and opens no circuit breaker.
    """

    reason: str
    after_ms: int | None = None
    of_recipient: bool = False


Outcome = Accepted | Bounced | Refused | Later
