"""The pages of docs/: what is generated in them is current, and each worked example is real."""

from __future__ import annotations

import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from orchestrator.journeys.entries import ENTRY_KINDS
from orchestrator.journeys.load import load
from orchestrator.journeys.steps import STEP_KINDS
from orchestrator.testing import JourneyTestDriver
from orchestrator.testing.cases import read_tests
from orchestrator.testing.play import play
from tests.guide import Reader, blocks_of

DOCS: Final = Path(__file__).resolve().parents[1] / "docs"
FOLDER: Final = DOCS / "journeys"
INDEX: Final = FOLDER / "README.md"
PAGES: Final = sorted(path for path in FOLDER.glob("*.md") if path != INDEX)
GENERATOR: Final[dict[str, Any]] = runpy.run_path(str(DOCS / "journeys_pages.py"))
WAITS: Final = ("event", "absence", "until", "date", "opened")

_BLOCK: Final = re.compile(r"^```\w+\n((?:# (\S+)|\{# (\S+) #\})[^\n]*\n.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK: Final = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
_FENCED: Final = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


def files_of(page: Path) -> dict[str, str]:
    """The files that a page shows, by name, as a reader pastes them: with the line that names them."""
    return {one or other: text for text, one, other in _BLOCK.findall(page.read_text("utf-8"))}


def project_of(page: Path, folder: Path) -> Path:
    """The page's example as a project, with what all examples share."""
    for name, text in {**files_of(INDEX), **files_of(page)}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize("page", [INDEX, *PAGES], ids=lambda page: page.stem)
def test_what_is_generated_is_current(page: Path) -> None:
    refreshed: Callable[[str, Path], str] = GENERATOR["refreshed"]
    text = page.read_text("utf-8")

    assert refreshed(text, FOLDER) == text, "run make schemas"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_example_does_what_its_page_says(page: Path, tmp_path: Path) -> None:
    project = project_of(page, tmp_path)
    pack = load(project)
    tests = [test for path in sorted(project.glob("tests/*.yaml")) for test in read_tests(path)]

    assert tests
    for test in tests:
        driver = JourneyTestDriver.of_pack(pack)
        driver.now = test.start
        play(test, driver)


def test_the_action_and_the_placement_of_the_page_on_arbitration_are_right(tmp_path: Path) -> None:
    blocks = re.findall(r"^```yaml\n(.*?)^```$", (DOCS / "arbitration.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)
    (tmp_path / "actions").mkdir()
    (tmp_path / "actions" / "bike-lights.yaml").write_text(next(text for text in blocks if "action: bike" in text))
    (tmp_path / "placements.yaml").write_text(next(text for text in blocks if text.startswith("placements:")))

    assert list(load(tmp_path).placements) == ["home-page"]


@pytest.mark.parametrize("page", [page for page in PAGES if "```python" in page.read_text("utf-8")])
def test_the_example_in_python_holds(page: Path, tmp_path: Path) -> None:
    project = project_of(page, tmp_path)
    names: dict[str, Any] = {"JourneyTestDriver": JourneyTestDriver, "Path": Path}
    for path in project.glob("tests/*.py"):
        exec(compile(path.read_text("utf-8"), str(path), "exec"), names)
    tests = [value for name, value in names.items() if name.startswith("test_")]

    assert tests
    for test in tests:
        test(project)


def test_the_guide_can_be_followed(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    live = False
    for block in blocks_of(DOCS / "first-journey.md"):
        live = live or block.mark == "background"
        if not live and block.mark != "not run":
            reader.follow(block)

    assert (reader.folder / "welcome.svg").exists()


def test_each_kind_of_step_and_entry_has_its_page() -> None:
    pages = {page.stem for page in PAGES}

    assert {f"step-{kind}" for kind in STEP_KINDS} <= pages
    assert {f"step-wait-{kind}" for kind in WAITS} <= pages
    assert {f"entry-{kind}" for kind in ENTRY_KINDS} <= pages


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    links = _LINK.findall(_FENCED.sub("", page.read_text("utf-8")))

    assert [link for link in links if not (page.parent / link).exists()] == []
