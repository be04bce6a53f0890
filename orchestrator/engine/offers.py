"""What an offer in a customer's record is of: its action, its treatment, its stay in a journey."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.engine.customer import Instance, Offer
from orchestrator.engine.steps import Act
from orchestrator.errors import Bug

if TYPE_CHECKING:
    from orchestrator.engine.action import Action
    from orchestrator.engine.turn import Turn


def act_of(turn: Turn, made: Offer) -> Act | None:
    """The step that it came from; None for one that stands in a placement. Raises Bug if it came from another step."""
    if not made.journey:
        return None
    act = turn.journey(made.journey, made.version).steps.get(made.step)
    if not isinstance(act, Act):
        raise Bug(
            f"action {made.id} came from step '{made.step}' of '{made.journey}' {made.version}, which is no act step"
        )
    return act


def action_of(turn: Turn, made: Offer) -> Action | None:
    """Its action, in the version that it was offered in; of one that stands in a placement, in the one in force.

    None if there is no such action any more.
    """
    act = act_of(turn, made)
    return act.action if act is not None else turn.env.actions.get(made.action)


def stay_of(turn: Turn, made: Offer) -> Instance:
    """Its stay in a journey; one in no journey, with the event of the decision, if it stands in a placement."""
    if made.journey:
        return turn.customer.instances[made.instance]
    return no_stay(turn, made.cause or {})


def no_stay(turn: Turn, cause: dict[str, object]) -> Instance:
    """Stands for the stay of what is offered without a journey, at an event that is kept."""
    return Instance("", "", "", turn.customer.key, turn.at, cause)
