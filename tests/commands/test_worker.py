"""A worker as its operator meets it."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import orjson
import pytest

from orchestrator.commands.init import init
from orchestrator.kafka.broker import EmbeddedBroker

Run = Callable[..., CompletedProcess[bytes]]


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A new project that knows no cluster."""
    init(tmp_path / "mine")
    (tmp_path / "mine" / "orchestrator.toml").write_text("kafka_port = 0\nhttp_port = 0\npartitions = 2\n")
    return tmp_path / "mine"


def broker_of(project: Path) -> EmbeddedBroker:
    return EmbeddedBroker(project / ".orchestrator" / "kafka", 0)


def test_on_a_fresh_machine_it_just_works(fresh: Path, start: Any, run: Run) -> None:
    worker = start(fresh, "worker")
    said = worker.await_output("ready: partitions [0, 1]")
    assert "ends with this worker" in said
    assert "created" in said
    assert "[^" not in said

    event = {"type": "identify", "userId": "ada", "traits": {"email": "ada@example.org"}, "messageId": "m1"}
    assert run(fresh, "replay", "-", stdin=orjson.dumps(event)).returncode == 0
    assert run(fresh, "tail", "journey-log", "--all", "--from", "beginning", "--count", "1").returncode == 0
    assert orjson.loads(run(fresh, "customer", "ada").stdout)["traits"]["email"] == "ada@example.org"

    assert worker.stop(signal.SIGINT) == 0
    assert not broker_of(fresh).status().running


def test_a_broker_that_ran_before_stays(fresh: Path, start: Any) -> None:
    with broker_of(fresh) as broker:
        worker = start(fresh, "worker")
        assert "was running, and stays" in worker.await_output("ready: partitions")
        assert worker.stop(signal.SIGTERM) == 0
        assert broker.status().running


def test_wrong_journeys_are_all_listed(tmp_path: Path, run: Run) -> None:
    init(tmp_path / "mine")
    for name in ("cart-reminder", "payment-help"):
        path = tmp_path / "mine" / "journeys" / f"{name}.yaml"
        path.write_text(path.read_text().replace("priority", "prioritee"))
    result = run(tmp_path / "mine", "worker")
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 2
    assert b"cart-reminder.yaml:5" in result.stderr
    assert b"payment-help.yaml" in result.stderr


def test_a_folder_without_journeys_is_code_2(tmp_path: Path, run: Run) -> None:
    result = run(tmp_path, "worker")
    assert result.returncode == 2
    assert b"there is no folder 'journeys' in it" in result.stderr


def test_a_taken_port_is_named_with_the_remedy(wall_project: Path, run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run(wall_project, "worker", "--http-port", str(port))
    assert result.returncode == 1
    assert f"cannot serve HTTP on 127.0.0.1:{port}" in result.stderr.decode()
    assert b"Traceback" not in result.stderr


def test_a_named_cluster_without_topics_is_code_2(tmp_path: Path, bootstrap: str, run: Run) -> None:
    init(tmp_path / "mine")
    variables = {
        "ORCHESTRATOR_KAFKA": bootstrap,
        "ORCHESTRATOR_PREFIX": "nobody-made-these.",
        "ORCHESTRATOR_HTTP_PORT": "0",
    }
    result = run(tmp_path / "mine", "worker", **variables)
    assert result.returncode == 2
    assert b"create them with 'orchestrator topics apply'" in result.stderr


def test_its_clock_is_a_flag(tmp_path: Path, run: Run) -> None:
    init(tmp_path / "mine")
    result = run(tmp_path / "mine", "worker", "--clock", "sun")
    assert result.returncode == 2
    assert b"sun" in result.stderr


def test_a_new_project_says_how_to_go_on(tmp_path: Path, run: Run) -> None:
    result = run(tmp_path, "init", str(tmp_path / "mine"))
    assert result.returncode == 0
    made = [path for path in (tmp_path / "mine").rglob("*") if path.is_file()]
    assert f"{len(made)} files. Go on with:" in result.stdout.decode()
    assert (tmp_path / "mine" / "journeys" / "cart-reminder.yaml").is_file()
    assert run(tmp_path, "init", str(tmp_path / "mine")).returncode == 2


def test_right_journeys_are_counted(tmp_path: Path, run: Run) -> None:
    init(tmp_path / "mine")
    for arguments in ((), (str(tmp_path / "mine"),)):
        result = run(tmp_path / "mine", "validate", *arguments)
        assert (result.returncode, result.stdout) == (
            0,
            b"all is right: 2 journeys, 3 actions, 2 test files, 2 other files\n",
        )


def test_one_file_is_checked(tmp_path: Path, run: Run) -> None:
    init(tmp_path / "mine")
    result = run(tmp_path, "validate", str(tmp_path / "mine" / "journeys" / "cart-reminder.yaml"))
    assert (result.returncode, result.stdout) == (0, b"all is right: 1 journey\n")


def test_wrong_journeys_have_their_place_and_what_is_allowed(tmp_path: Path, run: Run) -> None:
    init(tmp_path / "mine")
    journey = tmp_path / "mine" / "journeys" / "cart-reminder.yaml"
    journey.write_text(journey.read_text().replace("act: cart-reminder-mail", "act: cart-reminder-male"))
    result = run(tmp_path / "mine", "validate")
    assert result.returncode == 2
    (line,) = result.stderr.decode().splitlines()
    assert "cart-reminder.yaml:19: " in line
    assert "cart-reminder-mail" in line
