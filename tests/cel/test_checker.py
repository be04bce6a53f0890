"""Which mistakes in a condition are found before there is an event, and how they are told."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.cel.checker import check_types, type_of
from orchestrator.cel.expression import compile_expression
from orchestrator.cel.value_types import (
    BOOL,
    DOUBLE,
    DYN,
    INT,
    NUMBER,
    SPAN,
    TEXT,
    TIME,
    TYPE,
    UINT,
    Fields,
    ListOf,
    Type,
    read_type,
)
from orchestrator.journeys.event_schemas import schemas_of
from orchestrator.journeys.scopes import Scopes

PROPERTIES: dict[str, Any] = {
    "total": "number",
    "items": "number",
    "currency": "text",
    "gift": "boolean",
    "day": "date",
    "moment": "time",
    "tags": {"list": "text"},
    "products": {"list": {"sku": "text", "price": "number"}},
    "address": {"street": "text", "geo": {"latitude": "number"}},
    "scores": {"map": "number"},
    "direction": {"one_of": ["inbound", "outbound"]},
    "anything": "any",
}
SCOPES = Scopes(
    schemas_of({"events": {"Order": {"properties": PROPERTIES}}}),
    given={"email": TEXT, "birthday": read_type("date")},
    computed={"orders_30d": NUMBER},
    segments=("lapsed", "vip"),
    channels=("email", "sms"),
)
VARIABLES = {**SCOPES.at_entry(["Order"])}


def told(source: str, *, condition: bool = True) -> list[str]:
    """What is said, each with line and column."""
    compile_expression(source)
    problems = check_types(source, VARIABLES, condition=condition)
    return [f"{problem.line}:{problem.column} {problem}" for problem in problems]


def examples(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


@pytest.mark.parametrize(
    "source",
    examples("""
    event.properties.total > 5 && event.properties.total < 5.5 && event.properties.items == 3
    event.name == "Order" && event.timestamp > timestamp("2026-01-01T00:00:00Z")
    event.timestamp - customer.last_seen > duration("24h") || customer.first_seen < event.timestamp
    event.properties.currency in ["EUR", "CHF"] && "sale" in event.properties.tags
    event.properties.products.exists(p, p.price > 50.0 && p.sku.startsWith("A"))
    event.properties.products.map(p, p.price).filter(x, x > 2).size() == 2
    event.properties.products[0].sku == "a" && event.properties["address"].geo.latitude > 48.1
    has(event.properties.address.street) && !has(event.properties.gift)
    event.properties.gift && !event.properties.gift ? true : event.properties.gift
    event.properties.currency == null && event.properties.total != null && null == event.properties.products
    event.properties.scores.anything > 1 && event.properties.scores["x"] < 2 && "y" in event.properties.scores
    event.properties.direction == "inbound" && event.properties.direction in ["inbound", "outbound"]
    event.properties.anything.at.all == 5 && event.properties.anything > 2 && event.properties.anything
    event.context.page.path.startsWith("/") && event.properties.day < "2026-01-01"
    timestamp(event.properties.moment) < event.timestamp && event.timestamp.getHours("Europe/Berlin") < 9
    timestamp(event.properties.day + "T00:00:00Z") < event.timestamp
    double(event.properties.total) + 1.0 > 2.0 && event.properties.items + 1 > 2 && -event.properties.total < 0
    string(event.properties.total) + " EUR" == "5 EUR" && size(event.properties.tags) > 1
    customer.known && customer.traits.email.endsWith("@example.com") && has(customer.traits.birthday)
    customer.traits.locale == "de-DE" && customer.traits.timezone == "Europe/Berlin"
    customer.computed.orders_30d >= 3 && "vip" in customer.segments && !("lapsed" in customer.segments)
    customer.consents["email/marketing"].given && customer.consents["email/newsletter"].at < event.timestamp
    customer.segments.exists(s, s == "vip") && size(customer.segments) == 0
    {"a": event.properties.total}["a"] > 1 && {"a": 1}.all(k, k == "a") && {1: "a"}[1] == "a"
    type(event.properties.total) == int && dyn(event.properties.currency) > 5
    event.name == "Order" ? event.properties.gift : dyn(event.properties.total)
    event.timestamp.getHours("+02:00") == 9 && event.timestamp.getHours("Etc/GMT+3") == 9
    customer.traits.birthday == "1990-01-31" || customer.traits.birthday < "1990" || customer.traits.birthday != ""
    event.properties.moment > "2026-01" && event.properties.day in ["2026-01-31", "2026-01-31T09:00:00+01:00"]
    event.properties.total in [1, 2.5] && event.properties.tags + ["x"] != []
    """),
)
def test_a_condition_that_can_hold_is_right(source: str) -> None:
    assert told(source) == []


UNKNOWN = [
    ("event.properties.totl > 5", "1:18 'event.properties.totl' is unknown: did you mean 'total'?"),
    ("event['properties']['totl'] > 5", "1:21 'event['properties']['totl']' is unknown: did you mean 'total'?"),
    ("has(event.properties.totl)", "1:22 'event.properties.totl' is unknown: did you mean 'total'?"),
    ("'totl' in event.properties", "1:1 ''totl' in event.properties' is unknown: did you mean 'total'?"),
    ("event.propertis.total > 5", "1:7 'event.propertis' is unknown: did you mean 'properties'?"),
    ("event.properties.addres.street == ''", "1:18 'event.properties.addres' is unknown: did you mean 'address'?"),
    ("event.properties.address.geo.lat > 1.0", "1:30 'event.properties.address.geo.lat' is unknown: did you mean"),
    ("event.properties.products[0].prise > 1", "1:30 'event.properties.products[0].prise' is unknown: did you mean"),
    ("event.properties.products.all(p, p.skuu == '')", "1:36 'p.skuu' is unknown: did you mean 'sku'?"),
    (
        "event.properties.x == 1",
        "1:18 'event.properties.x' is unknown: Order has address, anything, currency, day, ",
    ),
    (
        "customer.traits.emial == ''",
        "1:17 the trait 'emial' is not in traits.yaml, under 'given': did you mean",
    ),
    (
        "customer.traits.x == ''",
        "1:17 the trait 'x' is not in traits.yaml, under 'given': there are birthday, email, locale, timezone",
    ),
    (
        "customer.computed.orders_31d > 2",
        "1:19 the computed trait 'orders_31d' is not in traits.yaml: did you mean 'orders_30d'?",
    ),
    (
        "customer.email == ''",
        "1:10 'customer.email' is unknown: a customer has campaign, computed, consents, first_seen, id,",
    ),
    ("'vpi' in customer.segments", "1:1 the segment 'vpi' is not in segments.yaml: did you mean 'vip'?"),
    ("customer.segments.exists(s, s == 'x')", "1:29 the segment 'x' is not in segments.yaml: there are lapsed, vip"),
    ("customer.consents['emial/marketing'].given", "1:19 'customer.consents['emial/marketing']' is unknown: did you"),
    ("customer.consents['email/marketing'].gven", "1:38 'customer.consents['email/marketing'].gven' is unknown: did"),
    ("event.properties.direction == 'inbond'", "1:1 the value 'inbond' is unknown: did you mean 'inbound'?"),
    ("event.properties.direction in ['inbound', 'x']", "1:1 the value 'x' is unknown: there are inbound, outbound"),
    ("event.traits.email == ''", "1:14 'event.traits.email' is unknown: only Identified and Grouped have traits,"),
]


UNKNOWN += [
    ("event.name == 'Ordr'", "1:1 the event 'Ordr' is not one of those that are heard here: did you mean 'Order'?"),
    ("'Parcel' != event.name", "1:1 the event 'Parcel' is not one of those that are heard here: there are Order"),
    ("event.name in ['Order', 'order']", "1:1 the event 'order' is not one of those that are heard here: did you"),
    ("event.timestamp.getHours('Europe/Berln') > 8", "1:17 'Europe/Berln' is no time zone: did you mean 'Europe/Be"),
    ("event.timestamp.getHours('+2') > 8", "1:17 '+2' is no time zone"),
    ("customer.traits.birthday == 'x'", "1:1 'x' is no date: write it as 2026-01-31"),
    ("'31.01.1990' != customer.traits.birthday", "1:1 '31.01.1990' is no date: write it as 2026-01-31"),
    ("customer.traits.birthday == '1990'", "1:1 '1990' is no date: write it as 2026-01-31"),
    ("customer.traits.birthday < '31.01.1990'", "1:1 '31.01.1990' is no date: write it as 2026-01-31"),
    ("event.properties.moment > 'nine'", "1:1 'nine' is no time: write it as 2026-01-31T09:30:00Z"),
    ("event.properties.day in ['2026-01-31', 'x']", "1:1 'x' is no date: write it as 2026-01-31"),
]


@pytest.mark.parametrize(("source", "message"), UNKNOWN)
def test_what_is_unknown_is_told_with_the_nearest_right_name(source: str, message: str) -> None:
    (problem,) = told(source)
    assert problem.startswith(message)


WRONG = [
    (
        "event.properties.total == '5'",
        "1:1 a number is never equal to a text in 'event.properties.total == '5''",
    ),
    ("'5' != event.properties.total", "1:1 a text is never equal to a number in"),
    ("event.properties.currency < 5", "1:1 a text cannot be compared with a whole number in"),
    ("event.properties.gift == 1", "1:1 true or false is never equal to a whole number in"),
    ("event.properties.gift == 'true'", "1:1 true or false is never equal to a text in 'event.properties.gift == "),
    ("event.timestamp > '2026-01-01T00:00:00Z'", "1:1 a time cannot be compared with a text in"),
    ("event.timestamp > customer.traits.birthday", "1:1 a time cannot be compared with a text in"),
    ("timestamp(event.properties.day) < event.timestamp", "1:1 a date is no moment: write timestamp(x + 'T00:00:00Z')"),
    ("event.timestamp + 5 > event.timestamp", "1:1 '+' is not for a time and a whole number: write a duration"),
    ("event.properties.currency + 5 == ''", "1:1 '+' is not for a text and a whole number: write string(x) around"),
    ("1 + 0.5 > 2.0", "1:1 '+' is not for a whole number and a number with decimals: write double(x)"),
    ("7.0 % 2.0 > 1.0", "1:1 '%' is not for a number with decimals and a number with decimals"),
    ("event.properties.gift * 2 == 2", "1:1 '*' is not for true or false and a whole number"),
    ("-event.properties.currency == ''", "1:1 '-' is not for a text"),
    ("event.properties.tags == 'sale'", "1:1 a list is never equal to a text in 'event.properties.tags == 'sale''"),
    ("event.properties.tags.sale", "1:23 'event.properties.tags' is a list, so it has no field 'sale': write [0]"),
    ("event.name.first == ''", "1:12 'event.name' is a text, so it has no field 'first'"),
    ("event.name[0] == ''", "1:1 'event.name' is a text, and only lists and maps have parts"),
    ("event.properties.tags[true] == ''", "1:23 a position in a list is a number, not true or false"),
    ("event.properties.scores[1] > 2", "1:25 a key of 'event.properties.scores' is a text"),
    ("'a' in event.properties.currency", "1:1 'in' needs a list or a map, not a text: write text.contains('part')"),
    ("5 in event.properties.tags", "1:1 a whole number is never in a list of which each item is a text in"),
    ("event.properties.total in ['1', '2']", "1:1 a number is never in a list of which each item is a text in"),
    ("event.properties.total && true", "1:1 'event.properties.total' is a number, and '&&' needs true or false"),
    ("true || event.properties.currency", "1:9 'event.properties.currency' is a text, and '||' needs true or false"),
    ("!event.properties.currency", "1:2 'event.properties.currency' is a text, and '!' needs true or false"),
    ("event.properties.currency ? true : false", "1:1 'event.properties.currency' is a text, and '?' needs true or"),
    ("event.properties.tags.all(t, t)", "1:30 't' is a text, and 'all()' needs true or false"),
    ("event.properties.total.exists(x, true)", "1:1 'event.properties.total' is a number, and exists() needs a list"),
    ("size(event.properties.total) > 1", "1:6 size() is not for a number such as 'event.properties.total'"),
    ("event.properties.total.startsWith('1')", "1:1 startsWith() is not for a number such as"),
    ("event.properties.moment.getHours() > 1", "1:1 getHours() is not for a text such as 'event.properties.moment': "),
    ("duration('1h').getHours('UTC') == 1", "1:16 getHours() of a duration has no time zone"),
    ("[1, 2].join() == ''", "1:8 join() needs a list of texts: write list.map(x, string(x)).join()"),
    ("{1.5: 'a'} == {}", "1:2 a number with decimals cannot be a key of a map"),
    ("event.properties.total", "1:1 'event.properties.total' is a number, and a condition is true or false"),
    ("true ? event.properties.total : customer.known", "1:8 'event.properties.total' is a number, and a condition is"),
    ("customer.known ? (true ? true : 1) : true", "1:33 '1' is a whole number, and a condition is true or false"),
    ("true && (true ? event.properties.total : customer.known)", "1:17 'event.properties.total' is a number, and '&&'"),
    ("'yes'", "1:1 ''yes'' is a text, and a condition is true or false"),
    ("event.properties.products.map(p, p.price > 1)", "1:1 'event.properties.products.map(p, p.price > 1)' is a list,"),
    ("true &&\n  event.properties.totl > 5", "2:20 'event.properties.totl' is unknown: did you mean 'total'?"),
]


@pytest.mark.parametrize(("source", "message"), WRONG)
def test_what_could_never_hold_is_told_with_its_place(source: str, message: str) -> None:
    (problem,) = told(source)
    assert problem.startswith(message)


def test_remedies_are_what_can_be_written() -> None:
    assert told("event.properties.total == '5'")[0].endswith(": write 5 without quotes")
    assert told("event.properties.gift == 'true'")[0].endswith(": write true without quotes")
    assert told("event.timestamp > '2026-01-01T00:00:00Z'")[0].endswith(": write timestamp('2026-01-01T00:00:00Z')")
    assert told("event.properties.moment.getHours() > 1")[0].endswith(": write timestamp(x).getHours()")
    assert told("event.properties.total.contains('1')")[0].endswith(": write string(x).contains()")


def test_all_mistakes_are_found_in_their_order() -> None:
    source = "event.properties.a == 1 || event.properties.total == 'x' && customer.traits.b == 2"
    assert [problem.split()[0] for problem in told(source)] == ["1:18", "1:28", "1:77"]


def test_one_mistake_is_one_problem() -> None:
    assert len(told("event.propertis.total.x + 5 > 2 && event.propertis.y.exists(z, z.a)")) == 2
    assert len(told("event.properties.totl.foo.bar[0].size() > 5")) == 1


def test_what_is_no_condition_may_have_any_type() -> None:
    assert told("event.properties.currency", condition=False) == []
    assert told("event.properties.currenzy", condition=False) != []


@pytest.mark.parametrize(
    ("source", "type_"),
    [
        ("1", INT),
        ("1u", UINT),
        ("1.5", DOUBLE),
        ("event.properties.total", NUMBER),
        ("event.properties.total + 1.0", DOUBLE),
        ("event.properties.total * event.properties.items", NUMBER),
        ("event.properties.currency + 'x'", TEXT),
        ("event.timestamp - event.timestamp", SPAN),
        ("event.timestamp - duration('1h')", TIME),
        ("duration('1h') + event.timestamp", TIME),
        ("true ? 1 : 2.0", NUMBER),
        ("true ? 1 : 'a'", DYN),
        ("true ? event.properties.currency : null", TEXT),
        ("[1, 2]", ListOf(INT)),
        ("[1, 'a']", ListOf(DYN)),
        ("[]", ListOf(DYN)),
        ("[1] + ['a']", ListOf(DYN)),
        ("event.properties.products.map(p, p.sku)", ListOf(TEXT)),
        ("event.properties.products.map(p, p.price > 1, p.sku)", ListOf(TEXT)),
        ("event.properties.tags.filter(t, t == 'a')", ListOf(TEXT)),
        ("'a,b'.split(',')[0]", TEXT),
        ("{'a': 1}.a", INT),
        ("{'a': 1}", Fields(rest=INT)),
        ("event.properties.anything + 1", DYN),
        ("size([]) == 0", BOOL),
        ("type(1)", TYPE),
        ("google.protobuf.Timestamp", TYPE),
        ("event.timestamp.getHours()", INT),
        ("dyn(1)", DYN),
        ("[1].exists(event, event > 0) && .event.name == ''", BOOL),
    ],
)
def test_the_type_of_an_expression(source: str, type_: Type) -> None:
    assert type_of(source, VARIABLES) == type_
