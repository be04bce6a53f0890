"""events.yaml: what is declared, what is not, and how strictly a project is held to it."""

from __future__ import annotations

import os
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.cel.value_types import (
    ANY_FIELDS,
    DYN,
    NUMBER,
    TEXT,
    Choice,
    Fields,
    ListOf,
    Plain,
    Type,
    joined,
    read_type,
    written_type,
)
from orchestrator.contracts import known_events
from orchestrator.errors import DefinitionError
from orchestrator.events.engagement import BOUNCED, OPENED, SURVEY_ANSWERED, UNSUBSCRIBED
from orchestrator.events.event import (
    ALIASED,
    CONSENT_CHANGED,
    GROUPED,
    IDENTIFIED,
    PAGE_VIEWED,
    SCREEN_VIEWED,
    Event,
)
from orchestrator.events.routing import KNOWN_NAMES
from orchestrator.journeys.event_schemas import default_schemas, schemas_of
from orchestrator.journeys.load import load, validate

MAIL = "action: mail\nchannel: email\ncontent: {subject: Hello, html: Hello}\n"
OWN = """\
events:
  Parcel Delayed:
    description: The parcel comes later.
    properties: {parcel: text, days: number, carrier: {name: text}}
  Order Completed:
    properties: {order_id: text, total: number}
  Quiz Answered:
    open: true
    properties: {quiz: text}
"""


def project(folder: Path, files: dict[str, str]) -> Path:
    for name, text in {"actions/mail.yaml": MAIL, **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), "utf-8")
    return folder


def found(folder: Path, files: dict[str, str]) -> list[str]:
    with pytest.raises(DefinitionError) as caught:
        load(project(folder, files))
    return [str(problem).removeprefix(f"{folder}{os.sep}") for problem in caught.value.problems]


def journey(on: str, condition: str, rest: str = "") -> str:
    """A journey whose condition is on line 4."""
    return f"journey: a\nentry:\n  on: {on}\n  if: {condition}\nsteps:\n  - act: mail\n{rest}"


# Without an events.yaml.


@pytest.mark.parametrize(
    ("on", "condition"),
    [
        ("Whatever Happens", "event.properties.x.y > 1"),
        ("Order Completd", "event.properties.totl > 1"),
        ("Order Completed", "event.properties.our_own_field > 1"),
        ("Order Completed", "event.properties.category_id == 'a'"),
        ("Order Completed", "event.properties.products.exists(p, p.our_own)"),
        ("'*'", "event.properties.totl > 1"),
        ("[Order Completed, Something Else]", "event.properties.totl > 1"),
        ("[Order Completed, Product Viewed]", "has(event.properties.order_id) || has(event.properties.product_id)"),
        ("Order Completed", "customer.traits.anything == 5 && event.context.page.path == '/'"),
    ],
)
def test_what_is_not_declared_is_free(tmp_path: Path, on: str, condition: str) -> None:
    load(project(tmp_path, {"journeys/a.yaml": journey(on, condition)}))


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (
            "event.properties.totl > 1",
            "'event.properties.totl' is unknown: did you mean 'total'? If not, ",
        ),
        ("event.properties.orderId == ''", "'event.properties.orderId' is unknown: did you mean 'order_id'? If not, "),
        ("event.properties.products.exists(p, p.prise > 1)", "'p.prise' is unknown: did you mean 'price'? If not, "),
        ("event.properties.total == '5'", "a number is never equal to a text in 'event.properties.total == '5''"),
        ("event.propertys.total > 1", "'event.propertys' is unknown: did you mean 'properties'?"),
    ],
)
def test_a_slip_in_a_field_that_everybody_knows_is_found(tmp_path: Path, condition: str, message: str) -> None:
    (problem,) = found(tmp_path, {"journeys/a.yaml": journey("Order Completed", condition)})
    assert problem.startswith(f"journeys/a.yaml:4: {message}")


# With one.


@pytest.mark.parametrize(
    ("on", "condition"),
    [
        ("Parcel Delayed", "event.properties.days > 2 && event.properties.carrier.name == 'x'"),
        ("Quiz Answered", "event.properties.quiz == 'a' && event.properties.anything.at.all > 1"),
        ("Product Viewed", "event.properties.price > 5.0"),
        ("[Parcel Delayed, Order Completed]", "has(event.properties.days) || event.properties.total > 5"),
        ("'*'", "event.properties.days > 1 || event.properties.product_id == 'x'"),
        ("Identified", "event.traits.anything == 5"),
        ("Page Viewed", "event.properties.our_own == 5"),
    ],
)
def test_what_is_declared_is_there(tmp_path: Path, on: str, condition: str) -> None:
    load(project(tmp_path, {"events.yaml": OWN, "journeys/a.yaml": journey(on, condition)}))


@pytest.mark.parametrize(
    ("on", "condition", "problem"),
    [
        (
            "Parcel Delayd",
            "customer.known",
            "3: the event 'Parcel Delayd' is unknown: did you mean 'Parcel Delayed'? If not, ",
        ),
        ("Xyz", "event.properties.x > 1", "3: the event 'Xyz' is unknown: declare it in events.yaml"),
        (
            "Order Completed",
            "event.properties.coupon == ''",
            "4: 'event.properties.coupon' is unknown: Order Completed has order_id, total; declare it in events.yaml",
        ),
        ("Parcel Delayed", "event.properties.dayz > 1", "4: 'event.properties.dayz' is unknown: did you mean 'days'?"),
        (
            "[Parcel Delayed, Order Completed]",
            "event.properties.x > 1",
            "4: 'event.properties.x' is unknown: Order Completed or Parcel Delayed has carrier, days, ",
        ),
        ("'*'", "event.properties.parcell == ''", "4: 'event.properties.parcell' is unknown: did you mean 'parcel'?"),
        ("Order Completed", "event.traits.x > 1", "4: 'event.traits.x' is unknown: only Identified and Grouped have"),
    ],
)
def test_what_is_not_declared_is_an_error(tmp_path: Path, on: str, condition: str, problem: str) -> None:
    files = {"events.yaml": OWN, "journeys/a.yaml": journey(on, condition)}
    (only,) = found(tmp_path, files)
    assert only.startswith(f"journeys/a.yaml:{problem}")


WHERE = """\
journey: a
entry:
  on: Parcel Delayed
exit:
  - on: Order Completed
    if: event.properties.days > 1
steps:
  - wait:
      event: Quiz Answered
      timeout: 1 day
      if: |
        event.properties.quiz == "x" &&
        journey.entry.properties.dayz > 1
      received:
        - act: mail
          if: event.properties.parcel == "p" && event.properties.quiz == "q" && event.properties.order_id == "o"
  - branch:
      - if: journey.last.properties.days > 1 && journey.last.properties.quiz == "x"
        steps: []
      - if: journey.entri.name == "x" && journey.entered_at < event.timestamp && journey.step == 5
        steps: []
"""


def test_each_condition_sees_the_events_of_its_place(tmp_path: Path) -> None:
    events = OWN.replace("    open: true\n", "")
    assert [
        problem.partition(" ")[2] for problem in found(tmp_path, {"events.yaml": events, "journeys/a.yaml": WHERE})
    ] == [
        "'event.properties.days' is unknown: Order Completed has order_id, total; declare it in events.yaml",
        "'journey.entry.properties.dayz' is unknown: did you mean 'days'?",
        (
            "'event.properties.order_id' is unknown: Parcel Delayed or Quiz Answered has carrier, days, parcel, quiz; "
            "declare it in events.yaml"
        ),
        "'journey.last.properties.days' is unknown: Quiz Answered has quiz; declare it in events.yaml",
        "'journey.entri' is unknown: did you mean 'entry'?",
        "a text is never equal to a whole number in 'journey.step == 5'",
    ]


def test_the_line_is_that_of_the_part_at_fault(tmp_path: Path) -> None:
    problems = found(tmp_path, {"events.yaml": OWN, "journeys/a.yaml": WHERE})
    assert any(problem.startswith("journeys/a.yaml:13: 'journey.entry.properties.dayz'") for problem in problems)


WRONG = {
    "no type": (
        "events:\n  A:\n    properties:\n      total: nmber",
        "4: 'nmber' is no type: did you mean 'number'?",
    ),
    "a type that is like no other": (
        "events:\n  A:\n    properties:\n      total: zzz",
        "4: 'zzz' is no type: write text, number, boolean, date, time, list, map, any, {list: ...} or a map of fields",
    ),
    "no type within": (
        "events:\n  A:\n    properties:\n      products: {list: {price: numbr}}",
        "4: 'price': 'numbr' is no type: did you mean 'number'?",
    ),
    "a number for a type": ("events:\n  A:\n    properties: {a: 5}", "3: what is written here is no type: write text"),
    "no values": ("events:\n  A:\n    properties: {a: {one_of: []}}", "3: 'one_of' must be a list of texts, such as"),
    "an unknown key": (
        "events:\n  A:\n    propertys: {}",
        "3: 'propertys' is unknown here: did you mean 'properties'?",
    ),
    "an event as a text": ("events:\n  A: text", "2: 'events' must have keys and values, not 'text'"),
    "no events": ("event: {}", "1: 'event' is unknown here: did you mean 'events'?"),
    "types without end": (
        "events:\n  A:\n    properties:\n      a: " + "{list: " * 12 + "text" + "}" * 12,
        "4: types are nested deeper than 10 levels",
    ),
    "a name that is too long": (
        f"events:\n  A:\n    properties:\n      a: {{{'x' * 201}: text}}",
        "4: the name of a field has 1 to 200 characters",
    ),
}


@pytest.mark.parametrize(("written", "problem"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_in_it(tmp_path: Path, written: str, problem: str) -> None:
    files = {"events.yaml": written, "journeys/a.yaml": journey("X", "customer.known")}
    assert found(tmp_path, files)[0].startswith(f"events.yaml:{problem}")


def test_a_wrong_file_is_not_also_a_hundred_unknown_events(tmp_path: Path) -> None:
    files = {"events.yaml": "events: []", "journeys/a.yaml": journey("X", "event.properties.x > 1")}
    assert len(found(tmp_path, files)) == 1


def test_it_is_checked_with_the_project_and_alone(tmp_path: Path) -> None:
    project(tmp_path / "mine", {"events.yaml": OWN, "journeys/a.yaml": journey("Parcel Delayed", "customer.known")})
    (tmp_path / "alone.yaml").write_text(OWN, "utf-8")

    assert tmp_path / "mine/events.yaml" in validate(tmp_path / "mine")
    assert validate(tmp_path / "alone.yaml") == (tmp_path / "alone.yaml",)


def test_a_file_alone_is_held_to_what_everybody_knows(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(journey("Order Completed", "event.properties.totl > 1"), "utf-8")
    with pytest.raises(DefinitionError, match="did you mean 'total'"):
        validate(tmp_path / "a.yaml")


# The package's own.


def test_the_package_knows_the_events_that_the_orchestrator_reads() -> None:
    named = {
        SURVEY_ANSWERED,
        ALIASED,
        CONSENT_CHANGED,
        GROUPED,
        IDENTIFIED,
        PAGE_VIEWED,
        SCREEN_VIEWED,
        *OPENED,
        *UNSUBSCRIBED,
        *BOUNCED,
    }
    routed = {name for names in KNOWN_NAMES.values() for name in names}
    assert named | routed <= set(default_schemas().events)


CONTRACTS = [
    known_events.CallStarted,
    known_events.CallEnded,
    known_events.MessageReaction,
    known_events.MessageBounced,
    known_events.MessageFailed,
    known_events.MessageUnsubscribed,
    known_events.SurveyAnswered,
    known_events.ConsentChanged,
    known_events.JourneyRequested,
    known_events.LocationChanged,
]


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.__name__)
def test_the_package_declares_what_its_contracts_do(contract: Any) -> None:
    schema = contract.model_json_schema()
    events = schema["properties"]["event"]
    for name in events.get("enum", [events.get("const")]):
        declared = default_schemas().events[name].properties
        for model in schema["$defs"].values():
            assert set(model["properties"]) <= set(declared), name


def test_an_event_has_the_fields_of_its_view() -> None:
    event = Event("m", "Order Completed", 0, 0, None, None, None, {}, {}, {})
    assert set(default_schemas().event(["Order Completed"]).fields) == {*event.view(), "timestamp"}


def test_a_projects_events_replace_key_by_key() -> None:
    schemas = schemas_of({"events": {"Order Completed": {"description": "Ours."}}})
    assert schemas.events["Order Completed"].description == "Ours."
    assert "order_id" in schemas.events["Order Completed"].properties
    assert "Product Viewed" in schemas.events


# Types.

TYPES = st.recursive(
    st.sampled_from(["text", "number", "boolean", "date", "time", "any", "list", "map"])
    | st.lists(st.text(max_size=3), min_size=1, max_size=3, unique=True).map(
        lambda options: {"one_of": sorted(options)}
    ),
    lambda inner: (
        inner.map(lambda type_: {"list": type_})
        | inner.map(lambda type_: {"map": type_})
        | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(TYPES)
def test_a_type_is_written_as_it_is_read(written: Any) -> None:
    assert read_type(written_type(read_type(written))) == read_type(written)


@given(TYPES, TYPES)
def test_the_join_of_two_types_takes_either_order(one: Any, other: Any) -> None:
    assert joined([read_type(one), read_type(other)]) == joined([read_type(other), read_type(one)])


@given(TYPES)
def test_a_type_joined_with_itself_is_itself(written: Any) -> None:
    assert joined([read_type(written)] * 2) == read_type(written)


@pytest.mark.parametrize(
    ("types", "result"),
    [
        ([], DYN),
        ([TEXT, NUMBER], DYN),
        ([read_type("date"), TEXT], TEXT),
        ([Choice(frozenset("a")), Choice(frozenset("b"))], Choice(frozenset("ab"))),
        ([Choice(frozenset("a")), TEXT], TEXT),
        ([ListOf(TEXT), ListOf(NUMBER)], ListOf(DYN)),
        ([read_type({"a": "text"}), read_type({"b": "number"})], Fields({"a": TEXT, "b": NUMBER})),
        ([read_type({"a": "text"}), ANY_FIELDS], Fields({"a": TEXT}, DYN)),
        ([Plain("null"), TEXT], TEXT),
    ],
)
def test_the_join_of_types(types: list[Type], result: Type) -> None:
    assert joined(types) == result
