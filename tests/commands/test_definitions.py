"""Definitions as whoever changes them meets it: plan, apply, pause, history, rollback."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import orjson
import pytest

Run = Callable[..., CompletedProcess[bytes]]


def change_a_wait(project: Path) -> None:
    path = project / "journeys" / "cart-reminder.yaml"
    text = path.read_text()
    assert "priority: " in text
    path.write_text(text.replace("priority: ", "priority: 1"))


def out(result: CompletedProcess[bytes], code: int = 0) -> str:
    assert result.returncode == code, result.stderr.decode()
    return result.stdout.decode()


def changes(run: Run, project: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in out(run(project, "history", "--json")).splitlines()]


def test_a_change_from_plan_to_rollback(wall_project: Path, run: Run) -> None:
    git = ["git", "-C", str(wall_project), "-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *command], check=True)
    assert "+ journey cart-reminder" in out(run(wall_project, "plan"))
    assert "say --yes" in run(wall_project, "apply").stderr.decode()
    assert "in force: definitions 1-" in out(run(wall_project, "apply", "--yes", "--as", "ada", "--note", "at last"))
    assert "nothing changes" in out(run(wall_project, "plan"))
    assert "nothing to do" in out(run(wall_project, "apply", "--yes"))

    change_a_wait(wall_project)
    assert "~ journey cart-reminder" in out(run(wall_project, "plan"))
    out(run(wall_project, "apply", "--yes"))
    out(run(wall_project, "pause", "cart-reminder", "--note", "shop is down"))
    assert "it is so already" in out(run(wall_project, "pause", "cart-reminder"))
    assert "~ journey cart-reminder; it is paused" in out(run(wall_project, "rollback", "--yes"))

    fourth, third, second, first = changes(run, wall_project)
    assert [first["who"], first["note"], first["dirty"]] == ["ada", "at last", False]
    assert second["dirty"]
    assert first["commit"] == second["commit"] != None  # noqa: E711
    assert third["states"] == fourth["states"] == {"cart-reminder": "paused"}
    assert fourth["pack"] == first["pack"] != second["pack"]
    assert fourth["what"] == f"rollback to {first['version']}"
    lines = out(run(wall_project, "history")).splitlines()
    assert lines[1].startswith("*  4-")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["pause", "cart-remainder"], "did you mean 'cart-reminder'"),
        (["rollback"], "there is nothing to go back to"),
        (["rollback", "9"], "no definitions of the history are or begin with '9'"),
    ],
)
def test_a_wrong_call_is_code_2(applied_project: Path, run: Run, arguments: list[str], said: str) -> None:
    result = run(applied_project, *arguments)
    assert result.returncode == 2
    assert said in result.stderr.decode()


@pytest.fixture
def applied_project(wall_project: Path, run: Run) -> Path:
    out(run(wall_project, "apply", "--yes"))
    return wall_project
