"""Fields that templates ask for and nothing has."""

from __future__ import annotations

import os
from pathlib import Path
from textwrap import dedent, indent

import pytest

from orchestrator.cel.value_types import INT, TEXT, read_type
from orchestrator.errors import DefinitionError
from orchestrator.journeys.event_schemas import schemas_of
from orchestrator.journeys.load import load
from orchestrator.journeys.scopes import Scopes
from orchestrator.journeys.template_types import check_template

ORDER = {"total": "number", "order_id": "text", "products": {"list": {"name": "text", "price": "number"}}}
SCHEMAS = schemas_of({"events": {"Order": {"properties": ORDER}, "Parcel": {"properties": {"parcel": "text"}}}})
SCOPES = Scopes(
    SCHEMAS,
    given={
        "first_name": TEXT,
        "birthday": read_type("date"),
        "seen": read_type("time"),
        "address": read_type({"city": "text"}),
    },
    computed={"orders": INT},
    segments=("vip",),
)
PARTIALS = {
    "footer": "Bye {{ customer.traits.first_nme }}",
    "line": "{{ product.nam }} {{ product.name }}",
    "loop": "{% include 'loop' %}{{ event.x }}",
    "broken": "{{ event.",
}


def variables(event: str) -> dict[str, object]:
    seen = SCOPES.at_entry([event])
    return {**seen, "journey": read_type({"name": "text"}), "order": SCHEMAS.event(["Order"])}


def told(source: str, *events: str) -> list[str]:
    seen = {f"on-{event.lower()}": variables(event) for event in events or ("Order",)}
    found = check_template(source, seen, PARTIALS)  # type: ignore[arg-type]
    return [f"{misuse.partial or ''}{misuse.line}: {misuse.message}" for misuse in found]


RIGHT = [
    "{{ event.properties.total | money('EUR') }} {{ event.properties['order_id'] }} {{ event.name | upper }}",
    "{{ customer.traits.first_name | default('you') }} {{ customer.traits.address.city }}",
    "{{ customer.computed.orders }}",
    "{% for p in event.properties.products %}{{ loop.index }}/{{ loop.length }} {{ p.name }}{% endfor %}",
    "{% for p in event.properties.products | default([]) | sort(attribute='price') %}{{ p.price }}{% endfor %}",
    "{% for p in event.properties.products[:3] %}{{ p.price }}{% else %}{{ event.id }}{% endfor %}",
    "{{ event.properties.products[0].name }} {{ (event.properties.products | first).name }}",
    "{{ event.properties.products | map(attribute='name') | join(', ') }} {{ event.properties.products | length }}",
    "{{ event.properties.products | sum(attribute='price') }} {{ event.timestamp.year }} {{ event.timestamp | date }}",
    "{% set n = event.properties.products[0] %}{{ n.name }}",
    "{% set t = {'a': 1} %}{{ t.b | default('') }} {{ t[event.name] }}",
    "{% for k, v in event.properties.items() %}{{ k }}{{ v.x.y }}{% endfor %}{{ range(3) | join }}",
    "{% for k in event.properties %}{{ k }}{% endfor %}{{ customer.segments | join(', ') }}",
    "{{ 'a' if customer.traits.first_name is defined else 'b' }} {{ event.context.page.path }}",
    "{% macro b(x) %}{{ x.anything }}{{ event.name }}{% endmacro %}{{ b(event.properties) }}",
    "{% if event.properties.total > 5 and customer.known %}{{ event.id }}{% elif customer.id %}x{% endif %}",
    "{% from 'broken' import x %}{{ x.y }}{% include 'broken' %}{% include 'nothing' %}",
    "{{ event.properties.products | selectattr('price', 'gt', 5) | map(attribute='name') | first }}",
    "nothing {{ event. is asked",
]


@pytest.mark.parametrize("source", RIGHT)
def test_what_is_there_may_be_asked_for(source: str) -> None:
    assert told(source) == []


RIGHT_VALUES = [
    "{{ event.properties.total | money('EUR') }} {{ event.properties.total | default(0) | number(2) }}",
    "{{ event.properties.total | round(1) | percent }} {{ customer.computed.orders | number }}",
    "{{ event.properties.order_id | float | money('EUR') }} {{ '12.50' | number }} {{ event.context.x | percent }}",
    "{{ event.timestamp | date('long') }} {{ event.timestamp | plus('2 days') | datetime(skeleton='yMMMd') }}",
    "{{ customer.traits.birthday | date(\"d. MMMM 'anno' y\") }} {{ customer.traits.seen | time('HH:mm') }}",
    "{{ customer.traits.seen | datetime('dd.MM.yyyy HH:mm') }} {{ customer.traits.birthday | relative }}",
    "{{ event.properties.products | sum(attribute='price') | money('EUR') }}",
    "{{ event.properties.products | map(attribute='name') | join(', ') }}",
]


@pytest.mark.parametrize("source", RIGHT_VALUES)
def test_values_may_be_shown_as_what_they_are(source: str) -> None:
    assert told(source) == []


WRONG_VALUES = [
    (
        "{{ event.properties.order_id | money('EUR') }}",
        "1: 'event.properties.order_id' is a text, and the filter money needs a number: declare it as one, or write",
    ),
    ("{{ event.properties.order_id | default('0') | percent }}", "1: 'event.properties.order_id' is a text, and the"),
    (
        "{{ event.timestamp | number }}",
        "1: 'event.timestamp' is a time, and the filter number needs a number: name one",
    ),
    ("{{ customer.known | round }}", "1: 'customer.known' is true or false, and the filter round needs a number"),
    ("{{ event.properties.products | money('EUR') }}", "1: 'event.properties.products' is a list, and the filter"),
    (
        "{{ event.properties.total | date }}",
        "1: 'event.properties.total' is a number, and the filter date needs a date",
    ),
    (
        "{{ event.properties.order_id | datetime }}",
        "1: 'event.properties.order_id' is a text, and the filter datetime needs a date or a time: declare it as one",
    ),
    (
        "{{ customer.traits.birthday | time }}",
        "1: 'customer.traits.birthday' is a text, and the filter time needs a time of day: use the filter date",
    ),
    ("{{ event.properties.total | plus('1 day') | date }}", "1: 'event.properties.total' is a number, and the filter"),
    (
        "{{ event.properties.products | sum(attribute='name') }}",
        "1: each item of 'event.properties.products' is a text",
    ),
    ("{{ event.properties.products | join(', ') }}", "1: each item of 'event.properties.products' is a map, and the"),
    ("{{ event.timestamp | date | date }}", "1: 'event.timestamp' is a text, and the filter date needs a date"),
]


@pytest.mark.parametrize(("source", "message"), WRONG_VALUES)
def test_what_a_filter_cannot_show_is_told(source: str, message: str) -> None:
    (problem,) = told(source)
    assert problem.startswith(message)


WRONG = [
    ("{{ event.properties.totl }}", "1: 'event.properties.totl' is unknown: did you mean 'total'?"),
    ("{{ event.properties['totl'] }}", "1: 'event.properties['totl']' is unknown: did you mean 'total'?"),
    ("a\n{{ event.propertys.total }}", "2: 'event.propertys' is unknown: did you mean 'properties'?"),
    ("{{ customer.traits.frist_name }}", "1: the trait 'frist_name' is not in traits.yaml, under 'given': did"),
    ("{{ customer.traits.frist_name | default('') }}", "1: the trait 'frist_name' is not in"),
    (
        "{% if customer.traits.x is defined %}a{% endif %}",
        "1: the trait 'x' is not in traits.yaml",
    ),
    (
        "{{ customer.traits.address.ctiy | d('') }}",
        "1: 'customer.traits.address.ctiy' is unknown: did you mean 'city'?",
    ),
    ("{{ customer.computed.ordrs }}", "1: the computed trait 'ordrs' is not in traits.yaml: did you mean 'orders'?"),
    (
        "{% for p in event.properties.products %}\n{{ p.prise }}{% endfor %}",
        "2: 'p.prise' is unknown: did you mean 'price'?",
    ),
    (
        "{% for p in event.properties.products %}{{ loop.idx }}{% endfor %}",
        "1: 'loop.idx' is unknown: did you mean 'index'?",
    ),
    ("{{ event.properties.products[0].prise }}", "1: 'event.properties.products[0].prise' is unknown: did you mean"),
    ("{{ event.properties.products | map(attribute='nam') | join }}", "1: 'nam' is unknown: did you mean 'name'?"),
    ("{{ event.properties.products | sum(attribute='prise') }}", "1: 'prise' is unknown: did you mean 'price'?"),
    ("{{ event.properties.products | selectattr('prise') | list | length }}", "1: 'prise' is unknown: did you mean"),
    ("{% set p = event.properties.products | first %}{{ p.nam }}", "1: 'p.nam' is unknown: did you mean 'name'?"),
    ("{{ event.name.first }}", "1: 'event.name' is a text, so it has no field 'first'"),
    ("{{ event.properties.total.amount }}", "1: 'event.properties.total' is a number, so it has no field 'amount'"),
    (
        "{{ event.properties.products.name }}",
        "1: 'event.properties.products' is a list, so it has no field 'name': write",
    ),
    ("{{ event.properties.products }}", "1: 'event.properties.products' is a list, and no text: name a part of it, or"),
    ("{{ customer.traits.address }}", "1: 'customer.traits.address' is a map, and no text: name a part of it"),
    ("{% for p in event.properties.total %}{{ p }}{% endfor %}", "1: 'event.properties.total' is a number, and a loop"),
    ("{{ 'a' if event.properties.totl else 'b' }}", "1: 'event.properties.totl' is unknown: did you mean 'total'?"),
    ("{{ event.name ~ event.nmae }}", "1: 'event.nmae' is unknown: did you mean 'name'?"),
    ("{{ event.name | replace(event.nmae, 'x') }}", "1: 'event.nmae' is unknown: did you mean 'name'?"),
    ("{{ {'a': event.nmae}['a'] }}", "1: 'event.nmae' is unknown: did you mean 'name'?"),
    ("{% macro b(x) %}{{ event.nmae }}{% endmacro %}{{ b(1) }}", "1: 'event.nmae' is unknown: did you mean 'name'?"),
    (
        "{% include 'footer' %}",
        "footer1: the trait 'first_nme' is not in traits.yaml",
    ),
    (
        "{% for product in event.properties.products %}{% include 'line' %}{% endfor %}",
        "line1: 'product.nam' is unknown: did you mean 'name'?",
    ),
    (
        "{% include 'loop' %}",
        "loop1: 'event.x' is unknown: an event has context, id, name, properties, timestamp, traits",
    ),
]


@pytest.mark.parametrize(("source", "message"), WRONG)
def test_what_is_not_there_is_told_with_its_line(source: str, message: str) -> None:
    (problem,) = told(source)
    assert problem.startswith(message)


def test_a_field_must_be_there_in_each_journey_that_uses_the_template() -> None:
    (problem,) = told("{{ event.properties.total }}", "Order", "Parcel")
    assert problem.startswith("1: 'event.properties.total' is unknown: Parcel has parcel")
    assert problem.endswith("(in the journey 'on-parcel')")


@pytest.mark.parametrize(
    "source",
    [
        "{{ event.properties.total | default(0) }}",
        "{{ event.properties.products[0].name | default('') }}",
        "{% if event.properties.total is defined %}{{ event.properties.total }}{% endif %}",
        "{{ event.properties.total if event.properties.total is defined else '' }}",
        "{% if event.properties.total is defined and event.properties.total > 5 %}a{% endif %}",
    ],
)
def test_one_that_the_template_foresees_to_be_missing_in_one_of_them(source: str) -> None:
    assert told(source, "Order", "Parcel") == []
    assert told(source, "Parcel") != []


def test_a_test_guards_only_what_follows_from_it() -> None:
    source = "{% if event.properties.total is defined %}a{% endif %}{{ event.properties.total }}"
    assert len(told(source, "Order", "Parcel")) == 1


def test_what_is_in_none_of_them_is_told_once() -> None:
    assert len(told("{{ event.properties.x | default('') }}{{ event.properties.x }}", "Order", "Parcel")) == 2


# In a project.

JOURNEY = "journey: {name}\nentry:\n  on: {on}\nsteps:\n  - act: mail\n"
EVENTS = "events:\n  Order:\n    properties: {total: number, name: text}\n  Parcel:\n    properties: {parcel: text}\n"
ONE = {"events.yaml": EVENTS, "journeys/a.yaml": JOURNEY.format(name="a", on="Order")}


def found(folder: Path, files: dict[str, str]) -> list[str]:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), "utf-8")
    try:
        load(folder)
    except DefinitionError as error:
        return [str(problem).removeprefix(f"{folder}{os.sep}") for problem in error.problems]
    return []


def mail(html: str, rest: str = "") -> str:
    return (
        f"action: mail\nchannel: email\ncontent:\n  subject: Hello\n  html: |\n{indent(dedent(html), '    ')}\n{rest}"
    )


def test_the_line_is_that_in_the_file(tmp_path: Path) -> None:
    action = mail("<p>\n{{ event.properties.total }}\n{{ event.properties.totl }}\n</p>")
    files = {
        "events.yaml": EVENTS,
        "journeys/a.yaml": JOURNEY.format(name="a", on="Order"),
        "actions/mail.yaml": action,
    }
    assert found(tmp_path, files) == ["actions/mail.yaml:8: 'event.properties.totl' is unknown: did you mean 'total'?"]


def test_the_line_in_a_folded_text_is_that_of_the_word(tmp_path: Path) -> None:
    action = mail("{{ event.properties.total }}\n\n{{ event.properties.name }}\n{{ event.properties.nme }}").replace(
        "|", ">"
    )
    files = {
        "events.yaml": EVENTS,
        "journeys/a.yaml": JOURNEY.format(name="a", on="Order"),
        "actions/mail.yaml": action,
    }
    assert found(tmp_path, files)[0].startswith("actions/mail.yaml:9: 'event.properties.nme' is unknown")


def test_without_declarations_only_slips_are_found(tmp_path: Path) -> None:
    action = mail("{{ event.properties.our_own }} {{ customer.traits.x }}\n{{ journey.entry.properties.totl }}")
    files = {"journeys/a.yaml": JOURNEY.format(name="a", on="Order Completed"), "actions/mail.yaml": action}
    assert [problem.partition(": ")[0] for problem in found(tmp_path, files)] == ["actions/mail.yaml:7"]


def test_what_no_journey_uses_is_checked_as_far_as_is_known(tmp_path: Path) -> None:
    action = mail("{{ event.properties.anything }} {{ customer.traits.emial }}\n{{ journey.entri }}")
    files = {
        "traits.yaml": "given: {email: text}",
        "journeys/a.yaml": JOURNEY.format(name="a", on="X").replace("act: mail", "end: true"),
        "actions/mail.yaml": action,
    }
    assert [problem.partition(" is ")[0] for problem in found(tmp_path, files)] == [
        "actions/mail.yaml:6: the trait 'emial'",
        "actions/mail.yaml:7: 'journey.entri'",
    ]


def test_a_partial_is_wrong_in_its_own_file_and_once(tmp_path: Path) -> None:
    files = {
        "events.yaml": EVENTS,
        "partials/footer.j2": "<p>\n{{ event.properties.nme | default('') }}</p>",
        "journeys/a.yaml": JOURNEY.format(name="a", on="Order"),
        "actions/mail.yaml": mail("{% include 'footer' %}\n{% include 'footer' %}"),
        "actions/b.yaml": mail("{% include 'footer' %}").replace("action: mail", "action: b"),
        "journeys/b.yaml": JOURNEY.format(name="b", on="Order").replace("act: mail", "act: b"),
    }
    assert found(tmp_path, files) == ["partials/footer.j2:2: 'event.properties.nme' is unknown: did you mean 'name'?"]


def test_other_languages_and_fallbacks_are_checked(tmp_path: Path) -> None:
    rest = """\
    locales:
      de:
        subject: "{{ event.properties.nme }}"
    fallback:
      content:
        subject: "{{ event.properties.totl }}"
    """
    files = {
        "events.yaml": EVENTS,
        "journeys/a.yaml": JOURNEY.format(name="a", on="Order"),
        "actions/mail.yaml": mail("x", dedent(rest)),
    }
    assert [problem.partition(" is ")[0] for problem in found(tmp_path, files)] == [
        "actions/mail.yaml:9: 'event.properties.nme'",
        "actions/mail.yaml:12: 'event.properties.totl'",
    ]


def test_updates_and_dates_name_traits_that_are_declared(tmp_path: Path) -> None:
    journey = """\
    journey: a
    entry:
      date: customer.traits.birthdya
    steps:
      - update:
          traits:
            tier: "'gold'"
            teir: "'gold'"
            birthday: event.timestamp
            points: "'many'"
      - id: hello
        act: mail
      - wait:
          opened: hello
          timeout: 1 day
          received:
            - update: {traits: {tier: event.properties.channel}}
    """
    files = {
        "events.yaml": EVENTS,
        "traits.yaml": "given: {tier: text, birthday: date, points: number}",
        "journeys/a.yaml": journey,
        "actions/mail.yaml": mail("x"),
    }
    assert found(tmp_path, files) == [
        "journeys/a.yaml:3: the trait 'birthdya' is not in traits.yaml, under 'given': did you mean 'birthday'?",
        "journeys/a.yaml:8: the trait 'teir' is not in traits.yaml, under 'given': did you mean 'tier'?",
        "journeys/a.yaml:10: the trait 'points' is a number, and this is a text",
    ]


def test_a_wait_for_a_date_waits_for_one(tmp_path: Path) -> None:
    journey = """\
    journey: a
    entry: {on: Order}
    steps:
      - wait: {date: customer.traits.birthday}
      - wait: {date: event.timestamp}
      - wait: {date: customer.traits.points}
    """
    files = {
        "events.yaml": EVENTS,
        "traits.yaml": "given: {birthday: date, points: number}",
        "journeys/a.yaml": journey,
        "actions/mail.yaml": mail("x"),
    }
    assert found(tmp_path, files) == ["journeys/a.yaml:6: 'date' is a number, and a date or a time is needed"]


def test_what_is_declared_as_text_is_no_date(tmp_path: Path) -> None:
    journey = """\
    journey: {name}
    entry: {{date: {{attribute: customer.traits.{trait}, yearly: true}}}}
    steps:
      - wait: {{date: customer.traits.{trait}}}
    """
    files = {
        "events.yaml": EVENTS,
        "traits.yaml": "given: {tier: text, kind: {one_of: [a]}, points: number, born: date, seen: time, free: any}",
        "actions/mail.yaml": mail("x"),
    }
    for trait in ("tier", "kind", "points", "timezone", "born", "seen", "free"):
        files[f"journeys/{trait}.yaml"] = dedent(journey.format(name=trait, trait=trait))
    needed = "and a date is needed: declare it in traits.yaml as a date"
    other = "and a date is needed: take one that is declared as a date"
    wait = "'date' is a text, and a date or a time is needed: declare it as a date or a time"
    assert found(tmp_path, files) == [
        f"journeys/kind.yaml:2: the trait 'kind' is a text, {needed}",
        f"journeys/kind.yaml:4: {wait}",
        f"journeys/points.yaml:2: the trait 'points' is a number, {needed}",
        "journeys/points.yaml:4: 'date' is a number, and a date or a time is needed",
        f"journeys/tier.yaml:2: the trait 'tier' is a text, {needed}",
        f"journeys/tier.yaml:4: {wait}",
        f"journeys/timezone.yaml:2: the trait 'timezone' is a text, {other}",
        f"journeys/timezone.yaml:4: {wait}",
    ]


def test_a_text_that_is_put_together_may_be_a_date(tmp_path: Path) -> None:
    journey = """\
    journey: a
    entry: {on: Order}
    steps:
      - wait: {date: "customer.traits.tier + '-01-31'"}
    """
    files = {
        "events.yaml": EVENTS,
        "traits.yaml": "given: {tier: text}",
        "journeys/a.yaml": journey,
        "actions/mail.yaml": mail("x"),
    }
    assert found(tmp_path, files) == []


@pytest.mark.parametrize("events", [EVENTS, None])
def test_data_of_a_request_is_in_data(tmp_path: Path, events: str | None) -> None:
    journey = """\
    journey: a
    entry:
      api: true
      if: event.properties.reason == "late" && event.properties.data.reason == "late"
    steps:
      - act: mail
    """
    files = {"journeys/a.yaml": journey, "actions/mail.yaml": mail("{{ event.properties.data.reason }}")}
    (problem,) = found(tmp_path, files | ({"events.yaml": events} if events else {}))
    assert problem.startswith(
        "journeys/a.yaml:4: 'event.properties.reason' is unknown: Journey Requested has by, data, ed"
    )
    assert problem.endswith("; what was handed over is in event.properties.data")


@pytest.mark.parametrize(
    ("on", "name", "strict", "sentence"),
    [
        ("Product Added", "Product Aded", True, "is not one of those that are heard here: did you mean 'Product Add"),
        ("Product Added", "Product Aded", False, "is not one of those that are heard here: did you mean 'Product Add"),
        ("Product Added", "Order Completed", False, "is not one of those that are heard here: there are Product Added"),
        ('"*"', "Product Aded", True, "is unknown: did you mean 'Product Added'?"),
        ('"*"', "Product Aded", False, "is unknown: did you mean 'Product Added'?"),
        ('"*"', "Quiz Answered", True, "is unknown: "),
        ('"*"', "Quiz Answered", False, None),
        ("[Product Added, Order Completed]", "Order Completed", True, None),
    ],
)
def test_names_of_events_in_conditions(tmp_path: Path, on: str, name: str, strict: bool, sentence: str | None) -> None:
    journey = f"journey: a\nentry:\n  on: {on}\n  if: event.name == '{name}'\nsteps:\n  - act: mail\n"
    files = {"journeys/a.yaml": journey, "actions/mail.yaml": mail("x")}
    told = found(tmp_path, files | ({"events.yaml": EVENTS} if strict else {}))
    assert [problem[: len(f"journeys/a.yaml:4: the event '{name}' {sentence}")] for problem in told] == (
        [f"journeys/a.yaml:4: the event '{name}' {sentence}"] if sentence else []
    )


def test_segments_traits_and_their_conditions_are_checked(tmp_path: Path) -> None:
    traits = """\
    given: {tier: text}
    computed:
      revenue: {sum: Order, of: event.properties.totl}
      orders: {count: Ordr}
      named: {last: Order, of: event.properties.name}
    """
    segments = """\
    segments:
      vip: {if: customer.computed.revenue > '5'}
      rich: {if: '"vpi" in customer.segments && customer.computed.named == 5 && customer.traits.teir == "x"'}
    """
    files = {
        "events.yaml": EVENTS,
        "traits.yaml": traits,
        "segments.yaml": segments,
        "journeys/a.yaml": JOURNEY.format(name="a", on="Order"),
        "actions/mail.yaml": mail("x"),
    }
    assert [problem.partition(" in '")[0] for problem in found(tmp_path, files)] == [
        "segments.yaml:2: a number with decimals cannot be compared with a text",
        "segments.yaml:3: a text is never equal to a whole number",
        "segments.yaml:3: the segment 'vpi' is not in segments.yaml: did you mean 'vip'?",
        "segments.yaml:3: the trait 'teir' is not in traits.yaml, under 'given': did you mean 'tier'?",
        "traits.yaml:3: 'event.properties.totl' is unknown: did you mean 'total'?",
        "traits.yaml:4: the event 'Ordr' is unknown: did you mean 'Order'? If not, declare it in events.yaml",
    ]
