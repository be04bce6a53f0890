"""How much memory a worker needs when there are many customers."""

from __future__ import annotations

import shutil
from base64 import b64encode
from hashlib import blake2b
from itertools import islice

import pytest

from orchestrator.streams.store import Store
from tests.faults.harness import Stage, wait_for

CUSTOMERS = 200_000
ALLOWED_MB = 400


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_many_customers(stage: Stage) -> None:
    """200,000 customers of 1 KB each: taken in, restored from the changelog, and each of them seen again."""
    worker = stage.start_worker()
    worker.wait_ready()
    empty = worker.resident_mb()
    identify_all(stage, 1)
    wait_for("all to be decided", lambda: worker.decided() >= CUSTOMERS, 300)
    taken_in = worker.resident_mb("VmHWM")
    worker.stop()

    shutil.rmtree(stage.settings.state_folder)
    worker = stage.start_worker()
    seconds = worker.wait_ready(300)
    metrics = worker.metrics()
    assert metrics["orchestrator_restored_records_total"] >= CUSTOMERS
    restored = worker.resident_mb("VmHWM")
    identify_all(stage, 2)
    wait_for("all to be decided again", lambda: worker.decided() >= CUSTOMERS, 300)
    most = worker.resident_mb("VmHWM")
    size = metrics["orchestrator_state_bytes"] / 1e6
    worker.stop()
    print(
        f"resident: {empty:.0f} MB without customers, at most {taken_in:.0f} MB when {CUSTOMERS} were taken in, "
        f"{restored:.0f} MB when they were restored in {seconds:.1f} s ({size:.0f} MB on disk), "
        f"{most:.0f} MB when each was seen again"
    )
    assert most < ALLOWED_MB
    assert average_record_bytes(stage) >= 1000


def identify_all(stage: Stage, number: int) -> None:
    stage.produce(
        (
            {"type": "identify", "messageId": f"{number}/{n}", "userId": f"user-{n}", "traits": traits(f"{number}/{n}")}
            for n in range(CUSTOMERS)
        ),
        "events.profile",
    )


def traits(seed: str) -> dict[str, str]:
    """Text that cannot be compressed much, as much of it as customers of one kilobyte have."""
    return {
        f"trait_{n}": b64encode(blake2b(f"{seed}/{n}".encode(), digest_size=48).digest()).decode() for n in range(9)
    }


def average_record_bytes(stage: Stage) -> float:
    """Of some customers of the first partition number."""
    store = Store(stage.settings.state_folder / "worker-1" / "0")
    try:
        sizes = [len(value) for _, value in islice(store.records(), 1000)]
    finally:
        store.close()
    return sum(sizes) / len(sizes)
