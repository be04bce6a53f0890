"""Where boxes and lines go: nothing overlaps, whatever the graph."""

from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.graph.layout import Box, Layout, Link, Size, lay_out

BOX = Size(120.0, 40.0)
TEXT = Size(80.0, 16.0)


def laid(*links: tuple[str, str], texts: bool = False) -> Layout:
    names = dict.fromkeys(name for link in links for name in link)
    return lay_out(dict.fromkeys(names, BOX), [Link(*link, TEXT if texts else None) for link in links])


def overlap(one: Box, other: Box) -> bool:
    return one.left < other.right and other.left < one.right and one.y < other.bottom and other.y < one.bottom


def test_a_chain_stands_in_one_column() -> None:
    found = laid(("a", "b"), ("b", "c"))
    assert len({round(box.x, 3) for box in found.boxes.values()}) == 1
    assert found.boxes["a"].bottom < found.boxes["b"].y < found.boxes["c"].y


def test_arms_stand_side_by_side_in_their_order() -> None:
    found = laid(("a", "b"), ("a", "c"), ("a", "d"))
    assert found.boxes["b"].right < found.boxes["c"].left
    assert found.boxes["c"].right < found.boxes["d"].left
    assert round(found.boxes["a"].x, 3) == round(found.boxes["c"].x, 3)


def test_an_edge_that_leads_past_others_has_a_place_in_each_layer() -> None:
    found = laid(("a", "b"), ("b", "c"), ("c", "d"), ("a", "d"))
    assert len(found.routes[3].through) == 4


def test_a_text_has_a_place_of_its_own() -> None:
    (route,) = laid(("a", "b"), texts=True).routes
    assert route.text is not None
    assert route.through[0].bottom < route.text.y
    assert route.text.bottom < route.through[-1].y


def test_a_loop_leads_back() -> None:
    found = laid(("a", "b"), ("b", "c"), ("c", "a"))
    assert [route.back for route in found.routes] == [False, False, True]


def test_a_step_may_lead_to_itself() -> None:
    (route,) = laid(("a", "a")).routes
    assert route.back


def test_nothing_is_fine_too() -> None:
    assert lay_out({}, []).size == Size(0.0, 0.0)


names = st.sampled_from("abcdefghij")
graphs = st.lists(st.tuples(names, names), min_size=1, max_size=20)


@given(graphs, st.booleans())
def test_nothing_overlaps(links: list[tuple[str, str]], texts: bool) -> None:
    found = laid(*links, texts=texts)
    places = [*found.boxes.values(), *(route.text for route in found.routes if route.text is not None)]
    assert not any(overlap(one, other) for one, other in combinations(places, 2))


@given(graphs, st.booleans())
def test_all_lies_within_the_picture(links: list[tuple[str, str]], texts: bool) -> None:
    found = laid(*links, texts=texts)
    boxes = [box for route in found.routes for box in route.through]
    assert min(box.left for box in boxes) >= -0.001
    assert max(box.right for box in boxes) <= found.size.width + 0.001
    assert max(box.bottom for box in boxes) <= found.size.height + 0.001


@given(graphs, st.booleans())
def test_lines_lead_down_layer_by_layer_and_back_up(links: list[tuple[str, str]], texts: bool) -> None:
    for route in laid(*links, texts=texts).routes:
        heights = [box.y for box in route.through]
        if route.back:
            assert all(lower >= upper for lower, upper in pairwise(heights))
        else:
            assert all(upper < lower for upper, lower in pairwise(heights))
