"""What an offer in a customer's record is of: its action, its treatment, its stay in a journey."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.engine.customer import Instance, Offer
from orchestrator.engine.steps import Act, Choose
from orchestrator.errors import Bug

if TYPE_CHECKING:
    from orchestrator.engine.action import Action
    from orchestrator.engine.turn import Turn


def act_of(turn: Turn, made: Offer) -> Act | None:
    """The step that it came from; None for one that stands in a placement or was chosen of several."""
    if not made.journey:
        return None
    step = _step_of(turn, made)
    return step if isinstance(step, Act) else None


def action_of(turn: Turn, made: Offer) -> Action | None:
    """Its action, in the version that it was offered in; of one that stands in a placement, in the one in force.

    None if there is no such action any more.
    """
    if not made.journey:
        return turn.env.actions.get(made.action)
    step = _step_of(turn, made)
    if isinstance(step, Act):
        return step.action
    return next((action for action, _ in step.candidates if action.name == made.action), None)


def _step_of(turn: Turn, made: Offer) -> Act | Choose:
    step = turn.journey(made.journey, made.version).steps.get(made.step)
    if not isinstance(step, Act | Choose):
        raise Bug(
            f"action {made.id} came from step '{made.step}' of '{made.journey}' {made.version}, which is no act step"
        )
    return step


def stay_of(turn: Turn, made: Offer) -> Instance:
    """Its stay in a journey; one in no journey, with the event of the decision, if it stands in a placement."""
    if made.journey:
        return turn.customer.instances[made.instance]
    return no_stay(turn, made.cause or {})


def no_stay(turn: Turn, cause: dict[str, Any]) -> Instance:
    """Stands for the stay of what is offered without a journey, at an event that is kept."""
    return Instance("", "", "", turn.customer.key, turn.at, cause)
