"""What people allow the shop to send them, and take back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from orchestrator.shop.person import Person
from orchestrator.shop.visit import Visit

_SAY_YES = {"email": 0.66, "ads": 0.5, "sms": 0.34, "push": 0.45}
_TAKE_BACK = 0.1
_TAKEN_BACK_AFTER_MS = 45_000


class Withdrawal(NamedTuple):
    """A consent taken back in the preference centre."""

    at_ms: int
    visit: Visit
    channel: str


def choices(person: Person, platform: str) -> dict[str, bool]:
    """The answer for each channel that the shop asks for at registration."""
    rng = person.rng("consent")
    answers = {channel: rng.random() < share for channel, share in _SAY_YES.items()}
    if person.phone is None:
        del answers["sms"]
    if platform == "desktop":
        del answers["push"]
    return answers


def withdrawal(person: Person, given: Sequence[str], later: Sequence[Visit]) -> Withdrawal | None:
    """What the person takes back at the end of one of the later visits, if anything."""
    rng = person.rng("withdrawal")
    if not given or not later or rng.random() >= _TAKE_BACK:
        return None
    visit = rng.choice(later)
    return Withdrawal(visit.end_ms + _TAKEN_BACK_AFTER_MS, visit, rng.choice(given))
