"""``orchestrator explain`` and ``graph`` as a person meets them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from uuid import uuid4
from xml.etree import ElementTree

import orjson
import pytest

from orchestrator.commands.init import init

Run = Callable[..., CompletedProcess[bytes]]

CALLS = [
    {"type": "identify", "traits": {"email": "ada@example.org"}, "timestamp": "2026-04-01T10:00:00Z"},
    {"event": "Product Added", "properties": {"cart_id": "c1", "total": 12.0}, "timestamp": "2026-04-01T10:01:00Z"},
    {"event": "Product Added", "properties": {"cart_id": "c1", "total": 64.0}, "timestamp": "2026-04-01T10:02:00Z"},
]


def lines(user: str) -> bytes:
    ids = {"userId": user, "anonymousId": f"device-{user}"}
    calls = [{"type": "track", **ids, "messageId": uuid4().hex, **call} for call in CALLS]
    return b"\n".join(map(orjson.dumps, calls))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    init(tmp_path / "mine")
    return tmp_path / "mine"


def test_out_of_the_topics(event_project: Path, run: Run) -> None:
    user = f"ada-{uuid4().hex[:6]}"
    sent = run(event_project, "replay", "-", "--until", "1 day", stdin=lines(user))
    assert sent.returncode == 0, sent.stderr
    result = run(event_project, "explain", "--customer", user, "--journey", "cart-reminder")
    assert result.returncode == 0, result.stderr
    text = result.stdout.decode()
    assert f"{user}, also known as device-{user}" in text
    assert "cart-reminder: does not enter: event.properties.total = 12.0 is not > 20.0" in text
    assert "entry if? yes: event.properties.total = 64.0 is > 20.0" in text
    assert "act-cart-reminder-mail if? yes: customer.known is true" in text
    assert "is refused, consent: no consent to marketing on email" in text
    assert "note: " not in text

    story = orjson.loads(run(event_project, "explain", "--customer", user, "--json").stdout)
    decision = next(
        record for chapter in story["chapters"] for record in chapter["records"] if record["kind"] == "decision"
    )
    one = run(event_project, "explain", "--customer", user, "--action", decision["action_id"])
    assert one.stdout.startswith(b"cart-reminder-mail on email, by step act-cart-reminder-mail of cart-reminder ")


def test_a_journey_that_is_paused_is_told_as_such(event_project: Path, run: Run) -> None:
    user = f"ada-{uuid4().hex[:6]}"
    paused = run(event_project, "pause", "cart-reminder", "--as", "bo")
    try:
        assert b"journey cart-reminder was running, and is paused" in paused.stdout
        assert b"no worker runs" not in paused.stdout
        sent = run(event_project, "replay", "-", "--until", "1 day", stdin=lines(user))
        assert sent.returncode == 0, sent.stderr
        (line,) = run(event_project, "explain", "--customer", user).stdout.decode().splitlines()[-2:-1]
    finally:
        run(event_project, "resume", "cart-reminder")
    # The day is that of the event clock, which other tests have set.
    assert re.search(
        r"cart-reminder: 2 times not, last on [-\d: ]{19}: the journey was paused; it is paused since", line
    )
    assert line.endswith(", by bo")


def test_nobody_known_by_the_id_is_code_1(event_project: Path, run: Run) -> None:
    result = run(event_project, "explain", "--customer", "nobody")
    assert result.returncode == 1
    assert b"nobody is known as 'nobody'" in result.stderr


def test_out_of_a_recording(project: Path, run: Run) -> None:
    (project / "events.jsonl").write_bytes(lines("ada"))
    arguments = "explain", "--customer", "ada", "--recording", str(project / "events.jsonl"), "--until", "1 day"
    result = run(project, *arguments)
    assert result.returncode == 0, result.stderr
    assert b"is refused, consent: no consent to marketing on email" in result.stdout
    assert b"payment-help: it begins on Payment Failed, and that never was" in result.stdout
    assert run(project, *arguments, "--action", "0" * 32).returncode == 1
    assert run(project, *arguments, "--journey", "cart-remindr").returncode == 2


@pytest.mark.parametrize("arguments", [(), ("--customer", "ada", "--until", "1 day")])
def test_a_wrong_call_is_code_2(project: Path, run: Run, arguments: tuple[str, ...]) -> None:
    assert run(project, "explain", *arguments).returncode == 2


def test_a_graph_is_mermaid_svg_or_json(project: Path, run: Run, tmp_path: Path) -> None:
    assert run(project, "graph", "payment-help").stdout.startswith(b"flowchart TD\n")
    assert orjson.loads(run(project, "graph", "payment-help", "--json").stdout)["journey"] == "payment-help"
    assert len(orjson.loads(run(project, "graph", "--json").stdout)) == 2
    assert run(project, "graph", "--svg", str(tmp_path / "pictures")).returncode == 0
    assert {path.name for path in (tmp_path / "pictures").iterdir()} == {"cart-reminder.svg", "payment-help.svg"}
    ElementTree.fromstring(run(project, "graph", "payment-help", "--svg", "-").stdout)


@pytest.mark.parametrize("arguments", [("payment-hlp",), ("--svg", "-"), ("payment-help", "--json", "--mermaid")])
def test_a_wrong_call_of_graph_is_code_2(project: Path, run: Run, arguments: tuple[str, ...]) -> None:
    assert run(project, "graph", *arguments).returncode == 2
