"""What goes with what: learnt from purchases alone, product by product.

A purchase is learnt from as one ``Purchase``: what was bought, and what was looked at before. The engine writes it to
``journey-log`` as a line of kind "purchase"; whoever reads a partition of that log keeps an ``Affinity`` for each
product and gives ``learnt`` those that a purchase touches (``learning/purchases.py``). A ``Cooccurrence`` is the
immutable snapshot of the affinities of all partitions that recommendations are made of.

Counts lose half their weight in ``HALF_LIFE_MS`` (exponential decay, as in G. Cormode et al., "Forward decay", ICDE
2009), so that a purchase that comes late weighs what it would have weighed. The likeness of two products is the cosine
of their purchases (B. Sarwar et al., "Item-based collaborative filtering", WWW 2001), drawn towards nothing where
little is known: times n / (n + SHRINK), n being how often they met (Y. Koren, "Factorization meets the neighborhood",
KDD 2008).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

HALF_LIFE_MS: Final = 90 * 86_400_000
NEIGHBOURS_KEPT: Final = 20
"""Of each kind, for each product: those with the greatest weights."""
MOST_TOGETHER: Final = 20
"""Of a larger order the first count, or it would outweigh all others."""
POPULAR_KEPT: Final = 500
"""So many products are told apart by how much they are bought; the others follow as the catalogue has them."""
SHRINK: Final = 3.0
_FORGOTTEN: Final = 0.01
_DIGITS: Final = 6

Weights = Mapping[str, float]
Scores = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Purchase:
    """One customer's order: products without repetition, and what was viewed before of other products."""

    bought: tuple[str, ...]
    viewed: tuple[str, ...]
    at: int

    @classmethod
    def of_line(cls, line: Mapping[str, Any], at: int) -> Purchase:
        """The purchase of a line of ``journey-log``; ``at`` is its moment in UTC milliseconds."""
        return cls(tuple(line["bought"]), tuple(line["viewed"]), at)


@dataclass(frozen=True, slots=True)
class Affinity:
    """What is known of one product, weighed as of the moment ``at`` (UTC milliseconds).

    ``bought`` and ``viewed``: how often it was bought, and viewed before another was bought; ``together``: by product,
    how often both were in one order; ``then``: how often the other was bought after this one was viewed.
    """

    at: int
    bought: float = 0.0
    viewed: float = 0.0
    together: Weights = field(default_factory=lambda: MappingProxyType({}))
    then: Weights = field(default_factory=lambda: MappingProxyType({}))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "at": self.at,
            "bought": self.bought,
            "viewed": self.viewed,
            "together": dict(self.together),
            "then": dict(self.then),
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Affinity:
        """The affinity of ``to_json``. Raises KeyError, TypeError or ValueError for what is none."""
        together, then = (
            {str(key): float(value) for key, value in plain[name].items()} for name in ("together", "then")
        )
        return cls(int(plain["at"]), float(plain["bought"]), float(plain["viewed"]), together, then)

    def later(self, at: int) -> Affinity:
        """The same, weighed as of a later moment; what weighs next to nothing is forgotten."""
        left = _left(at - self.at)
        if left == 1.0:
            return self
        return Affinity(
            at,
            _rounded(self.bought * left),
            _rounded(self.viewed * left),
            _less(self.together, left),
            _less(self.then, left),
        )


def learnt(known: Callable[[str], Affinity | None], purchase: Purchase) -> dict[str, Affinity]:
    """The affinities that one purchase changes, by product, as they are after it.

    Args:
        known: the affinity of a product before it; None if there is none.
    """
    bought = tuple(dict.fromkeys(purchase.bought))[:MOST_TOGETHER]
    viewed = [product for product in dict.fromkeys(purchase.viewed) if product not in bought][:MOST_TOGETHER]
    changed: dict[str, Affinity] = {}
    for product in (*bought, *viewed):
        before = (known(product) or Affinity(purchase.at)).later(purchase.at)
        weight = _left(before.at - purchase.at)
        others = [other for other in bought if other != product]
        if product in bought:
            changed[product] = Affinity(
                before.at,
                _rounded(before.bought + weight),
                before.viewed,
                _more(before.together, others, weight),
                before.then,
            )
        else:
            changed[product] = Affinity(
                before.at,
                before.bought,
                _rounded(before.viewed + weight),
                before.together,
                _more(before.then, others, weight),
            )
    return changed


class Cooccurrence:
    """What several learners know, each of its own partition: affinities by product.

    What follows from it is worked out once, when something asks for it.
    """

    __slots__ = ("_after_view", "_popular", "_together", "_totals", "newest", "parts")

    def __init__(self, *parts: Mapping[str, Affinity]) -> None:
        self.parts = parts
        self.newest = max((affinity.at for part in parts for affinity in part.values()), default=0)
        self._together: dict[str, Scores] = {}
        self._after_view: dict[str, Scores] = {}
        self._totals: dict[str, float] | None = None
        self._popular: tuple[str, ...] | None = None

    def __bool__(self) -> bool:
        return any(self.parts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cooccurrence) and self.parts == other.parts

    def __hash__(self) -> int:
        return hash((len(self.parts), self.newest))

    def bought_together(self, product: str) -> Scores:
        """What is bought with a product, each with a likeness from 0 to 1; the most alike first."""
        if product not in self._together:
            self._together[product] = self._scored(product, viewed=False)
        return self._together[product]

    def bought_after_view(self, product: str) -> Scores:
        """What is bought by those who have viewed a product, likewise."""
        if product not in self._after_view:
            self._after_view[product] = self._scored(product, viewed=True)
        return self._after_view[product]

    def popular(self) -> tuple[str, ...]:
        """The products that were bought most, the most bought first."""
        if self._popular is None:
            bought = [(-weight, product) for product, weight in self._purchases().items() if weight > 0]
            self._popular = tuple(product for _, product in heapq.nsmallest(POPULAR_KEPT, bought))
        return self._popular

    def popularity(self, product: str) -> float:
        """How often a product was bought, what is long ago counting less."""
        return self._purchases().get(product, 0.0)

    def _purchases(self) -> Mapping[str, float]:
        """How often each product was bought, weighed as of the newest of all."""
        if self._totals is None:
            totals: dict[str, float] = {}
            for part in self.parts:
                for product, affinity in part.items():
                    weight = affinity.bought * _left(self.newest - affinity.at)
                    totals[product] = totals.get(product, 0.0) + weight
            self._totals = totals
        return self._totals

    def _scored(self, product: str, *, viewed: bool) -> Scores:
        mine, met = 0.0, dict[str, float]()
        for part in self.parts:
            affinity = part.get(product)
            if affinity is not None:
                left = _left(self.newest - affinity.at)
                mine += left * (affinity.viewed if viewed else affinity.bought)
                for other, times in (affinity.then if viewed else affinity.together).items():
                    met[other] = met.get(other, 0.0) + times * left
        bought = self._purchases()
        scored = [(-_likeness(mine, bought.get(other, 0.0), times), other) for other, times in met.items()]
        return tuple((other, -score) for score, other in sorted(scored) if score < 0)


NOTHING_LEARNT: Final = Cooccurrence()


def _likeness(mine: float, theirs: float, times: float) -> float:
    """The cosine of two products that met so many times, drawn towards nothing where that is few."""
    if mine <= 0 or theirs <= 0:
        return 0.0
    return min(1.0, times / math.sqrt(mine * theirs)) * times / (times + SHRINK)


def _left(age_ms: int) -> float:
    """What is left of a weight of 1 after some time; of what is newer, it is 1."""
    return 1.0 if age_ms <= 0 else float(2.0 ** (-age_ms / HALF_LIFE_MS))


def _less(weights: Weights, left: float) -> dict[str, float]:
    return {product: weight for product, held in weights.items() if (weight := _rounded(held * left)) > _FORGOTTEN}


def _more(weights: Weights, others: Iterable[str], weight: float) -> dict[str, float]:
    """With some more of others; of too many, those that weigh least go, of equals the last by id."""
    grown = dict(weights)
    for other in others:
        grown[other] = _rounded(grown.get(other, 0.0) + weight)
    if len(grown) <= NEIGHBOURS_KEPT:
        return grown
    kept = sorted(grown.items(), key=lambda pair: (-pair[1], pair[0]))[:NEIGHBOURS_KEPT]
    return dict(kept)


def _rounded(weight: float) -> float:
    return round(weight, _DIGITS)
