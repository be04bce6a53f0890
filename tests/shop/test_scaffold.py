"""A new project: complete, careful with what is there, and about events that the example shop has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.commands.init import init
from orchestrator.errors import UsageError
from orchestrator.settings import Settings
from orchestrator.shop.clickstream import events
from orchestrator.testing import JourneyTestDriver

_SCHEMAS = (
    "action",
    "brand",
    "channels",
    "events",
    "journey",
    "partners",
    "placements",
    "policy",
    "segments",
    "test",
    "traits",
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    init(tmp_path / "mine")
    return tmp_path / "mine"


def test_a_project_has_all_that_is_needed(tmp_path: Path) -> None:
    made = init(tmp_path / "mine")
    assert [path.relative_to(tmp_path / "mine").as_posix() for path in made] == [
        ".gitignore",
        ".vscode/settings.json",
        "README.md",
        "actions/cart-reminder-mail.yaml",
        "actions/payment-help-mail.yaml",
        "actions/payment-note.yaml",
        "events.yaml",
        "journeys/cart-reminder.yaml",
        "journeys/payment-help.yaml",
        "orchestrator.toml",
        *(f"schemas/{name}.json" for name in _SCHEMAS),
        "tests/cart-reminder.yaml",
        "tests/payment-help.yaml",
        "tests/test_cart_reminder.py",
        "traits.yaml",
    ]


def test_all_files_that_it_names_are_there(tmp_path: Path) -> None:
    assert all(path.is_file() for path in init(tmp_path / "mine"))


def test_an_empty_folder_is_fine(tmp_path: Path) -> None:
    assert init(tmp_path)


def test_a_fresh_git_repository_is_fine(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert init(tmp_path)


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty: name a new folder"):
        init(tmp_path)


def test_a_refused_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError):
        init(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("a file")
    with pytest.raises(UsageError, match="name another folder"):
        init(tmp_path / "mine")


def test_its_settings_are_right(project: Path) -> None:
    assert Settings.load(project).project == project.resolve()


def test_its_journeys_act_on_the_events_of_the_shop(project: Path) -> None:
    driver = JourneyTestDriver.of_project(project, start="2024-01-01T00:00:00Z")
    for line in events():
        driver.advance_to(line.timestamp_ms)
        driver.produce(line.topic, line.key, line.value, [])
    assert {action["action"] for action in driver.actions} == {
        "cart-reminder-mail",
        "payment-help-mail",
        "payment-note",
    }


def test_its_own_tests_pass_and_reach_every_step(project: Path) -> None:
    command = [sys.executable, "-m", "orchestrator", "--project", str(project), "test", "--all-reached"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    run = subprocess.run(command, cwd=project, env=environment, check=False, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "6 passed" in run.stdout
    assert "payment-help: 4 of 4 steps\n" in run.stdout
