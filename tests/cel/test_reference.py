"""Conditions against the reference library, and against any text and any data."""

from __future__ import annotations

import contextlib
import itertools
from random import Random
from typing import Any

import cel as reference
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.cel.expression import CelError, Expression, Unmet, compile_expression
from tests.cel.grammar import OURS_ALONE, SCALARS, SHARED, document, expressions

JOURNEY: dict[str, Any] = {"step": "welcome"}

# The reference library, which is held to the same grammar and data.


def ours(expression: Expression, event: Any, customer: Any) -> Any:
    """The value, or Unmet."""
    try:
        return expression.evaluate(event, customer, JOURNEY)
    except Unmet as unmet:
        foreseen = "could not be evaluated" not in str(unmet)
    assert foreseen
    return Unmet


def theirs(program: reference.Program, event: Any, customer: Any) -> Any:
    try:
        return program.execute({"event": event, "customer": customer, "journey": JOURNEY})
    except (TypeError, ValueError, KeyError, IndexError, ArithmeticError, RuntimeError):
        return Unmet


def exactly(value: Any) -> Any:
    """The value with the classes of its parts, since Python takes True and 1.0 for 1."""
    if isinstance(value, list):
        return [exactly(item) for item in value]
    if isinstance(value, dict):
        return {key: exactly(item) for key, item in value.items()}
    if isinstance(value, int) and not isinstance(value, bool):
        return int, int(value)  # a uint comes back from the reference as a plain int
    return type(value), value


DOCUMENTS = st.sampled_from([document(Random(seed)) for seed in range(300)])


# Always the same cases: chance would find, once in thousands, a way to a deviation that the grammar tries to avoid.
@settings(max_examples=700, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(expressions(SHARED, "T") | expressions(SHARED), st.lists(DOCUMENTS, min_size=3, max_size=3))
def test_every_expression_gives_what_the_reference_library_gives(source: str, data: list[Any]) -> None:
    expression, program = compile_expression(source), reference.compile(source)
    for event, customer in itertools.pairwise([*data, data[0]]):
        mine, other = ours(expression, event, customer), theirs(program, event, customer)
        # The first deviation below, which this grammar can't be kept from.
        absorbed = other is Unmet and (".all(" in source or ".exists(" in source)
        assert absorbed or exactly(mine) == exactly(other), (event, customer)


@pytest.mark.parametrize(
    ("source", "value", "reason"),
    [
        ("['a', 1].exists(x, x > 0)", True, "macros absorb failures as || does, those of earlier elements too"),
        ("['a', 0].all(x, x > 0)", False, "the same for all()"),
        ("size('é')", 1, "strings are measured in code points; the reference counts bytes"),
        ("[1, 2][dyn(1.0)]", 2, "a whole double is a position in a list"),
        ("{1: 'a'}[1u]", "a", "the keys 1, 1u and 1.0 are one"),
        ("1 in {1u: 'a'}", True, "the same for in"),
        ("{1: 2} == {1u: 2}", True, "the same for equality"),
        ("1.5 in {'a': 1}", False, "a double may be asked for, too"),
        ("[1] + {'a': 2}", Unmet, "a list and a map can't be added; the reference adds the keys"),
        ("{1: 'a', 1: 'b'}", Unmet, "no key may come twice"),
        ("0.0 / 0.0 < 1.0", False, "no order holds for NaN, but asking is no error"),
        ("9007199254740993 == 9007199254740992.0", False, "numbers are on one line; the reference rounds first"),
        ("!!event.n", Unmet, "! is for bool; the reference drops a double negation unseen"),
        ("-event.t", Unmet, "- is not for bool"),
        ("-(-9223372036854775807 - 1)", Unmet, "negation can overflow"),
        ("duration('1m') + timestamp(0) == timestamp(60)", True, "duration + timestamp and timestamp(int) exist"),
        ("string(true)", "true", "string(bool) exists"),
        (r"string(b'\xff')", Unmet, "bytes that are not UTF-8 are an error; the reference replaces them"),
        ("string(duration('90s'))", "90s", "durations are written in seconds"),
        ("string(timestamp('2024-01-01T00:00:00Z'))", "2024-01-01T00:00:00Z", "UTC is written Z"),
        ("duration('1.5s').getMilliseconds()", 500, "the part below the second, not the whole"),
        ("matches('abc', 'b')", True, "matches() is a function too"),
        ("bool('true')", True, "bool() exists"),
        ("timestamp('2024-01-01T00:00:00Z').getHours('+02:00')", 2, "time zones exist"),
        ("timestamp('2024-01-01T00:00:00+02:00').getHours()", 22, "without a time zone it is UTC"),
        ("'A'.lowerAscii()", "a", "the strings extension exists"),
        (".event.n", 1, "a leading dot is the root scope"),
    ],
)
def test_where_the_reference_deviates_the_specification_is_followed(source: str, value: Any, reason: str) -> None:
    event = {"n": 1, "t": True}
    assert exactly(ours(compile_expression(source), event, {})) == exactly(value), reason
    assert exactly(theirs(reference.compile(source), event, {})) != exactly(value), "the reference agrees by now"


# Any text and any data.

JSON = st.recursive(
    st.one_of(
        st.sampled_from(SCALARS),
        st.floats(),
        st.integers(),
        st.text(max_size=5),
        st.sampled_from(["12", "1h", "(", "+02:00"]),
    ),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.sampled_from("nstlm"), values, max_size=3),
    max_leaves=12,
)
TIMES = st.one_of(st.datetimes(), st.datetimes(timezones=st.timezones()), st.timedeltas())


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(expressions(OURS_ALONE), st.dictionaries(st.sampled_from("nstlm"), JSON), JSON, TIMES, TIMES)
def test_any_data_gives_a_value_or_unmet(source: str, event: dict[str, Any], customer: Any, at: Any, took: Any) -> None:
    expression = compile_expression(source)
    event |= {"at": at, "took": took}
    ours(expression, event, customer)
    with contextlib.suppress(Unmet):
        assert expression.met(event, customer, JOURNEY) in (True, False)


TOKENS = [
    *"()[]{}.,:?!-+*/%<=&'\"\\\n",
    "event",
    "customer",
    "x",
    "true",
    "null",
    "in",
    "1",
    "1.5",
    "1u",
    "'a'",
    "b'a'",
]
TOKENS += [
    "'''",
    "r'",
    "<=",
    "==",
    "!=",
    "&&",
    "||",
    "size",
    "has",
    "all",
    "map",
    "exists",
    "matches",
    "duration",
    "//",
]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(TOKENS), max_size=25).map(" ".join) | st.text(max_size=30))
def test_any_text_is_compiled_or_refused_with_a_place_inside_it(source: str) -> None:
    try:
        compile_expression(source)
    except CelError as error:
        refused = error
    else:
        return
    lines = source.split("\n")
    assert 1 <= refused.line <= len(lines)
    assert 1 <= refused.column <= len(lines[refused.line - 1]) + 1
