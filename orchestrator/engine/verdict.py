"""What a gate says of an offer that is due."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """Not now or not at all, by a rule and in words for a person.

    ``until`` is when the offer is looked at again, in UTC milliseconds; None refuses it for good. ``elsewhere``: it
    speaks against this channel alone, and another one of the same action may be tried at once.
    What is ``answered`` is looked at earlier, as soon as an answer comes, and may be held until it expires.
    """

    rule: str
    detail: str
    until: int | None = None
    elsewhere: bool = False
    answered: bool = False
