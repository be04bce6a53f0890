"""How much a customer has to bear: what was said lately weighs on them, the more of it they ignored.

After ``HALF_LIVES`` a message weighs nothing and is ignored no longer: whoever never answers hears less, not nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil, log2
from typing import Final

from orchestrator.engine.contact_policy import Message, Pressure
from orchestrator.engine.contacts import Contact
from orchestrator.engine.verdict import Verdict
from orchestrator.moments import format_moment

HALF_LIVES: Final = 8
"""After so many a message weighs nothing that anybody would notice."""

_WEIGHT: Final = 1.0
"""Of a message on a channel for which nothing is said."""


def too_much(rule: Pressure, message: Message, contacts: Iterable[Contact], now: int) -> Verdict | None:
    """Why one more message would be too much; None if the customer bears it."""
    if not rule.scope.binds(message):
        return None
    borne = [contact for contact in contacts if contact.counts and rule.scope.binds(contact)]
    figure, ignored = pressure(rule, borne, now)
    weight = _weight(rule, message.channel, ignored)
    if figure + weight <= rule.limit:
        return None
    said = f"a pressure of {figure:.1f}, and this message would add {weight:.1f}: the limit is {rule.limit:g}"
    if ignored:
        said += f"; the last {ignored} were not answered" if ignored > 1 else "; the last one was not answered"
    if _weight(rule, message.channel, 0) > rule.limit:
        return Verdict("pressure", said)
    eased = _eased(rule, borne, now, figure, ignored, message.channel)
    said = f"{said}; eased on {format_moment(eased)}"
    return Verdict("pressure", said, eased + 1 if rule.waits else None)


def pressure(rule: Pressure, contacts: Sequence[Contact], now: int) -> tuple[float, int]:
    """How much the messages, the oldest first, weigh on the customer now; and how many in a row were ignored."""
    figure, ignored = 0.0, 0
    for contact in contacts:
        age = max(now - contact.at, 0)
        if contact.answered:
            ignored = 0
        if contact.answered or age >= HALF_LIVES * rule.half_life_ms:
            continue
        figure += _weight(rule, contact.channel, ignored) * 0.5 ** (age / rule.half_life_ms)
        if age >= rule.ignored_after_ms:
            ignored += 1
    return figure, ignored


def _eased(rule: Pressure, borne: Sequence[Contact], now: int, figure: float, ignored: int, channel: str) -> int:
    """When one more may be said; or, where it would be too much by itself, when fewer count as ignored."""
    lasts_ms, weight, alone = HALF_LIVES * rule.half_life_ms, _weight(rule, channel, ignored), _weight(rule, channel, 0)
    weighing = [contact.at for contact in borne if not contact.answered]
    gone = weighing[-1] + lasts_ms
    if weight < rule.limit:
        return min(now + ceil(rule.half_life_ms * log2(figure / (rule.limit - weight))), gone)
    if alone == rule.limit:
        return gone
    row = [at for at in weighing if now - at >= rule.ignored_after_ms][-ignored:]
    borne_with = ceil((rule.limit / alone - 1) / rule.growth) - 1
    return row[ignored - borne_with - 1] + lasts_ms


def _weight(rule: Pressure, channel: str, ignored: int) -> float:
    return rule.weights.get(channel, _WEIGHT) * (1 + rule.growth * ignored)
