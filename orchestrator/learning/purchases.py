"""Rules of this file: what the purchases on one partition of ``journey-log`` say of what goes with what.

Bounded, so that it fits into one record: of more than ``PRODUCTS_KEPT`` products those go that were bought and viewed
least, weighed by age. What is dropped is the rare; what is left of it is exact up to there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from orchestrator.engine.cooccurrence import HALF_LIFE_MS, Affinity, Purchase, learnt

PRODUCTS_KEPT: Final = 1_000
_DROPPED_AT_ONCE: Final = 100


class Purchases:
    """Affinities of one partition, by product."""

    KIND: Final = "purchases"
    LINE: Final = b'{"kind":"purchase",'

    __slots__ = ("affinities", "newest")

    def __init__(self) -> None:
        self.affinities: dict[str, Affinity] = {}
        self.newest = 0

    def take(self, line: Mapping[str, Any]) -> None:
        """Learns from a line of kind "purchase". Raises KeyError, TypeError or ValueError for a damaged one."""
        at = round(datetime.fromisoformat(line["at"]).timestamp() * 1000)
        self.affinities |= learnt(self.affinities.get, Purchase.of_line(line, at))
        self.newest = max(self.newest, at)
        if len(self.affinities) > PRODUCTS_KEPT + _DROPPED_AT_ONCE:
            kept = sorted(self.affinities.items(), key=lambda item: (-self._weight(item[1]), item[0]))
            self.affinities = dict(kept[:PRODUCTS_KEPT])

    def plain(self) -> dict[str, Any]:
        """As JSON has it; the same purchases in the same order are the same bytes."""
        return {"affinities": {product: found.to_json() for product, found in sorted(self.affinities.items())}}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Purchases:
        """What ``plain`` says. Raises KeyError, TypeError or ValueError for something else."""
        made = cls()
        made.affinities = {str(product): Affinity.from_json(each) for product, each in plain["affinities"].items()}
        made.newest = max((affinity.at for affinity in made.affinities.values()), default=0)
        return made

    def _weight(self, affinity: Affinity) -> float:
        return (affinity.bought + affinity.viewed) * float(2.0 ** ((affinity.at - self.newest) / HALF_LIFE_MS))
