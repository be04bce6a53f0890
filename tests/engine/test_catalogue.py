"""What is sold: snapshots that share what did not change, and orders that are the same every time."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engine.catalogue import NO_CATALOGUE, Catalogue, Product
from orchestrator.errors import Unmet


def product(id_: str, **fields: Any) -> Product:
    return Product(**{"id": id_, "name": id_.upper(), "price": 1.0, "currency": "EUR", **fields})


def of(*products: Product) -> Catalogue:
    return NO_CATALOGUE.changed({each.id: each for each in products}, len(products))


def names(products: Any) -> list[str]:
    return [each.id for each in products]


def test_a_product_is_found_by_its_id() -> None:
    catalogue = of(product("mug"))
    assert catalogue.get("mug") == product("mug")
    assert catalogue.get("cup") is None


def test_the_most_popular_come_first_and_equals_by_id() -> None:
    catalogue = of(product("b"), product("a"), product("c", popularity=2.0), product("d", category="x", popularity=1.0))
    assert names(catalogue.popular()) == ["c", "d", "a", "b"]


def test_what_is_out_of_stock_is_on_no_shelf() -> None:
    catalogue = of(
        product("a", category="x", stock=0), product("b", category="x", stock=-2), product("c", category="x")
    )
    assert names(catalogue.in_category("x")) == ["c"]
    assert names(catalogue.popular()) == ["c"]
    assert catalogue.get("a") is not None


def test_what_is_not_counted_is_always_in_stock() -> None:
    assert product("download").in_stock


def test_a_product_that_is_taken_out_is_gone() -> None:
    catalogue = of(product("a", category="x")).changed({"a": None}, 2)
    assert not catalogue
    assert names(catalogue.in_category("x")) == []


def test_a_change_of_stock_leaves_the_shelves_as_they_are() -> None:
    before = of(product("a", category="x", stock=5), product("b", category="x"))
    after = before.changed({"a": product("a", category="x", stock=4)}, 3)
    assert after.shelves["x"] is before.shelves["x"]
    assert (before.get("a") or product("?")).stock == 5
    assert (after.get("a") or product("?")).stock == 4


def test_conditions_see_what_is_known_and_nothing_else() -> None:
    seen = product("a", stock=3, margin=0.5).view
    assert (seen["stock"], seen["margin"], seen["in_stock"], seen["consumable"]) == (3, 0.5, True, False)
    assert "image" not in seen


def test_an_unknown_product_is_unmet_by_its_name() -> None:
    with pytest.raises(Unmet, match="unknown product 'cup'"):
        of(product("mug")).view["cup"]


def test_nobody_goes_through_the_whole_catalogue() -> None:
    with pytest.raises(Unmet, match="by its id"):
        list(of(product("mug")).view)


ids = st.sampled_from("abcdefg")
words = st.builds(
    lambda id_, category, stock, popularity: product(id_, category=category, stock=stock, popularity=float(popularity)),
    ids,
    st.sampled_from(["x", "y", None]),
    st.sampled_from([None, 0, 1, 2]),
    st.integers(0, 2),
)
changes = st.lists(words.map(lambda found: (found.id, found)) | ids.map(lambda id_: (id_, None)), max_size=20)


@given(changes, st.integers(1, 5))
def test_the_same_changes_make_the_same_catalogue_in_however_many_snapshots(said: Any, size: int) -> None:
    whole = NO_CATALOGUE.changed(dict(said), len(said))
    apart = NO_CATALOGUE
    for start in range(0, len(said), size):
        apart = apart.changed(dict(said[start : start + size]), len(said))
    assert dict(apart.products) == dict(whole.products)
    assert dict(apart.shelves) == dict(whole.shelves)
    in_stock = [each for each in whole.products.values() if each.in_stock]
    assert names(whole.popular()) == names(sorted(in_stock, key=lambda each: (-each.popularity, each.id)))
