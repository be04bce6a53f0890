"""Arms as customers have them: given once, kept in the record, logged when they matter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from orchestrator.engine.customer import EXPERIMENTS_KEPT, Assignment, Customer, Instance
from orchestrator.engine.experiments import Arm, drawn
from orchestrator.engine.journey import Journey
from orchestrator.engine.treatment import CONSENT_FREE
from orchestrator.engine.turn import Turn
from orchestrator.moments import format_moment

_EVERYWHERE: Final = "*"
_HELD: Final = "held"
_FREE: Final = "free"


def assign(turn: Turn, name: str, arms: Sequence[Arm]) -> tuple[Arm, bool] | None:
    """The customer's arm, and whether it is given to them now; None if no arm is open."""
    kept = turn.customer.experiments.get(name)
    if kept is not None:
        own = next((arm for arm in arms if arm.name == kept.arm and arm.weight > 0), None)
        if own is not None:
            return own, False
    arm = drawn(turn.customer_id, name, arms)
    if arm is None:
        return None
    turn.customer.experiments[name] = Assignment(arm.name, turn.at)
    bound_experiments(turn.customer)
    return arm, True


def bound_experiments(customer: Customer) -> None:
    """Forgets the arms that are too many, the oldest first; most of them the hash gives again."""
    kept = customer.experiments
    while len(kept) > EXPERIMENTS_KEPT:
        del kept[min(kept, key=lambda name: (kept[name].at, name))]


def unite_experiments(customer: Customer, other: Customer) -> None:
    """Of two arms in one experiment the older assignment holds, whichever record comes first."""
    for name, theirs in other.experiments.items():
        mine = customer.experiments.get(name)
        if mine is None or (theirs.at, theirs.arm) < (mine.at, mine.arm):
            customer.experiments[name] = theirs
    bound_experiments(customer)


def expose(turn: Turn, instance: Instance, step: str, experiment: str, arm: Arm, *, first: bool) -> None:
    """Logs that the customer is treated as their arm has it."""
    turn.say(
        {
            "kind": "exposure",
            "customer_id": turn.customer_id,
            "at": format_moment(turn.now),
            "journey": instance.journey,
            "version": instance.version,
            "instance": instance.key,
            "step": step,
            "experiment": experiment,
            "arm": arm.name,
            "control": arm.control,
            "first": first,
            "trigger": turn.trigger(),
        }
    )


def held_out(turn: Turn, journey: Journey) -> str | None:
    """Why a customer who could enter is held out, to be compared with; logged when it is decided."""
    everywhere = turn.env.policy.holdout_percent
    if everywhere and journey.purpose not in CONSENT_FREE and _holds(turn, journey, _EVERYWHERE, everywhere):
        return "held out of all journeys"
    if journey.holdout and _holds(turn, journey, journey.name, journey.holdout):
        return "held out of this journey"
    return None


def _holds(turn: Turn, journey: Journey, scope: str, percent: float) -> bool:
    assigned = assign(turn, f"holdout:{scope}", (Arm(_HELD, percent), Arm(_FREE, 100 - percent)))
    assert assigned is not None
    arm, first = assigned
    if first:
        turn.say(
            {
                "kind": "holdout",
                "customer_id": turn.customer_id,
                "at": format_moment(turn.now),
                "journey": journey.name,
                "version": journey.version,
                "scope": "all" if scope == _EVERYWHERE else "journey",
                "held": arm.name == _HELD,
                "trigger": turn.trigger(),
            }
        )
    return arm.name == _HELD
