"""The shop's catalogue."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

SHOP_URL = "https://shop.example.com"
CURRENCY = "EUR"


@dataclass(frozen=True)
class Product:
    """One thing that the shop sells; ``price_cents`` in the shop's one currency."""

    product_id: str
    sku: str
    name: str
    brand: str
    category: str
    price_cents: int

    @cached_property
    def properties(self) -> dict[str, Any]:
        """The product as Segment's e-commerce events carry it."""
        return {
            "product_id": self.product_id,
            "sku": self.sku,
            "name": self.name,
            "brand": self.brand,
            "category": self.category,
            "price": self.price_cents / 100,
            "currency": CURRENCY,
            "url": f"{SHOP_URL}{self.path}",
            "image_url": f"{SHOP_URL}/images/{self.product_id}.jpg",
        }

    @property
    def path(self) -> str:
        """The path of its page."""
        return f"/p/{self.product_id}"

    def short(self) -> dict[str, Any]:
        """The product as an entry of a list."""
        return {"product_id": self.product_id, "name": self.name, "price": self.price_cents / 100}


@dataclass(frozen=True)
class Catalogue:
    """All products, by category."""

    categories: Mapping[str, tuple[Product, ...]]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the categories."""
        return tuple(self.categories)

    def any_of(self, category: str, rng: Random) -> Product:
        """A product of the category."""
        return rng.choice(self.categories[category])


def read_catalogue(folder: Path) -> Catalogue:
    """The catalogue of ``catalog.csv`` in the shop's folder."""
    categories: dict[str, tuple[Product, ...]] = {}
    with (folder / "catalog.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            product = Product(
                product_id=row["id"],
                sku=row["attributes.sku"],
                name=row["name"],
                brand=row["attributes.brand"],
                category=row["category"],
                price_cents=round(float(row["price"]) * 100),
            )
            categories[product.category] = (*categories.get(product.category, ()), product)
    return Catalogue(categories)
