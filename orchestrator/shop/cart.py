"""A shopping cart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from orchestrator.shop.product import CURRENCY, Product


@dataclass(slots=True)
class Cart:
    """What a visitor has put aside to buy."""

    id: str
    quantities: dict[Product, int] = field(default_factory=dict)

    def add(self, product: Product) -> None:
        """Puts one more of the product in."""
        self.quantities[product] = self.quantities.get(product, 0) + 1

    @property
    def total_cents(self) -> int:
        """The price of all that is in it."""
        return sum(product.price_cents * quantity for product, quantity in self.quantities.items())

    def products(self) -> list[dict[str, Any]]:
        """Its contents as Segment's ``products``."""
        return [product.properties | {"quantity": quantity} for product, quantity in self.quantities.items()]

    def sum(self) -> dict[str, Any]:
        """What events about it have in common."""
        return {"cart_id": self.id, "total": self.total_cents / 100, "currency": CURRENCY}
