"""What is kept of the products that a customer viewed, added and bought, and what others can learn from a purchase.

It is kept in the record only where a project recommends, and of so many products: those that were touched last, and
what was bought outlives what was only looked at. Each moment is the newest of its kind, so that it is the same in
whatever order events come, and when two records become one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from orchestrator.engine.customer import Customer
from orchestrator.engine.recommending import ADDED, BOUGHT, VIEWED, Recommending
from orchestrator.engine.turn import Turn
from orchestrator.events.event import Event
from orchestrator.moments import format_moment

PRODUCTS_KEPT: Final = 40
_OF_ONE_EVENT: Final = 20
_ID_LONGEST: Final = 200


def browse(turn: Turn, event: Event) -> None:
    """Keeps which products an event is about, and tells what others can learn from a purchase."""
    rule = turn.env.policy.recommending
    if rule is None:
        return
    kind = _kind(rule, event.name)
    products = list(dict.fromkeys(_products(event)))[:_OF_ONE_EVENT]
    if kind == BOUGHT and products:
        turn.say(_purchase(turn, event, products, rule))
    for product in products:
        _touch(turn.customer, product, kind, event.timestamp)
    _bound(turn.customer)


def unite_products(customer: Customer, other: Customer) -> None:
    """Takes over what another record of the same customer had to do with."""
    for product, times in other.products.items():
        for kind, at in enumerate(times):
            _touch(customer, product, kind, at)
    _bound(customer)


def _kind(rule: Recommending, name: str) -> int:
    return BOUGHT if name in rule.bought else ADDED if name in rule.added else VIEWED


def _products(event: Event) -> Iterator[str]:
    """The ids of the products of an event: its own, or those of its list."""
    listed = event.properties.get("products")
    for each in (event.properties, *(listed if isinstance(listed, list) else ())):
        found = each.get("product_id") if isinstance(each, dict) else None
        if isinstance(found, int) and not isinstance(found, bool):
            found = str(found)
        if isinstance(found, str) and 0 < len(found) <= _ID_LONGEST:
            yield found


def _touch(customer: Customer, product: str, kind: int, at: int) -> None:
    times = customer.products.get(product)
    if times is None:
        times = customer.products[product] = [0, 0, 0]
    times[kind] = max(times[kind], at)


def _bound(customer: Customer) -> None:
    products = customer.products
    if len(products) > PRODUCTS_KEPT:
        newest = sorted(products.items(), key=lambda item: (item[1][BOUGHT] == 0, -max(item[1]), item[0]))
        customer.products = dict(newest[:PRODUCTS_KEPT])


def _purchase(turn: Turn, event: Event, bought: list[str], rule: Recommending) -> dict[str, Any]:
    since = event.timestamp - rule.viewed_before_ms
    viewed = [
        product
        for product, times in sorted(turn.customer.products.items())
        if since < times[VIEWED] <= event.timestamp and product not in bought
    ]
    return {
        "kind": "purchase",
        "customer_id": turn.customer_id,
        "at": format_moment(event.timestamp),
        "bought": bought,
        "viewed": viewed[:_OF_ONE_EVENT],
        "trigger": turn.trigger(),
    }
