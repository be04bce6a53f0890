"""When the shop knows who is there: visits begin anonymously, some people log in, some never do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from orchestrator.shop.person import Person
from orchestrator.shop.visit import Visit

_NEEDS_ACCOUNT = frozenset({"account_page", "wishlist_add", "shipping_details", "payment_details", "purchase"})
_NEVER = 0.35
_REGISTERS_UNASKED = 0.12
_STAYS_LOGGED_IN = 0.7
_LOGS_IN_UNASKED = 0.4


@dataclass(frozen=True, slots=True)
class Login:
    """Who one visit is known to be of.

    From row ``known_from`` on the events carry the user id; None is a visit that stays anonymous.
    ``identifies`` says that an identify call comes just before that row, ``registers`` that it is the first.
    """

    known_from: int | None
    identifies: bool = False
    registers: bool = False


def logins(person: Person, visits: Sequence[Visit]) -> list[Login]:
    """The login of each of one person's visits."""
    rng = person.rng("login")
    if rng.random() < _NEVER and not any(row.action == "purchase" for visit in visits for row in visit.rows):
        return [Login(None)] * len(visits)
    found: list[Login] = []
    registered, trusted = False, set[str]()
    for visit in visits:
        login = _later(person, visit, trusted, rng) if registered else _first(visit, rng)
        if login.known_from is not None:
            registered = True
            trusted.add(visit.platform)
        found.append(login)
    return found


def _first(visit: Visit, rng: Random) -> Login:
    at = _asked(visit)
    if at is None and rng.random() < _REGISTERS_UNASKED:
        at = len(visit.rows) // 2
    return Login(at, identifies=at is not None, registers=at is not None)


def _later(person: Person, visit: Visit, trusted: set[str], rng: Random) -> Login:
    remembered = visit.platform in trusted and not person.shares(visit.platform)
    if remembered and rng.random() < _STAYS_LOGGED_IN:
        return Login(0)
    at = _asked(visit)
    if at is None and rng.random() < _LOGS_IN_UNASKED:
        at = len(visit.rows) // 2
    return Login(at, identifies=at is not None)


def _asked(visit: Visit) -> int | None:
    """The first row that the shop shows to logged-in customers only."""
    return next((index for index, row in enumerate(visit.rows) if row.action in _NEEDS_ACCOUNT), None)
