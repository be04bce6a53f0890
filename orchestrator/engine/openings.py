"""What stands open for a customer on a channel now: offers that were published there and have not run out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from orchestrator.engine.customer import Offer
from orchestrator.engine.reach import unreachable
from orchestrator.engine.steps import Act
from orchestrator.engine.treatment import Treatment
from orchestrator.engine.turn import Turn, journey_view
from orchestrator.errors import ContentError
from orchestrator.moments import format_moment

QUIET: Final = "quiet"
CONTENT: Final = "content"

Excluded = dict[str, int]
"""How many were left out, by the rule that spoke against them."""


def openings(turn: Turn, channel: str, excluded: Excluded) -> list[dict[str, Any]]:
    """The offers with their content, the most important first; of the same weight, what runs out first."""
    standing = sorted(_standing(turn, channel), key=lambda pair: (-pair[1].priority, pair[0].expires_at, pair[0].id))
    found = []
    for made, treatment in standing:
        rule = _against(turn, made, treatment)
        shown = None if rule is not None else _shown(turn, made, treatment)
        if shown is None:
            excluded[rule or CONTENT] = excluded.get(rule or CONTENT, 0) + 1
        else:
            found.append(shown)
    return found


def _standing(turn: Turn, channel: str) -> Iterator[tuple[Offer, Treatment]]:
    for made in turn.customer.offers.values():
        if made.channel == channel and made.due is None and made.expires_at > turn.now:
            act = turn.journey(made.journey, made.version).steps[made.step]
            if isinstance(act, Act):
                yield from ((made, each) for each in act.action.treatments if each.channel.name == channel)


def _against(turn: Turn, made: Offer, treatment: Treatment) -> str | None:
    verdict = unreachable(turn.customer, treatment)
    if verdict is not None:
        return verdict.rule
    return QUIET if turn.customer.quiet.get(made.purpose, 0) > turn.now else None


def _shown(turn: Turn, made: Offer, treatment: Treatment) -> dict[str, Any] | None:
    instance = turn.customer.instances[made.instance]
    seen = turn.event_view(instance), turn.customer_view(), journey_view(instance)
    try:
        content = treatment.content.render(*seen, turn.env.policy, turn.now, turn.shelf)
    except ContentError:
        return None
    return {
        "action_id": made.id,
        "action": made.action,
        "journey": made.journey,
        "step": made.step,
        "purpose": made.purpose,
        "priority": treatment.priority,
        "expires_at": format_moment(made.expires_at),
        "content": content.fields,
    }
