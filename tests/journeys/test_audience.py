"""traits.yaml and segments.yaml: what they may say, and what is said of mistakes in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import DefinitionError
from orchestrator.journeys.load import load, validate
from orchestrator.journeys.pack import Pack
from orchestrator.journeys.segments import segments_named
from orchestrator.testing.texts import pack_of

JOURNEY = "journey: j\nentry: {on: A}\nsteps: [{end: true}]\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "journeys").mkdir()
    (tmp_path / "journeys" / "j.yaml").write_text(JOURNEY)
    return tmp_path


def problems(project: Path, traits: str = "", segments: str = "", journey: str = JOURNEY) -> list[str]:
    (project / "journeys" / "j.yaml").write_text(journey)
    for name, text in (("traits.yaml", traits), ("segments.yaml", segments)):
        if text:
            (project / name).write_text(text)
    try:
        load(project)
    except DefinitionError as error:
        return [f"{problem.path.name}:{problem.line}: {problem.message}" for problem in error.problems]
    return []


def test_a_project_may_have_neither(project: Path) -> None:
    pack = load(project)
    assert pack.segments == {}
    assert pack.traits.computed == {}


def test_the_files_are_checked_too(project: Path) -> None:
    (project / "traits.yaml").write_text("computed: {x: {count: A}}\n")
    (project / "segments.yaml").write_text("segments: {y: {if: customer.computed.x > 0}}\n")
    assert {path.name for path in validate(project)} == {"j.yaml", "traits.yaml", "segments.yaml"}


@pytest.mark.parametrize(
    ("computed", "expected"),
    [
        ("{}", "needs one of count, sum"),
        ("{count: A, sum: B, of: event.x}", "is one of count and sum, not both"),
        ("{sum: A}", "sum needs 'of'"),
        ("{rate: A}", "rate needs 'window'"),
        ("{count: A, of: event.x}", "'of' does not belong to count: it goes with sum"),
        ("{count: A, bucket: 1 hour}", "'bucket' goes with 'window'"),
        ("{count: A, window: 1 hour, bucket: 2 hours}", "the bucket of 2 hours does not fit in the window of 1 hour"),
        ("{count: A, window: 1 day, bucket: 1 minute}", "the window has 1440 buckets, and at most 400 are allowed"),
        ("{count: A, window: 0 days}", "a window must be longer than nothing"),
        ("{distinct: A, of: event.x, most: 5000}", "'most' must be at most 1000, not the number 5000"),
        (
            "{favourite: {of: A, by: event.x}, window: 30 days, most: 100}",
            "'most' must be at most 66, not the number 100",
        ),
        ("{last: A, window: 1 day, bucket: 1 hour}", "'bucket' does not belong to last"),
        ("{count: A, if: customer.known}", "there is no 'customer' here"),
        ("{count: A, if: event.x >}", "'if' is no condition"),
        ("{favourite: {of: A}}", "'by' is missing"),
        ("{favourite: {of: A, by: evnt.x}}", "'by' is no condition: there is no 'evnt' here; did you mean 'event'?"),
        ("{funnel: [{stage: a, on: A}, {stage: a, on: B}]}", "another stage is named 'a' already"),
        ("{funnel: [{stage: a, on: A}], if: event.x}", "'if' does not belong to funnel"),
        ("{coutn: A}", "'coutn' is unknown here: did you mean 'count'?"),
    ],
)
def test_a_mistake_in_a_trait_is_told_with_its_line(project: Path, computed: str, expected: str) -> None:
    (problem, *_) = problems(project, f"computed:\n  x:\n    {computed}\n")
    assert problem.startswith(("traits.yaml:2:", "traits.yaml:3:"))
    assert expected in problem


def test_names_of_traits_can_be_used_in_conditions(project: Path) -> None:
    (problem,) = problems(project, "computed:\n  orders-30d: {count: A}\n")
    assert problem.startswith("traits.yaml:2: 'orders-30d' does not match")


TRAITS = "computed:\n  orders: {count: A}\n"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("customer.computed.ordrs > 1", "the computed trait 'ordrs' is not in traits.yaml: did you mean 'orders'?"),
        ("\"'vpi' in customer.segments\"", "the segment 'vpi' is not in segments.yaml: did you mean 'vip'?"),
        ("customer.segments.size() > 1", 'is asked for one segment, as in "vip" in customer.segments'),
        ("event.properties.x", "there is no 'event' here"),
    ],
)
def test_a_mistake_in_a_segment_is_told_with_its_line(project: Path, condition: str, expected: str) -> None:
    segments = f"segments:\n  vip: {{if: customer.known}}\n  x:\n    if: {condition}\n"
    (problem,) = problems(project, TRAITS, segments)
    assert problem.startswith("segments.yaml:4:")
    assert expected in problem


def test_segments_may_not_name_each_other_in_a_circle(project: Path) -> None:
    segments = """segments:
  a: {if: "'b' in customer.segments"}
  b: {if: "'c' in customer.segments || customer.known"}
  c: {if: "!('a' in customer.segments)"}
"""
    (problem,) = problems(project, TRAITS, segments)
    assert "segments name each other in a circle: " in problem
    assert problem.count("→") == 3


def test_a_segment_that_names_itself_is_a_circle_too(project: Path) -> None:
    (problem,) = problems(project, TRAITS, "segments: {a: {if: \"'a' in customer.segments\"}}\n")
    assert "a → a" in problem


def test_what_a_journey_names_must_be_declared(project: Path) -> None:
    journey = (
        "journey: j\nentry: {on: A, if: customer.computed.orders > customer.computed.calls}\nsteps: [{end: true}]\n"
    )
    (problem,) = problems(project, TRAITS, journey=journey)
    assert "the computed trait 'calls' is not in traits.yaml" in problem


def test_a_wrong_file_is_one_problem_and_not_one_for_each_name_in_it(project: Path) -> None:
    (problem,) = problems(
        project, "computed: {orders: {cuont: A}}\n", "segments: {a: {if: customer.computed.orders > 1}}\n"
    )
    assert problem.startswith("traits.yaml:1:")


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("'a' in customer.segments", ("a",)),
        ('"a" in customer.segments && !("b" in customer.segments)', ("a", "b")),
        ("customer.known", ()),
        ("customer.segments.exists(name, name == 'a')", None),
        ("event.properties.x in customer.segments", None),
        ("'a' in customer['segments']", None),
    ],
)
def test_the_segments_that_a_condition_names_are_found(source: str, names: tuple[str, ...] | None) -> None:
    assert segments_named(source) == names


WHOLE = f"""{JOURNEY}---
given: {{email: text, birthday: date}}
computed:
  orders: {{count: A, window: 30 days, description: how many}}
  stage: {{funnel: [{{stage: one, on: A}}], reset: B}}
history: {{keep: 20, for: 10 days, events: [A, B], properties: [x]}}
---
segments:
  vip: {{if: customer.computed.orders > 3, backfill: enters}}
"""


def test_a_pack_carries_them() -> None:
    pack = pack_of(WHOLE)
    again = Pack.from_json(pack.to_json())
    assert (again.traits, dict(again.segments)) == (pack.traits, dict(pack.segments))
    assert again.to_json() == pack.to_json()


def test_a_pack_of_old_reads_as_one_without_them() -> None:
    pack = pack_of(JOURNEY)
    assert b'"segments":' not in pack.to_json()
    assert b'"traits":' not in pack.to_json()


def test_a_bucket_that_is_not_given_fits_the_window() -> None:
    windows = {"30 minutes": 60_000, "90 minutes": 60_000, "2 days": 3_600_000, "30 days": 86_400_000, "5 s": 5_000}
    computed = "\n".join(f"  x{number}: {{count: A, window: {window}}}" for number, window in enumerate(windows))
    traits = pack_of(f"{JOURNEY}---\ncomputed:\n{computed}\n").traits.computed
    assert [trait.bucket_ms() for trait in traits.values()] == list(windows.values())
