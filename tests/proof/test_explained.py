"""Why a condition holds or not, in words and values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import Unmet
from orchestrator.journeys.expressions import expression
from orchestrator.proof.explained import Operand, explain, said

EVENT = {
    "name": "Product Added",
    "timestamp": datetime(2026, 1, 5, 9, tzinfo=UTC),
    "properties": {"total": 12, "price": 12.5, "category": "Desk", "names": ["a", "b"]},
}
CUSTOMER = {"known": True, "traits": {"email": "ada@example.org"}, "consents": {}, "segments": ["vip"]}
JOURNEY = {"entry": {"properties": {"category": "Bags"}}}


def sentence(source: str) -> str:
    return explain(source, EVENT, CUSTOMER, JOURNEY).sentence()


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("event.properties.total > 20.0", "event.properties.total = 12 is not > 20.0"),
        ("event.properties.price > 12", "event.properties.price = 12.5 is > 12"),
        ("20 < event.properties.total", "20 is not < event.properties.total = 12"),
        ("event.properties.category == 'Desk'", "event.properties.category = \"Desk\" is == 'Desk'"),
        (
            "event.properties.category == journey.entry.properties.category",
            'event.properties.category = "Desk" is not == journey.entry.properties.category = "Bags"',
        ),
        ("event.properties.total + 3 > 20", "event.properties.total + 3 = 15 is not > 20"),
        ("size(event.properties.names) >= 3", "size(event.properties.names) = 2 is not >= 3"),
        ('"vip" in customer.segments', '"vip" is in customer.segments = ["vip"]'),
        ("customer.known", "customer.known is true"),
        ("!customer.known", "!customer.known is false (customer.known = true)"),
        ("has(customer.traits.phone)", "has(customer.traits.phone) is false"),
        (
            "has(customer.traits.email)",
            'has(customer.traits.email) is true (customer.traits.email = "ada@example.org")',
        ),
        (
            "event.properties.category.startsWith('Ba')",
            "event.properties.category.startsWith('Ba') is false (event.properties.category = \"Desk\")",
        ),
        (
            "event.properties.names.exists(x, x == 'a')",
            'event.properties.names.exists(x, x == \'a\') is true (event.properties.names = ["a", "b"])',
        ),
        ("event.timestamp > timestamp('2026-01-06T00:00:00Z')", "event.timestamp = 2026-01-05T09:00:00.000Z is not > "),
        ("true", "true is true"),
    ],
)
def test_what_is_compared_is_told_with_its_value(source: str, told: str) -> None:
    assert sentence(source).startswith(told)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("customer.known && event.properties.total > 20", "event.properties.total = 12 is not > 20"),
        (
            "customer.known && event.properties.total > 5",
            "customer.known is true and event.properties.total = 12 is > 5",
        ),
        ("!customer.known || event.properties.total > 5", "event.properties.total = 12 is > 5"),
        (
            "!customer.known || event.properties.total > 20",
            "!customer.known is false (customer.known = true) and event.properties.total = 12 is not > 20",
        ),
        ("!(event.properties.total > 20)", "event.properties.total = 12 is not > 20"),
        (
            "event.properties.total > 20 && event.properties.total > 30 && customer.known",
            "event.properties.total = 12 is not > 20 and event.properties.total = 12 is not > 30",
        ),
        ("customer.known && event.properties.totl > 20", "event.properties has no 'totl'"),
    ],
)
def test_of_what_is_joined_the_parts_that_decide_are_told(source: str, told: str) -> None:
    assert sentence(source) == told


def test_what_is_missing_is_told() -> None:
    found = explain('customer.consents["email/marketing"].given', EVENT, CUSTOMER, JOURNEY)
    assert found.holds is None
    assert found.sentence() == "customer.consents has no 'email/marketing'"


def test_operands_have_their_values() -> None:
    found = explain("event.properties.total > 20", EVENT, CUSTOMER, JOURNEY)
    assert found.operands == (Operand("event.properties.total", 12), Operand("20", 20))
    assert found.operator == ">"


def test_as_json_it_has_all_parts() -> None:
    plain = explain("customer.known && event.properties.total > 20", EVENT, CUSTOMER, JOURNEY).to_json()
    assert plain["holds"] is False
    assert plain["joined"] == "&&"
    assert [part["holds"] for part in plain["parts"]] == [True, False]
    assert plain["parts"][1]["operands"][0] == {"source": "event.properties.total", "value": 12}


def test_several_lines_become_one() -> None:
    assert explain("customer.known &&\n  event.properties.total > 20", EVENT, CUSTOMER, JOURNEY).source == (
        "customer.known && event.properties.total > 20"
    )


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("a", '"a"'),
        (True, "true"),
        (None, "null"),
        (3.0, "3.0"),
        (timedelta(hours=2), "2 hours"),
        (timedelta(hours=-2), "-2 hours"),
        ({"a": [1]}, "{a: [1]}"),
        ("x" * 100, '"' + "x" * 58 + "…"),
    ],
)
def test_values_as_one_would_write_them(value: Any, told: str) -> None:
    assert said(value) == told


atoms = st.sampled_from(
    [
        "customer.known",
        "event.properties.total > 5",
        "event.properties.total > 20",
        "event.properties.totl > 20",
        "has(customer.traits.phone)",
        "event.properties.category == 'Desk'",
    ]
)
conditions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda part: f"({part[0]} {part[1]} {part[2]})"),
        inner.map(lambda part: f"!({part})"),
    ),
    max_leaves=6,
)


@given(conditions)
def test_what_is_told_is_what_the_engine_finds(source: str) -> None:
    try:
        met: bool | None = expression(source).met(EVENT, CUSTOMER, JOURNEY)
    except Unmet:
        met = None
    found = explain(source, EVENT, CUSTOMER, JOURNEY)
    assert found.holds is met
    assert found.sentence()
