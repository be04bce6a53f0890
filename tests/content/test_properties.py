"""What holds whatever a customer's data are: HTML stays escaped, a subject is one line, a link is one link."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import orjson
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from orchestrator.content.action import ActionContent, compile_action
from orchestrator.content.markup import IN_TEXT, Within, after
from orchestrator.engine.policy import DEFAULT_POLICY
from orchestrator.errors import ContentError
from orchestrator.events.view import View
from orchestrator.journeys.load import default_channels
from tests.content.saying import NOW, action

PARTIALS: Final = {
    "greeting": '{% macro greet(name) %}<b title="{{ name }}">Hello {{ name }}</b>{% endmacro %}',
    "footer": '<p style="color: red"><a href="https://a.b/?u={{ customer.traits.name }}">bye</a></p>',
}
MAIL: Final = compile_action(
    action(
        {
            "subject": "Hello {{ customer.traits.name }}, {{ event.properties.product }}",
            "html": (
                '{% from "greeting" import greet %}{{ greet(customer.traits.name) }}'
                '<a href="{{ event.properties.url | default("https://a.b/") }}"'
                ' data-x="{{ event.properties.product }}">'
                "{{ event.properties.product }}</a>"
                "{% for p in event.properties.products | default([]) %}<i>{{ p.name | default('') }}</i>{% endfor %}"
                '{% include "footer" %}'
            ),
            "text": "Hello {{ customer.traits.name }}\n{{ event.properties.product }}",
        }
    ),
    default_channels()["email"],
    PARTIALS,
)
PUSH: Final = compile_action(
    action(
        {
            "title": "{{ customer.traits.name }}",
            "text": "{{ event.properties.product }}",
            "link": "https://shop.example/{{ event.properties.product }}?q={{ customer.traits.name }}#x",
        }
    ),
    default_channels()["push"],
)
ANY_LINK: Final = compile_action(
    action({"text": "x", "link": "{{ event.properties.url }}"}), default_channels()["push"]
)

nasty = st.sampled_from(
    (
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "' onmouseover='alert(1)",
        "</a><a href=//evil>",
        "javascript:alert(1)",
        "java\nscript:alert(1)",
        "a\r\nBcc: everybody@example.com",
        "{{ customer.traits }}{% include 'footer' %}",
        "{{ 7 * 7 }}",
        "https://a.b/\u202e#?&x=1",
        "مرحبا \u202b بك",
        "\u2028\u2029\x85\x0b\x0c",
        "a&b=c?d#e/../f",
        "%0d%0aBcc:",
        "\x00\x1b[31m",
        "😀" * 5,
    )
)
text = st.one_of(nasty, st.text(), st.tuples(nasty, st.text()).map("".join))
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=5,
)
customers = st.fixed_dictionaries(
    {"name": anything}, optional={"locale": anything, "timezone": anything, "email": anything}
)
events = st.fixed_dictionaries({"product": anything}, optional={"url": anything, "products": anything})


def said(content: ActionContent, traits: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any] | None:
    """What is said; None if it is refused. Nothing else may be raised."""
    event = View({"name": "X", "properties": properties}, {"timestamp": NOW})
    customer = View({"id": "u1", "traits": traits}, {})
    try:
        return content.render(event, customer, View({}, {}), DEFAULT_POLICY, NOW).fields
    except ContentError:
        return None


class Outline(HTMLParser):
    """The elements and attributes that a browser would see, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs

    def handle_comment(self, data: str) -> None:
        self.elements.append("comment")

    def handle_data(self, data: str) -> None:
        self.text += data


def is_one_link(link: str) -> bool:
    """Whether it is one URI, by its characters, with a scheme that is safe."""
    parts = urlsplit(link)
    good = re.fullmatch(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*", link) is not None
    return good and parts.scheme in ("", "http", "https", "mailto", "tel") and (parts.scheme != "" or not parts.netloc)


@given(customers, events)
def test_any_data_gives_json_or_a_content_error(traits: dict[str, Any], properties: dict[str, Any]) -> None:
    for content in (MAIL, PUSH, ANY_LINK):
        fields = said(content, traits, properties)
        assert fields is None or orjson.loads(orjson.dumps(fields)) == fields


@given(text, text)
def test_html_has_the_elements_of_its_template_and_no_others(name: str, product: str) -> None:
    fields = said(MAIL, {"name": name}, {"product": product, "products": [{"name": name}]})
    assume(fields is not None)
    assert fields is not None
    outline = Outline(fields["html"])

    assert outline.elements == ["b", "a", "i", "p", "a"]
    assert [key for key, _ in outline.attributes] == ["title", "href", "data-x", "style", "href"]
    assert all(is_one_link(value or "") for key, value in outline.attributes if key == "href")
    assert after(IN_TEXT, fields["html"]).within is Within.TEXT


@given(text)
def test_what_is_read_is_what_was_given(name: str) -> None:
    fields = said(MAIL, {"name": name}, {"product": "x"})
    assume(fields is not None)
    assert fields is not None
    seen = "".join(char for char in name if char in "\t\n\r" or not (ord(char) < 32 or char == "\x7f"))

    assert re.sub(r"\r\n?", "\n", seen) in re.sub(r"\r\n?", "\n", Outline(fields["html"]).text)
    assert seen in fields["text"]


@given(text, text)
@example("a\r\nBcc: x@y.z", "b")
def test_a_subject_is_one_line_of_at_most_so_many_characters(name: str, product: str) -> None:
    fields = said(MAIL, {"name": name}, {"product": product})

    assert fields is None or (len(fields["subject"].splitlines()) == 1 and len(fields["subject"]) <= 200)
    assert fields is None or re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", fields["subject"]) is None


@given(text, text)
def test_a_link_stays_one_link_to_its_host(name: str, product: str) -> None:
    fields = said(PUSH, {"name": name or "x"}, {"product": product or "x"})
    assume(fields is not None)
    assert fields is not None
    link = fields["link"]
    parts = urlsplit(link)

    assert is_one_link(link)
    assert (parts.scheme, parts.netloc, parts.fragment) == ("https", "shop.example", "x")
    assert parts.query.count("=") == 1
    assert "&" not in parts.query


@given(st.text(st.characters(min_codepoint=33, exclude_categories=["Cs", "Cc"]), min_size=1))
def test_a_part_of_a_link_can_be_read_again(name: str) -> None:
    fields = said(PUSH, {"name": name}, {"product": "x"})

    assert fields is not None
    assert unquote(urlsplit(fields["link"]).query.removeprefix("q=")) == name


@given(st.one_of(text, st.from_regex(r"(https?|mailto|tel|data|ftp):.*")))
def test_a_link_of_the_data_is_safe_or_refused(url: str) -> None:
    fields = said(ANY_LINK, {"name": "x"}, {"url": url, "product": "x"})

    assert fields is None or "link" not in fields or is_one_link(fields["link"])


@pytest.mark.parametrize("name", ["{{ 7 * 7 }}", "{% include 'footer' %}", "{# x #}"])
def test_data_is_never_a_template(name: str) -> None:
    fields = said(MAIL, {"name": name}, {"product": "x"})

    assert fields is not None
    assert name in fields["text"]
