"""What a field makes of a text: one line, so many characters, so many parts of an SMS."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.content import sms
from orchestrator.content.fields import finisher
from orchestrator.journeys.definition import FieldDefinition
from orchestrator.journeys.load import default_channels


def field(**definition: object) -> FieldDefinition:
    return FieldDefinition.model_validate(definition)


def test_a_line_is_one_line() -> None:
    assert finisher(field(type="line"))("Hello\r\nBcc: x@y.z\u2028a\x00b\tc  d") == "Hello Bcc: x@y.z a b c d"


def test_a_text_keeps_its_lines() -> None:
    assert finisher(field())("a\n\nb") == "a\n\nb"


@given(st.text())
def test_no_line_has_a_break(text: str) -> None:
    found = finisher(field(type="line", required=False))(text)

    assert found is None or len(found.splitlines()) == 1


def test_what_is_too_long_is_refused_unless_it_may_be_cut() -> None:
    with pytest.raises(ValueError, match="has 11 characters, and at most 10 are allowed"):
        finisher(field(max_length=10))("Hello world")
    assert finisher(field(max_length=10, if_longer="cut"))("Hello world") == "Hello wor…"
    assert finisher(field(max_length=10, if_longer="cut"))("Hello my world") == "Hello my…"
    with pytest.raises(ValueError, match="has 11"):
        finisher(field(max_length=10, if_longer="cut"), constant=True)("Hello world")


def test_no_character_is_cut_in_two() -> None:
    assert finisher(field(max_length=3, if_longer="cut"))("xye\u0301z") == "xy…"
    assert finisher(field(max_length=4, if_longer="cut"))("a👩\u200d👧bc") == "a…"


@given(st.text(min_size=1), st.integers(1, 20))
def test_what_is_cut_fits(text: str, longest: int) -> None:
    found = finisher(field(max_length=longest, if_longer="cut", required=False))(text)

    assert found is None or len(found) <= longest


PARTS = {
    "": 1,
    "a" * 160: 1,
    "a" * 161: 2,
    "a" * 306: 2,
    "a" * 307: 3,
    "€" * 80: 1,
    "€" * 81: 2,
    "a" * 152 + "€" + "a" * 152: 3,
    "é" * 160: 1,
    "ş" + "a" * 69: 1,
    "ş" + "a" * 70: 2,
    "مرحبا" * 14: 1,
    "مرحبا" * 15: 2,
    "😀" * 35: 1,
    "😀" * 36: 2,
}


@pytest.mark.parametrize(("text", "parts"), PARTS.items(), ids=range(len(PARTS)))
def test_the_parts_of_an_sms(text: str, parts: int) -> None:
    assert sms.parts(text) == parts


def test_an_sms_of_too_many_parts_says_why() -> None:
    with pytest.raises(ValueError, match=r"takes 3 parts as an SMS, and at most 2 are allowed$"):
        finisher(field(max_parts=2))("a" * 307)
    with pytest.raises(ValueError, match="for with 'ş' in it a part holds 67 characters instead of 153"):
        finisher(field(max_parts=2))("ş" * 200)


@given(st.text("aé€ş😀 ", min_size=1, max_size=400))
def test_an_sms_that_is_cut_has_no_more_parts(text: str) -> None:
    found = finisher(field(max_parts=1, if_longer="cut", required=False))(text)

    assert found is None or sms.parts(found) == 1


@pytest.mark.parametrize(("channel", "name"), [("email", "subject"), ("push", "title"), ("web", "slot")])
def test_what_becomes_a_header_is_a_line(channel: str, name: str) -> None:
    assert default_channels()[channel].content[name].type == "line"
