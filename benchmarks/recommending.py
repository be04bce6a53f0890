"""What a recommendation costs over 10,000 products: ``python -m benchmarks.recommending``; it needs no broker.

Times are of the processor, and stand beside what it costs here to look at each product once.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable

from orchestrator.engine.catalogue import NO_CATALOGUE, Catalogue, Product
from orchestrator.engine.cooccurrence import Affinity, Cooccurrence, Purchase, learnt
from orchestrator.engine.recommendations import recommend
from orchestrator.engine.recommending import Recommending

PRODUCTS = 10_000
CATEGORIES = 40
PARTITIONS = 4
ORDERS = 20_000
CUSTOMERS = 1_000
DAY_MS = 86_400_000
NOW = 1_767_225_600_000
RULE = Recommending(("Product Viewed",), ("Product Added",), ("Order Completed",), 90 * DAY_MS, 7 * DAY_MS)

Touched = dict[str, list[int]]


def catalogue() -> Catalogue:
    """Products of which one in eleven is out of stock and one in nine is a consumable."""
    made = {}
    for number in range(PRODUCTS):
        id_, beside = f"P-{number}", f"P-{number * 7 % PRODUCTS}"
        repeat = 30 if number % 9 == 0 else None
        made[id_] = Product(
            id_, id_, 9.5, "EUR", number % 11, None, None, f"c{number % CATEGORIES}", None, repeat, (beside,)
        )
    return NO_CATALOGUE.changed(made, 1)


def learned(rng: random.Random) -> Cooccurrence:
    """Of orders around products of which few are bought often."""
    parts = []
    for _ in range(PARTITIONS):
        known: dict[str, Affinity] = {}
        for _ in range(ORDERS // PARTITIONS):
            at = NOW - rng.randrange(100) * DAY_MS
            base = around(rng)
            bought, viewed = near(rng, base, rng.randrange(1, 5)), near(rng, base, 5)
            known |= learnt(known.get, Purchase(bought, viewed, at))
        parts.append(known)
    return Cooccurrence(*parts)


def around(rng: random.Random) -> int:
    """A product, of which a few are met much more than the others."""
    return int(rng.paretovariate(0.6)) % PRODUCTS


def near(rng: random.Random, base: int, count: int) -> tuple[str, ...]:
    """Products of a neighbourhood."""
    return tuple(dict.fromkeys(f"P-{(base + rng.randrange(60)) % PRODUCTS}" for _ in range(count)))


def customer(rng: random.Random) -> Touched:
    """Somebody who viewed forty products and bought some."""
    touched = {}
    for product in near(rng, around(rng), 40):
        viewed = NOW - rng.randrange(90) * DAY_MS
        touched[product] = [viewed, 0, viewed if rng.random() < 0.3 else 0]
    return touched


def cost_us(work: Iterable[Callable[[], object]]) -> list[float]:
    """The processor time of each piece of work, in microseconds, in rising order."""
    costs = []
    for piece in work:
        began = time.process_time_ns()
        piece()
        costs.append((time.process_time_ns() - began) / 1_000)
    return sorted(costs)


def main() -> None:
    """Prints the table."""
    rng = random.Random(1)
    sold, known = catalogue(), learned(rng)
    customers = [customer(rng) for _ in range(CUSTOMERS)]
    known.popular()

    def asked(touched: Touched) -> Callable[[], object]:
        return lambda: recommend(sold, known, touched, NOW, RULE, 3)

    rows = {
        "a look at each product": cost_us([lambda: sum(each.price for each in sold.products.values())] * 50),
        "three for a customer with a history": cost_us(map(asked, customers)),
        "three for a newcomer": cost_us(map(asked, [{}] * CUSTOMERS)),
        "a snapshot after one product changed": cost_us(
            [lambda: sold.changed({"P-7": sold.products["P-8"]}, 2)] * CUSTOMERS
        ),
    }
    base = rows["a look at each product"][25]
    print(f"{PRODUCTS:,} products, {ORDERS:,} orders learned from\n")
    print("| what | p50 µs | p99 µs | p50 of a look at each product |\n|---|---|---|---|")
    for name, costs in rows.items():
        p50, p99 = costs[len(costs) // 2], costs[len(costs) * 99 // 100]
        print(f"| {name} | {p50:,.0f} | {p99:,.0f} | {p50 / base:.2f} |")


if __name__ == "__main__":
    main()
