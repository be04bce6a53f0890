"""From an event on a topic to an action on another, as a stranger's consumer sees it."""

from __future__ import annotations

import subprocess
import time
from collections import Counter

import orjson
from confluent_kafka import Producer

from orchestrator.kafka import names
from orchestrator.kafka.broker import EmbeddedBroker
from tests.faults.harness import Stage, wait_for
from tests.faults.load import links

LINE = '{"type": "track", "event": "Said", "userId": "ann", "properties": {"n": %s}}'
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_events_become_actions(stage: Stage) -> None:
    worker = stage.start_worker()
    stage.produce(stage.event(f"user-{n % 50}", "Ticked", n=n // 50) for n in range(2000))
    stage.produce((stage.event("ann", "Asked", n=1), stage.event("ann", "Turned Down", n=1)), "events.purchase")
    seen = stage.settle()
    assert links(seen.actions("crm")) == {f"user-{n}": [(str(i), str(i + 1)) for i in range(39)] for n in range(50)}
    published, withdrawn = seen.actions("web")
    assert (published["kind"], withdrawn["kind"]) == ("action", "cancel")
    assert published["action_id"] == withdrawn["action_id"]
    assert published["content"] == {"slot": "offer", "content": "1 for you"}
    outcomes = Counter(record.json["outcome"] for record in seen.records[names.DECISIONS])
    assert outcomes == {"published": 1951, "cancelled": 1}
    steps = Counter(record.json.get("happened") for record in seen.records[names.JOURNEY_LOG])
    assert steps["entered"] == 2001
    assert stage.problems() == []
    assert_metrics(worker.get("/metrics")[1], worker.metrics())


def assert_metrics(text: str, metrics: dict[str, float]) -> None:
    promised = (
        *("event_to_action_seconds_bucket", "stage_seconds_bucket", "events_total", "actions_total"),
        *("decisions_total", "duplicate_events_total", "late_events_total", "forwards_total", "timers_total"),
        *("input_lag_records", "rejoins_total", "partitions_assigned", "restored_records_total"),
        *("restore_remaining_records", "restore_seconds", "state_bytes", "state_rows"),
    )
    assert [name for name in promised if f"orchestrator_{name}" not in text] == []
    assert metrics["orchestrator_events_total"] == 2002
    assert metrics["orchestrator_actions_total"] == 1952
    assert metrics["orchestrator_event_to_action_seconds_count"] == 1952
    assert 0 < metrics["orchestrator_event_to_action_seconds_sum"] < 1952 * 60
    assert metrics["orchestrator_decisions_total"] == 1952
    assert metrics["orchestrator_partitions_assigned"] == 4
    assert metrics["orchestrator_input_lag_records"] == 0
    assert metrics["orchestrator_rejoins_total"] == 0
    assert metrics["orchestrator_state_rows"] > 0
    assert metrics["orchestrator_state_bytes"] > 0


def test_headers_and_dead_letters(stage: Stage) -> None:
    """CloudEvents come and go, a trace goes on, and what is no event holds nothing up."""
    topic = stage.settings.topic("events.click")
    binary = {"ce_specversion": "1.0", "ce_id": "1", "ce_source": "/till", "ce_type": "Said", "ce_subject": "ann"}
    producer = Producer({"bootstrap.servers": stage.bootstrap, "log_level": 0})
    producer.produce(topic, b'{"n": 1}', "ann", 0, headers={**binary, "traceparent": TRACE})
    producer.produce(topic, b'{"type": "track", "event": ', "ann", 0, headers={"from": b"\xff\x00", "empty": None})
    producer.produce(topic, None, "ann", 0)
    producer.produce(topic, b'{"type": "track", "event": "Said"}', None, 0)
    attributes = {"specversion": "1.0", "id": "2", "source": "/till", "type": "Said", "subject": "ann"}
    structured = {**attributes, "data": {"n": 2}}
    producer.produce(topic, orjson.dumps(structured), "ann", 0)
    producer.flush()
    stage.start_worker()
    seen = stage.settle()

    first, second = seen.records["actions.web"]
    assert [first.json["content"]["content"], second.json["content"]["content"]] == ["1", "2"]
    assert first.key == b"ann"
    assert dict(first.headers) == {
        "content-type": b"application/json",
        "ce_specversion": b"1.0",
        "ce_id": first.json["action_id"].encode(),
        "ce_source": b"/journeys/echo",
        "ce_type": b"orchestrator.action",
        "ce_time": first.json["decided_at"].encode(),
        "ce_subject": b"ann",
        "traceparent": TRACE.encode(),
    }

    bad = [record for record in seen.records["events.click"] if record.offset in (1, 2, 3)]
    dead = seen.records[names.DEAD_LETTER]
    assert [(one.key, one.value) for one in dead] == [(one.key, one.value) for one in bad]
    assert [one.header("dead-letter-code") for one in dead] == ["not_json", "empty", "no_identity"]
    assert [one.header("dead-letter-offset") for one in dead] == ["1", "2", "3"]
    assert {one.header("dead-letter-topic") for one in dead} == {"events.click"}
    assert {one.header("dead-letter-partition") for one in dead} == {"0"}
    assert all(one.header("dead-letter-reason") and one.header("dead-letter-time") for one in dead)
    assert dead[0].headers[:2] == [("from", b"\xff\x00"), ("empty", None)]
    assert stage.problems() == []


def test_typed_by_hand(stage: Stage) -> None:
    """What a person types into Kafka's own console producer, without id, time or key, is answered at once."""
    worker = stage.start_worker()
    worker.wait_ready()
    arguments = ("--bootstrap-server", stage.bootstrap, "--topic", stage.settings.topic("events.click"))
    command = EmbeddedBroker(stage.folder).command("org.apache.kafka.tools.ConsoleProducer", *arguments)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as console:
        assert console.stdin is not None
        print(LINE % 1, file=console.stdin, flush=True)
        wait_for("an action", lambda: len(stage.catch_up().actions("web")) == 1)
        began = time.monotonic()
        print(LINE % 2, file=console.stdin, flush=True)
        wait_for("another action", lambda: len(stage.catch_up().actions("web")) == 2)
        seconds = time.monotonic() - began
    print(f"from the Enter key to the action took {seconds:.2f} s")
    assert [action["customer_id"] for action in stage.catch_up().actions("web")] == ["ann", "ann"]
    assert stage.problems() == []


def test_who_signs_up_is_known_by_what_was_told_just_before_on_another_topic(stage: Stage) -> None:
    """As trackers do it: identify, then track, at once, and each on its own topic."""
    stage.start_worker().wait_ready()
    customers = [f"new-{n}" for n in range(30)]
    for number, customer in enumerate(customers):
        told = {"type": "identify", "userId": customer, "messageId": f"i-{number}", "traits": {"name": customer}}
        stage.produce([told], "events.profile")
        stage.produce([stage.event(customer, "Signed Up", n=number)])
    seen = stage.settle()
    assert sorted(action["customer_id"] for action in seen.actions("web")) == sorted(customers)
    assert stage.problems() == []
