"""What all partition numbers read: the same records make the same snapshot, and a journal finds it again."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engine.home import References
from orchestrator.kafka import names
from orchestrator.streams.checkpoint import journal
from orchestrator.streams.reference import CATALOG, Rereading, versions_of
from orchestrator.streams.work import Work
from orchestrator.testing import oracle
from orchestrator.testing.driver import TestRecord
from tests.streams.world import INTAKE, LIMITS, WHOLE_ENV


def record(offset: int, id_: str, fields: dict[str, Any] | None) -> TestRecord:
    value = orjson.dumps({"id": id_, "name": id_, "currency": "EUR", **fields}) if fields is not None else None
    return TestRecord(0, offset, 0, id_.encode(), value, [])


def bad(offset: int, value: bytes) -> TestRecord:
    return TestRecord(0, offset, 0, b"mug", value, [])


RECORDS = [
    record(0, "mug", {"price": 9}),
    record(1, "cup", {"price": 5, "stock": 2}),
    bad(2, b"{"),
    record(5, "mug", {"price": 8}),
    record(6, "cup", None),
]


def test_a_snapshot_has_the_last_good_word_on_each_product() -> None:
    refused = []
    catalogue = CATALOG.after(CATALOG.empty, RECORDS, 7, lambda found, reason: refused.append((found.offset, reason)))
    assert {id_: product.price for id_, product in catalogue.products.items()} == {"mug": 8.0}
    assert catalogue.version == 7
    assert [offset for offset, _ in refused] == [2]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (b"{", "no JSON"),
        (b"[]", "an object of fields"),
        (
            b'{"id": "cup", "name": "x", "price": 1, "currency": "EUR"}',
            "the key is 'mug', and the product's id is 'cup'",
        ),
        (b'{"id": "mug", "name": "x", "price": -1, "currency": "EUR"}', "'price' must be at least 0"),
        (b'{"id": "mug", "name": "x", "price": 1, "currency": "Euro"}', "'Euro' is no currency"),
        (b'{"id": "mug", "name": "x", "price": 1, "currency": "EUR", "stok": 1}', "did you mean 'stock'?"),
        (b'{"id": "mug", "price": 1, "currency": "EUR"}', "'name' is missing"),
        (b'{"id": "mug", "name": "x", "price": 1, "currency": "EUR", "url": "javascript:x"}', "is no http"),
    ],
)
def test_a_bad_record_says_what_is_wrong_and_the_last_good_one_stays(value: bytes, said: str) -> None:
    reasons: list[str] = []
    catalogue = CATALOG.after(
        CATALOG.empty, [RECORDS[0], bad(1, value)], 2, lambda _, reason: reasons.append(str(reason))
    )
    assert said in reasons[0]
    assert catalogue.products["mug"].price == 9.0


@given(st.lists(st.sampled_from([0, 1, 5, 6, 7]), min_size=1, max_size=6))
def test_any_version_is_made_again_whatever_was_asked_before(versions: list[int]) -> None:
    rereading = Rereading({names.CATALOG: RECORDS})
    for version in versions:
        alone = CATALOG.after(CATALOG.empty, [each for each in RECORDS if each.offset < version], version, _ignore)
        assert rereading.at({names.CATALOG: version} if version else {}).catalogue == alone


def _ignore(_record: Any, _reason: Any) -> None:
    """It is told elsewhere."""


def test_the_journal_names_the_version_that_the_work_began_with() -> None:
    catalogue = CATALOG.after(CATALOG.empty, RECORDS, 7, _ignore)
    work = Work(0, 1, WHOLE_ENV, INTAKE, lambda _: None, References(catalogue))
    assert versions_of(work.references) == {"catalog": 7}
    assert orjson.loads(journal(work).value or b"")["references"] == {"catalog": 7}


def test_without_a_catalogue_the_journal_says_nothing_of_one() -> None:
    work = Work(0, 1, WHOLE_ENV, INTAKE, lambda _: None)
    assert "references" not in orjson.loads(journal(work).value or b"")


def test_the_oracle_misses_a_catalogue_that_it_is_not_given() -> None:
    value = {"kind": "journal", "partition": 0, "env": WHOLE_ENV.version, "entries": [], "references": {"catalog": 7}}
    again = oracle.replay(1, {WHOLE_ENV.version: WHOLE_ENV}, LIMITS, {}, {0: [value]})
    assert "it read catalog, whose records are not given" in again.problems[0]
