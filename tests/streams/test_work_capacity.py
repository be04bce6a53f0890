"""Channels that take only so many, over several partition numbers and through crashes: never one more, and replayed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.engine.pool import POOL, Pool
from orchestrator.journeys.compile import compile_env
from orchestrator.kafka import names
from orchestrator.testing import oracle
from orchestrator.testing.texts import pack_of
from tests.streams.cluster import Cluster
from tests.streams.test_work_crashes import SETTINGS, TURNS, Turn, contents, recut, run
from tests.streams.world import DAY, LIMITS, MINUTE, START, Sent, events

FEW: Final = settings(SETTINGS, max_examples=30)
MOST: Final = 3
JOURNEYS: Final = f"""
channels:
  note:
    address: id
    consent: none
    content: {{text: {{}}}}
    capacity: {{most: {MOST}, per: hour}}
    open: {{mon-sun: "06:00-20:00"}}
    timezone: Europe/Berlin
  letter:
    address: id
    consent: none
    content: {{text: {{}}}}
    capacity: {{most: {MOST}, per: day}}
    surplus: expire
---
action: hello
channel: note
expires: 2 days
content: {{text: hello}}
---
action: urgent
channel: note
priority: 900
content: {{text: urgent}}
---
action: letter
channel: letter
content: {{text: letter}}
---
journey: welcome
entry: {{on: "*", reentry: after 1 hour}}
exit: [{{on: Message Unsubscribed}}]
steps: [{{act: hello}}, {{wait: 1 day}}, {{act: letter}}]
---
journey: call
entry: {{on: Call Started}}
steps: [{{act: urgent}}, {{act: letter}}]
"""
ENV: Final = compile_env(pack_of(JOURNEYS), dedupe_count=64, dedupe_window_ms=7 * DAY, late_after_ms=DAY)


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@FEW
@given(sent=events(), turns=TURNS)
def test_nobody_can_tell_a_run_with_crashes_from_one_without(
    loop: asyncio.AbstractEventLoop, sent: list[Sent], turns: list[Turn]
) -> None:
    crashed, calm = (run(Cluster(loop, env=ENV), sent, turns, crash=crash) for crash in (True, False))
    assert contents(crashed) == contents(calm)
    assert crashed.customers() == calm.customers()
    assert [seat.store.rows for seat in crashed.seats] == [seat.store.rows for seat in calm.seats]


@FEW
@given(sent=events(), turns=TURNS, partitions=st.integers(1, 5))
def test_no_hour_and_no_day_has_more_than_its_places(
    loop: asyncio.AbstractEventLoop, sent: list[Sent], turns: list[Turn], partitions: int
) -> None:
    turns = [Turn(turn.partition % partitions, turn.count, turn.crashes) for turn in turns]
    cluster = run(Cluster(loop, partitions, env=ENV), sent, turns, crash=True)
    published = [action for action in cluster.actions() if action["kind"] == "action"]
    assert max(Counter(action["action_id"] for action in published).values(), default=1) == 1
    notes = Counter(action["decided_at"][:13] for action in published if action["channel"] == "note")
    letters = Counter(action["decided_at"][:10] for action in published if action["channel"] == "letter")
    assert max(notes.values(), default=0) <= MOST
    assert max(letters.values(), default=0) <= MOST
    assert all(action["decided_at"] < action["expires_at"] for action in published)


@FEW
@given(sent=events(), turns=TURNS)
def test_every_offer_comes_to_an_end_and_leaves_nothing_behind(
    loop: asyncio.AbstractEventLoop, sent: list[Sent], turns: list[Turn]
) -> None:
    cluster = run(Cluster(loop, env=ENV), sent, turns, crash=True)
    decisions = [orjson.loads(record.value or b"") for record in cluster.said().get(names.DECISIONS, [])]
    ended = {decision["action_id"] for decision in decisions if decision["outcome"] != "held"}
    assert {decision["action_id"] for decision in decisions} == ended
    pools = [value for key, value in cluster.customers().items() if key.startswith(POOL.encode())]
    assert [Pool.decode(value).waiting for value in pools] == [0] * len(pools)


@FEW
@given(sent=events(), turns=TURNS, groups=st.lists(st.integers(1, 7), min_size=1, max_size=20))
def test_however_the_work_is_cut_the_oracle_gives_the_same_places(
    loop: asyncio.AbstractEventLoop, sent: list[Sent], turns: list[Turn], groups: list[int]
) -> None:
    cluster = run(Cluster(loop, env=ENV), sent, turns, crash=True)
    for journals in (
        cluster.journals(),
        {number: recut(values, groups) for number, values in cluster.journals().items()},
    ):
        # A cut journal names the env of the other world.
        own = {number: [{**value, "env": ENV.version} for value in values] for number, values in journals.items()}
        replayed = oracle.replay(cluster.partitions, {ENV.version: ENV}, LIMITS, cluster.inputs(), own)
        assert replayed.problems == []
        assert oracle.compare_records(replayed.records, cluster.customers()) == []


def test_who_waits_is_restored_from_the_changelog_with_the_moment_of_the_next_place(
    loop: asyncio.AbstractEventLoop,
) -> None:
    cluster = Cluster(loop, partitions=2, env=ENV)
    for number in range(8):
        value: dict[str, Any] = {"type": "track", "event": "Product Viewed", "userId": f"c{number}"}
        value |= {"properties": {}, "messageId": f"m{number}", "timestamp": START}
        cluster.produce(Sent("events.click", f"c{number}".encode(), orjson.dumps(value), START))
    cluster.drain(START + MINUTE)
    assert len(cluster.actions()) == 1
    for seat in cluster.seats:
        seat.restart(wipe=True)
    cluster.drain(START + 3 * 60 * MINUTE)
    assert len(cluster.actions()) == 8
