"""The command line as a person meets it: a process, its output and its exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator import cli
from orchestrator.kafka.broker import EmbeddedBroker
from orchestrator.kafka.names import FIXED_TOPICS


def run(project: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ORCHESTRATOR_")}
    cache = {name: os.environ[name] for name in ("ORCHESTRATOR_CACHE",) if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "orchestrator", "--project", str(project), *arguments],
        env=clean | cache | variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    "arguments", [("--help",), ("kafka", "--help"), ("kafka", "start", "--help"), ("topics", "--help")]
)
def test_help(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = run(tmp_path, *arguments)
    assert result.returncode == 0
    assert "Usage:" in result.stdout


def test_help_shows_examples(tmp_path: Path) -> None:
    assert "    orchestrator demo                  an example shop" in run(tmp_path, "--help").stdout
    assert "    orchestrator kafka start --port 0\n" in run(tmp_path, "kafka", "start", "--help").stdout


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    script = "import sys; sys.argv = ['orchestrator', '--help']\nfrom orchestrator.cli import app\n"
    script += (
        "app(standalone_mode=False)\nprint(sorted({'aiokafka', 'pydantic', 'faust', 'jgo', 'rich'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert result.stdout.splitlines()[-1] == "[]"


def test_version(tmp_path: Path) -> None:
    assert run(tmp_path, "--version").stdout.startswith("orchestrator ")


@pytest.mark.parametrize(
    "arguments", [("nonsense",), ("kafka", "start", "--port", "many"), ("topics", "list", "--nope")]
)
def test_a_wrong_call_is_code_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert run(tmp_path, *arguments).returncode == 2


def test_a_wrong_setting_is_code_2_and_one_line(tmp_path: Path) -> None:
    result = run(tmp_path, "topics", "list", ORCHESTRATOR_PARTITIONS="many")
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("error: environment variable ORCHESTRATOR_PARTITIONS: partitions = 'many'")


def test_a_broker_that_is_not_there_is_code_1_and_one_line(tmp_path: Path) -> None:
    result = run(tmp_path, "topics", "list", ORCHESTRATOR_KAFKA="127.0.0.1:1")
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert "nothing listens at 127.0.0.1:1" in result.stderr


def test_no_broker_yet(tmp_path: Path) -> None:
    result = run(tmp_path, "topics", "list")
    assert result.returncode == 1
    assert "orchestrator kafka start" in result.stderr


def test_debug_shows_where_an_error_came_from(tmp_path: Path) -> None:
    assert "Traceback" in run(tmp_path, "--debug", "topics", "list").stderr


def test_a_bug_is_one_line_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(cli, "app", broken)
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 1
    assert (
        capsys.readouterr().err
        == "error: a bug of ours, please report it (ZeroDivisionError: oh); --debug shows where\n"
    )


def test_the_embedded_broker_is_not_for_a_named_cluster(tmp_path: Path) -> None:
    result = run(tmp_path, "kafka", "start", ORCHESTRATOR_KAFKA="127.0.0.1:1")
    assert result.returncode == 2
    assert "names a cluster" in result.stderr


def test_a_first_round(tmp_path: Path) -> None:
    try:
        assert run(tmp_path, "kafka", "status").returncode == 1
        started = run(tmp_path, "kafka", "start", "--port", "0")
        assert started.returncode == 0, started.stderr
        assert "Kafka runs on 127.0.0.1:" in started.stdout
        status = run(tmp_path, "kafka", "status")
        assert status.returncode == 0
        assert "runs on 127.0.0.1:" in status.stdout

        created = run(tmp_path, "topics", "apply")
        assert created.returncode == 0, created.stderr
        assert {line.split()[0] for line in created.stdout.splitlines()} == {"created"}
        listed = run(tmp_path, "topics", "list").stdout.splitlines()
        assert listed[0].split() == ["NAME", "ROLE", "PARTITIONS", "COPIES", "CLEANUP", "RECORDS"]
        assert {*FIXED_TOPICS, "actions.web"} <= {line.split()[0] for line in listed}

        assert run(tmp_path, "kafka", "stop").stdout == "Kafka is stopped\n"
        assert run(tmp_path, "kafka", "stop").stdout == "Kafka was not running\n"
    finally:
        EmbeddedBroker(tmp_path / ".orchestrator/kafka").stop()
