"""What is guessed for a name that does not exist."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.nearest import changes, misspelt, nearest


@pytest.mark.parametrize(
    ("name", "known", "guess"),
    [
        ("producs", ["price", "product_id", "products"], "products"),
        ("producs", ["product", "products"], "products"),
        ("producs", ["price", "product_id"], None),
        ("Product Aded", ["Product Added", "Product Viewed"], "Product Added"),
        ("totl", ["tool", "total"], "total"),
        ("lat", ["altitude", "latitude"], "latitude"),
        ("orders", ["orders_30d"], "orders_30d"),
        ("cartId", ["cart_id", "card_id"], "cart_id"),
        ("x", ["price", "product_id"], None),
    ],
)
def test_the_nearest_is_the_one_with_the_fewest_changes(name: str, known: list[str], guess: str | None) -> None:
    assert nearest(name, known) == guess
    assert nearest(name, known[::-1]) == guess


def test_of_several_slips_the_smallest_is_meant() -> None:
    assert misspelt("producs", ["product", "products"]) == "products"


@pytest.mark.parametrize(
    ("one", "other", "number"), [("", "ab", 2), ("abcd", "abdc", 1), ("kitten", "sitting", 3), ("same", "same", 0)]
)
def test_changes_are_counted(one: str, other: str, number: int) -> None:
    assert changes(one, other) == changes(other, one) == number


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_changes_are_none_for_the_same_and_never_more_than_all(one: str, other: str) -> None:
    assert (changes(one, other) == 0) == (one == other)
    assert abs(len(one) - len(other)) <= changes(one, other) <= max(len(one), len(other))
