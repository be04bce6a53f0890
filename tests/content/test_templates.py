"""What content becomes for one customer, and what is refused, when and why."""

from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.content.action import ActionContent
from orchestrator.errors import ContentError
from orchestrator.journeys.definition import ChannelDefinition
from tests.content.saying import html, problem, problems_of, refusal, render, say, saying, text

RENDERED = {
    "a trait": ("Hello {{ customer.traits.first_name }}", "Hello Ada"),
    "a default for what is missing": ("{{ customer.traits.city | default('you') }}", "you"),
    "a default for what is missing in what is missing": (
        "{{ customer.traits.home.city.name | default('you') }}",
        "you",
    ),
    "a default for null": ("{{ event.properties.nothing | default('you') }}", "you"),
    "a default for a position": ("{{ event.properties.products[7].name | default('none') }}", "none"),
    "a default for an unknown key": ("{{ {'a': 'b'}[event.properties.zone] | default('none') }}", "none"),
    "is defined": ("{{ 'yes' if customer.traits.city is defined else 'no' }}", "no"),
    "an if without else": ("a{{ ', ' ~ customer.traits.city if customer.traits.city is defined }}", "a"),
    "a key named as a method": ("{{ event.properties.items }}", "3"),
    "a key in brackets": ("{{ event['properties']['name'] }}", "Mug <b>"),
    "true as JSON has it": ("{{ event.properties.gift }}", "true"),
    "a moment": ("{{ event.timestamp }}", "2023-11-14T22:13:20Z"),
    "a part of a moment": ("{{ event.timestamp.year }}", "2023"),
    "a moment in a zone": ("{{ event.timestamp | date(timezone='Asia/Tokyo') }}", "Nov 15, 2023"),
    "a moment in a form": (
        "{{ event.timestamp | datetime('dd.MM.y HH:mm', timezone='Europe/Berlin') }}",
        "14.11.2023 23:13",
    ),
    "a later moment": ("{{ event.timestamp | plus('2 hours') }}", "2023-11-15T00:13:20Z"),
    "an amount": ("{{ event.properties.total | money('EUR') }}", "€19.90"),
    "an amount without cents": ("{{ 1234567.5 | money('JPY') }}", "¥1,234,568"),
    "a number in a form": ("{{ '%.2f' | format(event.properties.total) }}", "19.90"),
    "a loop": (
        "{% for p in event.properties.products %}{{ loop.index }} {{ p.name }}{{ ', ' if not loop.last }}{% endfor %}",
        "1 Mug, 2 Pot",
    ),
    "pairs of a map": ("{% for k, v in customer.traits.items() %}{{ k }}={{ v }}{% endfor %}", "first_name=Ada"),
    "one attribute of each": ("{{ event.properties.products | map(attribute='name') | join(' & ') }}", "Mug & Pot"),
    "a sum": ("{{ event.properties.products | sum(attribute='price') | round(1) }}", "19.9"),
    "a name of its own": ("{% set tips = {'Mug': 'Rinse it.'} %}{{ tips['Mug'] }}", "Rinse it."),
    "statements on lines of their own": ("a\n{% if true %}\nb\n{% endif %}\nc\n", "a\nb\nc"),
    "raw": ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
    "a comment": ("a{# not for customers #}", "a"),
    "no template": ("a % b { c }\n", "a % b { c }"),
    "nothing": ("{{ '' }}", None),
}


@pytest.mark.parametrize(("template", "result"), RENDERED.values(), ids=RENDERED.keys())
def test_what_texts_become(template: str, result: str | None) -> None:
    assert text(template) == result


HTML = {
    "data is escaped": ("<p>{{ event.properties.name }}</p>", "<p>Mug &lt;b&gt;</p>"),
    "also through filters": ("{{ event.properties.name | upper }}", "MUG &lt;B&gt;"),
    "also when joined": ("{{ '<i>' ~ event.properties.name }}", "&lt;i&gt;Mug &lt;b&gt;"),
    "also in a default": ("{{ customer.traits.city | default('<i>') }}", "&lt;i&gt;"),
    "a link": ('<a href="{{ "https://a.b/?c=d&e=f" }}">x</a>', '<a href="https://a.b/?c=d&amp;e=f">x</a>'),
    "a part of a link": ("<a href='/x/{{ event.name | urlencode }}'>", "<a href='/x/Product%20Added'>"),
}


@pytest.mark.parametrize(("template", "result"), HTML.values(), ids=HTML.keys())
def test_what_html_becomes(template: str, result: str) -> None:
    assert html(template) == result


@pytest.mark.parametrize("attribute", ['href="', "src = '", 'HREF="', 'title="a" href="'])
def test_a_link_in_html_must_be_safe(attribute: str) -> None:
    reason = refusal({"html": f"<a {attribute}{{{{ event.properties.url }}}}"})

    assert reason == "html: the link 'javascript:alert(1)' is no http, https, mailto or tel link"


MISSING = ": give it a default, as in {{ … | default('') }}"

REFUSED = {
    "missing": ({"text": "{{ customer.traits.city }}"}, f"text: 'city' is missing{MISSING}"),
    "missing in what is missing": ({"text": "{{ event.a.b.c }}"}, f"text: 'a' is missing{MISSING}"),
    "null": ({"text": "{{ event.properties.nothing }}"}, f"text: 'nothing' is missing{MISSING}"),
    "missing in a condition": (
        {"text": "{% if customer.traits.vip %}a{% endif %}"},
        f"text: 'vip' is missing{MISSING}",
    ),
    "missing in a loop": ({"text": "{% for a in event.list %}{% endfor %}"}, f"text: 'list' is missing{MISSING}"),
    "missing in a filter": ({"text": "{{ event.total | money('EUR') }}"}, f"text: 'total' is missing{MISSING}"),
    "a map as text": (
        {"text": "{{ event.properties }}"},
        "text: a list or a map is no text: name a part of it, or use the filter join",
    ),
    "no number": ({"text": "{{ 'x' | money('EUR') }}"}, "text: money needs a number, not 'x'"),
    "no zone": (
        {"text": "{{ event.timestamp | date(timezone=event.name) }}"},
        "text: 'Product Added' is no time zone: write it as Europe/Berlin or UTC",
    ),
    "a text and a number": ({"text": "{{ 'a' + 1 }}"}, "text: '+' needs two numbers"),
    "a text many times": ({"text": "{{ 'a' * 1000000000 }}"}, "text: '*' needs two numbers"),
    "a huge number": (
        {"text": "{% set a = 10000000000 %}" + "{% set a = a * a %}" * 20 + "{{ a }}"},
        "text: a number is too large",
    ),
    "a huge range": (
        {"text": "{% for i in range(100000) %}{% endfor %}"},
        "text: a range has more than 10000 numbers",
    ),
    "too many turns": (
        {"text": "{% for i in range(200) %}{% for j in range(200) %}{% endfor %}{% endfor %}"},
        "text: its loops have more than 10000 turns",
    ),
    "doubled too often": (
        {"text": "{% set a = 'abcdefgh' %}" + "{% set a = a ~ a %}" * 40 + "{{ a | length }}"},
        "text: it is longer than 256 KB",
    ),
    "replaced too often": (
        {"text": "{% set a = 'aaaaaaaa' %}" + "{% set a = a | replace('a', 'aaaaaaaa') %}" * 40 + "{{ a | length }}"},
        "text: it is longer than 256 KB",
    ),
    "a wide number": (
        {"text": "{{ '%1000000d' | format(1) }}"},
        "text: format needs a text such as '%.2f', with widths below 100",
    ),
    "too much output": (
        {"text": "{% for i in range(9000) %}{{ '%99d' | format(1) }}{% endfor %}"},
        "text: it is longer than 256 KB",
    ),
    "a list of lists of lists": (
        {"text": "{% set a = [1] %}{% set a = [a, a] %}"},
        "text: a list or a map that is made in a template can hold texts and numbers only",
    ),
    "inner parts of Python": (
        {"text": "{{ event.timestamp.__class__ }}"},
        "text: access to attribute '__class__' of 'datetime' object is unsafe.",
    ),
    "too long": ({"title": "{{ event.name }}"}, "title: has 13 characters, and at most 10 are allowed"),
    "another value": (
        {"operation": "{{ event.name }}"},
        "operation: 'Product Added' is not allowed: write add or remove",
    ),
    "another scheme": (
        {"link": "{{ event.properties.url }}"},
        "link: the link 'javascript:alert(1)' is no http, https, mailto or tel link",
    ),
    "no time": ({"due": "{{ event.name }}"}, "due: 'Product Added' is no time: write it as 2026-01-31T09:30:00Z"),
    "in a map": ({"fields": {"a": {"b": "{{ event.c }}"}}}, f"fields: 'c' is missing{MISSING}"),
}


@pytest.mark.parametrize(("fields", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused_for_a_customer(fields: dict[str, Any], reason: str) -> None:
    begin = perf_counter()

    assert refusal(fields) == reason
    assert perf_counter() - begin < 2


WRONG = {
    "an open expression": ("a\n{{ event.name", 2, "unexpected end of template, expected '}}'"),
    "nothing in it": ("{{ }}", 1, "Expected an expression, got '}}'"),
    "an unknown name": ("\n\n{{ evnt.name }}", 3, "the name 'evnt' is unknown: did you mean 'event'?"),
    "an unknown filter": ("{{ event.name | uper }}", 1, "the filter 'uper' is unknown: did you mean 'upper'?"),
    "a filter without what it needs": (
        "{{ event.total | money }}",
        1,
        "the filter 'money' cannot be used so: missing a required argument: 'currency'",
    ),
    "a filter with too much": (
        "{{ event.name | upper(1) }}",
        1,
        "the filter 'upper' cannot be used so: too many positional arguments",
    ),
    "an unknown test": ("{{ event.name is defind }}", 1, "the test 'defind' is unknown: did you mean 'defined'?"),
    "markup that is not escaped": ("{{ event.name | safe }}", 1, None),
    "a method": ("{{ event.name.upper() }}", 1, "upper() cannot be called here: use a filter, as in {{ … | upper }}"),
    "get": ("{{ event.get('name') }}", 1, "get() cannot be called here: write {{ … | default('') }}"),
    "another function": ("{{ dict(a=1) }}", 1, "only range(), recommend() and macros can be called here"),
    "a power": ("{{ 10 ** 10 }}", 1, "pow cannot be used in templates here"),
    "a call block": ("{% call a() %}{% endcall %}", 1, "callblock cannot be used in templates here"),
    "an include": ("a\n{% include '/etc/passwd' %}", 2, "the partial '/etc/passwd' is unknown: there is none"),
    "no currency": ("{{ 5 | money('EURO') }}", 1, "'EURO' is no currency: write its code, such as EUR"),
    "a recursive loop": ("{% for a in event.b recursive %}{% endfor %}", 1, "a loop cannot be recursive here"),
    "nested too deeply": ("{{ " + "(" * 3000 + ")" * 3000 + " }}", 1, "the template is nested too deeply: split it up"),
    "loops nested too deeply": (
        "{% for a in event.b %}" * 30 + "{% endfor %}" * 30,
        1,
        "the template is nested too deeply: split it up",
    ),
}


@pytest.mark.parametrize(("template", "line", "message"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_with_a_template(template: str, line: int, message: str | None) -> None:
    found = problem({"text": template})

    assert found[:2] == (("text",), line)
    assert message is None or found[2] == message


FIELDS: dict[str, tuple[dict[str, Any], tuple[tuple[str | int, ...], str]]] = {
    "an unknown field": ({"titel": "a"}, (("titel",), "the channel has no field 'titel': did you mean 'title'?")),
    "a number": ({"text": 5}, (("text",), "must be a text: put it in quotes")),
    "a list": ({"text": ["a"]}, (("text",), "must be a text")),
    "too long": ({"title": "a" * 11}, (("title",), "has 11 characters, and at most 10 are allowed")),
    "another value": ({"operation": "ad"}, (("operation",), "'ad' is not allowed: write add or remove")),
    "another scheme": (
        {"link": "ftp://a.b"},
        (("link",), "the link 'ftp://a.b' is no http, https, mailto or tel link"),
    ),
    "no host": ({"link": "https:///a"}, (("link",), "the link 'https:///a' has no host")),
    "another host": ({"link": "//a.b"}, (("link",), "the link '//a.b' has no scheme: begin it with https://")),
    "white space": (
        {"link": "/a b"},
        (("link",), "the link '/a b' has white space or a backslash in it: use the filter urlencode on its parts"),
    ),
    "no time zone": (
        {"due": "2026-01-31T09:30:00"},
        (("due",), "'2026-01-31T09:30:00' has no time zone: write it as 2026-01-31T09:30:00Z or with +01:00"),
    ),
    "no map": ({"fields": "a"}, (("fields",), "must have keys and values")),
    "within a map": (
        {"fields": {"a": [1, "{{ b }}"]}},
        (("fields", "a", 1), "the name 'b' is unknown: there are catalog, customer, edit, event, journey, survey"),
    ),
}


@pytest.mark.parametrize(("fields", "found"), FIELDS.values(), ids=FIELDS.keys())
def test_what_is_wrong_with_a_field(fields: dict[str, Any], found: tuple[tuple[str | int, ...], str]) -> None:
    location, _, message = problem(fields)

    assert (location, message) == found


def test_required_fields_must_be_there_and_not_empty() -> None:
    channel = ChannelDefinition.model_validate({"address": "id", "content": {"text": {}}})

    assert [found.message for found in problems_of({}, channel)] == ["the content needs 'text'"]
    assert [found.message for found in problems_of({"text": " \n"}, channel)] == ["is empty"]
    with pytest.raises(ContentError, match=r"^text: is empty$"):
        say(saying({"text": "{{ ' ' }}"}, channel))


def test_a_content_has_constants_and_templates_in_one_map() -> None:
    content = render(
        {
            "text": "constant\n",
            "title": "{{ customer.id }}",
            "link": " https://a.b/c ",
            "due": "2026-01-31T10:30:00+01:00",
            "fields": {
                "n": 1,
                "none": None,
                "list": ["a", "{{ event.properties.items }}", {"deep": "{{ event.name }}"}],
            },
            "html": "{{ '' }}",
        }
    )

    assert content == {
        "text": "constant",
        "title": "u1",
        "link": "https://a.b/c",
        "due": "2026-01-31T09:30:00Z",
        "fields": {"n": 1, "none": None, "list": ["a", "3", {"deep": "Product Added"}]},
    }
    assert orjson.loads(orjson.dumps(content)) == content


def test_a_content_is_the_same_each_time() -> None:
    content = saying({"text": "{% set a = event.name %}{{ a }}", "title": "{{ customer.id }}"})
    first = say(content)
    first["text"] = "changed"

    assert say(content) == {"text": "Product Added", "title": "u1"}


def test_one_customers_failure_does_not_reach_the_next() -> None:
    content = saying({"text": "{{ event.x }}"})
    with pytest.raises(ContentError):
        say(content)

    assert say(content, {"x": "y"}) == {"text": "y"}


def test_moments_may_be_texts() -> None:
    at = {
        "iso": "2026-01-31T23:30:00Z",
        "naive": "2026-01-31T23:30:00",
        "moment": datetime(2026, 1, 31, 23, 30, tzinfo=UTC),
    }

    for key in at:
        assert render({"text": f"{{{{ event.{key} | date('iso', timezone='Europe/Berlin') }}}}"}, at) == {
            "text": "2026-02-01"
        }


traits = st.dictionaries(
    st.text(min_size=1, max_size=5),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers(), max_size=3),
)


@given(traits, st.text())
def test_any_data_gives_json_or_a_content_error(properties: dict[str, Any], name: str) -> None:
    fields = {
        "text": "{% for k, v in event.properties | dictsort %}{{ k }}: {{ v }};{% endfor %}",
        "html": "<p>{{ event.name }}</p>",
        "link": "/search?q={{ event.name | urlencode }}",
        "fields": {"name": "{{ event.name }}", "sum": "{{ event.properties.values | sum | default(0) }}"},
    }
    try:
        content = render(fields, {"name": name, "properties": properties})
    except ContentError:
        return
    assert content["html"].count("<") == 2
    assert orjson.loads(orjson.dumps(content)) == content


@given(st.text("{}%#-|()[]'\"ae.in 19*~+\n", max_size=40))
def test_no_text_breaks_the_compiler(template: str) -> None:
    try:
        content = saying({"text": "{{" + template})
    except ContentError:
        return
    assert isinstance(content, ActionContent)
