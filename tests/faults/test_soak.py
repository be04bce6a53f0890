"""Everything at once, for minutes: three workers under a mixed load, and each second something may happen to them."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.engine.customer import Customer, decode, is_customer
from orchestrator.kafka.broker import EmbeddedBroker
from tests.faults.harness import Stage, Topics, WorkerProcess, wait_for

SECONDS = int(os.environ.get("SOAK_SECONDS", "120"))
WORKERS = 3
PEOPLE = 40


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 600)
def test_everything_at_once(tmp_path: Path, prefix: str) -> None:
    """``SOAK_SEED`` and ``SOAK_SECONDS`` choose another run."""
    seed = int(os.environ.get("SOAK_SEED", time.time()))
    print(f"seed {seed}")
    chance = random.Random(seed)
    with EmbeddedBroker(tmp_path / "kafka", port=0) as broker:
        stage = Stage(broker.start(), prefix, tmp_path)
        stage.apply_topics()
        try:
            run(stage, broker, chance)
        finally:
            stage.close()


def run(stage: Stage, broker: EmbeddedBroker, chance: random.Random) -> None:
    workers = [stage.start_worker() for _ in range(WORKERS)]
    for worker in workers:
        worker.wait_ready()
    ending = threading.Event()
    load = threading.Thread(target=produce, args=(stage, random.Random(chance.random()), ending))
    load.start()
    try:
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            time.sleep(chance.uniform(0.2, 4))
            happen(chance, stage, workers, broker)
            supervise(stage, workers)
    finally:
        ending.set()
        load.join()
    supervise(stage, workers)
    for worker in workers:
        worker.wait_ready()
    stage.settle(180)
    wait_for("the last carts to be nudged", lambda: not waiting(stage.catch_up()))
    for worker in workers:
        worker.stop()
    seen = stage.catch_up()
    print(f"{sum(map(len, seen.inputs().values()))} records read, {len(seen.actions())} actions")
    assert stage.problems() == []


def waiting(seen: Topics) -> list[str]:
    """Those who have filled a cart, which is to be bought within three seconds."""
    records = [decode(value) for key, value in seen.changelog().items() if is_customer(key)]
    customers = [record for record in records if isinstance(record, Customer)]
    stays = [stay for customer in customers for stay in customer.instances.values() if stay.journey == "nudge"]
    return [stay.origin for stay in stays if stay.due is not None]


def happen(chance: random.Random, stage: Stage, workers: list[WorkerProcess], broker: EmbeddedBroker) -> None:
    number = chance.randrange(WORKERS)
    worker = workers[number]
    if worker.process.poll() is not None:
        return
    what = chance.choices(("kill", "stop", "hang", "hang long", "restart broker"), (4, 2, 3, 1, 1))[0]
    print(f"{time.strftime('%X')} {what} {number}")
    if what == "restart broker":
        broker.stop()
        time.sleep(chance.uniform(0, 3))
        broker.start()
    elif what.startswith("hang"):
        worker.signal(signal.SIGSTOP)
        time.sleep(chance.uniform(0.1, 2) + (3 if what == "hang long" else 0))
        worker.signal(signal.SIGCONT)
    else:
        if what == "kill":
            worker.kill()
        else:
            wait_for("it to listen to signals", lambda: worker.get("/health/live")[0] == 200)
            worker.stop()
        workers[number] = stage.start_worker()


def supervise(stage: Stage, workers: list[WorkerProcess]) -> None:
    """Starts those anew that ended by themselves, as they may when they start while Kafka is down."""
    for number, worker in enumerate(workers):
        if worker.process.poll() is not None:
            last = worker.log.splitlines()[-1]
            print(f"{time.strftime('%X')} {number} ended: {last}")
            assert worker.process.returncode == 1, worker.log[-3000:]
            assert "Kafka" in last or "nothing listens" in last, worker.log[-3000:]
            workers[number] = stage.start_worker()


def produce(stage: Stage, chance: random.Random, ending: threading.Event) -> None:
    events = mixed(stage, chance)
    while not ending.wait(0.1):
        batch: dict[str, list[Any]] = {}
        for _ in range(40):
            topic, event = next(events)
            batch.setdefault(topic, []).append(event)
        for topic, found in batch.items():
            stage.produce(found, topic)


def mixed(stage: Stage, chance: random.Random) -> Iterator[tuple[str, dict[str, Any]]]:
    n = 0
    while True:
        n += 1
        person = chance.randrange(PEOPLE)
        user, visitor = f"user-{person}", f"visitor-{person}-{n // 4000}"
        known = chance.random() < 0.7
        name = chance.choice(("Ticked", "Ticked", "Ticked", "Said", "Cart Filled", "Bought", "Asked", "Turned Down"))
        topic = "events.purchase" if name in ("Bought", "Turned Down") else "events.click"
        few = n // 20
        if chance.random() < 0.02:
            both = {"anonymousId": visitor, "type": "identify", "traits": {"name": f"{user}/{n}"}}
            yield "events.profile", {**stage.event(user, "x"), **both}
        elif known:
            yield topic, stage.event(user, name, n=few, cart=few)
        else:
            yield topic, {**stage.event(None, name, n=few, cart=few), "anonymousId": visitor}
