"""What is learnt from purchases of what goes with what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engine.cooccurrence import (
    HALF_LIFE_MS,
    NEIGHBOURS_KEPT,
    Affinity,
    Cooccurrence,
    Purchase,
    learnt,
)

NOW = 1_767_225_600_000


def after(*purchases: Purchase) -> Cooccurrence:
    known: dict[str, Affinity] = {}
    for purchase in purchases:
        known |= learnt(known.get, purchase)
    return Cooccurrence(known)


def order(*bought: str, viewed: tuple[str, ...] = (), at: int = NOW) -> Purchase:
    return Purchase(bought, viewed, at)


def others(pairs: tuple[tuple[str, float], ...]) -> list[str]:
    return [product for product, _ in pairs]


def test_what_was_in_one_order_goes_together() -> None:
    found = after(order("grinder", "beans"), order("grinder", "beans"), order("grinder", "mug"), order("lamp"))
    assert others(found.bought_together("grinder")) == ["beans", "mug"]
    assert others(found.bought_together("lamp")) == []


def test_what_was_viewed_before_leads_to_what_was_bought() -> None:
    found = after(order("beans", viewed=("kettle",)), order("beans", viewed=("kettle", "mug")))
    assert others(found.bought_after_view("kettle")) == ["beans"]
    assert others(found.bought_after_view("beans")) == []


def test_what_everybody_buys_is_less_alike_than_what_is_bought_with_it_alone() -> None:
    """The cosine: bags are in each order, filters only where there is a dripper."""
    found = after(*[order("dripper", "filters", "bag")] * 4, *[order(f"x{number}", "bag") for number in range(12)])
    assert others(found.bought_together("dripper")) == ["filters", "bag"]


def test_one_meeting_says_less_than_many() -> None:
    once, often = after(order("a", "b")), after(*[order("a", "b")] * 20)
    assert dict(once.bought_together("a"))["b"] < 0.3 < 0.8 < dict(often.bought_together("a"))["b"]


def test_a_count_loses_half_its_weight_in_a_half_life() -> None:
    found = after(order("a", "b"), order("a", at=NOW + HALF_LIFE_MS)).parts[0]["a"]
    assert (found.bought, found.together["b"]) == (1.5, 0.5)


def test_a_purchase_that_comes_late_weighs_what_it_would_have_weighed() -> None:
    in_order = after(order("a", "b"), order("a", "b", at=NOW + HALF_LIFE_MS))
    late = after(order("a", "b", at=NOW + HALF_LIFE_MS), order("a", "b"))
    assert late.parts == in_order.parts


def test_what_is_bought_again_of_late_is_more_popular() -> None:
    found = after(order("old"), order("old"), order("new", at=NOW + 2 * HALF_LIFE_MS))
    assert found.popular() == ("new", "old")


def test_neighbours_are_bounded() -> None:
    found = after(*[order("a", f"b{number:03}") for number in range(100)], order("a", "b000"), order("a", "b000"))
    assert len(found.parts[0]["a"].together) <= NEIGHBOURS_KEPT
    assert others(found.bought_together("a"))[0] == "b000"


@pytest.mark.parametrize("product", ["a", "b", "c"])
def test_an_affinity_is_read_as_it_was_written(product: str) -> None:
    found = after(order("a", "b", viewed=("c",))).parts[0][product]
    assert Affinity.from_json(found.to_json()) == found


products = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=4)
purchases = st.lists(
    st.builds(
        lambda bought, viewed, days: Purchase(tuple(bought), tuple(viewed), NOW + days * 86_400_000),
        products,
        products,
        st.integers(0, 400),
    ),
    max_size=12,
)


@given(purchases)
def test_likeness_is_a_number_from_0_to_1_and_nothing_goes_with_itself(said: list[Purchase]) -> None:
    found = after(*said)
    for product in found.parts[0]:
        for other, score in (*found.bought_together(product), *found.bought_after_view(product)):
            assert 0 < score <= 1
            assert other != product
