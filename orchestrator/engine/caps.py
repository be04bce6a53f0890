"""How many may enter a journey: of all customers of a partition number, and how often one of them."""

from __future__ import annotations

from typing import Final

from orchestrator.durations import format_duration
from orchestrator.engine.entry import Cap
from orchestrator.engine.journey import Journey
from orchestrator.engine.partners import Partner, asking
from orchestrator.engine.turn import Turn

_DAY_MS: Final = 86_400_000


def refusal(turn: Turn, journey: Journey) -> str | None:
    """Why nobody, or not this customer, may enter now."""
    for cap in journey.entry.caps:
        if cap.each:
            times = turn.customer.entered.get(journey.name, ())
            if sum(_within(at, cap.per_ms, turn.at) for at in times) >= cap.most:
                return f"the customer entered {cap.most} times {_span(cap)}"
        elif turn.ledger.full(_name(journey, cap), cap.most, cap.per_ms, turn.now):
            return f"as many as may enter {_span(cap)} have entered: {cap.most} over all partitions"
    partner = _partner(turn, journey)
    limit = partner.daily_limit if partner is not None else None
    if partner is not None and limit is not None and turn.ledger.full(_daily(partner), limit, _DAY_MS, turn.now):
        return f"the partner '{partner.name}' has put in as many as they may within a day: {limit} over all partitions"
    return None


def count(turn: Turn, journey: Journey) -> None:
    """The customer enters."""
    if not journey.entry.caps and not turn.env.partners:
        return
    kept = max((cap.most for cap in journey.entry.caps if cap.each), default=0)
    if kept:
        entered = turn.customer.entered
        entered[journey.name] = sorted([*entered.get(journey.name, ()), turn.at])[-kept:]
    for cap in journey.entry.caps:
        if not cap.each:
            turn.ledger.admit(_name(journey, cap), cap.per_ms, turn.now)
    partner = _partner(turn, journey)
    if partner is not None and partner.daily_limit is not None:
        turn.ledger.admit(_daily(partner), _DAY_MS, turn.now)


def _partner(turn: Turn, journey: Journey) -> Partner | None:
    """The partner who asks that the customer enters, if there are any and one does."""
    if not turn.env.partners or turn.event is None:
        return None
    return asking(turn.env.partners, turn.event, journey.name)


def _daily(partner: Partner) -> str:
    return f"partner/{partner.name}"


def _within(at: int, per_ms: int | None, now: int) -> bool:
    return per_ms is None or at > now - per_ms


def _name(journey: Journey, cap: Cap) -> str:
    return f"entry/{journey.name}/{'ever' if cap.per_ms is None else cap.per_ms}"


def _span(cap: Cap) -> str:
    return "in all" if cap.per_ms is None else f"within {format_duration(cap.per_ms)}"
