"""What stands open for a customer on a channel now: offers that were published there and have not run out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.engine.action import Action
from orchestrator.engine.arbitration import Order, dear, order, unfit
from orchestrator.engine.customer import Instance, Offer
from orchestrator.engine.offers import action_of, stay_of
from orchestrator.engine.presence import hushed
from orchestrator.engine.reach import unreachable
from orchestrator.engine.treatment import Treatment
from orchestrator.engine.turn import Turn
from orchestrator.engine.wording import worded
from orchestrator.errors import ContentError
from orchestrator.moments import format_moment

QUIET: Final = "quiet"
CONTENT: Final = "content"

Excluded = dict[str, int]
"""How many were left out, by the rule that spoke against them."""


@dataclass(frozen=True, slots=True)
class _Opening:
    made: Offer
    action: Action
    treatment: Treatment
    instance: Instance
    order: Order


def openings(turn: Turn, channel: str, excluded: Excluded) -> list[dict[str, Any]]:
    """The offers with their content, the best first; of the same worth, what runs out first."""
    found = []
    for opening in sorted(_open(turn, channel), key=lambda each: (each.order, each.made.expires_at, each.made.id)):
        rule = _against(turn, opening)
        shown = None if rule is not None else _shown(turn, opening)
        if shown is None:
            excluded[rule or CONTENT] = excluded.get(rule or CONTENT, 0) + 1
        else:
            found.append(shown)
    return found


def _open(turn: Turn, channel: str) -> Iterator[_Opening]:
    for made in turn.customer.offers.values():
        if made.channel != channel or made.due is not None or made.expires_at <= turn.now:
            continue
        action = action_of(turn, made)
        if action is not None:
            treatment, instance = action.on(channel), stay_of(turn, made)
            yield _Opening(made, action, treatment, instance, order(action, treatment, turn.sight(instance)))


def _against(turn: Turn, opening: _Opening) -> str | None:
    """The rule that speaks against it now, whatever held when it was published."""
    customer, treatment, policy = turn.customer, opening.treatment, turn.env.policy.channel
    sight = turn.sight(opening.instance)
    verdict = (
        (None if opening.action.asks_nothing else unfit(opening.action, sight))
        or dear(opening.action, treatment, sight)
        or unreachable(customer, treatment)
        or (hushed(customer, policy, treatment, turn.now) if policy is not None else None)
    )
    if verdict is not None:
        return verdict.rule
    return QUIET if customer.quiet.get(opening.made.purpose, 0) > turn.now else None


def _shown(turn: Turn, opening: _Opening) -> dict[str, Any] | None:
    made = opening.made
    try:
        content = worded(turn, made, opening.treatment, opening.instance)
    except ContentError:
        return None
    return {
        "action_id": made.id,
        "action": made.action,
        "journey": made.journey or None,
        "step": made.step or None,
        "purpose": made.purpose,
        "goal": opening.action.goal,
        "group": opening.action.group,
        "priority": -opening.order[1],
        "expires_at": format_moment(made.expires_at),
        "content": content.fields,
    }
