"""The demo: it shows what it says, and leaves nothing behind, however it ends."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import orjson
import pytest

from orchestrator.commands.init import init
from orchestrator.demo.latency import Latency
from orchestrator.demo.story import richest
from orchestrator.kafka.broker import EmbeddedBroker
from orchestrator.shop.line import CLICK, Line

Run = Callable[..., CompletedProcess[bytes]]

DAYS = ("--days", "75", "--speed", "1000/s", "--until", "20 days")


def processes_of(folder: Path) -> list[str]:
    """Processes that have the folder in their command line."""
    listed = subprocess.run(["ps", "-ww", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if str(folder) in line]


def is_clean(project: Path) -> bool:
    """Whether neither the demo's Kafka nor its worker runs."""
    return not EmbeddedBroker(project / ".orchestrator/demo/kafka").status().running and not processes_of(project)


def test_it_plays_the_shop_and_tells_what_happened(tmp_path: Path, run: Run) -> None:
    variables = {"ORCHESTRATOR_KAFKA": "production:9092", "ORCHESTRATOR_CLOCK": "wall"}
    result = run(tmp_path, "demo", *DAYS, **variables)
    said = result.stdout.decode()

    assert result.returncode == 0, said + result.stderr.decode()
    sent = int(re.findall(r"^([\d,]+) events in", said, re.MULTILINE)[0].replace(",", ""))
    assert sent > 4_000
    for topic in ("events.call", "events.click", "events.engagement", "events.profile", "events.purchase"):
        assert re.search(rf"{topic} [\d,]+", said)
    assert re.search(r"^  order-care +email +\d+", said, re.MULTILINE)
    assert re.search(r"^Event to action: p50 \d+ ms, p90 \d+ ms, p99 \d+ ms$", said, re.MULTILINE)
    assert re.search(r"^[\d,]+ events came twice and counted once", said, re.MULTILINE)
    assert re.search(r"^ +\d  not_json, such as: the record is no JSON", said, re.MULTILINE)
    assert re.search(r"^One customer: user_\d+$", said, re.MULTILINE)
    assert re.search(r"^  marketing messages at night, .+ [1-9]\d* +0 +0$", said, re.MULTILINE)
    assert re.search(
        r"^  marketing due while a journey had asked for quiet +0 +[1-9]\d* +[1-9]\d*$", said, re.MULTILINE
    )
    assert "a public clickstream of 600 users" in said
    assert is_clean(tmp_path)


@pytest.mark.slow
def test_it_plays_the_journeys_of_a_project(tmp_path: Path, run: Run) -> None:
    init(tmp_path / "mine")
    result = run(tmp_path / "mine", "demo", *DAYS)
    assert result.returncode == 0, result.stderr
    assert re.search(rb"^  cart-reminder +email +\d+", result.stdout, re.MULTILINE)
    assert is_clean(tmp_path)


@pytest.mark.slow
def test_when_the_worker_dies_it_fails_loudly(tmp_path: Path, start: Any) -> None:
    demo = start(tmp_path, "demo", "--days", "60")
    demo.await_output("  5 s")
    (worker,) = [line for line in processes_of(tmp_path) if "orchestrator.demo.child" in line]
    subprocess.run(["kill", "-KILL", worker.split()[0]], check=True)
    assert demo.process.wait(60) == 1
    said = demo.output.read_text()
    assert "error: the worker was killed by signal 9: its last words:" in said
    assert "ready: partitions" in said
    assert is_clean(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whoever_ends_it_ends_all(tmp_path: Path, start: Any, number: signal.Signals) -> None:
    demo = start(tmp_path, "demo", "--days", "60")
    demo.await_output("  5 s")
    assert demo.stop(number) == (-number if number is signal.SIGKILL else 130)
    assert "Traceback" not in demo.output.read_text()
    deadline = time.monotonic() + (10 if number is signal.SIGKILL else 0)
    while not is_clean(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert is_clean(tmp_path)


@pytest.mark.slow
def test_it_stays_up_when_asked_to(tmp_path: Path, start: Any, run: Run) -> None:
    demo = start(tmp_path, "demo", "--serve", *DAYS)
    demo.await_output("Ctrl-C ends it all.")
    project = tmp_path / ".orchestrator/demo/project"
    tail = run(project, "tail", "actions", "--from", "beginning", "--count", "1")
    customer = orjson.loads(tail.stdout)["customer_id"]
    shown = orjson.loads(run(project, "customer", customer).stdout)
    assert customer in (shown["id"], shown.get("found_by"))
    second = run(tmp_path, "demo")
    assert (second.returncode, b"already: end it there with Ctrl-C" in second.stderr) == (2, True)
    assert demo.stop(signal.SIGINT) == 0
    assert is_clean(tmp_path)


def test_wrong_journeys_end_it_before_it_begins(tmp_path: Path, run: Run) -> None:
    init(tmp_path / "mine")
    (tmp_path / "mine/journeys/cart-reminder.yaml").write_text("journey: [")
    result = run(tmp_path / "mine", "demo")
    assert result.returncode == 2
    assert b"cart-reminder.yaml" in result.stderr
    assert not (tmp_path / "mine/.orchestrator").exists()


def action(identity: str, event_id: str, kind: str = "action") -> dict[str, Any]:
    return {"kind": kind, "action_id": identity, "trigger": {"event_id": event_id}}


def decision(identity: str, outcome: str = "published", direct: bool = True) -> dict[str, Any]:
    return {"action_id": identity, "outcome": outcome, "trigger": {"event_id": "e"} if direct else None}


def test_latency_is_of_what_an_event_caused_at_once() -> None:
    latency = Latency({"e": 100.0})
    latency.action(action("a", "e"), 100.5)
    latency.decision(decision("a"))
    latency.decision(decision("b"))
    latency.action(action("b", "e"), 100.25)
    latency.action(action("waited", "e"), 109.0)
    latency.decision(decision("waited", direct=False))
    latency.action(action("unknown", "other"), 100.1)
    latency.decision(decision("unknown"))
    latency.action(action("c", "e", "cancel"), 101.0)
    latency.decision(decision("c", "cancelled"))
    assert latency.count == 3
    assert latency.percentile_ms(0.5) == 500.0
    assert latency.percentile_ms(0.99) == 1000.0


def test_nothing_has_no_latency() -> None:
    assert Latency({}).percentile_ms(0.5) is None


def test_a_story_goes_on_from_the_visitor_to_the_customer() -> None:
    at = "2024-03-01T10:00:0{}.000Z".format
    step = {"kind": "step", "instance": "guide", "journey": "guide", "happened": "entered", "reason": None}
    published = {"kind": "decision", "outcome": "published", "instance": "guide", "action": "teaser", "reasons": []}
    told: dict[str, list[dict[str, Any]]] = {
        "device": [
            step | {"at": at(1)},
            published | {"decided_at": at(1)},
            {
                "kind": "action",
                "decided_at": at(1),
                "channel": "web",
                "action": "teaser",
                "content": {"title": "Hello"},
            },
        ],
        "ada": [
            {"kind": "identity", "happened": "merged", "customer_id": "ada", "anonymous_id": "device", "at": at(3)}
        ],
        "bob": [step | {"at": at(1), "instance": "fruitless"}],
    }
    order = {
        "type": "track",
        "event": "Order Completed",
        "timestamp": at(2),
        "properties": {"total": 5, "currency": "EUR"},
    }
    story = richest(told, [Line(CLICK, b"ada", orjson.dumps(order), 0)])
    assert story is not None
    assert story.customer_id == "ada"
    assert story.lines() == [
        "01 Mar 10:00    enters guide",
        "                → web: teaser “Hello”",
        "              orders for 5 EUR",
        "                what the visitor device did is ada's from now on",
    ]


def test_nothing_makes_no_story() -> None:
    assert richest({}, []) is None
