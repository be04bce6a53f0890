"""Entries by time, caps and rates through crashes: what a partition number counts is part of its checkpoint."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.engine.ledger import key_of
from orchestrator.journeys.compile import compile_env
from orchestrator.moments import format_moment
from orchestrator.testing import oracle
from orchestrator.testing.texts import pack_of
from tests.streams.cluster import Cluster
from tests.streams.test_work_crashes import SETTINGS, TURNS, Turn, contents, recut, run
from tests.streams.world import DAY, LIMITS, START, Sent, events

FEW: Final = settings(SETTINGS, max_examples=40)
JOURNEYS: Final = f"""
channels:
  note: {{address: id, consent: none, content: {{text: {{}}}}}}
---
action: hello
channel: note
content: {{text: hello}}
---
journey: scarce
entry: {{on: "*", reentry: after 1 hour, cap: [{{most: 5, per: 1 day}}, {{most_per_customer: 3}}]}}
steps: [{{act: hello}}]
---
journey: lost
entry: {{absence: {{of: Product Added, for: 2 days}}}}
steps: [{{act: hello}}]
---
journey: weekly
entry: {{schedule: "0 9 * * mon"}}
steps: [{{act: hello}}]
---
journey: news
entry: {{broadcast: {{at: "{format_moment(START + DAY)}", per_minute: 2}}}}
steps: [{{act: hello}}]
---
journey: letter
entry: {{broadcast: {{every: "30 10 * * *", per_minute: 1}}}}
steps: [{{wait: 1 hour}}, {{act: hello}}]
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


@FEW
@given(sent=events(ties=False), turns=TURNS)
def test_caps_and_rates_hold_through_crashes(
    loop: asyncio.AbstractEventLoop, sent: list[Sent], turns: list[Turn]
) -> None:
    cluster = run(Cluster(loop, env=ENV), sent, turns, crash=True)
    actions = [action for action in cluster.actions() if action["kind"] == "action"]
    assert max(Counter(action["action_id"] for action in actions).values(), default=1) == 1
    news = Counter(action["decided_at"][:16] for action in actions if action["journey"] == "news")
    assert max(news.values(), default=0) <= 2
    told = Counter(action["journey"] for action in actions if action["customer_id"] == "ada")
    assert told["scarce"] <= 3
    assert told["news"] <= 1


@FEW
@given(sent=events(), turns=TURNS, groups=st.lists(st.integers(1, 7), min_size=1, max_size=20))
def test_however_the_work_is_cut_the_oracle_finds_the_same_counts(
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


def test_a_count_is_restored_from_the_changelog(loop: asyncio.AbstractEventLoop) -> None:
    cluster = Cluster(loop, partitions=1, env=ENV)
    for number in range(8):
        value: dict[str, Any] = {"type": "track", "event": "Product Viewed", "userId": f"c{number}"}
        value |= {"properties": {}, "messageId": f"m{number}", "timestamp": START}
        cluster.produce(Sent("events.click", f"c{number}".encode(), orjson.dumps(value), START))
        (seat,) = cluster.seats
        seat.turn(1)
        seat.restart(wipe=True)
    assert [action["journey"] for action in cluster.actions()] == ["scarce"] * 5
    assert key_of(0) in seat.store.records
