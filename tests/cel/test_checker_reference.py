"""The type checker against the evaluator: what has a value on data of the declared types is never called wrong."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.cel.checker import check_types
from orchestrator.cel.expression import CelError, Unmet, compile_expression
from orchestrator.cel.value_types import (
    BOOL,
    BYTES,
    DYN,
    NUMBER,
    SPAN,
    TEXT,
    TIME,
    Fields,
    ListOf,
    Type,
    read_type,
)
from tests.cel import test_expression as examples
from tests.cel.grammar import OURS_ALONE, SHARED, document, expressions


def fields(**types: Type) -> Fields:
    return Fields(MappingProxyType(types))


# The data of the examples. A field that is missing in them may well be there in another event.
EVENT = fields(
    name=TEXT,
    at=TIME,
    took=SPAN,
    text=TEXT,
    missing=DYN,
    properties=fields(
        total=NUMBER, items=NUMBER, coupon=TEXT, gift=BOOL, currency=TEXT, tags=ListOf(TEXT), missing=DYN,
        products=ListOf(fields(sku=TEXT, price=NUMBER)),
    ),
)  # fmt: skip
VARIABLES = {
    "event": EVENT,
    "customer": read_type({"traits": {"vip": "boolean", "city": "text"}}),
    "journey": read_type({"step": "text"}),
}
# An operand that nothing asks for because of the other one: a value comes out, and it is a mistake all the same.
ABSORBED = ("(1 && false)", "('text' || true)")


def sources_of_the_examples() -> Iterator[str]:
    for name, value in vars(examples).items():
        for mark in getattr(value, "pytestmark", ()) if name.startswith("test_") else ():
            names, cases = mark.args[:2]
            for case in cases:
                found = dict(zip(names, case, strict=True)) if isinstance(names, tuple) else {names: case}
                if isinstance(found.get("source"), str):
                    yield found["source"]


def has_a_value(source: str) -> bool:
    try:
        examples.value_of(source)
    except (CelError, Unmet):
        return False
    return True


def problems(source: str, variables: Any) -> list[str]:
    """What is called wrong, but for comparisons that have a value, always the same."""
    return [str(error) for error in check_types(source, variables, condition=False) if " never " not in str(error)]


EXAMPLES = sorted({source for source in sources_of_the_examples() if has_a_value(source)})


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 50


@pytest.mark.parametrize("source", EXAMPLES)
def test_an_example_that_has_a_value_is_right(source: str) -> None:
    found = problems(source, VARIABLES)
    assert found == [] or any(absorbed in source for absorbed in ABSORBED)


# Without what may leave an operand out: there, what is wrong need not be met.
_LEAVING_OUT = ("?", "&&", "||", ".all(", ".exists(", ".exists_one(", ".map(", ".filter(")
_GRAMMAR = {
    kind: "|".join(
        template
        for template in nodes.replace("||", "or").split("|")
        if not any(part in template.replace("or", "||") for part in _LEAVING_OUT)
    )
    for kind, nodes in OURS_ALONE.items()
}
_NESTED: dict[str, Type] = {"n": NUMBER, "f": NUMBER, "s": TEXT, "t": BOOL, "l": ListOf(DYN), "missing": DYN}
_DEPTH_2 = fields(**_NESTED, m=DYN)
DOCUMENT = fields(**_NESTED, m=fields(**_NESTED, m=_DEPTH_2), at=TIME, took=SPAN)
CONFORMING = [document(Random(seed), usual=1) for seed in range(100)]
AT = examples.EVENT["at"]
TOOK = examples.EVENT["took"]


@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(expressions(_GRAMMAR), st.lists(st.sampled_from(CONFORMING), min_size=3, max_size=3))
def test_what_has_a_value_on_conforming_data_is_right(source: str, data: list[dict[str, Any]]) -> None:
    expression = compile_expression(source)
    found = problems(source, {"event": DOCUMENT, "customer": DOCUMENT, "journey": fields()})
    for event in data:
        event = event | {"at": AT, "took": TOOK}
        try:
            expression.evaluate(event, event, {})
        except Unmet:
            continue
        assert found == [], event


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(expressions(SHARED), st.sampled_from(CONFORMING))
def test_any_expression_is_checked(source: str, event: dict[str, Any]) -> None:
    for error in check_types(source, {"event": DOCUMENT, "customer": DOCUMENT, "journey": fields()}):
        assert 1 <= error.line <= source.count("\n") + 1
        assert 1 <= error.column <= len(source) + 1


@pytest.mark.parametrize("operator", ["==", "!="])
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(expressions(_GRAMMAR, depth=2), expressions(_GRAMMAR, depth=2), st.sampled_from(CONFORMING))
def test_what_is_never_equal_is_not(operator: str, left: str, right: str, event: dict[str, Any]) -> None:
    source = f"({left}) {operator} ({right})"
    found = check_types(source, {"event": DOCUMENT, "customer": DOCUMENT, "journey": fields()})
    if not any("never equal" in str(error) and (error.line, error.column) == (1, 1) for error in found):
        return
    event = event | {"at": AT, "took": TOOK}
    try:
        assert compile_expression(source).evaluate(event, event, {}) is (operator == "!=")
    except Unmet:
        return


@pytest.mark.parametrize("value", [BYTES, TEXT, NUMBER, TIME, SPAN, BOOL])
def test_a_value_of_any_type_may_be_null(value: Type) -> None:
    assert check_types("event.x == null && null != event.x", {"event": fields(x=value)}) == []
