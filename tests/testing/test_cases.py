"""Journey tests in YAML: what a file may say, and what is said of one that is wrong."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from orchestrator.errors import DefinitionError
from orchestrator.testing.cases import PlacedTest, read_tests

FIRST = """
    tests:
      - test: one
        steps:
"""


def read(tmp_path: Path, text: str) -> list[PlacedTest]:
    path = tmp_path / "first.yaml"
    path.write_text(dedent(text), "utf-8")
    return read_tests(path)


def problems(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(DefinitionError) as caught:
        read(tmp_path, text)
    return [f"{problem.line}: {problem.message}" for problem in caught.value.problems]


def test_a_small_file(tmp_path: Path) -> None:
    (found,) = read(tmp_path, FIRST + "          - {after: 1 hour, event: Product Added, expect: none}")
    (step,) = found.case.steps
    assert (step.after, step.event, step.expect) == (3_600_000, "Product Added", ())
    assert found.line("steps", 0) == 5


def test_one_expectation_needs_no_list(tmp_path: Path) -> None:
    (found,) = read(tmp_path, FIRST + "          - expect: {action: hello}")
    (expected,) = found.case.steps[0].expect or ()
    assert (expected.kind, expected.name) == ("action", "hello")


def test_what_a_test_says_wins_over_its_file(tmp_path: Path) -> None:
    (found,) = read(
        tmp_path,
        """
        start: 2026-01-01T00:00:00Z
        journeys: [a]
        customers: {ada: {traits: {x: 1}}, bo: {}}
        tests:
          - test: one
            start: 2026-02-01T00:00:00Z
            journeys: []
            customers: {ada: {consents: [email]}}
            steps: [{expect: none}]
        """,
    )
    assert found.start == 1_769_904_000_000
    assert found.journeys == ()
    assert found.customers["ada"].traits == {}
    assert found.customers["ada"].consents == {"email": True}
    assert list(found.customers) == ["ada", "bo"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("tests: []", "1: 'tests' must not be empty"),
        ("test: one", "1: 'test' is unknown here: did you mean 'tests'?"),
        (FIRST + "          - {evnt: x}", "5: 'evnt' is unknown here: did you mean 'event'?"),
        (FIRST + "          - {event: x, identify: {}}", "5: one thing at a time: event and identify are two steps"),
        (FIRST + "          - {customer: ada}", "5: a step needs after, at, expect, or one of event, identify"),
        (FIRST + "          - {identify: {}, properties: {a: 1}}", "5: 'properties' belongs to an event"),
        (FIRST + "          - {expect: {channel: email}}", "5: an expectation needs one of action, cancel"),
        (FIRST + "          - {expect: {action: a, cancel: b}}", "5: an expectation is one of action and cancel"),
        (FIRST + "          - {at: noon}", "5: 'noon' is no moment: write ISO 8601"),
        (FIRST + "          - {after: soon}", "5: 'soon' is no duration"),
        (FIRST + "          - {after: 1 hour, at: 2026-03-02T10:00:00Z}", "5: time passes by 'after' or to 'at'"),
    ],
)
def test_what_is_wrong_has_its_line(tmp_path: Path, text: str, problem: str) -> None:
    assert any(found.startswith(problem) for found in problems(tmp_path, text)), problems(tmp_path, text)


def test_two_tests_of_one_name_are_refused(tmp_path: Path) -> None:
    text = FIRST + "          - {expect: none}\n      - {test: one, steps: [{expect: none}]}"
    assert problems(tmp_path, text) == ["6: another test, on line 3, has this name already"]
