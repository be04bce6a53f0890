"""What is recommended to one customer, and what never is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engine.catalogue import NO_CATALOGUE, Catalogue, Product
from orchestrator.engine.cooccurrence import NOTHING_LEARNT, Affinity, Cooccurrence, Purchase, learnt
from orchestrator.engine.recommendations import Touched, recommend
from orchestrator.engine.recommending import ADDED, BOUGHT, VIEWED, Recommending

DAY = 86_400_000
NOW = 1_767_225_600_000
RULE = Recommending(("Product Viewed",), ("Product Added",), ("Order Completed",), 90 * DAY, 7 * DAY)


def product(id_: str, **fields: Any) -> Product:
    return Product(**{"id": id_, "name": id_.upper(), "price": 1.0, "currency": "EUR", **fields})


def of(*products: Product) -> Catalogue:
    return NO_CATALOGUE.changed({each.id: each for each in products}, len(products))


def from_orders(*orders: tuple[str, ...], viewed: tuple[str, ...] = ()) -> Cooccurrence:
    known: dict[str, Affinity] = {}
    for bought in orders:
        known |= learnt(known.get, Purchase(bought, viewed, NOW))
    return Cooccurrence(known)


def touched(**kinds: dict[str, int]) -> dict[str, list[int]]:
    """By kind, products and how many days ago."""
    found: dict[str, list[int]] = {}
    for kind, products in kinds.items():
        for id_, days in products.items():
            times = found.setdefault(id_, [0, 0, 0])
            times[{"viewed": VIEWED, "added": ADDED, "bought": BOUGHT}[kind]] = NOW - days * DAY
    return found


def ids(
    catalogue: Catalogue,
    had: Touched | None = None,
    known: Cooccurrence = NOTHING_LEARNT,
    count: int = 3,
    rule: Recommending = RULE,
    **ask: str,
) -> list[str]:
    return [each.product.id for each in recommend(catalogue, known, had or {}, NOW, rule, count, **ask)]


KITCHEN = (
    product("grinder", category="coffee", belongs_with=("brush",)),
    product("beans", category="coffee", repeat_days=30),
    product("mug", category="coffee"),
    product("brush", category="care"),
    product("lamp", category="light", popularity=5.0),
)


def test_whoever_is_new_is_recommended_what_is_popular() -> None:
    assert ids(of(*KITCHEN)) == ["lamp", "beans", "brush"]


def test_what_was_bought_by_others_is_more_popular_than_what_the_catalogue_says() -> None:
    assert ids(of(*KITCHEN), known=from_orders(("mug",), ("mug",), ("brush",))) == ["mug", "brush", "lamp"]


def test_whoever_looked_around_is_recommended_the_popular_of_that_category_first() -> None:
    assert ids(of(*KITCHEN), touched(viewed={"mug": 1})) == ["beans", "grinder", "mug"]


def test_what_is_bought_with_a_purchase_comes_first() -> None:
    known = from_orders(("grinder", "mug"), ("grinder", "mug"), ("lamp",), ("lamp",))
    found = recommend(of(*KITCHEN), known, touched(bought={"grinder": 1}), NOW, RULE, 2)
    assert [(each.product.id, each.reason) for each in found] == [
        ("brush", "belongs with GRINDER"),
        ("mug", "bought with GRINDER"),
    ]


def test_what_is_bought_after_a_view_comes_for_whoever_viewed() -> None:
    known = from_orders(("lamp",), ("lamp",), viewed=("mug",))
    assert ids(of(*KITCHEN), touched(viewed={"mug": 1}), known)[0] == "lamp"


def test_what_belongs_with_a_purchase_is_recommended_before_anything_is_learnt() -> None:
    assert ids(of(*KITCHEN), touched(bought={"grinder": 1}))[0] == "brush"


def test_what_is_out_of_stock_is_never_recommended() -> None:
    catalogue = of(*KITCHEN).changed({"brush": product("brush", stock=0), "lamp": product("lamp", stock=0)}, 9)
    found = ids(catalogue, touched(bought={"grinder": 1}), from_orders(("lamp",)), count=9)
    assert "brush" not in found
    assert "lamp" not in found


def test_what_was_just_bought_is_not_recommended() -> None:
    assert "lamp" not in ids(of(*KITCHEN), touched(bought={"lamp": 3}), from_orders(("lamp", "lamp")), count=9)


def test_what_was_bought_long_ago_may_be_recommended_again() -> None:
    assert "lamp" in ids(of(*KITCHEN), touched(bought={"lamp": 91}), count=9)


@pytest.mark.parametrize(("days", "recommended"), [(1, False), (29, False), (30, True), (45, True)])
def test_a_consumable_is_recommended_again_when_its_cycle_is_due(days: int, recommended: bool) -> None:
    found = ids(of(*KITCHEN), touched(bought={"beans": days}), count=9)
    assert ("beans" in found) is recommended
    assert not recommended or found[0] == "beans"


def test_what_lies_in_the_cart_is_not_recommended() -> None:
    assert "lamp" not in ids(of(*KITCHEN), touched(added={"lamp": 1}), count=9)


def test_beside_a_product_is_what_goes_with_it_and_never_itself() -> None:
    known = from_orders(("grinder", "beans"), ("mug", "lamp"))
    found = ids(of(*KITCHEN), known=known, count=9, beside="grinder")
    assert found[:2] == ["brush", "beans"]
    assert "grinder" not in found


def test_of_one_category_is_nothing_else() -> None:
    assert ids(of(*KITCHEN), touched(viewed={"lamp": 1}), count=9, category="coffee") == ["beans", "grinder", "mug"]


def test_so_many_of_a_category_and_no_more() -> None:
    rule = Recommending(RULE.viewed, RULE.added, RULE.bought, 90 * DAY, 7 * DAY, per_category=1)
    assert ids(of(*KITCHEN), touched(viewed={"mug": 1}), count=9, rule=rule) == ["beans", "lamp", "brush"]


def test_a_product_that_is_gone_from_the_catalogue_is_not_missed() -> None:
    known = from_orders(("grinder", "gone"), ("gone",))
    assert "gone" not in ids(of(*KITCHEN), touched(bought={"grinder": 1, "gone": 2}), known, count=9)


def test_a_large_category_is_in_the_same_order_as_a_small_one() -> None:
    many = [product(f"p{number:03}", category="x") for number in range(300)]
    assert ids(of(*many), known=from_orders(("p123",), ("p123",), ("p007",)), category="x") == ["p123", "p007", "p000"]


def test_without_a_catalogue_nothing_is_recommended() -> None:
    assert ids(NO_CATALOGUE, touched(viewed={"mug": 1}), from_orders(("mug",))) == []


names = st.sampled_from("abcdefgh")
catalogues = st.dictionaries(
    names,
    st.tuples(st.sampled_from([None, 0, 3]), st.sampled_from(["x", "y", None]), st.sampled_from([None, 10, 60])),
    max_size=8,
).map(
    lambda found: of(
        *(
            product(id_, stock=stock, category=category, repeat_days=repeat)
            for id_, (stock, category, repeat) in found.items()
        )
    )
)
days = st.integers(0, 200)
histories = st.dictionaries(names, st.tuples(days, days, days), max_size=8).map(
    lambda found: {id_: [NOW - each * DAY for each in ago] for id_, ago in found.items()}
)
orders = st.lists(st.lists(names, min_size=1, max_size=4, unique=True).map(tuple), max_size=8)


@given(catalogues, histories, orders, st.integers(1, 8))
def test_whatever_was_learnt_the_rules_hold(
    catalogue: Catalogue, had: dict[str, list[int]], bought: list[tuple[str, ...]], count: int
) -> None:
    found = recommend(catalogue, from_orders(*bought, viewed=("a", "b")), had, NOW, RULE, count)
    assert len({each.product.id for each in found}) == len(found) <= count
    for each in found:
        assert each.product.in_stock
        times = had.get(each.product.id)
        if times is not None and times[BOUGHT]:
            rests = each.product.repeat_days * DAY if each.product.repeat_days is not None else 90 * DAY
            assert times[BOUGHT] + rests <= NOW
    again = dict(reversed(list(had.items())))
    assert recommend(catalogue, from_orders(*bought, viewed=("a", "b")), again, NOW, RULE, count) == found
