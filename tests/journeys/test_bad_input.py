"""What nobody means to write: each is refused at once, with its file, and nothing is loaded."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.errors import DefinitionError
from orchestrator.journeys.load import load, validate

JOURNEY = "journey: {name}\nentry: {{on: X}}\nsteps: [{{act: mail}}]\n"
MAIL = "action: {name}\nchannel: email\ncontent: {{subject: Hello, html: {html}}}\n"

# What is not refused at once would take minutes, or for ever.
pytestmark = pytest.mark.timeout(60)


def project(folder: Path, files: dict[str, str | bytes]) -> Path:
    right: dict[str, str | bytes] = {
        "journeys/a.yaml": JOURNEY.format(name="a"),
        "actions/mail.yaml": MAIL.format(name="mail", html="Hello"),
    }
    for name, content in (right | files).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def refused(folder: Path) -> list[str]:
    with pytest.raises(DefinitionError) as caught:
        load(folder)
    problems = [str(problem).removeprefix(f"{folder}{os.sep}") for problem in caught.value.problems]
    assert all(len(problem) < 1_500 for problem in problems)
    return problems


def steps(text: str) -> str:
    return f"journey: b\nentry: {{on: X}}\nsteps:\n{text}"


def html(text: str) -> str:
    return f"action: b\nchannel: email\ncontent:\n  subject: a\n  html: '{text}'\n"


def numbered(line: str, count: int) -> str:
    return "".join(line.replace("#", str(number)) for number in range(count))


class Files(dict[str, str | bytes]):
    """Files that pytest does not write out when a test fails."""

    def __repr__(self) -> str:
        return f"<{', '.join(self)}>"


TOO_MUCH: dict[str, tuple[dict[str, str | bytes], str]] = {
    "ten megabytes": (
        {"journeys/b.yaml": b"a: " + b"x" * 10_000_000},
        "journeys/b.yaml: is larger than 1 MB: split it up",
    ),
    "ten megabytes in many files": (
        {f"actions/b{number}.yaml": MAIL.format(name=f"b{number}", html="x" * 200_000) for number in range(60)},
        "the files up to here have more than 10 MB: make several projects",
    ),
    "a bomb of aliases": (
        {"journeys/b.yaml": "a0: &a0 [x, x]\n" + numbered("b#: &b# [*a0, *a0]\n", 1) + "c: [" + "*b0, " * 30_000 + "]"},
        "journeys/b.yaml:3: there are more than 100000 values, aliases counted in full",
    ),
    "deep lists": ({"journeys/b.yaml": "a: " + "[" * 400_000}, "journeys/b.yaml:1: is nested deeper than 50 levels"),
    "sixty thousand unknown keys": (
        {"journeys/b.yaml": "journey: b\n" + numbered("key#: 1\n", 60_000)},
        "journeys/b.yaml:1: 60002 things are wrong here, of which these are the first 100",
    ),
    "sixty thousand unknown fields of a content": (
        {"actions/b.yaml": "action: b\nchannel: email\ncontent:\n" + numbered("  k#: a\n", 60_000)},
        "actions/b.yaml: more is wrong here than these 100 things",
    ),
    "steps without end": (
        {"journeys/b.yaml": steps("- act: mail\n" * 40_000)},
        "journeys/b.yaml:3: has 40000 steps, and at most 500 are allowed: split it up",
    ),
    "conditions without end": (
        {"journeys/b.yaml": steps("- &s {branch: [" + "{if: event.x}, " * 300 + "]}\n" + "- *s\n" * 70)},
        "journeys/b.yaml:1: has more than 2000 conditions and other expressions: split it up",
    ),
    "traits without end": (
        {"traits.yaml": "computed:\n" + numbered("  t#: {count: X, if: event.properties.a# == 1}\n", 3_000)},
        "traits.yaml:1: has more than 2000 conditions and other expressions: split it up",
    ),
    "segments without end": (
        {"segments.yaml": "segments:\n" + numbered("  s#: {if: '\"t#\" in customer.segments'}\n", 3_000)},
        "segments.yaml:1: has more than 2000 conditions and other expressions: split it up",
    ),
    "events without end": (
        {"events.yaml": "events:\n" + numbered("  E#: {}\n", 6_000)},
        "events.yaml:1: 'events' has too many keys: split it up",
    ),
    "properties without end": (
        {"events.yaml": "events: {A: {properties: {" + numbered("f#: text, ", 2_000) + "}}}"},
        "events.yaml:1: 'properties' has too many keys: split it up",
    ),
    "fields without end": (
        {"events.yaml": "events: {A: {properties: {a: {" + numbered("f#: text, ", 2_000) + "}}}}"},
        "events.yaml:1: a map has at most 1000 fields: take 'map' if any may be there",
    ),
    "a long name": (
        {"journeys/b.yaml": f"journey: '{'B' * 900_000}'\nentry: {{on: X}}\nsteps: [{{end: true}}]"},
        f"journeys/b.yaml:1: '{'B' * 159} … ",
    ),
    "a long number": ({"journeys/b.yaml": steps(f"- wait: '{'1' * 900_000}'")}, "journeys/b.yaml:4: '111"),
    "a long condition": (
        {"journeys/b.yaml": steps(f"- {{act: mail, if: '{'(' * 900_000}'}}")},
        "journeys/b.yaml:4: 'if' has 900000 characters, and at most 4000 are allowed",
    ),
    "a deep condition": (
        {"journeys/b.yaml": steps(f"- {{act: mail, if: '{'!' * 3_000}true'}}")},
        "journeys/b.yaml:4: 'if' is no condition: the expression is nested deeper than 60 levels here; split it up",
    ),
    "a template that opens and opens": ({"actions/b.yaml": html("{{" * 400_000)}, "actions/b.yaml:5: the template is"),
    "a template of ifs": ({"actions/b.yaml": html("{% if 1 %}" * 20_000)}, "actions/b.yaml:5: the template is nested"),
    "a template of dots": (
        {"actions/b.yaml": html("{{ event" + ".a" * 100_000 + " }}")},
        "actions/b.yaml:5: the template is nested too deeply: split it up",
    ),
    "a template of sums": (
        {"actions/b.yaml": html("{{ 1" + "+1" * 3_000 + " }}")},
        "actions/b.yaml:5: the template is nested too deeply: split it up",
    ),
    "thousands of slips in a template": (
        {
            "journeys/b.yaml": JOURNEY.format(name="b").replace("X", "Order Completed").replace("mail", "b"),
            "actions/b.yaml": html("{{ event.properties.totl }}\n\n  " * 5_000),
        },
        "actions/b.yaml: more is wrong here than these 100 things",
    ),
    "another encoding": (
        {"journeys/b.yaml": JOURNEY.format(name="b").encode("utf-16")},
        "journeys/b.yaml:1: is not UTF-8 here: save the file as UTF-8",
    ),
    "nothing but zeros": ({"journeys/b.yaml": b"\0" * 1_000}, "journeys/b.yaml:1: there is a control character in it"),
    "a tab": (
        {"journeys/b.yaml": "journey: b\nsteps:\n\t- end"},
        "journeys/b.yaml:3: a tab in the indentation",
    ),
    "a key twice": ({"journeys/b.yaml": "journey: b\njourney: c"}, "journeys/b.yaml:2: 'journey' is here twice, first"),
    "an anchor that merges": (
        {"journeys/b.yaml": "a: &a {b: c}\nd: {<<: *a}"},
        "journeys/b.yaml:2: '<<' does not merge",
    ),
    "one name twice": ({"journeys/b.yaml": JOURNEY.format(name="a")}, "journeys/b.yaml:1: the journey 'a' is in "),
    "an unknown channel": (
        {"actions/b.yaml": "action: b\nchannel: emial\ncontent: {}"},
        "actions/b.yaml:2: the channel 'emial' is unknown: did you mean 'email'?",
    ),
}


@pytest.mark.parametrize(
    ("files", "sentence"), [(Files(files), sentence) for files, sentence in TOO_MUCH.values()], ids=TOO_MUCH.keys()
)
def test_is_refused_at_once(tmp_path: Path, files: dict[str, str | bytes], sentence: str) -> None:
    problems = refused(project(tmp_path, files))
    assert len(problems) <= 202
    assert any(sentence in problem for problem in problems), problems[:5]


def test_a_thousand_journeys_are_not_too_much(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        f"journeys/j{number}.yaml": JOURNEY.format(name=f"j{number}") for number in range(1_000)
    }
    assert len(load(project(tmp_path, files)).journeys) == 1_001


# What is no file.


def _folder(path: Path) -> None:
    path.mkdir(parents=True)


def _broken_link(path: Path) -> None:
    path.symlink_to("nowhere")


def _link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


KINDS: list[tuple[Callable[[Path], object], str]] = [
    (_folder, "is a folder: name it without .yaml"),
    (os.mkfifo, "cannot be read: it is no file with something in it"),
    (_device, "cannot be read: it is no file with something in it"),
    (_broken_link, "cannot be read: No such file or directory"),
    (_link_to_itself, "cannot be read: Too many levels of symbolic links"),
]


@pytest.mark.parametrize(("make", "sentence"), KINDS, ids=[make.__name__.strip("_") for make, _ in KINDS])
@pytest.mark.parametrize("name", ["journeys/b.yaml", "actions/b.yaml"])
def test_what_is_no_file_is_told(tmp_path: Path, name: str, make: Callable[[Path], object], sentence: str) -> None:
    folder = project(tmp_path, {})
    make(folder / name)
    assert refused(folder) == [f"{name}: {sentence}"]


@pytest.mark.parametrize("make", [os.mkfifo, _device, _broken_link])
@pytest.mark.parametrize("name", ["channels", "events", "traits", "segments", "policy"])
def test_nor_is_it_one_beside_the_journeys(tmp_path: Path, name: str, make: Callable[[Path], object]) -> None:
    folder = project(tmp_path, {})
    make(folder / f"{name}.yaml")
    (problem,) = refused(folder)
    assert problem.startswith(f"{name}.yaml: cannot be read: ")


def test_nor_a_partial(tmp_path: Path) -> None:
    folder = project(tmp_path, {"partials/a.j2": "a"})
    os.mkfifo(folder / "partials" / "b.j2")
    assert refused(folder) == ["partials/b.j2: cannot be read: it is no file with something in it"]


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    folder = project(tmp_path, {})
    path = folder / "journeys" / "b.yaml"
    path.write_text(JOURNEY.format(name="b"), "utf-8")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("whoever may read everything cannot try this")
    assert refused(folder) == ["journeys/b.yaml: cannot be read: Permission denied"]


def test_a_pipe_by_itself(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.yaml")
    with pytest.raises(DefinitionError):
        validate(tmp_path / "a.yaml")


def _linked_folder(path: Path) -> None:
    elsewhere = next(folder / "elsewhere" for folder in path.parents if (folder / "elsewhere").is_dir())
    path.symlink_to(elsewhere)


STRAYS: list[tuple[str, Callable[[Path], object], str]] = [
    ("b", os.mkfifo, "is no file with something in it, such as a pipe or a device: remove it"),
    ("b", _device, "is no file with something in it, such as a pipe or a device: remove it"),
    ("b", _broken_link, "is a link that leads nowhere: remove it, or let it lead to a file"),
    ("b", _linked_folder, "is a link to a folder, and is not followed: put the folder itself here"),
    ("b.yaml", _folder, "is a folder: name it without .yaml"),
]


@pytest.mark.parametrize(("name", "make", "sentence"), STRAYS)
@pytest.mark.parametrize("folder", ["journeys", "actions", "partials", "tests", "tests/more"])
def test_what_would_be_passed_over_is_told(
    tmp_path: Path, folder: str, name: str, make: Callable[[Path], object], sentence: str
) -> None:
    root = project(tmp_path, {"elsewhere/c.yaml": JOURNEY.format(name="c")})
    (root / folder).mkdir(parents=True, exist_ok=True)
    make(root / folder / name)
    with pytest.raises(DefinitionError) as caught:
        validate(root)
    assert [(problem.path, problem.message) for problem in caught.value.problems] == [(root / folder / name, sentence)]


def test_a_folder_of_partials_is_told(tmp_path: Path) -> None:
    folder = project(tmp_path, {"partials/a.j2": "a", "partials/more/b.j2": "b"})
    assert refused(folder) == ["partials/more: is a folder: put its files into partials itself"]


def test_what_an_editor_hides_is_not_told(tmp_path: Path) -> None:
    folder = project(tmp_path, {})
    (folder / "journeys" / ".#b.yaml").symlink_to("nobody@nowhere")
    assert load(folder).journeys
