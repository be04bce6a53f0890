"""Timers of a partition number: in their order, so many in one checkpoint, none forgotten."""

from __future__ import annotations

from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.engine.customer import Customer, Instance, encode
from orchestrator.streams.store import Meta, Store
from orchestrator.streams.timers import TIMERS_PER_CHECKPOINT, Timers
from orchestrator.streams.work import Work
from tests.streams.cluster import MemoryStore
from tests.streams.world import ENV, INTAKE

WELCOME = next(journey for (name, _), journey in ENV.pinned.items() if name == "welcome")


def store_with(dues: list[int]) -> MemoryStore:
    """Customers who wait for the first step of a journey, each until a moment of their own."""
    store = MemoryStore()
    for number, due in enumerate(dues):
        entry = {"id": "m", "name": "Page Viewed", "timestamp": 0, "properties": {}}
        stay = Instance("welcome", WELCOME.version, "welcome", f"u:{number}", 0, entry, WELCOME.first, due)
        customer = Customer(f"u:{number}", 0, 0, instances={"welcome": stay}, next_due=due)
        key = customer.key.encode()
        store.write({key: encode(customer)}, [(key, None, due)], Meta(1, ""))
    return store


def new_work(store: MemoryStore) -> Work:
    return Work(0, 1, ENV, INTAKE, store.get)


def timers_of(store: MemoryStore, most: int = TIMERS_PER_CHECKPOINT) -> Timers:
    return Timers(cast(Store, store), most)


def fired(work: Work) -> list[int]:
    return [int(entry[1][2:]) for entry in work.journal]


@given(dues=st.lists(st.integers(1, 50), max_size=30), untils=st.lists(st.integers(0, 60), max_size=6))
def test_what_is_due_fires_the_earliest_first_and_nothing_else(dues: list[int], untils: list[int]) -> None:
    store, reached = store_with(dues), 0
    timers, work = timers_of(store), new_work(store)
    for until in untils:
        assert timers.fire(work, until, lambda due: due)
        reached = max(reached, until)
    expected = sorted((due, f"u:{number}") for number, due in enumerate(dues) if due <= reached)
    assert [f"u:{number}" for number in fired(work)] == [key for _, key in expected]


@settings(deadline=None)
@given(dues=st.lists(st.integers(1, 20), max_size=40), untils=st.lists(st.integers(0, 25), min_size=1, max_size=6))
def test_fire_is_true_only_when_nothing_is_left_that_is_due(dues: list[int], untils: list[int]) -> None:
    store = store_with(dues)
    timers, work = timers_of(store, 7), new_work(store)
    for until in untils:
        done = timers.fire(work, until, lambda due: due)
        left = sum(due <= until for due in dues) - sum(dues[number] <= until for number in fired(work))
        assert done is (left == 0)
        assert len(fired(work)) <= 7


def test_many_are_done_in_turns() -> None:
    store = store_with([1] * (2 * TIMERS_PER_CHECKPOINT + 1))
    timers = timers_of(store)
    counts: list[int] = []
    while not counts or counts[-1]:
        work = new_work(store)
        timers.fire(work, 10, lambda due: due)
        counts.append(len(work.journal))
        store.write(work.writes(), work.timers(), Meta(1, ""))
        timers.renew()
    assert counts == [TIMERS_PER_CHECKPOINT, TIMERS_PER_CHECKPOINT, 1, 0]


def test_with_no_room_left_records_are_not_held_up_by_looking_for_more() -> None:
    store = store_with([1] * (TIMERS_PER_CHECKPOINT + 5))
    timers, work = timers_of(store), new_work(store)
    assert [timers.fire(work, 10, lambda due: due) for _ in range(3)] == [False] * 3
    assert len(work.journal) == TIMERS_PER_CHECKPOINT


def test_the_next_due_is_known_without_a_work() -> None:
    assert timers_of(store_with([7, 5, 9])).next_due(None) == 5
    assert timers_of(store_with([])).next_due(None) is None


def test_what_the_work_has_added_counts_too() -> None:
    store = store_with([7])
    timers, work = timers_of(store), new_work(store)
    work.schedule([(3, b"u:0")])
    assert timers.next_due(work) == 3
