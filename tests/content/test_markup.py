"""Where a value may stand in HTML and in links, and how it is made safe there."""

import pytest

from orchestrator.content.markup import IN_LINK, IN_TEXT, Need, Within, after, need
from tests.content.saying import html, problem, refusal, render

PLACES = {
    "text": ("<p>Hello ", Within.TEXT),
    "after a tag": ('<a href="x">', Within.TEXT),
    "a tag": ("<p ", Within.TAG),
    "the beginning of a tag": ("1 <", Within.TAG),
    "less than, as a sign": ("1 < 2", Within.TEXT),
    "an end tag": ("<p></p>", Within.TEXT),
    "after =": ("<a href=", Within.EQUALS),
    "quotes": ('<a href="', Within.VALUE),
    "single quotes": ("<a title='it is ", Within.VALUE),
    "no quotes": ("<a href=/a", Within.VALUE),
    "after no quotes": ("<a href=/a>", Within.TEXT),
    "an attribute without value": ("<input disabled>", Within.TEXT),
    "a sign in quotes": ('<a title="a > b">', Within.TEXT),
    "a script": ("<script>if (a < b) {", Within.RAW),
    "after a script": ("<script>a</SCRIPT>", Within.TEXT),
    "a title": ("<title>", Within.RAW),
    "a comment": ("<!-- <a ", Within.COMMENT),
    "after a comment": ("<!-- <a -->", Within.TEXT),
    "a comment for Outlook": ("<!--[if mso]><p>", Within.TEXT),
    "the end of it": ("<p><![endif]-->", Within.TEXT),
    "a comment for all others": ("<!--[if !mso]><!--><p>", Within.TEXT),
    "an empty comment": ("<!--><p>", Within.TEXT),
    "a doctype": ("<!DOCTYPE html>", Within.TEXT),
}


@pytest.mark.parametrize(("text", "within"), PLACES.values(), ids=PLACES.keys())
def test_where_a_text_ends(text: str, within: Within) -> None:
    assert after(IN_TEXT, text).within is within


OUTLOOK = "a comment for Outlook"


@pytest.mark.parametrize(("text", "within"), [found for name, found in PLACES.items() if name != OUTLOOK])
def test_it_does_not_matter_how_a_text_is_cut(text: str, within: Within) -> None:
    for at in (text.find(">") + 1, text.find('"') + 1, text.find(" ") + 1):
        assert after(after(IN_TEXT, text[:at]), text[at:]).within is within


NEEDS = {
    "<p>": Need.NOTHING,
    '<p title="': Need.NOTHING,
    '<p style="color: ': Need.CSS,
    '<a href="': Need.LINK,
    '<a href=" ': Need.LINK,
    '<a href="https://a.b/': Need.PART_OF_LINK,
    "<img SRC='": Need.LINK,
    "<!-- ": Need.NOTHING,
}


@pytest.mark.parametrize(("text", "needed"), NEEDS.items(), ids=NEEDS.keys())
def test_what_a_value_needs(text: str, needed: Need) -> None:
    assert need(after(IN_TEXT, text)) is needed


def test_a_link_by_itself() -> None:
    assert need(IN_LINK) is Need.LINK
    assert need(after(IN_LINK, " ")) is Need.LINK
    assert need(after(IN_LINK, "/a")) is Need.PART_OF_LINK


VALUE = "{{ event.name }}"
IN_TAG = "a value cannot stand in a tag: put it into the quotes of an attribute, or after the tag"
QUOTES = "put quotes around the value of 'href'"
MAYBE = "the link may or may not have begun here: begin it before the if or the loop"

UNSAFE = {
    "a tag": (f"<p {VALUE}>", IN_TAG),
    "the name of a tag": (f"<{VALUE}>", IN_TAG),
    "an attribute without quotes": (f"<a href={VALUE}>", QUOTES),
    "the rest of an attribute without quotes": (f"<a href=/a{VALUE}>", QUOTES),
    "a script": (
        f"<script>{VALUE}</script>",
        "a value cannot stand in <script>: put it into an attribute such as data-value",
    ),
    "a handler": (
        f'<a onclick="go({VALUE})">',
        "a value cannot stand in 'onclick': put it into an attribute such as data-value",
    ),
    "a link that may have begun": ('<a href="{% if true %}https://a.b{% endif %}{{ event.name }}">', MAYBE),
    "a link that a loop begins": ('<a href="{% for a in event.b %}{{ a }}{% endfor %}">', MAYBE),
    "ways that end differently": (
        '<a {% if true %}href="{% endif %}x">',
        "the ways of this if must end alike: begin and end a tag in the same one",
    ),
    "a loop that ends elsewhere": (
        "{% for a in event.b %}<p {% endfor %}>",
        "this loop must end as it begins: begin and end a tag within it",
    ),
}


@pytest.mark.parametrize(("template", "message"), UNSAFE.values(), ids=UNSAFE.keys())
def test_where_nothing_makes_a_value_safe(template: str, message: str) -> None:
    assert problem({"html": template}) == (("html",), 1, message)


def test_a_problem_has_its_line() -> None:
    assert problem({"html": "<p>\n<b>\n<a href={{ event.name }}>"})[1] == 3


SAFE = {
    "an attribute": ('<p title="{{ event.properties.name }}">', '<p title="Mug &lt;b&gt;">'),
    "a part of a link": (
        '<a href="https://a.b/{{ event.name }}?q={{ event.properties.name }}">',
        '<a href="https://a.b/Product%20Added?q=Mug%20%3Cb%3E">',
    ),
    "a part that is encoded already": ('<a href="/{{ event.name | urlencode }}">', '<a href="/Product%20Added">'),
    "marks in a part": ('<a href="/?a={{ "1&b=2#c" }}">', '<a href="/?a=1%26b%3D2%23c">'),
    "an if in a link": (
        '<a href="/a{% if true %}?q={{ event.name }}{% endif %}">',
        '<a href="/a?q=Product%20Added">',
    ),
    "an if around an attribute": ('<p {% if true %}class="a"{% endif %} id="b">', '<p class="a" id="b">'),
    "either way a link": (
        '<a href="{% if false %}{{ event.url }}{% else %}https://a.b{% endif %}">',
        '<a href="https://a.b">',
    ),
    "a style": ('<p style="width: {{ 50 }}%">', '<p style="width: 50%">'),
    "a title": ("<title>{{ event.properties.name }}</title>", "<title>Mug &lt;b&gt;</title>"),
    "a comment for Outlook": (
        '<!--[if mso]><a href="/{{ event.name }}"><![endif]-->',
        '<!--[if mso]><a href="/Product%20Added"><![endif]-->',
    ),
}


@pytest.mark.parametrize(("template", "result"), SAFE.values(), ids=SAFE.keys())
def test_how_a_value_is_made_safe(template: str, result: str) -> None:
    assert html(template) == result


def test_a_link_that_is_a_field_has_its_parts_encoded_too() -> None:
    assert render({"link": "https://a.b/{{ event.name }}?q={{ 'ü&' }}"}) == {
        "link": "https://a.b/Product%20Added?q=%C3%BC%26"
    }
    assert render({"link": "{{ 'https://bücher.example/süß' }}"}) == {
        "link": "https://xn--bcher-kva.example/s%C3%BC%C3%9F"
    }
    assert render({"link": "{% if event.none is defined %}/{{ event.none }}{% endif %}"}) == {}


def test_two_values_cannot_make_a_scheme() -> None:
    template = '<a href="{{ event.a }}{{ event.b }}">'

    assert render({"html": template}, {"a": "javascript", "b": ":alert(1)"}) == {
        "html": '<a href="javascript%3Aalert%281%29">'
    }


def test_a_style_takes_no_more_than_a_value() -> None:
    assert refusal({"html": "<p style=\"color: {{ 'red; background: url(x)' }}\">"}) == (
        "html: 'red; background: url(x)' cannot stand in a style: only letters, digits, blanks and #%.,- can"
    )
