"""From an event on a topic to an action on another, as a stranger's consumer sees it."""

from __future__ import annotations

from tests.faults.harness import Stage


def test_events_become_actions(stage: Stage) -> None:
    worker = stage.start_worker()
    stage.produce(stage.event(f"user-{n % 50}", "Ticked", n=n) for n in range(2000))
    seen = stage.settle()
    assert len(seen.actions("crm")) == 1950
    print("stop", worker.stop())
    assert stage.problems() == []


def test_x(stage: Stage) -> None:
    import time
    t=time.time()
    worker = stage.start_worker()
    print("ready", worker.wait_ready())
    stage.produce(stage.event(f"user-{n % 5}", "Ticked", n=n) for n in range(10))
    print("produced", time.time()-t)
    seen = stage.settle()
    print("settled", time.time()-t)
    r = stage.replay(seen)
    print(r.problems)
    print(r.actions[0]); print(seen.records["actions.crm"][0])
    print(worker.log)
    print("stop", worker.stop())
