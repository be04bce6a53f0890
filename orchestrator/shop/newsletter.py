"""The shop's monthly newsletter: what its readers do with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from orchestrator.shop.person import Person

_DAY_MS = 86_400_000
_OPENED, _CLICKED, _UNSUBSCRIBED, _BOUNCED = 0.34, 0.2, 0.05, 0.008

# 09:00 UTC on the first Tuesday of February to June 2024.
_ISSUES_MS = {
    "02": 1_707_210_000_000,
    "03": 1_709_629_200_000,
    "04": 1_712_048_400_000,
    "05": 1_715_072_400_000,
    "06": 1_717_491_600_000,
}


class Reaction(NamedTuple):
    """One engagement event of the newsletter."""

    at_ms: int
    event: str
    properties: dict[str, Any]


def reactions(person: Person, from_ms: int, until_ms: int | None) -> Iterator[Reaction]:
    """The reactions of a person who may be written to between two times; nothing follows an unsubscribe or a bounce.

    That a newsletter was sent or delivered is not told: it is nothing that the customer does.
    """
    rng = person.rng("newsletter")
    for issue, sent_ms in _ISSUES_MS.items():
        if sent_ms < from_ms or (until_ms is not None and sent_ms >= until_ms):
            continue
        properties = {"channel": "email", "campaign": f"newsletter-{issue}"}
        if rng.random() < _BOUNCED:
            yield Reaction(sent_ms + 4_000, "Message Bounced", properties)
            return
        if rng.random() >= _OPENED:
            continue
        opened_ms = sent_ms + 60_000 + int(1.5 * _DAY_MS * rng.random() ** 2)
        yield Reaction(opened_ms, "Message Opened", properties)
        if rng.random() < _CLICKED:
            yield Reaction(opened_ms + 20_000, "Message Clicked", properties)
        elif rng.random() < _UNSUBSCRIBED:
            yield Reaction(opened_ms + 30_000, "Message Unsubscribed", properties)
            return
