"""How many may enter a journey: of all customers of a partition number, and how often one of them."""

from __future__ import annotations

from orchestrator.durations import format_duration
from orchestrator.engine.entry import Cap
from orchestrator.engine.journey import Journey
from orchestrator.engine.turn import Turn


def refusal(turn: Turn, journey: Journey) -> str | None:
    """Why nobody, or not this customer, may enter now."""
    for cap in journey.entry.caps:
        if cap.each:
            times = turn.customer.entered.get(journey.name, ())
            if sum(_within(at, cap.per_ms, turn.at) for at in times) >= cap.most:
                return f"the customer entered {cap.most} times {_span(cap)}"
        elif turn.ledger.full(_name(journey, cap), cap.most, cap.per_ms, turn.now):
            return f"as many as may enter {_span(cap)} have entered: {cap.most} over all partitions"
    return None


def count(turn: Turn, journey: Journey) -> None:
    """The customer enters."""
    kept = max((cap.most for cap in journey.entry.caps if cap.each), default=0)
    if kept:
        entered = turn.customer.entered
        entered[journey.name] = sorted([*entered.get(journey.name, ()), turn.at])[-kept:]
    for cap in journey.entry.caps:
        if not cap.each:
            turn.ledger.admit(_name(journey, cap), cap.per_ms, turn.now)


def _within(at: int, per_ms: int | None, now: int) -> bool:
    return per_ms is None or at > now - per_ms


def _name(journey: Journey, cap: Cap) -> str:
    return f"entry/{journey.name}/{'ever' if cap.per_ms is None else cap.per_ms}"


def _span(cap: Cap) -> str:
    return "in all" if cap.per_ms is None else f"within {format_duration(cap.per_ms)}"
