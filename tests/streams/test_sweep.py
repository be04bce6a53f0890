"""All customers of a partition number are looked at once after a change, some at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.engine import Env
from orchestrator.engine.customer import Customer, decode, encode
from orchestrator.streams.store import Meta, Store
from orchestrator.streams.sweep import RECORDS_PER_CHECKPOINT, begun, sweep
from orchestrator.streams.work import Work
from tests.streams.world import ENV, INTAKE, START

CHANGED = replace(ENV, version="changed", adaption="x")
COUNT = 2 * RECORDS_PER_CHECKPOINT + 5


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "0")
    customers = [Customer(f"u:{number:04}", START, START) for number in range(COUNT)]
    records: dict[bytes, bytes | None] = {customer.key.encode(): encode(customer) for customer in customers}
    store.write({**records, b"\x01other": b"of no customer"}, [], Meta(1, "life", env=ENV.version))
    yield store
    store.close()


def work_of(store: Store, env: Env = CHANGED) -> Work:
    return Work(0, 1, env, INTAKE, store.get)


def one_checkpoint(store: Store, meta: Meta, env: Env = CHANGED) -> tuple[Work, Meta]:
    work = work_of(store, env)
    meta = sweep(work, store, begun(meta, env), START)
    store.write(work.writes(), work.timers(), meta)
    return work, meta


def test_some_at_a_time_and_each_once(store: Store) -> None:
    meta = Meta(1, "life", env=ENV.version)
    sizes, keys = [], []
    while True:
        work, meta = one_checkpoint(store, meta)
        sizes.append(len(work.journal))
        keys += [entry[1] for entry in work.journal]
        if meta.swept is None:
            break
    assert sizes == [RECORDS_PER_CHECKPOINT, RECORDS_PER_CHECKPOINT, 5]
    assert keys == [f"u:{number:04}" for number in range(COUNT)]
    assert meta.swept_count == COUNT


def test_the_records_say_what_they_were_brought_up_to(store: Store) -> None:
    one_checkpoint(store, Meta(1, "life", env=ENV.version))
    value = store.get(b"u:0000")
    assert value is not None
    customer = decode(value)
    assert isinstance(customer, Customer)
    assert customer.adapted == "x"


def test_a_restart_goes_on_where_it_was(store: Store) -> None:
    _, meta = one_checkpoint(store, Meta(1, "life", env=ENV.version))
    work, _ = one_checkpoint(store, Meta.decode(meta.encode()))
    assert work.journal[0][1] == f"u:{RECORDS_PER_CHECKPOINT:04}"


def test_those_whom_an_event_has_touched_meanwhile_are_left_alone(store: Store) -> None:
    value = store.get(b"u:0001")
    assert value is not None
    customer = decode(value)
    assert isinstance(customer, Customer)
    customer.adapted = "x"
    store.write({b"u:0001": encode(customer)}, [], Meta(1, "life"))
    work, _ = one_checkpoint(store, Meta(1, "life", env=ENV.version))
    assert "u:0001" not in {entry[1] for entry in work.journal}
    assert b"u:0001" not in work.writes()


def test_without_a_change_nobody_is_looked_at(store: Store) -> None:
    work, meta = one_checkpoint(store, Meta(1, "life", env="older"), ENV)
    assert not work
    assert meta.swept is None


def test_another_change_begins_anew(store: Store) -> None:
    _, meta = one_checkpoint(store, Meta(1, "life", env=ENV.version))
    work, meta = one_checkpoint(store, meta, replace(CHANGED, adaption="y"))
    assert work.journal[0][1] == "u:0000"
    assert meta.swept_count == RECORDS_PER_CHECKPOINT


def test_going_back_half_way_takes_back_what_was_done(store: Store) -> None:
    _, meta = one_checkpoint(store, Meta(1, "life", env=ENV.version))
    work, _ = one_checkpoint(store, meta, ENV)
    assert len(work.journal) == RECORDS_PER_CHECKPOINT


def test_a_new_partition_has_nobody_to_look_at() -> None:
    assert begun(Meta(1, "life"), CHANGED).swept is None
