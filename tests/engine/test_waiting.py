"""The order of those who wait, however many they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engine.pages import Pages
from orchestrator.engine.pool import POOL, Pool
from orchestrator.engine.waiting import ROWS_KEPT, Waiter, Waiting


def waiter(priority: float, asked_at: int, id_: str = "x") -> Waiter:
    return Waiter([0, -priority], asked_at, id_, "u:ada", 10**15)


def all_of(pool: Pool, pages: Pages) -> list[Waiter]:
    waiting, found = Waiting(pool, pages), []
    while waiting.first() is not None:
        found.append(waiting.pop_first())
    return found


DOINGS = st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 30)), max_size=300)


@given(doings=DOINGS)
def test_it_is_the_sorted_list_whatever_comes_and_goes(doings: list[tuple[bool, int, int]]) -> None:
    pool, pages, expected = Pool(POOL + "call"), Pages(), list[Waiter]()
    waiting = Waiting(pool, pages)
    for comes, priority, asked_at in doings:
        row = waiter(priority, asked_at)
        if comes:
            waiting.add(row)
            expected += [row] if row not in expected else []
        else:
            assert waiting.remove(*row[:3]) == (row in expected)
            expected = [other for other in expected if other != row]
        assert len(waiting) == len(expected)
        assert waiting.first() == min(expected, default=None)
    if expected:
        last = max(expected)
        assert waiting.pop_last() == last
        expected.remove(last)
    assert all_of(pool, pages) == sorted(expected)


def test_thousands_wait_in_pages_that_a_store_gives_back() -> None:
    pool, pages, stored = Pool(POOL + "call"), Pages(), dict[bytes, bytes]()
    rows = [waiter(number * 7 % 1001, number, f"{number:05}") for number in range(3_000)]
    for row in rows:
        Waiting(pool, pages).add(row)
        if row.asked_at % 100 == 0:
            stored |= {key: value for key, value in pages.writes() if value is not None}
            pages, pool = Pages(stored.get), Pool.decode(pool.encode())
    assert max(count for _, _, count in pool.pages) <= ROWS_KEPT
    assert pool.waiting == 3_000
    assert all_of(pool, pages) == sorted(rows)


def test_one_more_at_the_end_rewrites_one_page() -> None:
    pool, pages, stored = Pool(POOL + "call"), Pages(), dict[bytes, bytes]()
    for number in range(1_000):
        Waiting(pool, pages).add(waiter(50, number, f"{number:05}"))
    stored |= {key: value for key, value in pages.writes() if value is not None}
    assert len(stored) == -(-1_000 // ROWS_KEPT)
    pages = Pages(stored.get)
    Waiting(pool, pages).add(waiter(50, 1_000))
    assert len(list(pages.writes())) == 1


def test_a_page_without_rows_is_no_more() -> None:
    pool, pages = Pool(POOL + "call"), Pages()
    waiting = Waiting(pool, pages)
    waiting.add(waiter(1, 1))
    waiting.pop_first()
    assert [value for _, value in pages.writes()] == [None]
    assert pool.pages == []
