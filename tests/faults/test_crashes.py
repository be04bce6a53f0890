"""Processes die, hang, leave and come back: what is published stays as if nothing had happened."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

from orchestrator.kafka.broker import EmbeddedBroker
from tests.faults.harness import PATIENCE_S, Stage, Topics, WorkerProcess, wait_for
from tests.faults.load import Load, links


def decides(worker: WorkerProcess, more: int = 1) -> None:
    """Waits until it has decided some events (more)."""
    already = worker.decided()
    wait_for("events to be decided", lambda: worker.decided() >= already + more)


def assert_exact(stage: Stage, load: Load) -> Topics:
    """All is decided, each event once and in order, and everything is as the oracle says."""
    seen = stage.settle()
    assert links(seen.actions("crm")) == load.expected()
    assert stage.problems() == []
    return seen


def test_killed_and_started_again(stage: Stage) -> None:
    with Load(stage, backlog=6000) as load:
        for _ in range(2):
            worker = stage.start_worker()
            decides(worker, 500)
            worker.kill()
        decides(stage.start_worker(), 500)
    assert_exact(stage, load)


def test_stopped_and_started_again(stage: Stage) -> None:
    with Load(stage) as load:
        worker = stage.start_worker()
        decides(worker, 200)
        seconds = worker.stop()
        assert stage.members() == 0
        decides(stage.start_worker(), 200)
    print(f"a graceful stop took {seconds:.2f} s")
    assert seconds < 5
    assert_exact(stage, load)


def test_state_folder_deleted(stage: Stage) -> None:
    with Load(stage, backlog=3000) as load:
        worker = stage.start_worker()
        decides(worker, 1000)
        worker.kill()
        shutil.rmtree(stage.settings.state_folder)
        worker = stage.start_worker()
        decides(worker, 200)
        assert worker.metrics()["orchestrator_restored_records_total"] > 0
    assert_exact(stage, load)


def test_one_of_two_killed(stage: Stage) -> None:
    with Load(stage) as load:
        doomed, other = stage.start_worker(), stage.start_worker()
        wait_for("both to have partitions", lambda: assigned(doomed) == assigned(other) == 2)
        decides(doomed, 100)
        decides(other, 100)
        doomed.kill()
        seconds = wait_for_takeover(other)
        decides(other, 100)
    print(f"a takeover after a kill took {seconds:.1f} s")
    assert_exact(stage, load)


def test_one_of_two_stopped(stage: Stage) -> None:
    with Load(stage) as load:
        leaving, other = stage.start_worker(), stage.start_worker()
        wait_for("both to have partitions", lambda: assigned(leaving) == assigned(other) == 2)
        decides(leaving, 100)
        lags = [worker.partitions("orchestrator_input_lag_records") for worker in (leaving, other)]
        assert sorted(lags[0] | lags[1]) == ["0", "1", "2", "3"]
        assert not lags[0] & lags[1], "a worker tells of partitions that it has no more"
        leaving.stop()
        seconds = wait_for_takeover(other)
        decides(other, 100)
    print(f"a takeover after a graceful stop took {seconds:.1f} s")
    assert_exact(stage, load)


def test_hung_past_its_session(stage: Stage) -> None:
    with Load(stage) as load:
        hung, other = stage.start_worker(), stage.start_worker()
        wait_for("both to have partitions", lambda: assigned(hung) == assigned(other) == 2)
        decides(hung, 100)
        hung.signal(signal.SIGSTOP)
        wait_for_takeover(other)
        decides(other, 300)
        hung.signal(signal.SIGCONT)
        wait_for("both to have partitions again", lambda: assigned(hung) == assigned(other) == 2)
        decides(hung, 100)
    assert_exact(stage, load)


def test_broker_restarted_and_gone(tmp_path: Path, prefix: str) -> None:
    with EmbeddedBroker(tmp_path / "kafka", port=0) as broker:
        stage = Stage(broker.start(), prefix, tmp_path)
        stage.apply_topics()
        worker = stage.start_worker()
        with Load(stage, backlog=1000) as load:
            decides(worker, 200)
            broker.stop()
            broker.start()
            decides(worker, 200)
        assert_exact(stage, load)

        stage.produce(stage.event(f"user-{n % 50}", "Said", n=n) for n in range(10_000))
        decides(worker)
        broker.stop()
        seconds = worker.stop()
        print(f"a stop without a broker took {seconds:.1f} s")
        assert seconds < 30
        assert worker.log.count("\n") < 5_000, "an outage floods the log"
        stage.close(broker_is_there=False)


def test_killed_at_each_point_of_a_checkpoint(stage: Stage) -> None:
    with Load(stage, backlog=500) as load:
        for point in ("sent", "acknowledged", "offsets added", "committed", "stored"):
            doomed = stage.start_worker(die=(point, 7))
            assert doomed.process.wait(PATIENCE_S) == -signal.SIGKILL, doomed.log[-3000:]
        decides(stage.start_worker(), 200)
    assert_exact(stage, load)


def test_killed_at_least_once(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(guarantee="at_least_once")
    with Load(stage, backlog=3000) as load:
        # The changelog is acknowledged after the actions, so each checkpoint passes that point twice.
        for point, times in (("acknowledged", 7), ("acknowledged", 8), ("offsets committed", 3)):
            doomed = stage.start_worker(die=(point, times))
            assert doomed.process.wait(PATIENCE_S) == -signal.SIGKILL, doomed.log[-3000:]
        decides(stage.start_worker(), 500)
    seen = stage.settle()
    actions = {action["action_id"]: action for action in seen.actions("crm")}
    repeated = len(seen.actions("crm")) - len(actions)
    print(f"{repeated} of {len(actions)} actions came twice")
    expected = {(customer, link) for customer, found in load.expected().items() for link in found}
    assert {(customer, link) for customer, found in links(actions.values()).items() for link in found} == expected
    assert len(actions) == len(expected)


def assigned(worker: WorkerProcess) -> int:
    return int(worker.metrics().get("orchestrator_partitions_assigned", 0)) if worker.ready() else 0


def wait_for_takeover(worker: WorkerProcess) -> float:
    """Seconds until it has all partitions."""
    began = time.monotonic()
    wait_for("one worker to have all partitions", lambda: assigned(worker) == 4)
    return time.monotonic() - began
