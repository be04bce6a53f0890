"""Waits outlive workers, and end only when all that came before them has been read."""

from __future__ import annotations

import shutil
import signal

from tests.faults.harness import Stage, wait_for
from tests.faults.load import now_ms

CARTS = 60
HOUR_MS = 3_600_000
WAIT_MS = 3_000
"""For a filled cart to be bought: see project/journeys/nudge.yaml."""


def said(stage: Stage) -> dict[str, list[str]]:
    """By kind of action, the carts that it is about."""
    found: dict[str, list[str]] = {"nudge": [], "thanks": []}
    for action in stage.catch_up().actions("crm"):
        found[action["action"]].append(action["content"]["fields"]["cart"])
    return {kind: sorted(carts) for kind, carts in found.items()}


def test_an_outage_while_customers_wait(stage: Stage) -> None:
    """Waits outlive a kill and the loss of the state, and what was bought meanwhile is read before they end."""
    worker = stage.start_worker()
    worker.wait_ready()
    due = now_ms() + 8_000
    filled, bought = due - HOUR_MS, due - HOUR_MS // 2
    carts = sorted(f"cart-{n}" for n in range(CARTS))
    buyers = carts[::2]
    stage.produce((stage.event(f"user-{cart}", "Basket Filled", filled, cart=cart) for cart in carts), at=filled)
    stage.settle()
    worker.kill()
    assert said(stage) == {"nudge": [], "thanks": []}
    shutil.rmtree(stage.settings.state_folder / "worker-1" / "0")
    shopping = (stage.event(f"user-{cart}", "Bought", bought, cart=cart) for cart in buyers)
    stage.produce(shopping, "events.purchase", at=bought)
    wait_for("the waits to be over", lambda: now_ms() > due)
    worker = stage.start_worker()
    wait_for("all to be said", lambda: sum(map(len, said(stage).values())) >= CARTS)
    assert said(stage) == {"nudge": [cart for cart in carts if cart not in buyers], "thanks": buyers}
    worker.stop()
    assert stage.problems() == []


def test_after_a_hang_what_came_meanwhile_comes_first(stage: Stage) -> None:
    """A worker that stood still, as on a laptop that slept, may not think that nothing came because it saw nothing."""
    worker = stage.start_worker()
    worker.wait_ready()
    carts = sorted(f"cart-{n}" for n in range(CARTS))
    stage.produce(stage.event(f"user-{cart}", "Cart Filled", cart=cart) for cart in carts)
    stage.settle()
    worker.signal(signal.SIGSTOP)
    stage.produce((stage.event(f"user-{cart}", "Bought", cart=cart) for cart in carts), "events.purchase")
    due = now_ms() + WAIT_MS
    wait_for("the waits to be over", lambda: now_ms() > due)
    worker.signal(signal.SIGCONT)
    wait_for("all thanks", lambda: sum(map(len, said(stage).values())) >= CARTS)
    assert said(stage) == {"nudge": [], "thanks": carts}
    worker.stop()
    assert stage.problems() == []
