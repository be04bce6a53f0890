"""What a project recommends by."""

from __future__ import annotations

from dataclasses import dataclass

VIEWED, ADDED, BOUGHT = range(3)
"""Places in what is kept of a product that a customer touched: when they last did so, in UTC milliseconds, or 0."""


@dataclass(frozen=True, slots=True)
class Recommending:
    """What a project recommends by: the events that say so, and for how long a purchase counts as just made.

    ``viewed_before_ms`` is how long before a purchase a view counts as having led to it. ``per_category`` is how many
    of one category are recommended at once, None for any number.
    """

    viewed: tuple[str, ...]
    added: tuple[str, ...]
    bought: tuple[str, ...]
    just_bought_ms: int
    viewed_before_ms: int
    per_category: int | None = None

    @property
    def events(self) -> frozenset[str]:
        """All of them."""
        return frozenset((*self.viewed, *self.added, *self.bought))
