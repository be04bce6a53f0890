"""What it costs to choose the best of many actions: ``python -m benchmarks.decisions``; it needs no broker.

Each action asks three conditions, has a context weight and, each second one, a value in CEL; for a customer like those
here about half of them pass. Times are of the processor.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from orchestrator.engine import Env
from orchestrator.engine.customer import Customer
from orchestrator.engine.standing import rank_placement
from orchestrator.engine.turn import Turn
from orchestrator.events.event import Event
from orchestrator.journeys.compile import compile_env
from orchestrator.testing.texts import pack_of

COUNTS = (10, 50, 500)
DECISIONS = 1_000
DAY_MS = 86_400_000
NOW = 1_767_225_600_000
PLACEMENT = "home"
GOALS = ("inform", "solve", "anticipate", "sell", "retain", "serve")
WORLD = """
channels:
  web: {address: id, consent: opt_out, content: {text: {}}}
---
placements:
  home: {channel: web, places: 3, per_group: 1, on: Page Viewed}
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one decision among so many actions, in microseconds."""

    actions: int
    passed: int
    p50_us: float
    p99_us: float


def action(number: int) -> str:
    """One of many actions, each a little other than the others."""
    value = f"customer.traits.margin * {number % 7 + 1}.0" if number % 2 else str(10 + number % 50)
    return f"""---
action: action-{number}
channel: web
goal: {GOALS[number % len(GOALS)]}
group: group-{number % 20}
value: {value}
cost: 0.05
lever: {number % 50}
weights: [{{name: on-topic, if: event.properties.category == "c{number % 9}", weight: 30}}]
propensity: 0.{number % 9 + 1}
eligibility: customer.traits.age >= {18 + number % 30}
applicability: customer.traits.city == "Oslo" || customer.traits.visits > {number % 40}
suitability: "!(has(customer.traits.complaint) && customer.traits.complaint == true)"
content: {{text: hello}}
"""


def env_of(actions: int) -> Env:
    """A placement for so many actions."""
    text = WORLD + "".join(map(action, range(actions)))
    return compile_env(pack_of(text), dedupe_count=8, dedupe_window_ms=DAY_MS, late_after_ms=DAY_MS)


def customer(number: int) -> Customer:
    """One of many customers."""
    traits = {"age": 20 + number % 50, "city": ("Oslo", "Rome")[number % 2], "visits": number % 30, "margin": 3.5}
    return Customer(f"u:{number}", NOW, NOW, traits=traits)


def view(number: int) -> Event:
    """A page view, by which the placement is decided."""
    properties = {"category": f"c{number % 9}"}
    return Event(f"e{number}", "Page Viewed", NOW, NOW, f"{number}", None, None, properties, {}, {}, None)


def measure(actions: int, decisions: int = DECISIONS) -> Cost:
    """What a decision costs, over so many customers."""
    env, costs, passed = env_of(actions), [], 0
    placement = env.placements[PLACEMENT]
    for number in range(decisions):
        turn = Turn(env, customer(number), view(number), NOW)
        began = time.process_time_ns()
        ranking = rank_placement(turn, placement, turn.sight())
        costs.append((time.process_time_ns() - began) / 1_000)
        passed += ranking.candidates - sum(ranking.excluded.values())
    costs.sort()
    return Cost(actions, passed // decisions, costs[len(costs) // 2], costs[len(costs) * 99 // 100])


def main() -> None:
    """Prints a row for each number of actions."""
    print("\n| decisions among | pass | p50 ms | p99 ms | decisions/s |\n|---|---|---|---|---|")
    for count in COUNTS:
        cost = measure(count)
        rate = 1_000_000 / cost.p50_us
        row = f"{cost.passed} | {cost.p50_us / 1000:.3f} | {cost.p99_us / 1000:.3f} | {rate:,.0f}"
        print(f"| {count} actions | {row} |", flush=True)


if __name__ == "__main__":
    main()
