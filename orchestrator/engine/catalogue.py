"""What is sold: an immutable snapshot of all products, as it was at one offset of the topic ``catalog``.

A snapshot is made of the one before it and of what changed since: the products are copied once for each snapshot, not
for each change, and of the categories only those are sorted again in which something came, went or moved.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, NoReturn

from orchestrator.errors import Unmet


@dataclass(frozen=True, slots=True)
class Product:
    """One thing that is sold.

    ``price`` and ``margin`` (what is earned of one) are amounts in ``currency``. ``stock`` is how many there are;
    None is not counted, such as a download. ``repeat_days`` makes it a consumable: after how many days it is used up.
    ``belongs_with`` are the ids of what goes with it. ``popularity`` is any number that is greater for what is
    wanted more: it orders what nothing has been learnt of yet.
    """

    id: str
    name: str
    price: float
    currency: str
    stock: int | None = None
    image: str | None = None
    url: str | None = None
    category: str | None = None
    margin: float | None = None
    repeat_days: int | None = None
    belongs_with: tuple[str, ...] = ()
    popularity: float = 0.0
    attributes: Mapping[str, Any] = field(default_factory=dict)
    view: Mapping[str, Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """``view`` is the product as conditions and templates see it: what is not known is not there."""
        seen: dict[str, Any] = {"id": self.id, "name": self.name, "price": self.price, "currency": self.currency}
        for name in _OPTIONAL:
            value = getattr(self, name)
            if value is not None:
                seen[name] = value
        seen |= {
            "in_stock": self.in_stock,
            "consumable": self.consumable,
            "popularity": self.popularity,
            "belongs_with": list(self.belongs_with),
            "attributes": dict(self.attributes),
        }
        object.__setattr__(self, "view", seen)

    @property
    def in_stock(self) -> bool:
        """Whether it can be sold now."""
        return self.stock is None or self.stock > 0

    @property
    def consumable(self) -> bool:
        """Whether people buy it again when it is used up."""
        return self.repeat_days is not None

    @property
    def shelf(self) -> str:
        """The category; the empty text for none."""
        return self.category or ""


_OPTIONAL: Final = ("stock", "image", "url", "category", "margin", "repeat_days")

Changes = Mapping[str, Product | None]
"""By id, the last word on each product; None takes it out."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All products at one time; ``version`` is the offset up to which the topic was read, 0 before anything was.

    ``shelves`` has by category the ids of what is in stock, the most popular first, and of equals in order of the ids.
    """

    version: int = 0
    products: Mapping[str, Product] = field(default_factory=lambda: MappingProxyType({}))
    shelves: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    view: Mapping[str, Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """``view`` is the catalogue as conditions and templates see it: products by id."""
        object.__setattr__(self, "view", CatalogueView(self.products))

    def __bool__(self) -> bool:
        return bool(self.products)

    def get(self, product: str) -> Product | None:
        """The product of an id; None if there is none."""
        return self.products.get(product)

    def in_category(self, category: str) -> Iterator[Product]:
        """What is in stock of a category, the most popular first."""
        return map(self.products.__getitem__, self.shelves.get(category, ()))

    def popular(self) -> Iterator[Product]:
        """All that is in stock, the most popular first."""
        return heapq.merge(*map(self.in_category, sorted(self.shelves)), key=_rank)

    def changed(self, changes: Changes, version: int) -> Catalogue:
        """The catalogue after some changes."""
        if not changes:
            return Catalogue(version, self.products, self.shelves)
        products = dict(self.products)
        moved: dict[str, set[str]] = {}
        for id_, product in changes.items():
            before = products.get(id_)
            if product is not None:
                products[id_] = product
            else:
                products.pop(id_, None)
            if _place(before) != _place(product):
                for each in (before, product):
                    if each is not None:
                        moved.setdefault(each.shelf, set()).add(id_)
        return Catalogue(version, products, _sorted_again(self.shelves, moved, products))


def _place(product: Product | None) -> tuple[str, float] | None:
    return (product.shelf, product.popularity) if product is not None and product.in_stock else None


def _rank(product: Product) -> tuple[float, str]:
    return -product.popularity, product.id


def _sorted_again(
    shelves: Mapping[str, tuple[str, ...]], moved: Mapping[str, set[str]], products: Mapping[str, Product]
) -> dict[str, tuple[str, ...]]:
    made = dict(shelves)
    for category, ids in moved.items():
        here = [products[id_] for id_ in made.get(category, ()) if id_ not in ids]
        here += [found for id_ in ids if (found := products.get(id_)) and found.in_stock and found.shelf == category]
        if here:
            made[category] = tuple(product.id for product in sorted(here, key=_rank))
        else:
            made.pop(category, None)
    return made


class CatalogueView(dict[str, Any]):
    """The products by id, for conditions and templates. What is not there is ``Unmet``: an unknown product."""

    __slots__ = ("_products",)

    def __init__(self, products: Mapping[str, Product]) -> None:
        super().__init__()
        self._products = products

    def __missing__(self, key: object) -> Mapping[str, Any]:
        found = self._products.get(key) if isinstance(key, str) else None
        if found is None:
            raise Unmet(f"unknown product '{str(key)[:80]}'")
        return found.view

    def __contains__(self, key: object) -> bool:
        return key in self._products

    def __len__(self) -> int:
        return len(self._products)

    def __iter__(self) -> NoReturn:
        raise Unmet("the catalogue is too large to go through: ask for a product by its id")


NO_CATALOGUE: Final = Catalogue()
