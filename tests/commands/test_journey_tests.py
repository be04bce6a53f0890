"""``orchestrator test`` as a person meets it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from orchestrator.commands.init import init
from orchestrator.shop.folder import shop_folder

Run = Callable[..., CompletedProcess[bytes]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    init(tmp_path / "mine")
    return tmp_path / "mine"


def test_the_tests_of_the_shop_reach_every_step(tmp_path: Path, run: Run) -> None:
    result = run(tmp_path, "test", str(shop_folder()), "--all-reached")
    assert result.returncode == 0, result.stdout
    assert b"payment-help: 4 of 4 steps\n" in result.stdout


def test_a_failure_is_told_with_file_and_line(project: Path, run: Run) -> None:
    steps = "[{event: Product Added, expect: {in: payment-help}}]"
    text = f"customers: {{ada: {{}}}}\ntests:\n  - test: wrong\n    steps: {steps}\n"
    (project / "tests" / "wrong.yaml").write_text(text)
    result = run(project, "test", str(project / "tests" / "wrong.yaml"))
    assert result.returncode == 1
    assert b"wrong.yaml:4: 2026-01-05T09:00:00.000Z: ada is not in payment-help" in result.stdout


def test_steps_that_no_test_reached_are_told(project: Path, run: Run) -> None:
    result = run(project, "test", "-k", "cart")
    assert result.returncode == 0
    assert b"payment-help: 0 of 4 steps; never reached: act-payment-note, wait-1, end-1, act-payment-help-mail" in (
        result.stdout
    )


def test_they_can_be_made_a_failure(project: Path, run: Run) -> None:
    assert run(project, "test", "-k", "cart", "--all-reached").returncode == 1


def test_a_wrong_test_file_is_told_with_its_line(project: Path, run: Run) -> None:
    (project / "tests" / "wrong.yaml").write_text("tests:\n  - test: wrong\n    stps: []\n")
    result = run(project, "test")
    assert result.returncode == 1
    assert b"wrong.yaml:3: 'stps' is unknown here: did you mean 'steps'?" in result.stdout
    assert b"cart-reminder: 2 of 2 steps" in result.stdout


def test_a_wrong_journey_is_code_2(project: Path, run: Run) -> None:
    (project / "journeys" / "wrong.yaml").write_text("journey: wrong\n")
    result = run(project, "test")
    assert result.returncode == 2
    assert b"journeys/wrong.yaml:1: 'entry' is missing" in result.stderr


def test_no_test_at_all_is_code_2(project: Path, run: Run) -> None:
    assert run(project, "test", "-k", "zebra").returncode == 2


def test_a_place_that_is_no_project_is_code_2(tmp_path: Path, run: Run) -> None:
    assert run(tmp_path, "test").returncode == 2


def test_yaml_that_has_no_tests_is_told(project: Path, run: Run) -> None:
    (project / "tests" / "slip.yaml").write_text("test:\n  - test: one\n    steps: [{expect: none}]\n")
    result = run(project, "test")
    assert result.returncode == 1
    assert b"slip.yaml:1: 'test' is unknown here: did you mean 'tests'?" in result.stdout
    result = run(project, "validate")
    assert result.returncode == 2
    assert b"tests/slip.yaml:1: 'test' is unknown here: did you mean 'tests'?" in result.stderr


def test_an_event_that_nobody_declared_is_told(project: Path, run: Run) -> None:
    text = "customers: {ada: {}}\ntests:\n  - test: one\n    steps: [{event: Produkt Added, expect: none}]\n"
    (project / "tests" / "slip.yaml").write_text(text)
    result = run(project, "test", str(project / "tests" / "slip.yaml"))
    assert result.returncode == 1
    assert b"slip.yaml:4: the event 'Produkt Added' is unknown: did you mean 'Product Added'?" in result.stdout


def test_other_pytest_sessions_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "ours.yaml").write_text("tests: [of something else]\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "orchestrator.testing.plugin", "-p", "no:cacheprovider"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert result.returncode == pytest.ExitCode.NO_TESTS_COLLECTED, result.stdout
