"""What stands open for a customer on a channel now: what was published there and has not run out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.engine.action import Action
from orchestrator.engine.arbitration import Order, dear, order, unfit
from orchestrator.engine.customer import Instance, Offer
from orchestrator.engine.offers import action_of, stay_of
from orchestrator.engine.placement import Placement
from orchestrator.engine.presence import hushed
from orchestrator.engine.reach import unreachable
from orchestrator.engine.standing import standing_in
from orchestrator.engine.treatment import Treatment
from orchestrator.engine.turn import Turn, remember
from orchestrator.engine.wording import worded
from orchestrator.errors import ContentError
from orchestrator.moments import format_moment

QUIET: Final = "quiet"
HELD: Final = "held"
"""It stands in a placement and has not gone out yet: it waits for a place of its channel, or its channel is paused."""

CONTENT: Final = "content"

Excluded = dict[str, int]
"""How many were left out, by the rule that spoke against them."""


@dataclass(frozen=True, slots=True)
class _Opening:
    turn: Turn
    made: Offer
    action: Action
    treatment: Treatment
    instance: Instance
    order: Order


def openings(turn: Turn, channel: str, placement: Placement | None, excluded: Excluded) -> list[dict[str, Any]]:
    """The offers with their content, the best first; of the same worth, what runs out first.

    With a placement those that stand in it, and those of journeys; without one, those of all placements of the channel.
    """
    offers = list(_of_journeys(turn, channel))
    for each in [placement] if placement is not None else turn.env.placements.values():
        if each.channel == channel:
            offers += _standing(turn, each)
    opened = [opening for made in offers if (opening := _opened(turn, made)) is not None]
    found = []
    for opening in sorted(opened, key=lambda each: (each.order, each.made.expires_at, each.made.id)):
        rule = _against(opening)
        shown = None if rule is not None else _shown(opening)
        if shown is None:
            excluded[rule or CONTENT] = excluded.get(rule or CONTENT, 0) + 1
        else:
            found.append(shown)
    return found


def _of_journeys(turn: Turn, channel: str) -> Iterator[Offer]:
    for made in turn.customer.offers.values():
        if made.channel == channel and not made.placement and made.due is None and made.expires_at > turn.now:
            yield made


def _standing(turn: Turn, placement: Placement) -> Iterator[Offer]:
    """What stands in a placement; of what was delivered already, the record keeps no offer."""
    customer = turn.customer
    for name, id_, place, expires_at in standing_in(turn, placement):
        action = turn.env.actions.get(name)
        if action is not None:
            yield customer.offers.get(id_) or Offer(
                id=id_,
                instance="",
                journey="",
                version="",
                step="",
                action=name,
                channel=placement.channel,
                purpose=action.purpose,
                customer_id=customer.id,
                trigger={},
                expires_at=expires_at,
                due=None,
                placement=placement.name,
                place=place,
                cause=remember(turn.event) if turn.event is not None else None,
            )


def _opened(turn: Turn, made: Offer) -> _Opening | None:
    action = action_of(turn, made)
    if action is None:
        return None
    treatment, instance = action.on(made.channel), stay_of(turn, made)
    # What a journey says is about what happened in it; what stands in a placement, about what is asked now.
    seen = turn if made.placement else turn.aside()
    return _Opening(seen, made, action, treatment, instance, order(action, treatment, seen.sight(instance)))


def _against(opening: _Opening) -> str | None:
    """The rule that speaks against it now, whatever held when it was published."""
    if opening.made.due is not None:
        return HELD
    turn = opening.turn
    customer, action, treatment = turn.customer, opening.action, opening.treatment
    policy, sight = turn.env.policy.channel, turn.sight(opening.instance)
    verdict = (
        (None if action.asks_nothing else unfit(action, sight))
        or dear(action, treatment, sight)
        or unreachable(customer, treatment)
        or (hushed(customer, policy, treatment, turn.now) if policy is not None else None)
    )
    if verdict is not None:
        return verdict.rule
    return QUIET if customer.quiet.get(opening.made.purpose, 0) > turn.now else None


def _shown(opening: _Opening) -> dict[str, Any] | None:
    turn, made = opening.turn, opening.made
    try:
        content = worded(turn, made, opening.treatment, opening.instance)
    except ContentError:
        return None
    return {
        "action_id": made.id,
        "action": made.action,
        "journey": made.journey or None,
        "step": made.step or None,
        "placement": made.placement or None,
        "purpose": made.purpose,
        "goal": opening.action.goal,
        "group": opening.action.group,
        "priority": -opening.order[1],
        "expires_at": format_moment(made.expires_at),
        "content": content.fields,
    }
