"""Rules of this file: what to recommend to one customer; pure, and the same every time for the same input.

Nothing is recommended that is out of stock, lies in the customer's cart, or was bought: for as long as ``just_bought``
says, and a consumable until its repeat cycle is due. What is left is ranked by the sum of

- what is bought with what the customer bought, and after a view of what they looked at (``cooccurrence``), each weighed
  by how it was touched and by how many products were touched since;
- what belongs with what they bought, as the catalogue says;
- consumables that are due.

Where that is not enough, the most popular follow: of the categories that the customer looks at, then of all. Of equals
the one with the smaller id comes first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from orchestrator.engine.catalogue import NO_CATALOGUE, Catalogue, Product
from orchestrator.engine.cooccurrence import NOTHING_LEARNT, Cooccurrence
from orchestrator.engine.recommending import ADDED, BOUGHT, VIEWED, Recommending

Touched = Mapping[str, list[int]]
"""By product, when it was viewed, added to the cart and bought."""

MOST: Final = 50
"""So many are recommended at most, whoever asks for more."""
MOST_ASKED: Final = 20
"""A template may ask so many different questions: a loop over questions would take for ever."""

_SEEDS: Final = 10
_SMALL_SHELF: Final = 200
"""So many are sorted as soon as somebody asks."""
_WEIGHTS: Final = (0.5, 0.8, 1.0)
_FADING: Final = 0.85
"""What was touched one product earlier says so much less."""
_BELONGS: Final = 0.5
_DUE: Final = 1.0
_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A product, and why it is recommended. ``score`` is 0 for what is merely popular."""

    product: Product
    reason: str
    score: float = 0.0

    @property
    def view(self) -> dict[str, Any]:
        """As conditions and templates see it."""
        return {**self.product.view, "reason": self.reason}


def recommend(
    catalogue: Catalogue,
    learnt: Cooccurrence,
    touched: Touched,
    now: int,
    rule: Recommending,
    count: int,
    *,
    category: str | None = None,
    beside: str | None = None,
) -> list[Recommendation]:
    """The best ``count`` for a customer at a moment, the best first.

    Args:
        touched: what the customer had to do with.
        category: only products of it.
        beside: a product that is being looked at; then only what goes with it counts, and what is popular.
    """
    if count <= 0 or not catalogue:
        return []
    ranking = _Ranking(catalogue, learnt, touched, now, rule)
    scored = ranking.beside(beside) if beside is not None else ranking.scored()
    found: dict[str, Recommendation] = {}
    per_category: dict[str, int] = {}
    most = min(count, MOST)
    for each in chain(scored, ranking.popular(category, beside)):
        product = each.product
        if product.id in found or (category is not None and product.category != category):
            continue
        places = per_category.get(product.shelf, 0)
        if category is None and rule.per_category is not None and product.category and places >= rule.per_category:
            continue
        found[product.id] = each
        per_category[product.shelf] = places + 1
        if len(found) == most:
            break
    return list(found.values())


class _Ranking:
    """One customer's candidates."""

    def __init__(
        self, catalogue: Catalogue, learnt: Cooccurrence, touched: Touched, now: int, rule: Recommending
    ) -> None:
        self._catalogue = catalogue
        self._learnt = learnt
        self._touched = touched
        self._now = now
        self._rule = rule
        self._scores: dict[str, float] = {}
        self._reasons: dict[str, tuple[float, str]] = {}

    def scored(self) -> list[Recommendation]:
        """What the customer's own history speaks for."""
        self._add_due()
        weight = 1.0
        for product, kind in self._seeds():
            self._add_neighbours(product, _WEIGHTS[kind] * weight, bought=kind == BOUGHT)
            weight *= _FADING
        return self._ranked()

    def beside(self, product: str) -> list[Recommendation]:
        """What goes with one product."""
        self._add_neighbours(product, 1.0, bought=True)
        self._add_neighbours(product, 1.0, bought=False)
        self._scores.pop(product, None)
        return self._ranked()

    def popular(self, category: str | None, beside: str | None) -> Iterator[Recommendation]:
        """What others buy: of the categories that the customer looks at, then of all."""
        if category is not None:
            yield from self._popular_in(category, beside)
            return
        for name in self._categories(beside):
            yield from self._popular_in(name, beside)
        for id_ in self._learnt.popular():
            product = self._catalogue.get(id_)
            if product is not None and self._may(product) and id_ != beside:
                yield Recommendation(product, "much bought")
        for product in self._catalogue.popular():
            if self._may(product) and product.id != beside:
                yield Recommendation(product, "popular")

    def _popular_in(self, category: str, beside: str | None) -> Iterator[Recommendation]:
        for product in self._by_popularity(category):
            if product.id != beside and self._may(product):
                yield Recommendation(product, f"popular in {category}")

    def _by_popularity(self, category: str) -> Iterator[Product]:
        """A category, what was bought more first; some of a large one come twice."""
        shelf = self._catalogue.in_category(category)
        if len(self._catalogue.shelves.get(category, ())) <= _SMALL_SHELF:
            yield from sorted(shelf, key=lambda product: -self._learnt.popularity(product.id))
            return
        for id_ in self._learnt.popular():
            product = self._catalogue.get(id_)
            if product is not None and product.category == category:
                yield product
        yield from shelf

    def _categories(self, beside: str | None) -> list[str]:
        ids = [beside] if beside is not None else [product for product, _ in self._seeds()]
        found = (self._catalogue.get(id_) for id_ in ids)
        return list(dict.fromkeys(product.category for product in found if product is not None and product.category))

    def _seeds(self) -> list[tuple[str, int]]:
        """What was touched last, the newest first, each with the most that was done with it."""
        newest = sorted(self._touched.items(), key=lambda item: (-max(item[1]), item[0]))
        return [(id_, next(kind for kind in (BOUGHT, ADDED, VIEWED) if times[kind])) for id_, times in newest[:_SEEDS]]

    def _add_due(self) -> None:
        for id_, times in self._touched.items():
            product = self._catalogue.get(id_)
            if product is not None and product.repeat_days is not None and times[BOUGHT]:
                due = times[BOUGHT] + product.repeat_days * _DAY_MS
                if due <= self._now:
                    self._add(id_, _DUE, f"due again: {product.name}")

    def _add_neighbours(self, id_: str, weight: float, *, bought: bool) -> None:
        product = self._catalogue.get(id_)
        name = product.name if product is not None else id_
        if bought:
            for other in product.belongs_with if product is not None else ():
                self._add(other, _BELONGS * weight, f"belongs with {name}")
            for other, score in self._learnt.bought_together(id_):
                self._add(other, score * weight, f"bought with {name}")
        else:
            for other, score in self._learnt.bought_after_view(id_):
                self._add(other, score * weight, f"bought after a view of {name}")

    def _add(self, id_: str, score: float, reason: str) -> None:
        self._scores[id_] = self._scores.get(id_, 0.0) + score
        if score > self._reasons.get(id_, (0.0, ""))[0]:
            self._reasons[id_] = score, reason

    def _ranked(self) -> list[Recommendation]:
        found = []
        for id_, score in sorted(self._scores.items(), key=lambda item: (-round(item[1], 9), item[0])):
            product = self._catalogue.get(id_)
            if product is not None and self._may(product):
                found.append(Recommendation(product, self._reasons[id_][1], round(score, 9)))
        return found

    def _may(self, product: Product) -> bool:
        if not product.in_stock:
            return False
        times = self._touched.get(product.id)
        if times is None:
            return True
        if times[ADDED] > times[BOUGHT] and self._now - times[ADDED] < self._rule.just_bought_ms:
            return False
        if not times[BOUGHT]:
            return True
        rests = self._rule.just_bought_ms if product.repeat_days is None else product.repeat_days * _DAY_MS
        return times[BOUGHT] + rests <= self._now


class Recommender:
    """What conditions and templates of one customer ask for recommendations; the same question is answered once."""

    __slots__ = ("_answers", "_catalogue", "_learnt", "_now", "_rule", "_touched")

    def __init__(
        self, catalogue: Catalogue, learnt: Cooccurrence, touched: Touched, now: int, rule: Recommending | None
    ) -> None:
        self._catalogue = catalogue
        self._learnt = learnt
        self._touched = touched
        self._now = now
        self._rule = rule
        self._answers: dict[tuple[Any, ...], list[dict[str, Any]]] = {}

    def __call__(self, count: int = 3, category: Any = None, beside: Any = None) -> list[dict[str, Any]]:
        """The recommendations as conditions and templates see them.

        Raises:
            ValueError: an argument is none, or the project recommends nothing.
        """
        if self._rule is None:
            raise ValueError("nothing is recommended here: add 'recommendations: {}' to policy.yaml")
        if not _is_whole(count) or not 1 <= count <= MOST:
            raise ValueError(f"recommend() takes a number from 1 to {MOST}")
        for name, value in (("category", category), ("beside", beside)):
            if value is not None and not isinstance(value, str):
                raise ValueError(f"recommend() takes a text as {name}")
        question = (count, category, beside)
        if question not in self._answers:
            if len(self._answers) == MOST_ASKED:
                raise ValueError(f"recommend() is asked more than {MOST_ASKED} different things")
            found = recommend(
                self._catalogue,
                self._learnt,
                self._touched,
                self._now,
                self._rule,
                count,
                category=category,
                beside=beside,
            )
            self._answers[question] = [each.view for each in found]
        return self._answers[question]


NO_RECOMMENDER: Final = Recommender(NO_CATALOGUE, NOTHING_LEARNT, {}, 0, None)


def _is_whole(count: Any) -> bool:
    return isinstance(count, int) and not isinstance(count, bool)
