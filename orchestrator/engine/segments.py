"""Rules of this file: a customer enters and leaves segments only here, and only those are asked that read what changed.

Each change of membership is a line in the journey log.
"""

from __future__ import annotations

import heapq
from bisect import insort
from typing import Final

from orchestrator.engine.audience import EVERYTHING, Segment
from orchestrator.engine.turn import Turn
from orchestrator.errors import Unmet
from orchestrator.events.view import View
from orchestrator.moments import format_moment

Moved = list[tuple[str, bool]]
"""Segments entered (True) or left (False), of which journeys have not heard yet."""

_NOTHING: Final = View({}, {})


def update(turn: Turn, reason: str | None = None) -> Moved:
    """Asks the segments that read what has changed in this turn; those entered (True) or left (False), in order."""
    audience, customer = turn.env.audience, turn.customer
    moved: Moved = []
    asked: set[str] = set()
    waiting = _positions(turn, asked)
    turn.changed.clear()
    while waiting:
        segment = audience.ordered[heapq.heappop(waiting)]
        belongs = _belongs(turn, segment)
        if belongs == (segment.name in customer.segments):
            continue
        if belongs:
            insort(customer.segments, segment.name)
        else:
            customer.segments.remove(segment.name)
        turn.profile_changed()
        _say(turn, segment.name, belongs, reason)
        moved.append((segment.name, belongs))
        for name in audience.reading(f"segments.{segment.name}") - asked:
            asked.add(name)
            heapq.heappush(waiting, audience.places[name])
    return moved


def _positions(turn: Turn, asked: set[str]) -> list[int]:
    audience = turn.env.audience
    if EVERYTHING in turn.changed:
        asked.update(audience.segments)
        return list(range(len(audience.ordered)))
    for part in turn.changed:
        asked |= audience.reading(part)
    return sorted(audience.places[name] for name in asked)


def _belongs(turn: Turn, segment: Segment) -> bool:
    """A condition that has no value does not hold."""
    try:
        return segment.condition.met(_NOTHING, turn.customer_view(), _NOTHING)
    except Unmet:
        return False


def _say(turn: Turn, name: str, entered: bool, reason: str | None) -> None:
    turn.say(
        {
            "kind": "segment",
            "customer_id": turn.customer_id,
            "at": format_moment(turn.now),
            "segment": name,
            "happened": "entered" if entered else "left",
            "reason": reason,
            "trigger": turn.trigger(),
        }
    )
