"""What people read of the output topics."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import click
import orjson
import pytest

from orchestrator.commands.tail import _exactly
from orchestrator.console.sentences import printable, sentence

Run = Callable[..., CompletedProcess[bytes]]

EVENTS = [
    {"type": "identify", "traits": {"email": "ada@example.org"}, "timestamp": "2026-04-01T10:00:00Z"},
    {
        "type": "track",
        "event": "Payment Failed",
        "properties": {"cart_id": "c1", "total": 64.0},
        "timestamp": "2026-04-01T10:01:00Z",
    },
    {
        "type": "track",
        "event": "Product Added",
        "properties": {"cart_id": "c1", "total": 64.0},
        "timestamp": "2026-04-01T10:02:00Z",
    },
]


@pytest.fixture(scope="module")
def ada(event_project: Path, run: Run) -> str:
    """A customer who got a mail, and another one not, for want of consent."""
    user, anonymous = f"ada-{uuid4().hex[:6]}", f"device-{uuid4().hex[:6]}"
    lines = [
        orjson.dumps({"userId": user, "anonymousId": anonymous, "messageId": uuid4().hex, **event}) for event in EVENTS
    ]
    result = run(event_project, "replay", "-", "--until", "1 day", stdin=b"\n".join(lines))
    assert result.returncode == 0, result.stderr
    return user


def read(run: Run, project: Path, *arguments: str) -> list[dict[str, Any]]:
    result = run(project, "tail", *arguments, "--from", "beginning", "--no-follow")
    assert result.returncode == 0, result.stderr
    return [orjson.loads(line) for line in result.stdout.splitlines()]


def test_actions_of_one_customer(event_project: Path, run: Run, ada: str) -> None:
    actions = read(run, event_project, "actions", "--customer", ada)
    assert {(action["action"], action["channel"]) for action in actions} == {
        ("payment-note", "crm"),
        ("payment-help-mail", "email"),
    }
    assert {action["customer_id"] for action in actions} == {ada}


def test_actions_of_one_channel(event_project: Path, run: Run, ada: str) -> None:
    assert ada in {action["customer_id"] for action in read(run, event_project, "actions", "--channel", "email")}
    assert read(run, event_project, "actions", "--channel", "web") == []


def test_decisions_say_why_not(event_project: Path, run: Run, ada: str) -> None:
    decisions = read(run, event_project, "decisions", "--customer", ada)
    assert {(decision["action"], decision["outcome"]) for decision in decisions} == {
        ("payment-note", "published"),
        ("payment-help-mail", "published"),
        ("cart-reminder-mail", "refused"),
    }


def test_the_journal_is_hidden(event_project: Path, run: Run, ada: str) -> None:
    kinds = {line["kind"] for line in read(run, event_project, "journey-log")}
    assert "step" in kinds
    assert "journal" not in kinds
    assert "journal" in {line["kind"] for line in read(run, event_project, "journey-log", "--all")}


def test_a_count_ends_it(event_project: Path, run: Run, ada: str) -> None:
    result = run(event_project, "tail", "journey-log", "--from", "beginning", "--count", "2")
    assert result.returncode == 0
    assert len(result.stdout.splitlines()) == 2


def test_a_while_ago(event_project: Path, run: Run, ada: str) -> None:
    result = run(event_project, "tail", "actions", "--from", "1 hour", "--no-follow", "--customer", ada)
    assert len(result.stdout.splitlines()) == 2


def test_the_end_has_nothing_yet(event_project: Path, run: Run, ada: str) -> None:
    assert run(event_project, "tail", "actions", "--no-follow").stdout == b""


def test_it_follows_until_it_is_ended(event_project: Path, run: Run, start: Any, ada: str) -> None:
    tailing = start(event_project, "tail", "decisions", "--from", "beginning", "--customer", ada)
    tailing.await_output("payment-help-mail")
    assert tailing.stop() == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("actions", "--channel", "pigeon"), "--channel pigeon: the project has"),
        (("decisions", "--channel", "email"), "--channel is for actions"),
        (("actions", "--from", "yesterday"), "--from: write beginning, end or a duration"),
        (("gossip",), "gossip"),
    ],
)
def test_a_wrong_call_is_code_2(event_project: Path, run: Run, arguments: tuple[str, ...], said: str) -> None:
    result = run(event_project, "tail", *arguments)
    assert result.returncode == 2
    assert said in result.stderr.decode()


def test_a_customer_is_shown_as_json(event_project: Path, run: Run, ada: str) -> None:
    result = run(event_project, "customer", ada)
    assert result.returncode == 0, result.stderr
    shown = orjson.loads(result.stdout)
    assert shown["id"] == ada
    assert shown["known"]
    assert shown["traits"]["email"] == "ada@example.org"
    assert shown["first_seen"] == "2026-04-01T10:00:00.000Z"
    assert shown["trait_times"] == {"email": "2026-04-01T10:00:00.000Z"}


def test_an_alias_leads_to_its_owner(event_project: Path, run: Run, ada: str) -> None:
    (alias,) = orjson.loads(run(event_project, "customer", ada).stdout)["aliases"]
    shown = orjson.loads(run(event_project, "customer", alias).stdout)
    assert (shown["id"], shown["found_by"]) == (ada, alias)


def test_nobody(event_project: Path, run: Run) -> None:
    result = run(event_project, "customer", "nobody")
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert b"nobody is known as 'nobody'" in result.stderr


ACTION = {
    "kind": "action",
    "decided_at": "2026-01-02T03:04:05.678Z",
    "channel": "email",
    "customer_id": "ada",
    "action": "mail",
    "journey": "cart",
    "content": {"subject": "Your <b>cart</b>"},
    "trigger": {"type": "Product Added"},
}
LINE = {"at": ACTION["decided_at"], "customer_id": "ada", "journey": "cart"}


@pytest.mark.parametrize(
    ("topic", "value", "expected"),
    [
        (
            "actions.email",
            ACTION,
            '2026-01-02 03:04:05  email   ada        mail "Your cart" (cart, because of Product Added)',
        ),
        (
            "actions.email",
            ACTION | {"kind": "cancel", "reason": "Order Completed came"},
            "2026-01-02 03:04:05  email   ada        mail withdrawn: Order Completed came",
        ),
        (
            "decisions",
            ACTION | {"outcome": "refused", "reasons": [{"rule": "consent", "detail": "no consent"}]},
            "2026-01-02 03:04:05  refused    ada        mail (cart): no consent",
        ),
        (
            "journey-log",
            {"kind": "step", "at": ACTION["decided_at"], "happened": "moved", "step": "wait-1", "reason": "timed out"}
            | {"customer_id": "ada", "journey": "cart"},
            "2026-01-02 03:04:05  moved     ada        cart at wait-1: timed out",
        ),
        (
            "journey-log",
            LINE | {"kind": "exposure", "step": "split-1", "experiment": "tone", "arm": "plain", "control": True},
            "2026-01-02 03:04:05  exposure  ada        cart at split-1: plain (control) of experiment tone",
        ),
        (
            "journey-log",
            LINE | {"kind": "holdout", "scope": "all", "held": False},
            "2026-01-02 03:04:05  holdout   ada        cart: not held out of all journeys",
        ),
        (
            "journey-log",
            LINE | {"kind": "goal", "goal": "bought", "value": 49.9},
            "2026-01-02 03:04:05  goal      ada        cart: bought, worth 49.9",
        ),
    ],
)
def test_a_line_for_people(topic: str, value: dict[str, Any], expected: str) -> None:
    assert click.unstyle(sentence(topic, value, SimpleNamespace(key=b"", value=b""))) == expected


def test_a_dead_letter_for_people() -> None:
    headers = [
        ("dead-letter-code", b"not_json"),
        ("dead-letter-reason", b"the record is no JSON"),
        ("dead-letter-topic", b"events.click"),
        ("dead-letter-partition", b"2"),
        ("dead-letter-offset", b"41"),
        ("dead-letter-time", b"2026-01-02T03:04:05.678Z"),
    ]
    record = SimpleNamespace(key=b"", value=b"<html>\x1b[2J", headers=headers)
    line = click.unstyle(sentence("dead-letter", None, record))
    assert line == "2026-01-02 03:04:05  not_json  events.click/2@41  the record is no JSON  <html> [2J"


def test_no_text_moves_the_cursor() -> None:
    assert printable("a\x1b[2Jb\nc") == "a [2Jb c"


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"{oops", {"value": "{oops"}),
        (None, {"value": None}),
        (b"\xff\x00", {"value_base64": "/wA="}),
    ],
)
def test_a_dead_letter_as_json_keeps_every_byte(data: bytes | None, shown: dict[str, str | None]) -> None:
    assert _exactly("value", data) == shown
