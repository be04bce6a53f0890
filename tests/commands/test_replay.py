"""Recorded events go where they belong, at the pace and in the time that was asked for."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any
from uuid import uuid4

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from orchestrator.errors import UsageError
from orchestrator.kafka.names import EVENT_TOPICS
from orchestrator.replay.pace import Pace
from orchestrator.replay.recording import Recorded, Recording, dated, parse
from orchestrator.settings import Settings

Run = Callable[..., CompletedProcess[bytes]]

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
_count = itertools.count()


def event(called: str, user: str, after_s: float = 0, **properties: Any) -> dict[str, Any]:
    at = START + timedelta(seconds=after_s)
    identity = f"m-{uuid4().hex}"
    return {
        "type": "track",
        "event": called,
        "userId": user,
        "messageId": identity,
        "timestamp": at.isoformat(),
        "properties": properties,
    }


def lines(*records: dict[str, Any]) -> bytes:
    return b"".join(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in records)


def customer() -> str:
    return f"replayed-{next(_count)}"


def cart(user: str, after_s: float = 0) -> list[dict[str, Any]]:
    """What brings a reminder an hour later."""
    identify = event("", user, after_s) | {"type": "identify", "traits": {"email": f"{user}@example.org"}}
    consent = event("Consent Changed", user, after_s, channel="email", purpose="marketing", given=True)
    return [
        identify,
        consent,
        event("Product Added", user, after_s + 1, cart_id=f"c-{user}", total=64.0, name="Kettle"),
    ]


def actions(run: Run, project: Path, user: str) -> list[dict[str, Any]]:
    result = run(project, "tail", "actions", "--customer", user, "--from", "beginning", "--no-follow")
    assert result.returncode == 0, result.stderr
    return [orjson.loads(line) for line in result.stdout.splitlines()]


def test_each_event_goes_to_its_topic(event_project: Path, run: Run) -> None:
    user = customer()
    cloud_event = {
        "specversion": "1.0",
        "id": uuid4().hex,
        "source": "/till",
        "type": "Order Refunded",
        "subject": user,
        "time": START.isoformat(),
        "data": {"order_id": "o-1"},
    }
    recorded = [*cart(user), event("Call Started", user, 2), event("Message Opened", user, 3), cloud_event]

    result = run(event_project, "replay", "-", stdin=lines(*recorded))

    assert result.returncode == 0, result.stderr
    counted = [line.split() for line in result.stderr.decode().splitlines() if " events." in line]
    counts = {topic: count for count, topic in counted}
    assert counts == {
        "events.profile": "2",
        "events.click": "1",
        "events.call": "1",
        "events.engagement": "1",
        "events.purchase": "1",
    }


def test_time_runs_on_until_waits_have_ended(event_project: Path, run: Run, tmp_path: Path) -> None:
    user = customer()
    file = tmp_path / "events.jsonl.gz"
    file.write_bytes(gzip.compress(lines(*cart(user, 10_000))))

    result = run(event_project, "replay", str(file), "--until", "2 hours")

    assert result.returncode == 0, result.stderr
    assert "all is decided, and 2 hours after it have passed" in result.stderr.decode()
    (mail,) = actions(run, event_project, user)
    assert mail["action"] == "cart-reminder-mail"
    assert mail["decided_at"] == "2026-03-02T13:46:41.000Z"


def test_waits_pass_in_the_time_of_the_data(event_project: Path, run: Run) -> None:
    user = customer()
    recorded = [*cart(user, 20_000), event("Product Viewed", "somebody", 40_000)]

    result = run(event_project, "replay", "-", "--wait", stdin=lines(*recorded))

    assert result.returncode == 0, result.stderr
    assert [mail["decided_at"] for mail in actions(run, event_project, user)] == ["2026-03-02T16:33:21.000Z"]


def test_lines_that_are_no_json_are_sent_and_counted(event_project: Path, run: Run) -> None:
    mark = uuid4().hex
    broken = f'{{"cut off": "{mark}'.encode()

    result = run(event_project, "replay", "-", "--wait", stdin=lines(*cart(customer(), 50_000)) + broken)

    assert result.returncode == 0, result.stderr
    assert "1  of them no JSON object" in result.stderr.decode()
    letters = run(event_project, "tail", "dead-letter", "--from", "beginning", "--no-follow", "--json").stdout
    (letter,) = [orjson.loads(line) for line in letters.splitlines() if mark in line.decode()]
    assert letter["code"] == "not_json"
    assert letter["value"] == broken.decode()


def test_a_line_that_kafka_would_not_take_is_left_out(event_project: Path, run: Run) -> None:
    huge = event("Product Viewed", customer(), 50_001, text="x" * 1_000_000)

    result = run(event_project, "replay", "-", stdin=lines(huge, *cart(customer(), 50_002)))

    assert result.returncode == 0, result.stderr
    assert "1  left out: larger than Kafka takes" in result.stderr.decode()
    assert "3 events sent" in result.stderr.decode()


def test_the_other_clock_is_refused_with_the_remedy(event_project: Path, run: Run) -> None:
    result = run(event_project, "replay", "-", "--clock", "wall", stdin=lines(*cart(customer())))

    assert result.returncode == 2
    (line,) = result.stderr.decode().splitlines()
    assert line.startswith("error: the workers go by event time, this replay by wall time: add --clock event, or")


def test_without_a_worker_it_only_warns(wall_project: Path, run: Run) -> None:
    result = run(wall_project, "replay", "-", stdin=lines(*cart(customer())))

    assert result.returncode == 0, result.stderr
    assert "note: no worker was started yet" in result.stderr.decode()


def test_the_speed_is_kept(wall_project: Path, run: Run) -> None:
    recorded = [event("Product Viewed", "ada", second) for second in (0, 10, 20)]
    began = time.monotonic()

    result = run(wall_project, "replay", "-", "--speed", "10", stdin=lines(*recorded))

    assert result.returncode == 0, result.stderr
    assert time.monotonic() - began > 2
    assert "3 events sent in 2." in result.stderr.decode()


def test_it_sends_what_comes_before_the_pipe_is_closed(wall_project: Path, start: Any, tmp_path: Path) -> None:
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    replaying = start(wall_project, "replay", str(fifo))
    with fifo.open("wb") as pipe:
        pipe.write(lines(*cart(customer())))
    assert replaying.process.wait(60) == 0


async def until_written(settings: Settings, bootstrap: str, count: int) -> None:
    """Until the input topics hold so many records."""
    async with asyncio.timeout(60), AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        topics = [settings.topic(topic) for topic in EVENT_TOPICS]
        inputs = [TopicPartition(topic, number) for topic in topics for number in range(settings.partitions)]
        while sum((await consumer.end_offsets(inputs)).values()) < count:  # noqa: ASYNC110 - Kafka tells nobody
            await asyncio.sleep(0.05)


def test_ctrl_c_ends_it_while_it_waits_for_lines(wall_project: Path, bootstrap: str) -> None:
    replaying = subprocess.Popen(
        [sys.executable, "-m", "orchestrator", "--project", str(wall_project), "replay", "-"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert replaying.stdin is not None
    assert replaying.stderr is not None
    assert b"note: no worker" in replaying.stderr.readline()
    replaying.stdin.write(lines(*cart(customer())))
    replaying.stdin.flush()
    asyncio.run(until_written(Settings.load(wall_project), bootstrap, 3))
    replaying.send_signal(signal.SIGINT)
    said = replaying.stderr.read().decode()
    assert replaying.wait(30) == 130
    assert "3 events sent" in said
    assert "Fatal" not in said
    assert "Traceback" not in said
    replaying.stdin.close()
    replaying.stderr.close()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere.jsonl",), "nowhere.jsonl can't be read: No such file"),
        (("-", "--speed", "fast"), "--speed fast: write 60 for sixty times"),
        (("-", "--until", "1 hour"), "--until and --wait need the data's time: add --clock event"),
        (("-", "--clock", "event", "--until", "soon"), "--until: 'soon' is no duration"),
        (("-", "--clock", "sun"), "sun"),
    ],
)
def test_a_wrong_call_is_code_2(wall_project: Path, run: Run, arguments: tuple[str, ...], said: str) -> None:
    result = run(wall_project, "replay", *arguments)

    assert result.returncode == 2
    assert said in result.stderr.decode()


def test_missing_topics_are_named_with_the_remedy(tmp_path: Path, bootstrap: str, run: Run) -> None:
    result = run(tmp_path, "replay", "-", ORCHESTRATOR_KAFKA=bootstrap, ORCHESTRATOR_PREFIX=f"{uuid4().hex}.")

    assert result.returncode == 2
    assert "create them with 'orchestrator topics apply'" in result.stderr.decode()


@pytest.mark.parametrize(
    ("text", "pace"),
    [
        ("max", Pace()),
        ("0", Pace()),
        ("60", Pace(speed=60)),
        ("2.5x", Pace(speed=2.5)),
        ("900/s", Pace(rate=900)),
    ],
)
def test_speeds(text: str, pace: Pace) -> None:
    assert Pace.parse(text) == pace


@pytest.mark.parametrize("text", ["fast", "-1", "1/2", ""])
def test_what_is_no_speed(text: str) -> None:
    with pytest.raises(UsageError, match="write 60 for sixty times"):
        Pace.parse(text)


def test_a_pace_has_the_longer_pause_of_its_two_bounds() -> None:
    pace = Pace(speed=10, rate=2)
    assert [pace.pause_s(passed_ms) for passed_ms in (0, 1_000, 50_000)] == [0.5, 0.5, 5.0]


@pytest.mark.parametrize(
    ("line", "topic", "key", "at"),
    [
        (b'{"type":"track","event":"Order Completed","userId":"u"}', "events.purchase", b"u", None),
        (b'{"type":"page","anonymousId":"a","timestamp":1767322800000}', "events.click", b"a", 1_767_322_800_000),
        (
            b'{"specversion":"1.0","type":"Call Ended","subject":"s","time":"2026-01-02T03:00:00Z"}',
            "events.call",
            b"s",
            1_767_322_800_000,
        ),
        (
            b'{"topic":"events.call","key":"k","timestamp_ms":1767322800000,"value":{"a":1}}',
            "events.call",
            b"k",
            1_767_322_800_000,
        ),
        (b'{"type":"track","event":"X","userId":"u","timestamp":"9999-12-31T00:00:00Z"}', "events.click", b"u", None),
        (b"[1]", "events.click", b"", None),
        (b"not json", "events.click", b"", None),
    ],
)
def test_a_line_is_read(line: bytes, topic: str, key: bytes, at: int | None) -> None:
    recorded = parse(line)
    assert (recorded.topic, recorded.key, recorded.at) == (topic, key, at)


def test_a_record_with_its_topic_is_sent_as_it_was() -> None:
    recorded = parse(
        b'{"topic":"events.click","key":"","timestamp_ms":1767322800000,"defect":"not_json","raw":"<html>"}'
    )
    assert recorded == Recorded("events.click", b"", b"<html>", 1_767_322_800_000, unreadable=True)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            {"type": "track", "timestamp": "2020-01-01T00:00:00Z"},
            {"type": "track", "timestamp": "2026-01-02T03:00:00.000Z"},
        ),
        ({"type": "track"}, {"type": "track", "timestamp": "2026-01-02T03:00:00.000Z"}),
        (
            {"specversion": "1.0", "type": "X", "time": "2020-01-01T00:00:00Z", "data": {"timestamp": 1}},
            {"specversion": "1.0", "type": "X", "time": "2026-01-02T03:00:00.000Z", "data": {"timestamp": 1}},
        ),
    ],
)
def test_an_event_is_dated_anew(value: dict[str, Any], expected: dict[str, Any]) -> None:
    assert orjson.loads(dated(orjson.dumps(value), 1_767_322_800_000)) == expected


def test_a_damaged_archive_is_one_clear_error(tmp_path: Path) -> None:
    file = tmp_path / "cut.jsonl.gz"
    file.write_bytes(gzip.compress(lines(*(event("X", "ada") for _ in range(1_000))))[:-100])
    with pytest.raises(UsageError, match=r"cut\.jsonl\.gz can't be read"):
        list(Recording(file))
