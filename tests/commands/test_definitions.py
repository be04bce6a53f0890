"""Definitions as whoever changes them meets it: plan, apply, pause, history, rollback."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import orjson
import pytest

from tests.commands.conftest import make_project

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
    said = out(run(wall_project, "pause", "cart-reminder", "--note", "shop is down"))
    assert "no worker runs at this moment" in said
    assert "journey cart-reminder was running, and is paused" in said
    assert "it is so already" in out(run(wall_project, "pause", "cart-reminder"))
    assert "~ journey cart-reminder; it is paused" in out(run(wall_project, "rollback", "--yes"))

    fourth, third, second, first = changes(run, wall_project)
    assert [first["who"], first["note"], first["dirty"]] == ["ada", "at last", False]
    assert second["dirty"]
    assert first["commit"] == second["commit"] != None  # noqa: E711
    assert third["states"] == fourth["states"] == {"cart-reminder": "paused"}
    assert fourth["pack"] == first["pack"] != second["pack"]
    assert [third["dirty"], fourth["dirty"]] == [True, False]
    assert fourth["what"] == f"rollback to {first['version']}"
    lines = out(run(wall_project, "history")).splitlines()
    assert lines[1].startswith("*  4-")


def test_all_messages_are_paused_and_go_on(applied_project: Path, run: Run) -> None:
    assert "paused: messages on email" in out(run(applied_project, "pause", "--all", "--channel", "email"))
    assert "it is so already" in out(run(applied_project, "pause", "--all", "--channel", "email"))
    assert "nothing is paused" in out(run(applied_project, "resume", "--all"))


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


def test_what_is_applied_is_not_replaced_by_another_project_unawares(applied_project: Path, run: Run) -> None:
    shop, bank = {"ORCHESTRATOR_PROJECT_NAME": "shop"}, {"ORCHESTRATOR_PROJECT_NAME": "bank"}
    out(run(applied_project, "apply", "--yes", **shop))
    for command in (["plan"], ["apply", "--yes"]):
        result = run(applied_project, *command, **bank)
        assert result.returncode == 1
        assert "those of the project 'shop', and this one is 'bank'" in result.stderr.decode()
    out(run(applied_project, "pause", "cart-reminder", **bank))
    out(run(applied_project, "apply", "--yes", "--take-over", **bank))
    assert [change.get("project") for change in changes(run, applied_project)] == ["bank", "shop", "shop", ""]


@pytest.mark.parametrize(
    ("arguments", "variables", "said"),
    [
        (["pause", "cart-reminder"], {}, "topics are missing: "),
        (["history"], {}, "create them with 'orchestrator topics apply'"),
        (["resume", "cart-reminder"], {"ORCHESTRATOR_KAFKA": "127.0.0.1:1"}, "nothing listens at 127.0.0.1:1"),
    ],
)
def test_what_cannot_be_reached_is_told_at_once(
    tmp_path: Path, bootstrap: str, run: Run, arguments: list[str], variables: dict[str, str], said: str
) -> None:
    result = run(make_project(tmp_path / "mine", bootstrap, "wall"), *arguments, **variables)
    assert result.returncode in (1, 2)
    assert said in result.stderr.decode()


def test_a_customer_is_explained_whatever_stands_in_the_folder(applied_project: Path, run: Run) -> None:
    (applied_project / "journeys" / "cart-reminder.yaml").write_text("journey: [")
    assert "nobody is known as 'ada'" in run(applied_project, "explain", "--customer", "ada").stderr.decode()


@pytest.fixture
def applied_project(wall_project: Path, run: Run) -> Path:
    out(run(wall_project, "apply", "--yes"))
    return wall_project
