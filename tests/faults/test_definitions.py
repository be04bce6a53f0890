"""Definitions that change under running workers: on all of them, within a moment, and nothing is lost or said twice."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from orchestrator.journeys.applied import Applied, State
from orchestrator.journeys.catalogue import APPLIED, records_of
from orchestrator.journeys.load import load
from orchestrator.journeys.origin import Origin
from orchestrator.journeys.pack import Pack
from orchestrator.kafka import names
from orchestrator.kafka.client import client_options
from orchestrator.streams.changes import MARKER_KEY, Change, change
from orchestrator.streams.checkpoint import META_KEY
from orchestrator.streams.definitions import limits_in, read
from orchestrator.streams.headers import DEFINITIONS
from orchestrator.streams.standing import Standing, standing
from tests.faults.harness import PATIENCE_S, PROJECT, Stage, wait_for
from tests.faults.load import Load

USERS = frozenset(f"user-{n}" for n in range(20))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of its own, whose files a test may change."""
    shutil.copytree(PROJECT, tmp_path / "project")
    return tmp_path / "project"


@pytest.fixture
def stage(make_stage: Callable[..., Stage], project: Path) -> Stage:
    return make_stage(project=project)


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def put(stage: Stage, what: str, states: Mapping[str, State] | None = None) -> Applied:
    """Puts the project in force as it is now."""
    pack = Pack.from_json(load(stage.project).to_json())

    async def decide(_: Any) -> Change:
        return Change(pack, what, Origin("test"), states or {})

    made = asyncio.run(change(client_options(stage.settings, stage.bootstrap), stage.settings, decide))
    assert made is not None
    return made


def write(
    stage: Stage,
    topic: str,
    partition: int,
    key: bytes,
    value: bytes | None,
    headers: list[tuple[str, str | bytes | None]] | None = None,
) -> None:
    """One record of the orchestrator's own."""
    producer = Producer({"bootstrap.servers": stage.bootstrap, "log_level": 0})
    producer.produce(stage.settings.topic(topic), value, key, partition, headers=headers or [])
    assert producer.flush(PATIENCE_S) == 0


def applied(stage: Stage) -> list[dict[str, Any]]:
    """All changes, in order."""
    records = stage.catch_up().records[names.DEFINITIONS]
    return [record.json for record in records if (record.key or b"").startswith(APPLIED)]


def in_force(stage: Stage) -> set[str]:
    """What the partition numbers say they go on with."""
    records = [record for record in stage.catch_up().records[names.CHANGELOG] if record.key == META_KEY]
    return set({record.partition: record.json["env"] for record in records}.values())


def said(stage: Stage, action: str) -> set[str]:
    """To whom an action was published."""
    return {found["customer_id"] for found in stage.catch_up().actions() if found["action"] == action}


def counted(stage: Stage) -> Standing:
    return asyncio.run(standing(client_options(stage.settings, stage.bootstrap), stage.settings))


def test_two_workers_that_start_with_the_same_folder_apply_it_once(stage: Stage) -> None:
    workers = [stage.start_worker(), stage.start_worker()]
    for worker in workers:
        worker.wait_ready()
    stage.produce(stage.event(f"user-{n % 50}", "Ticked", n=n // 50) for n in range(500))
    stage.settle()
    assert [made["number"] for made in applied(stage)] == [1]
    assert stage.problems() == []


def test_changes_under_load_while_a_worker_dies(stage: Stage, project: Path) -> None:
    workers = [stage.start_worker(apply_on_start=False), stage.start_worker(apply_on_start=False)]
    waiting = "nothing is applied yet: 'orchestrator apply' does it"
    wait_for(
        "the workers to say what they wait for", lambda: any(waiting in one.get("/health/ready")[1] for one in workers)
    )
    put(stage, "first")
    for worker in workers:
        worker.wait_ready()
    with Load(stage, backlog=2_000):
        wait_for("some work", lambda: sum(worker.decided() for worker in workers) > 500)
        rewrite(project / "actions" / "link.yaml", "channel:", "expires: 2 hours\nchannel:")
        put(stage, "second")
        workers[0].kill()
        last = put(stage, "third", {"nudge": "paused"})
        wait_for("the change on all partitions", lambda: in_force(stage) == {last.version})
    stage.settle()
    first, second, third = applied(stage)
    assert first["versions"]["chain"] != second["versions"]["chain"] == third["versions"]["chain"]
    assert stage.problems() == []


def test_a_pause_holds_and_a_resume_lets_go_without_a_restart(stage: Stage) -> None:
    workers = [stage.start_worker(), stage.start_worker()]
    for worker in workers:
        worker.wait_ready()
    put(stage, "pause", {"echo": "paused"})
    stage.produce(stage.event(user, "Said", n=1) for user in USERS)
    stage.settle()
    assert said(stage, "echo") == set()
    put(stage, "resume")
    stage.produce(stage.event(user, "Said", n=2) for user in USERS)
    wait_for("the echoes", lambda: said(stage, "echo") == USERS)
    assert stage.problems() == []


def test_definitions_that_a_worker_does_not_know_yet_are_waited_for_loudly(stage: Stage) -> None:
    worker = stage.start_worker()
    worker.wait_ready()
    known = asyncio.run(read(client_options(stage.settings, stage.bootstrap), stage.settings)).catalogue
    assert known.current is not None
    pack = known.pack(known.current)
    coming = known.following(pack, {"echo": "stopped"}, limits_in(stage.settings), "late", 0, Origin("test"))
    write(stage, names.CUSTOMER_EVENTS, 2, MARKER_KEY, None, [(DEFINITIONS, coming.version)])
    reason = f"partition 2: definitions {coming.version} are not on the definitions topic yet\n"
    wait_for("the pause", lambda: worker.get("/health/ready") == (503, reason))
    worker.kill()
    again = stage.start_worker()
    wait_for("the pause after a restart", lambda: again.get("/health/ready") == (503, reason))
    for key, value in records_of(coming, pack):
        write(stage, names.DEFINITIONS, 0, key, value)
    again.wait_ready()


def test_those_inside_are_counted_and_moved_and_none_is_left_nowhere(stage: Stage, project: Path) -> None:
    stage.start_worker().wait_ready()
    stage.produce(stage.event(user, "Basket Filled", cart="c") for user in USERS)
    stage.settle()
    assert counted(stage).customers == len(USERS)
    assert {place[::2]: count for place, count in counted(stage).places.items()} == {("basket", "wait-1"): len(USERS)}

    basket = project / "journeys" / "basket.yaml"
    rewrite(basket, "steps:\n  - wait:", "migrate: {}\nsteps:\n  - id: patience\n    wait:")
    rewrite(basket, "timeout: 1 hour", "timeout: 1 second")
    refused = stage.start_worker()
    refused.wait_ready()
    assert "goes on with definitions 1-" in refused.log
    assert f"{len(USERS)} of them stand at step 'wait-1', which it does not have: map it" in refused.log

    rewrite(basket, "migrate: {}", "migrate: {wait-1: patience}")
    put(stage, "apply")
    wait_for("the nudges", lambda: said(stage, "nudge") == USERS)
    assert stage.problems() == []


def test_who_changes_at_the_same_time_changes_one_after_the_other(stage: Stage) -> None:
    pack = Pack.from_json(load(stage.project).to_json())
    options = client_options(stage.settings, stage.bootstrap)

    async def decide(_: Any) -> Change:
        return Change(pack, "apply", Origin("test"))

    async def all_at_once() -> list[Applied | None]:
        return list(await asyncio.gather(*(change(options, stage.settings, decide) for _ in range(3))))

    made = asyncio.run(all_at_once())
    assert sorted(one.number for one in made if one is not None) == [1, 2, 3]
    assert [one["number"] for one in applied(stage)] == [1, 2, 3]
