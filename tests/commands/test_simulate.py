"""``orchestrator simulate`` and ``diff`` as a person meets them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from uuid import uuid4

import orjson
import pytest

from orchestrator.commands.init import init

Run = Callable[..., CompletedProcess[bytes]]


def events(user: str) -> bytes:
    calls = [
        {"type": "identify", "traits": {"email": "ada@example.org"}, "timestamp": "2026-04-01T10:00:00Z"},
        {"type": "track", "event": "Payment Failed", "properties": {}, "timestamp": "2026-04-01T10:01:00Z"},
    ]
    return b"\n".join(orjson.dumps({"userId": user, "messageId": uuid4().hex, **call}) for call in calls)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    init(tmp_path / "mine")
    return tmp_path / "mine"


def test_a_file_needs_no_kafka(project: Path, run: Run) -> None:
    (project / "events.jsonl").write_bytes(events("ada"))
    result = run(project, "simulate", str(project / "events.jsonl"), "--until", "1 hour")
    assert result.returncode == 0, result.stderr
    assert b"2 actions would go out" in result.stdout
    assert b"payment-help" in result.stdout


def test_standard_input_and_json(project: Path, run: Run) -> None:
    result = run(project, "simulate", "-", "--json", stdin=events("ada"))
    outcome = orjson.loads(result.stdout)
    assert {journey["journey"]: journey["entered"] for journey in outcome["journeys"]} == {
        "cart-reminder": 0,
        "payment-help": 1,
    }
    assert b"some still wait" not in result.stderr


def test_who_still_waits_is_noted(project: Path, run: Run) -> None:
    assert b"note: some still wait" in run(project, "simulate", "-", stdin=events("ada")).stderr


@pytest.mark.parametrize(
    "arguments",
    [(), ("-", "--from", "7 days"), ("--from", "yesterday"), ("-", "--until", "soon"), ("nothing.jsonl",)],
)
def test_a_wrong_call_is_code_2(project: Path, run: Run, arguments: tuple[str, ...]) -> None:
    result = run(project, "simulate", *arguments)
    assert result.returncode == 2
    assert result.stderr.startswith(b"error: ")


def test_a_range_of_the_topics(wall_project: Path, run: Run) -> None:
    sent = run(wall_project, "replay", "-", stdin=events("ada"))
    assert sent.returncode == 0, sent.stderr
    result = run(wall_project, "simulate", "--from", "1 hour", "--known", "--until", "1 hour", "--json")
    assert result.returncode == 0, result.stderr
    outcome = orjson.loads(result.stdout)
    assert (outcome["events"], outcome["actions"]) == (2, 2)
    earlier = run(wall_project, "simulate", "--from", "2 hours", "--to", "1 hour", "--json")
    assert orjson.loads(earlier.stdout)["events"] == 0


def test_two_folders_are_compared(project: Path, run: Run, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(project, other)
    journey = other / "journeys" / "payment-help.yaml"
    journey.write_text(journey.read_text().replace("30 minutes", "20 minutes"))
    recording = project / "events.jsonl"
    recording.write_bytes(events("ada"))
    arguments = "diff", str(other), "--over", str(recording), "--until", "1 hour"
    result = run(project, *arguments, "--exit-code")
    assert result.returncode == 1
    assert b"1 changed, 1 the same" in result.stdout
    assert b"at: 2026-04-01T10:21:00.000Z" in result.stdout
    found = orjson.loads(run(project, *arguments, "--json").stdout)
    assert found["counts"] == {"only_a": 0, "only_b": 0, "changed": 1, "same": 1}


def test_the_same_is_code_0(project: Path, run: Run) -> None:
    result = run(project, "diff", str(project), "--over", "-", "--exit-code", stdin=events("ada"))
    assert result.returncode == 0, result.stderr


def test_what_is_no_commit_is_code_2(project: Path, run: Run) -> None:
    assert run(project, "diff", "main", "--over", "-").returncode == 2
