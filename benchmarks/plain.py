"""The other side: a plain Faust agent that does the same work, one event at a time.

Intake, engine and codec are the same; table, sends and commits are Faust's own, at least once.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import faust
import orjson

from orchestrator import engine
from orchestrator.durations import parse_duration
from orchestrator.engine.customer import decode, encode
from orchestrator.engine.identity import subject_of
from orchestrator.events.intake import Intake, Limits
from orchestrator.journeys.compile import compile_env
from orchestrator.journeys.load import load

PROJECT = Path(__file__).parent / "project"
FOLDER = os.environ["BENCH_FOLDER"]
KAFKA = os.environ["BENCH_KAFKA"]
PREFIX = os.environ["BENCH_PREFIX"]
PARTITIONS = int(os.environ["BENCH_PARTITIONS"])

env = compile_env(load(PROJECT), dedupe_count=64, dedupe_window_ms=parse_duration("7 days"), late_after_ms=86_400_000)
intake = Intake(Limits(262_144, parse_duration("365 days"), parse_duration("1 day"), event_clock=False, strict={}))

app = faust.App(
    f"{PREFIX}plain",
    broker=f"kafka://{KAFKA}",
    store="rocksdb://",
    datadir=FOLDER,
    topic_partitions=PARTITIONS,
    topic_disable_leader=True,
    table_standby_replicas=0,
    consumer_auto_offset_reset="earliest",
    web_enabled=False,
)
raw: dict[str, Any] = {"key_serializer": "raw", "value_serializer": "raw"}
events = app.topic(f"{PREFIX}events.click", partitions=PARTITIONS, **raw)
actions = app.topic(f"{PREFIX}plain.actions", partitions=PARTITIONS, **raw)
said = app.topic(f"{PREFIX}plain.said", partitions=PARTITIONS, **raw)
customers = app.Table("customers", partitions=PARTITIONS, key_type=bytes, value_type=bytes)


@app.agent(events)  # type: ignore[untyped-decorator]
async def decide(stream: Any) -> None:
    """One event, one read, one write, its sends."""
    async for incoming in stream.events():
        message = incoming.message
        now = time.time_ns() // 1_000_000
        event = intake.read(
            "events.click", message.partition, message.offset, message.value, [], int(message.timestamp * 1000), now
        )
        key = subject_of(event)
        held = customers.get(key.encode())
        step = engine.on_event(env, decode(held) if held else None, event, now, key)
        assert step.record is not None
        customers[key.encode()] = encode(step.record)
        for action in step.actions:
            await actions.send(key=message.key, value=orjson.dumps(action.value))
        for line in (*step.decisions, *step.log):
            await said.send(key=message.key, value=orjson.dumps(line))


if __name__ == "__main__":
    app.main()
