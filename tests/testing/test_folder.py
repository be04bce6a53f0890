"""Which files of a project are its tests, and that what they name exists."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from orchestrator.errors import DefinitionError
from orchestrator.journeys.load import known_in, validate
from orchestrator.testing.folder import check_tests, project_of, read_known

FILES = {
    "journeys/cart.yaml": "journey: cart\nentry: {on: Product Added}\nsteps: [{act: letter}]\n",
    "actions/letter.yaml": "action: letter\nchannel: email\ncontent: {subject: Hi, html: <p>Hi</p>, text: Hi}\n",
    "segments.yaml": "segments: {vip: {if: customer.known}}\n",
}
DECLARED = {
    "events.yaml": """
        events:
          Product Added: {properties: {total: number, products: {list: {sku: text}}}}
          Note Taken: {properties: {text: text}, open: true}
    """,
    "traits.yaml": "given: {first_name: text, address: {city: text}}\n",
}
RIGHT = "tests: [{test: one, steps: [{event: Product Added}]}]\n"


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Path]:
    def make(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / "mine" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text), "utf-8")
        return tmp_path / "mine"

    return make


@pytest.mark.parametrize(
    ("path", "is_test"),
    [
        ("tests/cart.yaml", True),
        ("tests/cart.yml", True),
        ("tests/deep/er/cart.yaml", True),
        ("tests/journeys/cart.yaml", True),
        ("tests/.hidden.yaml", False),
        ("tests/.hidden/cart.yaml", False),
        ("tests/cart.json", False),
        ("tests/other/journeys/cart.yaml", False),
        ("journeys/cart.yaml", False),
        ("cart.yaml", False),
    ],
)
def test_yaml_in_the_folder_tests_is_a_test(made: Callable[..., Path], path: str, is_test: bool) -> None:
    project = made(FILES | {path: "x: 1"})
    assert (project_of(project / path) == project) == is_test


def test_a_folder_tests_without_a_project_has_no_tests(tmp_path: Path) -> None:
    assert project_of(tmp_path / "tests" / "cart.yaml") is None


def test_a_project_within_the_tests_of_another_has_its_own(made: Callable[..., Path]) -> None:
    project = made(FILES | {f"tests/small/{name}": text for name, text in FILES.items()})
    assert project_of(project / "tests/small/tests/cart.yaml") == project / "tests/small"
    assert list(check_tests(project, known_in(project))) == []


BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]\n" for before, name in ("ab", "bc", "cd", "de", "ef")
)


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("cart.yaml", "test:\n  - test: one\n", "tests/cart.yaml:1: 'test' is unknown here: did you mean 'tests'?"),
        ("cart.yaml", BOMB, "more than 100000 values, aliases counted in full"),
        ("cart.yaml", "", "tests/cart.yaml: is empty"),
        ("cart.yaml", "tests: [", "tests/cart.yaml:1: a value is missing here, or a bracket is not closed"),
        ("cart.yml", RIGHT, "tests/cart.yml: is not read: name it .yaml"),
        ("deep/cart.yaml", "tests:\n  - {test: one, stps: []}\n", "did you mean 'steps'?"),
    ],
    ids=["misspelt", "bomb", "empty", "no-yaml", "yml", "deep"],
)
def test_a_wrong_test_file_is_a_problem_of_the_project(
    made: Callable[..., Path], name: str, text: str, problem: str
) -> None:
    project = made(FILES | {f"tests/{name}": text})
    with pytest.raises(DefinitionError, match=r"(?s).*") as caught:
        validate(project, check_tests)
    assert any(problem in str(found) for found in caught.value.problems), caught.value.problems


def test_a_file_that_cannot_be_read_is_one_too(made: Callable[..., Path]) -> None:
    project = made(FILES | {"tests/right.yaml": RIGHT})
    (project / "tests" / "gone.yaml").symlink_to("nowhere")
    with pytest.raises(DefinitionError, match=r"gone\.yaml: is a link that leads nowhere"):
        validate(project, check_tests)


def test_right_test_files_are_counted_among_what_was_checked(made: Callable[..., Path]) -> None:
    project = made(FILES | {"tests/cart.yaml": RIGHT})
    assert project / "tests/cart.yaml" in validate(project, check_tests)
    assert validate(project / "tests/cart.yaml", check_tests) == (project / "tests/cart.yaml",)
    assert validate(project / "journeys", check_tests) == (project / "journeys/cart.yaml",)


def unknown(project: Path, customers: str = "{ada: {}}", more: str = "", steps: str = "[{expect: none}]") -> list[str]:
    path = project / "tests" / "cart.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"customers: {customers}\n{more}\ntests:\n  - test: one\n    steps: {steps}\n", "utf-8")
    try:
        read_known(path, known_in(project))
    except DefinitionError as error:
        return [f"{problem.line}: {problem.message}" for problem in error.problems]
    return []


ADDED = "event: Product Added, properties:"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (
            {"steps": "[{event: Produkt Added, expect: none}]"},
            "5: the event 'Produkt Added' is unknown: did you mean 'Product Added'? If not, declare it in events.yaml",
        ),
        ({"steps": "[{event: Zebra}]"}, "5: the event 'Zebra' is unknown: declare it in events.yaml"),
        ({"steps": f"[{{{ADDED} {{totl: 3}}}}]"}, "5: 'totl' is unknown: did you mean 'total'?"),
        (
            {"steps": f"[{{{ADDED} {{zebra: 3}}}}]"},
            "5: 'zebra' is unknown: Product Added has products, total; declare it in events.yaml",
        ),
        (
            {"steps": f"[{{{ADDED} {{products: [{{sku: a}}, {{skuu: b}}]}}}}]"},
            "5: 'skuu' is unknown: did you mean 'sku'?",
        ),
        (
            {"steps": "[{event: Note Taken, properties: {texxt: x}}]"},
            "5: 'texxt' is unknown: did you mean 'text'? If not, declare it in events.yaml",
        ),
        (
            {"customers": "{ada: {traits: {frist_name: Ada}}}"},
            "1: the trait 'frist_name' is not in traits.yaml, under 'given': did you mean 'first_name'?",
        ),
        (
            {"steps": "[{identify: {frist_name: Ada}}]"},
            "5: the trait 'frist_name' is not in traits.yaml, under 'given': did you mean 'first_name'?",
        ),
        ({"steps": "[{identify: {address: {ctiy: Bonn}}}]"}, "5: 'ctiy' is unknown: did you mean 'city'?"),
        ({"more": "journeys: [crat]"}, "2: the journey 'crat' is unknown: did you mean 'cart'?"),
        ({"steps": "[{expect: {not_in: crat}}]"}, "5: the journey 'crat' is unknown: did you mean 'cart'?"),
        ({"steps": "[{expect: [{in: cart}, {cancel: leter}]}]"}, "5: the action 'leter' is unknown: did you mean"),
        ({"steps": "[{expect: {no_segment: vips}}]"}, "5: the segment 'vips' is not in segments.yaml: did you mean"),
        ({"customers": "{ada: {consents: [emial]}}"}, "1: the channel 'emial' is unknown: did you mean 'email'?"),
        ({"steps": "[{consent: {channel: emial}}]"}, "5: the channel 'emial' is unknown: did you mean 'email'?"),
    ],
)
def test_a_name_that_does_not_exist_is_told_with_its_line(
    made: Callable[..., Path], given: dict[str, str], problem: str
) -> None:
    (found,) = unknown(made(FILES | DECLARED), **given)
    assert found.startswith(problem)


@pytest.mark.parametrize(
    "given",
    [
        {"steps": f"[{{{ADDED} {{total: 3, products: [{{sku: a}}]}}}}]"},
        {"steps": "[{event: Note Taken, properties: {zebra: 1}}]"},
        {"steps": "[{event: Order Completed, properties: {order_id: o1}}]"},
        {"steps": "[{send: {type: track, event: Produkt Added, properties: {totl: 3}}}]"},
        {"customers": "{ada: {traits: {locale: de, timezone: Europe/Berlin}, consents: [email, '*', email/service]}}"},
        {"more": "journeys: [cart]", "steps": "[{expect: [{not_in: cart}, {no_segment: vip}]}]"},
    ],
)
def test_names_that_exist_are_right(made: Callable[..., Path], given: dict[str, str]) -> None:
    assert unknown(made(FILES | DECLARED), **given) == []


def test_where_nothing_is_declared_events_and_traits_may_be_called_anything(made: Callable[..., Path]) -> None:
    project = made(FILES)
    assert unknown(project, "{ada: {traits: {zebra: 1}}}", steps="[{event: Zebra, properties: {stripes: 3}}]") == []
    (found,) = unknown(project, steps="[{event: Order Completed, properties: {order_idd: x}}]")
    assert found.startswith("5: 'order_idd' is unknown: did you mean 'order_id'?")


def test_unknown_names_are_told_when_the_project_is_checked(made: Callable[..., Path]) -> None:
    project = made(FILES | DECLARED | {"tests/cart.yaml": RIGHT.replace("Product", "Produkt")})
    with pytest.raises(DefinitionError, match=r"tests/cart\.yaml:1: the event 'Produkt Added' is unknown: did you"):
        validate(project, check_tests)
