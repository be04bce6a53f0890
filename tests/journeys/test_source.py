"""YAML with places: what is text, what is refused, and on which line."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import DefinitionError, Problem
from orchestrator.journeys import source as source_module
from orchestrator.journeys.source import Source, parse_source, read_source

PATH = Path("journeys/a.yaml")


def parse(text: str) -> Source:
    return parse_source(PATH, text.encode())


def problems(data: bytes) -> list[Problem]:
    with pytest.raises(DefinitionError) as caught:
        parse_source(PATH, data)
    return caught.value.problems


def problems_or_none(data: bytes) -> list[Problem]:
    try:
        parse_source(PATH, data)
    except DefinitionError as error:
        return error.problems
    return []


@pytest.fixture(params=["CSafeLoader", "SafeLoader"])
def _both_parsers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "_LOADER", getattr(yaml, request.param))


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("on: yes", {"on": "yes"}),
        ("off: no", {"off": "no"}),
        ("y: [on, off, Yes, No, True, FALSE]", {"y": ["on", "off", "Yes", "No", "True", "FALSE"]}),
        ("a: [true, false, null, ~]", {"a": [True, False, None, None]}),
        ("a:", {"a": None}),
        ("a: [0, -3, 1.5, 1e3, -0.5E-2]", {"a": [0, -3, 1.5, 1000.0, -0.005]}),
        (
            "a: [012, 1_000, 0x1f, 1:30, .5, 1., +1, .inf]",
            {"a": ["012", "1_000", "0x1f", "1:30", ".5", "1.", "+1", ".inf"]},
        ),
        ("a: 2024-01-01", {"a": "2024-01-01"}),
        ("a: 2024-01-01T00:00:00Z", {"a": "2024-01-01T00:00:00Z"}),
        ("a: ['1', \"true\", 'null']", {"a": ["1", "true", "null"]}),
        ("1: a\ntrue: b\nnull: c", {"1": "a", "true": "b", "null": "c"}),
        ("a: &same [x]\nb: *same", {"a": ["x"], "b": ["x"]}),
        ("\ufeffa: ä\r\nb: 𝄞\r\n", {"a": "ä", "b": "𝄞"}),
        ("---\na: |\n  one\n  two\n...\n", {"a": "one\ntwo\n"}),
    ],
)
@pytest.mark.usefixtures("_both_parsers")
def test_what_a_file_says(written: str, value: Any) -> None:
    assert parse(written).value == value


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)

REFUSED = {
    "empty": ("", 0, "is empty"),
    "only a comment": ("# nothing\n", 0, "is empty"),
    "a list": ("- a", 1, "the file must have keys and values, such as 'journey: a-name'"),
    "a text": ("\na", 2, "the file must have keys and values, such as 'journey: a-name'"),
    "a key twice": ("a: 1\nb: 2\na: 3", 3, "'a' is here twice, first on line 1"),
    "a tab": ("a:\n\t- b", 2, "a tab in the indentation: use spaces"),
    "two documents": ("a: 1\n---\nb: 2", 2, "a second document begins here: write one in each file"),
    "a tag": (
        "a: !!python/object x",
        1,
        "'!!python/object' is a YAML tag, and there are none here: put a text that begins with '!' in quotes",
    ),
    "an expression that YAML takes for a tag": (
        "entry:\n  if: !customer.known",
        2,
        "'!customer.known' is a YAML tag, and there are none here: put a text that begins with '!' in quotes",
    ),
    "any event without quotes": ("on: *", 1, "put a text that begins with '*', '&' or '!' in quotes"),
    "an unknown alias": ("a: *b", 1, "the alias '*b' does not exist: put the text in quotes"),
    "an alias of itself": ("a: &a [*a]", 1, "the alias '*a' stands within itself"),
    "a bomb of aliases": (BOMB, 5, "there are more than 100000 values, aliases counted in full"),
    "a merge": ("a: &a {b: 1}\nc:\n  <<: *a", 3, "'<<' does not merge here: write the keys out"),
    "deep": ("a: " + "[" * 51 + "]" * 51, 1, "is nested deeper than 50 levels"),
    "deep by aliases": (
        f"a: &a {'[' * 40}{']' * 40}\nb: {'[' * 20}*a{']' * 20}",
        2,
        "is nested deeper than 50 levels",
    ),
    "a template without quotes": ("x: 1\nsubject: {{ event.name }}", 2, "put a text that begins with '{{' in quotes"),
    "a list as a key": ("[a]: b", 1, "a key must be a text"),
    "a number too large": ("a: 1e999", 1, "the number is too large: put it in quotes"),
    "an integer too large": ("a: 9223372036854775808", 1, "the number is too large: put it in quotes"),
    "half a character": ('a: "\\ud83d"', 1, "half of a character, such as \\ud83d: write the whole character"),
    "a control character": ("a: 1\nb: \x01", 2, "there is a control character in it: remove it"),
    "an open list": ("a: [1, 2\nb: 3", 2, "a '[' is not closed by a ']'"),
    "an open quote": ("a: 1\nb: 'c\nd: e\n", 2, "a quote is not closed"),
    "a colon in a text": (
        "a: b: c",
        1,
        "a ':' cannot stand here: put the text in quotes, or check the indentation",
    ),
    "text behind a quote": (
        'a: "b" == c',
        1,
        "this line does not fit to those above: check the indentation and the quotes",
    ),
    "a reserved character": ("a: `b`", 1, "a text cannot begin with this character: put it in quotes"),
    "a line of its own": ("a: b\nc\nd: e", 3, "a ':' is missing, or the indentation is wrong"),
}


@pytest.mark.parametrize(("written", "line", "message"), REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.usefixtures("_both_parsers")
def test_what_is_refused(written: str, line: int, message: str) -> None:
    assert problems(written.encode()) == [Problem(PATH, line, message)]


def test_all_of_it_is_found() -> None:
    found = problems(b"a: !x y\nb: 1\nb: 2\nc: 1e999\n")

    assert [problem.line for problem in found] == [1, 3, 4]


def test_other_encodings_are_refused() -> None:
    assert problems("a: b\nc: ä".encode("latin-1")) == [Problem(PATH, 2, "is not UTF-8 here: save the file as UTF-8")]


def test_large_files_are_refused() -> None:
    assert problems(b"a: " + b"x" * 1_000_000) == [Problem(PATH, 0, "is larger than 1 MB: split it up")]


def test_a_file_of_brackets_is_refused_at_once() -> None:
    assert problems(b"[" * 900_000)[0].message == "is nested deeper than 50 levels"


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(DefinitionError, match=r"^missing\.yaml: cannot be read: No such file or directory$"):
        read_source(Path("missing.yaml"))


NESTED = """\
journey: a

steps:
  - wait: 1 day
  - wait:
      event: X
      received:
        - end: true
"""


@pytest.mark.parametrize(
    ("location", "line"),
    [
        ((), 1),
        (("journey",), 1),
        (("steps",), 3),
        (("steps", 0), 4),
        (("steps", 1, "wait"), 5),
        (("steps", 1, "wait", "event"), 6),
        (("steps", 1, "wait", "received", 0, "end"), 8),
        (("steps", 1, "wait", "timeout"), 5),
        (("steps", 1, "wait", "WaitForEventDefinition", "event"), 6),
        (("nothing", "of", "this"), 1),
    ],
)
def test_the_line_of_a_key(location: tuple[str | int, ...], line: int) -> None:
    assert parse(NESTED).line(location) == line


STYLES = {
    "literal": "a: |\n  one two\n  three\n",
    "literal, indented": "a:   |2\n    one two\n\n    three\n",
    "folded": "a: >-\n\n  one\n  two\n  three\n",
    "plain": "a: one\n  two\n  three\n",
    "plain on its own lines": "a:\n  one two\n  three\n",
    "single quotes": "a: 'one\n  two\n  three'\n",
    "double quotes": 'a: "one\n  two\n  three"\n',
}


@pytest.mark.parametrize("written", STYLES.values(), ids=STYLES.keys())
@pytest.mark.parametrize("word", ["one", "two", "three"])
@pytest.mark.usefixtures("_both_parsers")
def test_the_line_within_a_text(written: str, word: str) -> None:
    source = parse(written)
    before = source.value["a"].partition(word)[0]
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1

    assert source.line_in(("a",), line, column) == written.partition(word)[0].count("\n") + 1


def test_a_place_behind_a_text_is_its_first_line() -> None:
    assert parse("a: b").line_in(("a",), 7, 3) == 1
    assert parse("a: 1").line_in(("a",), 7, 3) == 1


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcäß", max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text("abc", min_size=1), json_values, min_size=1))
def test_json_is_read_as_it_is(value: dict[str, Any]) -> None:
    assert parse(json.dumps(value, ensure_ascii=False)).value == value


@given(st.binary(max_size=200))
def test_anything_else_is_a_problem_with_a_place(data: bytes) -> None:
    last = data.count(b"\n") + data.count(b"\r") + 1

    assert all(0 <= problem.line <= last for problem in problems_or_none(data))


@given(st.text(" \n-:[]{}ab&*!|>'\"#,?%@`x0", max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    assert all(problem.message for problem in problems_or_none(text.encode()))
