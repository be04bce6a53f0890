"""What a worker refuses to run on, in words that say what to do."""

from __future__ import annotations

from collections.abc import Callable

from confluent_kafka import admin

from orchestrator.kafka.topics import CO_PARTITIONED
from tests.faults.harness import PATIENCE_S, Stage


def add_partitions(stage: Stage, count: int, *topics: str) -> None:
    client = admin.AdminClient({"bootstrap.servers": stage.bootstrap, "log_level": 0})
    asked = [admin.NewPartitions(stage.settings.topic(topic), count) for topic in topics]  # type: ignore[attr-defined]
    for future in client.create_partitions(asked).values():
        future.result(PATIENCE_S)


def refusal(stage: Stage, **flags: object) -> str:
    worker = stage.start_worker(**flags)
    assert worker.process.wait(PATIENCE_S) == 2, worker.log[-3000:]
    return worker.log


def test_unequal_partition_counts(stage: Stage) -> None:
    add_partitions(stage, 6, "events.call")
    log = refusal(stage)
    assert "these topics need one number of partitions" in log
    assert f"{stage.settings.topic('events.call')} has 6" in log
    assert f"{stage.settings.topic('events.click')} has 4" in log
    assert "create the ones that differ anew" in log


def test_changed_partition_count(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage()
    worker = stage.start_worker()
    stage.produce(stage.event(f"user-{n}", "Said", n=1) for n in range(50))
    stage.settle()
    worker.stop()
    add_partitions(stage, 6, *CO_PARTITIONED)
    assert "the topics have 6 partitions, but the setting says 4: set partitions = 6" in refusal(stage)
    log = refusal(stage, partitions=6)
    assert "was made with 4 partitions per topic, now there are 6" in log
    assert "Set the old number again, or start with a new group and a new prefix" in log
