"""Parts of templates that several use: what they see, what they make, and what is wrong with them."""

from pathlib import Path
from textwrap import dedent
from time import perf_counter
from typing import Any

import pytest

from orchestrator.content.partials import check_partials
from orchestrator.errors import ContentError, DefinitionError
from orchestrator.journeys.compile import journey_version
from orchestrator.journeys.load import load, validate
from orchestrator.journeys.pack import Pack
from orchestrator.testing import JourneyTestDriver
from orchestrator.testing.texts import pack_of
from tests.content.saying import problem, problems_of, say, saying

PARTIALS = {
    "footer": "<p>Holt &amp; Harrow, {{ customer.traits.first_name | default('you') }}</p>\n",
    "button": '{% macro button(text, link="/") %}<a href="{{ link }}">{{ text }}</a>{% endmacro %}',
    "prices": (
        "{% set brand = 'Holt' %}{% macro price(p) %}{{ p.price | money('EUR') }}{% endmacro %}"
        "{% macro line(p) %}{{ p.name }}: {{ price(p) }}{% endmacro %}"
    ),
    "page": '<b>{{ event.name }}</b>{% include "footer" %}',
    "utm": "{% macro utm(name) %}?utm_source=mail&utm_campaign={{ name | urlencode }}{% endmacro %}",
}


def html(template: str, partials: dict[str, str] | None = None) -> Any:
    return say(saying({"html": template}, partials=partials or PARTIALS)).get("html")


def text(template: str, partials: dict[str, str] | None = None) -> Any:
    return say(saying({"text": template}, partials=partials or PARTIALS)).get("text")


RENDERED = {
    "an include": ('{% include "footer" %}', "<p>Holt &amp; Harrow, Ada</p>"),
    "an include in an include": ('{% include "page" %}', "<b>Product Added</b><p>Holt &amp; Harrow, Ada</p>"),
    "a macro": (
        '{% from "button" import button %}{{ button(event.properties.name, "https://a.b/?c=d&e=f") }}',
        '<a href="https://a.b/?c=d&amp;e=f">Mug &lt;b&gt;</a>',
    ),
    "a macro under another name": (
        '{% from "button" import button as knopf %}{{ knopf("x") }}',
        '<a href="/">x</a>',
    ),
    "macros that use each other, in a loop": (
        """{% from "prices" import line, brand %}{{ brand }}:
        {%- for p in event.properties.products %} {{ line(p) }}{% endfor %}""",
        "Holt: Mug: €8.00 Pot: €11.90",
    ),
    "a macro of one's own": ("{% macro b(x) %}<b>{{ x }}</b>{% endmacro %}{{ b('<') }}", "<b>&lt;</b>"),
    "a macro within a link": (
        '{% from "utm" import utm %}<a href="https://a.b/{{ utm("a b") }}">',
        '<a href="https://a.b/?utm_source=mail&amp;utm_campaign=a%20b">',
    ),
}


@pytest.mark.parametrize(("template", "result"), RENDERED.values(), ids=RENDERED.keys())
def test_what_they_become_in_html(template: str, result: str) -> None:
    assert html(template) == result


def test_in_a_text_nothing_is_escaped() -> None:
    assert text('{% from "button" import button %}{{ button("<x>") }}') == '<a href="/"><x></a>'


def test_one_partial_serves_html_and_text_in_one_action() -> None:
    content = saying(
        {"html": '{% include "name" %}', "text": '{% include "name" %}'},
        partials={"name": "{{ event.properties.name }}"},
    )

    assert say(content) == {"html": "Mug &lt;b&gt;", "text": "Mug <b>"}


WRONG = {
    "an unknown one": ('\n{% include "foter" %}', 2, "the partial 'foter' is unknown: did you mean 'footer'?"),
    "none at all like it": (
        '{% include "x" %}',
        1,
        "the partial 'x' is unknown: there are button, footer, page, prices, utm",
    ),
    "a file": ('{% include "../secret" %}', 1, None),
    "one that data names": (
        "{% include event.name %}",
        1,
        'name the partial itself, as in {% include "footer" %}',
    ),
    "a list of them": ('{% include ["footer", "page"] %}', 1, None),
    "one that may be missing": (
        '{% include "footer" ignore missing %}',
        1,
        'write no more than {% include "footer" %}',
    ),
    "an unknown macro": (
        '{% from "button" import buton %}',
        1,
        "the name 'buton' is unknown: did you mean 'button'? in the partial 'button'",
    ),
    "a whole module": ('{% import "button" as b %}', 1, "import cannot be used in templates here"),
    "too many arguments": (
        '{% from "button" import button %}{{ button(1, 2, 3) }}',
        1,
        "button() takes (text, link), and 3 are given",
    ),
    "an unknown argument": (
        '{% from "button" import button %}{{ button(txt=1) }}',
        1,
        "the argument 'txt' is unknown: did you mean 'text'? in button()",
    ),
    "arguments in a list": ('{% from "button" import button %}{{ button(*event.a) }}', 1, None),
    "a call of what is no macro": (
        '{% from "prices" import brand %}{{ brand() }}',
        1,
        "only range(), recommend() and macros can be called here",
    ),
    "within a tag": ('<p {% include "footer" %}>', 1, "a partial cannot be included in a tag"),
}


@pytest.mark.parametrize(("template", "line", "message"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_with_their_use(template: str, line: int, message: str | None) -> None:
    found = problem({"html": template}, PARTIALS)

    assert found[:2] == (("html",), line)
    assert message is None or found[2] == message


def test_what_is_wrong_only_in_html_names_the_partial() -> None:
    partials = {"bad": "\n<a href={{ event.name }}>"}

    assert list(check_partials(partials)) == []
    assert problem({"html": '{% include "bad" %}'}, partials) == (
        ("html",),
        0,
        "in the partial 'bad', line 2: put quotes around the value of 'href'",
    )
    assert problems_of({"text": '{% include "bad" %}'}, partials=partials) == []


def test_a_partial_must_end_where_it_begins() -> None:
    (found,) = problems_of({"html": '{% include "open" %}'}, partials={"open": "<p>\n<a "})

    assert found.message == "in the partial 'open', line 1: it ends in a tag"


PROBLEMS = {
    "an open expression": ({"a": "x\n{{ event.name"}, [("a", 2, "unexpected end of template, expected '}}'")]),
    "an unknown name": (
        {"a": "{{ product.name }}"},
        [("a", 1, "the name 'product' is unknown: there are catalog, customer, edit, event, journey, survey")],
    ),
    "an unknown partial": ({"a": '\n{% include "b" %}'}, [("a", 2, "the partial 'b' is unknown: there are a")]),
    "itself": ({"a": '{% include "a" %}'}, [("a", 1, "the partials use each other in a circle: a → a")]),
    "a circle": (
        {"c": '{% include "a" %}', "a": '\n{% from "b" import x %}', "b": '{% include "c" %}{% set x = 1 %}'},
        [("a", 2, "the partials use each other in a circle: a → b → c → a")],
    ),
}


@pytest.mark.parametrize(("partials", "problems"), PROBLEMS.values(), ids=PROBLEMS.keys())
def test_what_is_wrong_with_partials(partials: dict[str, str], problems: list[tuple[str, int, str]]) -> None:
    assert [(found.name, found.line, found.message) for found in check_partials(partials)] == problems


RUNAWAY = {
    "partials that use each other twice": {
        **{f"p{n}": f'{{% include "p{n + 1}" %}}' * 2 for n in range(40)},
        "p40": "x",
    },
    "a large one in a loop": {"p0": "{% for i in range(9000) %}{{ '%99d' | format(1) }}{% endfor %}"},
}


@pytest.mark.parametrize("partials", RUNAWAY.values(), ids=RUNAWAY.keys())
def test_no_partial_runs_away(partials: dict[str, str]) -> None:
    begin = perf_counter()

    with pytest.raises(ContentError):
        text('{% include "p0" %}', partials)
    assert perf_counter() - begin < 5


MACROS = {
    "that calls itself": "{% macro a(n) %}{{ a(n) }}{{ a(n) }}{% endmacro %}{{ a(1) }}",
    "that doubles": (
        "{% macro m0() %}abcdefgh{% endmacro %}"
        + "".join(f"{{% macro m{n + 1}() %}}{{{{ m{n}() }}}}{{{{ m{n}() }}}}{{% endmacro %}}" for n in range(30))
        + "{% set x = m30() %}"
    ),
    "whose output is dropped": (
        "{% macro a() %}{% for i in range(2000) %}{{ '%99d' | format(1) }}{% endfor %}{% endmacro %}"
        "{% for i in range(9) %}{% set x = a() %}{% endfor %}"
    ),
    "of much plain text": (
        "{% macro a() %}" + "x" * 60_000 + "{% endmacro %}{% for i in range(4999) %}{% set x = a() %}{% endfor %}"
    ),
}


@pytest.mark.parametrize("template", MACROS.values(), ids=MACROS.keys())
def test_no_macro_runs_away(template: str) -> None:
    begin = perf_counter()

    with pytest.raises(ContentError):
        text(template)
    assert perf_counter() - begin < 5


PROJECT = """
    journey: hello
    entry: {on: X}
    steps:
      - act: hi
    ---
    action: hi
    channel: sms
    purpose: service
    content:
      text: "Hello{% include 'ending' %}"
    fallback:
      content:
        text: "{% include 'short' %}"
    ---
    partial: ending
    , {{ customer.id }}{% include 'sign' %}
    ---
    partial: sign
    !
    ---
    partial: short
    Hi
    ---
    partial: unused
    Bye
"""


def test_a_projects_partials_are_there_for_its_actions() -> None:
    driver = JourneyTestDriver.of_text(PROJECT)
    driver.identify("u1", {"phone": "1"})
    (action,) = driver.track("u1", "X")

    assert action["content"] == {"text": "Hello, u1!"}


@pytest.mark.parametrize(("name", "same"), [("ending", False), ("sign", False), ("short", False), ("unused", True)])
def test_a_version_depends_on_the_partials_that_are_used(name: str, same: bool) -> None:
    pack = pack_of(PROJECT)
    other = Pack(
        pack.journeys, pack.actions, pack.channels, partials={**pack.partials, name: pack.partials[name] + "."}
    )

    assert (journey_version(other, "hello") == journey_version(pack, "hello")) is same


def test_partials_travel_with_the_pack() -> None:
    pack = pack_of(PROJECT)

    assert Pack.from_json(pack.to_json()) == pack
    assert sorted(pack.part("hello").partials) == ["ending", "short", "sign"]


def project(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(content), "utf-8")
    return folder


ACTION = "action: hi\nchannel: sms\ncontent:\n  text: \"{% include 'ending' %}\"\n"


def test_one_mistake_in_a_partial_is_one_problem_with_its_place(tmp_path: Path) -> None:
    folder = project(tmp_path, {"actions/hi.yaml": ACTION, "partials/ending.j2": "a\n{{ evnt.name }}"})

    with pytest.raises(DefinitionError) as caught:
        load(folder)
    assert [str(found).removeprefix(f"{tmp_path}/") for found in caught.value.problems] == [
        "partials/ending.j2:2: the name 'evnt' is unknown: did you mean 'event'?"
    ]


def test_files_that_are_no_partials_are_named(tmp_path: Path) -> None:
    files = {"actions/hi.yaml": ACTION, "partials/ending.j2": "a", "partials/x.html": "b", "partials/A b.j2": "c"}

    with pytest.raises(DefinitionError) as caught:
        load(project(tmp_path, files))
    assert [str(found).removeprefix(f"{tmp_path}/") for found in caught.value.problems] == [
        "partials/A b.j2: is no name of a partial: write lower case letters, digits and hyphens",
        "partials/x.html: is not read: name it x.j2",
    ]


def test_partials_are_among_the_files_that_are_checked(tmp_path: Path) -> None:
    folder = project(tmp_path, {"actions/hi.yaml": ACTION, "partials/ending.j2": "a"})

    assert [file.name for file in validate(folder)] == ["ending.j2", "hi.yaml"]
