"""The people that the generator makes up for the user numbers of the source. None of them exists."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

# Numbers that the regulators keep for fiction: Ofcom's mobile range, 555-0100 to 555-0199 in North America,
# and the Berlin range of the Bundesnetzagentur.
_PHONES = {
    "en-GB": ("+447700900", 1000, 3),
    "en-US": ("+1{area}55501", 100, 2),
    "de-DE": ("+493023125", 1000, 3),
}
_AREAS = ("212", "312", "415")
_TIMEZONES = {
    "en-GB": ("Europe/London",),
    "en-US": ("America/New_York", "America/Chicago", "America/Los_Angeles"),
    "de-DE": ("Europe/Berlin",),
}
_LOCALES = ("en-GB",) * 11 + ("en-US",) * 6 + ("de-DE",) * 3
_MAIL_DOMAINS = ("example.com", "example.net", "example.org")
_FIRST_NAMES = {
    "en": (
        "Aisha", "Amelia", "Arthur", "Ben", "Carys", "Chloe", "Daniel", "Edith", "Ethan", "Freya", "George", "Grace",
        "Hannah", "Harvey", "Imogen", "Isaac", "Jasmine", "Joel", "Kofi", "Laila", "Liam", "Maya", "Mei", "Nadia",
        "Noah", "Olive", "Omar", "Priya", "Rosa", "Ruth", "Samuel", "Sofia", "Theo", "Uma", "Victor", "Willa",
        "Yusuf", "Zoe",
    ),
    "de": ("Anton", "Clara", "Emre", "Frieda", "Greta", "Jonas", "Lena", "Mats", "Mila", "Paul", "Selin", "Till"),
}  # fmt: skip
_LAST_NAMES = {
    "en": (
        "Abbott", "Adeyemi", "Barlow", "Castillo", "Chen", "Dawson", "Evans", "Fletcher", "Hughes", "Iqbal", "Kaur",
        "Lowe", "Marsh", "Novak", "Okafor", "Patel", "Quinn", "Reyes", "Shah", "Turner", "Ward", "Young",
    ),
    "de": ("Albrecht", "Brandt", "Fischer", "Kaya", "Lorenz", "Neumann", "Vogel", "Winter"),
}  # fmt: skip
_SHARING_ONE_IN = 15


@dataclass(frozen=True, slots=True)
class Person:
    """One customer: the user number of the source, and a made-up person around it."""

    seed: int
    user_id: str
    first_name: str | None
    last_name: str
    email: str
    phone: str | None
    locale: str
    timezone: str

    def rng(self, purpose: str) -> Random:
        """A generator of this person's own, so that nobody's events depend on anybody else's."""
        return Random(f"{self.seed}:{self.user_id}:{purpose}")

    def traits(self) -> dict[str, Any]:
        """What the person tells the shop when registering."""
        given = {"first_name": self.first_name, "last_name": self.last_name, "email": self.email, "phone": self.phone}
        known = {name: value for name, value in given.items() if value is not None}
        return known | {"locale": self.locale, "timezone": self.timezone}

    def shares(self, platform: str) -> bool:
        """Whether the device of this kind is used by two customers of one household."""
        return platform != "mobile" and _number(self.user_id) % _SHARING_ONE_IN in (0, 1)

    def anonymous_id(self, platform: str) -> str:
        """The id that the tracker keeps on the device of this kind."""
        owner = _number(self.user_id)
        if self.shares(platform):
            owner -= owner % _SHARING_ONE_IN
        digest = hashlib.sha256(f"{self.seed}:{owner}:{platform}".encode()).digest()
        return str(UUID(bytes=digest[:16], version=4))


def person(user_id: str, seed: int) -> Person:
    """The person behind a user number."""
    rng = Random(f"{seed}:{user_id}:person")
    locale = rng.choice(_LOCALES)
    language = locale[:2]
    first, last = rng.choice(_FIRST_NAMES[language]), rng.choice(_LAST_NAMES[language])
    tells_first_name, tells_phone = rng.random() < 0.86, rng.random() < 0.72
    return Person(
        seed=seed,
        user_id=user_id,
        first_name=first if tells_first_name else None,
        last_name=last,
        email=f"{first if tells_first_name else 'post'}.{last}.{_number(user_id)}@{rng.choice(_MAIL_DOMAINS)}".lower(),
        phone=_phone(locale, rng) if tells_phone else None,
        locale=locale,
        timezone=rng.choice(_TIMEZONES[locale]),
    )


def _phone(locale: str, rng: Random) -> str:
    prefix, count, digits = _PHONES[locale]
    return prefix.format(area=rng.choice(_AREAS)) + f"{rng.randrange(count):0{digits}d}"


def _number(user_id: str) -> int:
    return int(user_id.removeprefix("user_"))
