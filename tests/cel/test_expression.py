"""What a condition means: by example, against the reference library, and for any text and any data."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from orchestrator.cel.expression import CelError, Unmet, compile_expression

EVENT = {
    "name": "Order Completed",
    "at": datetime(2024, 2, 29, 12, 30, 45, 123456, tzinfo=UTC),
    "took": timedelta(seconds=90),
    "properties": {
        "total": 79.5,
        "items": 3,
        "coupon": None,
        "gift": True,
        "currency": "EUR",
        "tags": ["sale", "new"],
        "products": [{"sku": "a", "price": 10}, {"sku": "b", "price": 60.5}],
    },
}
CUSTOMER = {"traits": {"vip": True, "city": "Zürich"}}
JOURNEY: dict[str, Any] = {"step": "welcome"}


def value_of(source: str, event: Any = EVENT, customer: Any = CUSTOMER) -> Any:
    return compile_expression(source).evaluate(event, customer, JOURNEY)


def why_unmet(source: str, event: Any = EVENT) -> str:
    with pytest.raises(Unmet) as unmet:
        value_of(source, event)
    return str(unmet.value)


def refusal(source: str, **options: Any) -> CelError:
    with pytest.raises(CelError) as refused:
        compile_expression(source, **options)
    return refused.value


def examples(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


# What holds.


@pytest.mark.parametrize(
    "source",
    examples(r"""
    event.properties.total > 50 && customer.traits.vip == true
    event.name == 'Order Completed' && journey.step == "welcome"
    event["properties"]["total"] == event.properties.total
    event.properties.products[1].sku == 'b'
    event.properties.products[1u].sku == 'b' && event.properties.products[dyn(1.0)].sku == 'b'
    event.properties.currency in ['EUR', 'CHF'] && !('USD' in event.properties.tags)
    'total' in event.properties && !('missing' in event.properties)
    has(event.properties.coupon) && !has(event.properties.missing)
    event.properties.coupon == null && event.properties.total != null
    event.properties.gift ? event.properties.items == 3 : event.missing
    .event.properties.items == 3
    """),
)
def test_a_condition_holds_over_event_customer_and_journey(source: str) -> None:
    assert compile_expression(source).met(EVENT, CUSTOMER, JOURNEY) is True


@pytest.mark.parametrize(
    "source",
    examples(r"""
    'it\'s' == "it's" && '\x41\101\u0041\U00000041' == 'AAAA' && '\a\b\f\n\r\t\v\\\?\"\`'.size() == 11
    r'\d' == '\\d' && r"\" == '\\' && R'''a'b''' == "a'b" && '''it's''' == "it's"
    b'\xff\377' == b"\xFF\xff" && b'é' == b'\303\251' && bytes('é') == b'é' && br'\n'.size() == 2
    0x10 == 16 && -0x10 == -16 && 0x10u == 16u && 1e3 == 1000.0 && .5 == 0.5 && 1.5e-1 == 0.15
    [1, 2] + [3] == [1, 2, 3] && {'a': [1]} == {'a': [1.0]} && [] == [] && {} == {}
    true != false && null == null // and a remark
    """),
)
def test_literals_are_read_as_the_specification_says(source: str) -> None:
    assert value_of(source) is True


@pytest.mark.parametrize(
    "source",
    examples("""
    1 == 1.0 && 1u == 1 && 1.0 == 1u && [1] == [1.0] && {1: 'a'} == {1u: 'a'}
    true != 1 && false != 0 && [true] != [1] && !(true in [1, 1.0]) && !(1 in [true]) && !(1 in {true: 0})
    null != 0 && null != false && '1' != 1 && b'a' != 'a' && [] != {}
    1 < 1.5 && 1u < 1.5 && 2 > 1u && 'a' < 'b' && b'a' < b'b' && false < true && 1 <= 1.0 && 2u >= 2
    9007199254740993 > 9007199254740992.0 && 9007199254740993 != 9007199254740992.0
    1 in [1.0] && 1 in {1u: 'x'} && {1: 'x'}[1.0] == 'x' && {true: 'yes', 2: 'two'}[true] == 'yes'
    event.properties.items == 3.0 && event.properties.gift != 1 && 1 != event.properties.gift
    event.at == event.at && event.took == duration('1m30s') && event.at > event.at - event.took
    type(1) == int && type(1u) == uint && type(1.0) == double && type('') == string && type(null) == null_type
    type([]) == list && type({}) == map && type(true) == bool && type(b'') == bytes && type(int) == type
    type(event.at) == google.protobuf.Timestamp && type(event.took) == google.protobuf.Duration
    """),
)
def test_numbers_are_on_one_line_and_no_other_types_are_ever_equal(source: str) -> None:
    assert value_of(source) is True


@pytest.mark.parametrize(
    "source",
    examples("""
    7 / 2 == 3 && -7 / 2 == -3 && 7 / -2 == -3 && -7 % 2 == -1 && 7 % -2 == 1 && 7u / 2u == 3u && 7u % 4u == 3u
    1 - 2 - 3 == -4 && 2 + 3 * 4 == 14 && -(2 + 3) == -5 && --5 == 5 && 1--1 == 2 && 0.5 + 0.25 == 0.75
    9223372036854775807 - 1 + 1 == 9223372036854775807 && -9223372036854775808 + 1 == -9223372036854775807
    1.0 / 0.0 > 1e308 && -1.0 / 0.0 < -1e308 && 0.0 / 0.0 != 0.0 / 0.0 && !(0.0 / 0.0 < 1.0)
    'a' + 'b' == 'ab' && b'a' + b'b' == b'ab' && event.properties.total + 0.5 == 80.0
    """),
)
def test_arithmetic_is_that_of_64_bits(source: str) -> None:
    assert value_of(source) is True


@pytest.mark.parametrize(
    "source",
    examples("""
    !(false && event.missing) && !(event.missing && false) && !(1 && false) && !(true && event.missing && false)
    true || event.missing && (event.missing || true) && ('text' || true) && (event.missing || false || true)
    event.properties.products.exists(p, p.price > 50) && !event.properties.products.all(p, p.price > 50)
    [1, 'a'].exists(x, x > 0) && ['a', 1].exists(x, x > 0) && !['a', 0].all(x, x > 0) && [].all(x, event.missing)
    [1, 2, 3].exists_one(x, x > 2) && ![1, 2, 3].exists_one(x, x > 1) && ![].existsOne(x, true)
    [1, 2, 3].filter(x, x > 1) == [2, 3] && [1, 2].map(x, x * 2) == [2, 4] && [1, 2].map(x, x > 1, x * 2) == [4]
    {'a': 1}.map(k, k) == ['a'] && {'a': 1}.all(k, k == 'a') && event.properties.exists(k, k == 'total')
    [[1, 2], [3]].map(row, row.map(x, x + size(row))) == [[3, 4], [4]] && [1].all(event, event == 1)
    [1].exists(event, .event.name == 'Order Completed') && [true].all(x, x && (event.missing || x))
    """),
)
def test_one_decisive_outcome_absorbs_the_failures_beside_it(source: str) -> None:
    assert value_of(source) is True


@pytest.mark.parametrize(
    "source",
    examples(r"""
    size('Zürich') == 6 && customer.traits.city.size() == 6 && size([1]) == 1 && {'a': 1}.size() == 1 && size(b'é') == 2
    'hello'.contains('ell') && 'hello'.startsWith('he') && 'hello'.endsWith('lo') && !'hello'.contains('x')
    'hello'.matches('^h.*o$') && 'hello'.matches('l+') && matches('a1', r'\d') && !'hello'.matches(event.name)
    'TacoÆ'.lowerAscii() == 'tacoÆ' && 'æA'.upperAscii() == 'æA' && ' a '.trim() == 'a'
    'a,b,c'.split(',') == ['a', 'b', 'c'] && 'a,b,c'.split(',', 2) == ['a', 'b,c'] && 'ab'.split('') == ['a', 'b']
    'a,b'.split(',', 0) == [] && 'abc'.split('', 2) == ['a', 'bc'] && ''.split('') == []
    ['a', 'b'].join() == 'ab' && ['a', 'b'].join('-') == 'a-b' && 'aa'.replace('a', 'b', 1) == 'ba'
    'hello'.substring(3) == 'lo' && 'hello'.substring(1, 3) == 'el' && 'hello'.indexOf('l', 3) == 3
    """),
)
def test_strings_are_searched_and_cut_by_characters(source: str) -> None:
    assert value_of(source) is True


@pytest.mark.parametrize(
    "source",
    examples(r"""
    string(1) == '1' && string(1u) == '1' && string(true) == 'true' && string(b'\303\251') == 'é' && string('a') == 'a'
    string(1.0) == '1' && string(0.1 + 0.2) == '0.30000000000000004' && string(1e21) == '1000000000000000000000'
    string(event.at) == '2024-02-29T12:30:45.123456Z' && string(duration('-1m0.5s')) == '-60.5s'
    int('-12') == -12 && int(-1.9) == -1 && int(1u) == 1 && int(timestamp('1970-01-01T00:01:00Z')) == 60
    uint('12') == 12u && uint(1.9) == 1u && uint(3) == 3u && double('1e3') == 1000.0 && double(3) == 3.0
    bool('true') && !bool('False') && bool(true) && dyn(1) == 1 && double('NaN') != double('NaN')
    timestamp('2024-02-29T13:30:45.123456+01:00') == event.at && timestamp(0) == timestamp('1970-01-01T00:00:00Z')
    duration('1h1m1s') == duration('3661s') && duration('1.5h') == duration('90m') && duration('0') == duration('0ms')
    """),
)
def test_values_are_converted_only_when_asked(source: str) -> None:
    assert value_of(source) is True


@pytest.mark.parametrize(
    "source",
    examples("""
    event.at.getFullYear() == 2024 && event.at.getMonth() == 1 && event.at.getDate() == 29
    event.at.getDayOfMonth() == 28 && event.at.getDayOfYear() == 59 && event.at.getDayOfWeek() == 4
    event.at.getHours() == 12 && event.at.getMinutes() == 30 && event.at.getSeconds() == 45
    event.at.getMilliseconds() == 123 && event.at.getHours('Europe/Zurich') == 13 && event.at.getHours('-02:30') == 10
    event.at.getDayOfWeek('+12:00') == 5 && event.at.getHours('UTC') == 12 && event.at.getMinutes('05:45') == 15
    event.took.getMinutes() == 1 && event.took.getSeconds() == 90 && duration('-90m').getHours() == -1
    duration('1.234s').getMilliseconds() == 234 && event.at + event.took - event.took == event.at
    event.took + event.at == event.at + event.took && event.at - event.at == duration('0')
    event.took > duration('1m') && event.took - event.took == duration('0s')
    """),
)
def test_times_have_parts_in_any_time_zone(source: str) -> None:
    assert value_of(source) is True


def test_time_arithmetic_does_not_stumble_over_summer_time() -> None:
    before = datetime(2024, 3, 31, 1, 30, tzinfo=ZoneInfo("Europe/Zurich"))
    hour_later = datetime(2024, 3, 31, 1, 30, tzinfo=UTC)
    event = {"before": before, "later": hour_later, "naive": datetime(2024, 3, 31, 0, 30)}  # noqa: DTZ001
    assert value_of("event.before + duration('1h') == event.later", event) is True
    assert value_of("event.later - event.before == duration('1h') && event.before < event.later", event) is True
    assert value_of("event.before == event.naive", event) is True


def test_maps_need_not_be_dicts_and_may_make_their_values() -> None:
    class Lazy(dict[str, Any]):
        def __missing__(self, key: str) -> str:
            if key == "none":
                raise KeyError(key)
            return key.upper()

    event = Lazy(a=1)
    assert value_of("event.a == 1 && event.other == 'OTHER' && event['x' + 'y'] == 'XY' && !has(event.other)", event)
    assert why_unmet("event.none", event) == "event has no 'none'"
    assert why_unmet("event['no' + 'ne']", event) == "event['no' + 'ne']: the map has no key 'none'"


# What does not hold.


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("event.properties.cart_id", "event.properties has no 'cart_id'"),
        ("event.properties.cart_id == 'c' && true", "event.properties has no 'cart_id'"),
        ("event.props.cart_id.x", "event has no 'props'"),
        ("event['properties']['cart_id']", "event['properties'] has no 'cart_id'"),
        ("event.properties.coupon.code", "event.properties.coupon is not a map, so it has no 'code'"),
        ("has(event.name.first)", "event.name: a map is needed, not a string"),
        ("event.name > 5", "event.name > 5: an int cannot be compared with a string"),
        ("event.properties.gift < 1", "event.properties.gift < 1: a bool cannot be compared with an int"),
        ("event.at < 5", "event.at < 5: a timestamp cannot be compared with an int"),
        ("event.properties.tags[2]", "event.properties.tags[2]: the list has 2 items and none at position 2"),
        ("event.properties.tags[-1]", "event.properties.tags[-1]: the list has 2 items and none at position -1"),
        ("event.name[0]", "event.name[0]: a list or a map is needed, not a string"),
        ("'a' in event.name", "'a' in event.name: a list or a map is needed, not a string"),
        ("event.properties[1]", "event.properties[1]: the map has no key 1"),
        ("1 / 0", "1 / 0: division by zero"),
        ("9223372036854775807 + 1", "9223372036854775807 + 1: the int is out of range"),
        ("0u - 1u", "0u - 1u: the uint is out of range"),
        ("!event.name", "!event.name: true or false is needed, not a string"),
        ("event.name ? 1 : 2", "event.name ? 1 : 2: true or false is needed, not a string"),
        ("[1, 2].filter(x, x)", "[1, 2].filter(x, x): true or false is needed, not an int"),
        ("[1, 'a'].exists_one(x, x > 0)", "x > 0: an int cannot be compared with a string"),
        ("event.name.all(x, true)", "event.name.all(x, true): a list or a map is needed, not a string"),
        ("'a'.matches('(' + '')", "'a'.matches('(' + ''): '(' is no regular expression: missing ): ("),
        ("event.at.getHours('Moon')", "event.at.getHours('Moon'): 'Moon' is no time zone"),
        ("int('12x')", "int('12x'): '12x' cannot be converted to an int"),
        ("timestamp(253402300799) + event.took", "timestamp(253402300799) + event.took: out of range"),
        ("{'a': 1, 'a': 2}", "{'a': 1, 'a': 2}: the map has the key 'a' twice"),
        ("event.properties\n  .cart_id", "event.properties has no 'cart_id'"),
    ],
)  # fmt: skip
def test_unmet_says_which_part_failed_and_why(source: str, reason: str) -> None:
    assert why_unmet(source) == reason


@pytest.mark.parametrize(
    "source",
    examples("""
    event.properties.items + 0.5
    event.properties.total + 1
    event.properties.items * 2u
    """),
)
def test_json_numbers_are_compared_freely_but_calculated_with_only_in_kind(source: str) -> None:
    assert "convert one of them, for example with double()" in why_unmet(source)
    assert value_of("event.properties.total > 79 && event.properties.items < 3.5") is True
    assert value_of("double(event.properties.items) + 0.5 == 3.5") is True


@pytest.mark.parametrize(
    "source",
    examples(r"""
    'a' + 1
    true + true
    null + null
    {} + {}
    -true
    -duration('1h')
    7.0 % 2.0
    -9223372036854775808 / -1
    -9223372036854775808 % -1
    -(-9223372036854775807 - 1)
    {1.5: 'a'}
    {null: 'a'}
    {[1]: 'a'}
    [1][true]
    [1][0.5]
    {'a': 1}[[1]]
    [1] in {'a': 1}
    int(9223372036854775808.0)
    int(true)
    uint(-1)
    uint('-1')
    double('1_0')
    bool('yes')
    bool(1)
    bytes(1)
    string(null)
    string(b'\xff')
    string([1])
    timestamp('0001-01-01T00:00:00Z') - timestamp('9999-12-31T23:59:59Z')
    timestamp(99999999999999)
    timestamp(event.name)
    duration(event.name)
    duration(5)
    size(1)
    'abc'.contains(1)
    'abc'.substring(4)
    'abc'.substring(2, 1)
    'abc'.indexOf('a', 9)
    ['a', 1].join()
    'a'.split(1)
    'a'.getHours()
    event.took.getFullYear()
    event.took.getHours('UTC')
    event.at.getHours(1)
    [1].map(x, event.missing)
    """),
)
def test_what_the_specification_calls_an_error_is_unmet(source: str) -> None:
    assert "could not be evaluated" not in why_unmet(source)


def test_a_condition_is_met_only_by_true_or_false() -> None:
    condition = compile_expression("event.properties.total")
    with pytest.raises(Unmet, match=r"^event\.properties\.total: true or false is needed, not a double$"):
        condition.met(EVENT, CUSTOMER, JOURNEY)


def test_a_value_that_cel_does_not_know_is_unmet() -> None:
    assert why_unmet("event.x > 1", {"x": {1, 2}}) == "event.x > 1: a value of the Python class set has no CEL type"


def test_data_nested_without_end_is_unmet() -> None:
    deep: list[Any] = []
    for _ in range(sys.getrecursionlimit() * 2):
        deep = [deep]
    assert "RecursionError" in why_unmet("event.a == event.b", {"a": deep, "b": [deep[0]]})


# What is refused.


@pytest.mark.parametrize(
    ("source", "message", "line", "column"),
    [
        ("", "the expression is not complete", 1, 1),
        ("event.total >", "the expression is not complete", 1, 14),
        ("event.total = 5", "write == to compare", 1, 13),
        ("true & false", "write && for 'and'", 1, 6),
        ("true and false", "write && for 'and'", 1, 6),
        ("event.a ==\n  not true", "'true' is not expected here", 2, 7),
        ("event.name == 'Order", "this text has no closing quote", 1, 15),
        ("event.a == 'b' 'c'", '"\'c\'" is not expected here', 1, 16),
        ("(event.a", "the expression is not complete", 1, 9),
        ("evnt.total > 5", "there is no 'evnt' here; did you mean 'event'?", 1, 1),
        ("total > 5", "there is no 'total' here; use catalog, customer, event, journey", 1, 1),
        ("true &&\n\n  foo.x", "there is no 'foo' here; use catalog, customer, event, journey", 3, 3),
        ("[1].all(x, y > 1)", "there is no 'y' here; use x, catalog, customer, event, journey", 1, 12),
        ("siz(event)", "there is no function 'siz'; did you mean 'size'?", 1, 1),
        ("event.a.startswith('b')", "a value has no function 'startswith'; did you mean 'startsWith'?", 1, 9),
        ("event.a.nonsense()", "a value has no function 'nonsense'", 1, 9),
        ("contains(event.a, 'b')", "there is no function 'contains'; write x.contains()", 1, 1),
        ("event.a.int()", "a value has no function 'int'; write int(x)", 1, 9),
        ("size()", "size() is called with too few arguments", 1, 1),
        ("event.a.contains('b', 'c')", "contains() is called with too many arguments", 1, 9),
        ("has(event)", "has() takes a field, as in has(event.properties.total)", 1, 5),
        ("has(event.a, 1)", "has() has one argument", 1, 1),
        ("[1].all(x)", "all() is written list.all(x, ...)", 1, 5),
        ("[1].all(1, true)", "the first argument of all() is a new name, such as x", 1, 9),
        ("[1].all(if, true)", "the first argument of all() is a new name, such as x", 1, 9),
        ("event.in", "'in' is a word of the language here; write [\"in\"]", 1, 7),
        ("event{a: 1}", "messages are not supported; write a map, as in {'name': 1}", 1, 1),
        (r"event.a == '\d'", r"\d has no meaning in a text; write \\ for a backslash", 1, 12),
        (r"'\ud800'", r"\ud800 has no meaning in a text; write \\ for a backslash", 1, 1),
        (r"b'\u0041'", r"\u0041 has no meaning in a text; write \\ for a backslash", 1, 1),
        ("9223372036854775808", "9223372036854775808 is out of the range of 64 bits", 1, 1),
        ("-1u", "-1u is out of the range of 64 bits", 1, 1),
        ("1e999", "1e999 is out of the range of 64 bits", 1, 1),
        ("event.a.matches('(')", "'(' is no regular expression: missing ): (", 1, 9),
        ("event.a.matches('(?=a)')", "'(?=a)' is no regular expression: invalid perl operator: (?=", 1, 9),
        ("event.at - duration('2d')", "'2d' is no duration; write one like 1h30m, with no unit above h", 1, 12),
        ("timestamp('yesterday')", "'yesterday' is no timestamp; write one like 2026-01-31T10:00:00Z", 1, 1),
        ("timestamp('2024-02-30T00:00:00Z')", "'2024-02-30T00:00:00Z' is no date and time that exists", 1, 1),
    ],
)  # fmt: skip
def test_a_mistake_is_told_in_one_sentence_with_its_place(source: str, message: str, line: int, column: int) -> None:
    error = refusal(source)
    assert (str(error), error.line, error.column) == (message, line, column)


def test_only_the_given_variables_are_known() -> None:
    assert compile_expression("customer.a", frozenset({"customer"})).names == {"customer"}
    assert str(refusal("event.a", variables=frozenset({"customer"}))) == "there is no 'event' here; use customer"
    with pytest.raises(ValueError, match="only"):
        compile_expression("now", frozenset({"now"}))


@pytest.mark.parametrize(
    "source",
    [
        "(" * 1900 + "1" + ")" * 1900,
        "true" + " && true" * 490,
        "event.a == 1 || " * 240 + "false",
        "[" + "1," * 1900 + "1]",
    ],
)
def test_what_is_long_but_not_deep_is_compiled(source: str) -> None:
    compile_expression(source)


@pytest.mark.parametrize(
    "source",
    [
        "[" * 1900 + "]" * 1900,
        "1" + "+1" * 1900,
        "!" * 3000 + "true",
        "- " * 1900 + "1",
        "event" + ".a" * 1900,
        "event" + "[0]" * 1300,
        "true ? 1 : " * 300 + "1",
        "size(" * 600 + "event" + ")" * 600,
        "[1].all(x, " * 300 + "true" + ")" * 300,
        "1 < " * 900 + "1",
        "{1: " * 700 + "1" + "}" * 700,
    ],
)
def test_what_is_nested_too_deeply_is_refused(source: str) -> None:
    assert "nested deeper than 60 levels" in str(refusal(source))


@pytest.mark.parametrize("wrap", ["[{}]", "({} || event.a)", "[1].all(x, {} && event.b)", "!{}", "(event.c ? {} : 1)"])
def test_what_is_nested_to_the_limit_works(wrap: str) -> None:
    source = "true"
    for _ in range(25):
        source = wrap.format(source)
    expression = compile_expression(source)
    assert str(expression.source) == source


def test_an_expression_has_at_most_4000_characters() -> None:
    compile_expression("1" + " " * 3999)
    assert str(refusal("1" + " " * 4000)) == "an expression may have 4000 characters, this one has 4001"


def test_a_stack_that_is_nearly_full_gives_no_recursion_error() -> None:
    def descend(levels: int) -> None:
        if levels:
            descend(levels - 1)
        else:
            refusal("[" * 50 + "]" * 50)

    compile_expression("1")
    depth = len(list(frames()))
    descend(sys.getrecursionlimit() - depth - 120)


def frames() -> Iterator[Any]:
    frame = sys._getframe()
    while frame is not None:
        yield frame
        frame = frame.f_back  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("source", "data"),
    [
        ("event.text.matches('(a+)+$')", "a" * 5000 + "b"),
        ("event.text.matches('(.*)(.*)(.*)(.*)(.*)x')", "a" * 5000),
        ("double(event.text) > 0.0 || true", "1" * 100_000 + "x"),
        ("duration(event.text) > duration('1s') || true", "1" * 100_000 + "x"),
        ("int(event.text) > 0 || true", "1" * 100_000),
        ("timestamp(event.text) > event.at || true", "2024-01-01T00:00:00." + "0" * 100_000),
    ],
)
def test_no_text_takes_exponential_time(source: str, data: str) -> None:
    started = time.perf_counter()
    value_of(source, {"text": data, "at": EVENT["at"]})
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("opening", ["'", '"', "'''", "b'", "b'''", '"""'])
def test_a_text_that_is_not_closed_is_refused_at_once(opening: str) -> None:
    started = time.perf_counter()
    refusal(opening + r"\n" * 1900)
    assert time.perf_counter() - started < 5


# What is known of an expression.


@pytest.mark.parametrize(
    ("source", "names", "paths"),
    [
        ("event.properties.cart_id", {"event"}, {("event", "properties", "cart_id")}),
        ("event['a'].b == customer.id", {"event", "customer"}, {("event", "a", "b"), ("customer", "id")}),
        ("has(event.a.b) && size(event.a) > 1", {"event"}, {("event", "a", "b"), ("event", "a")}),
        ("event.items[0].name", {"event"}, {("event", "items")}),
        ("event[customer.key].name", {"event", "customer"}, {("event",), ("customer", "key")}),
        ("event.items.all(customer, customer.price > 1)", {"event"}, {("event", "items")}),
        ("[1].all(x, .journey.step == x)", {"journey"}, {("journey", "step")}),
        ("1 + 1 == 2", set(), set()),
    ],
)  # fmt: skip
def test_an_expression_knows_its_names_and_paths(source: str, names: set[str], paths: set[tuple[str, ...]]) -> None:
    expression = compile_expression(source)
    assert expression.names == names
    assert expression.paths == paths


def test_an_expression_shows_its_source() -> None:
    assert repr(compile_expression("1 + 1")) == "Expression('1 + 1')"


def test_expressions_are_compiled_and_used_by_many_threads() -> None:
    found: list[bool] = []

    def work(number: int) -> None:
        for turn in range(20):
            source = f"event.n == {number} && [1, {turn}].exists(x, x == {turn} || event.missing)"
            found.append(compile_expression(source).met({"n": number}, {}, {}))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 80
