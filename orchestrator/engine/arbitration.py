"""What one action is worth to one customer now: whether it may be said at all, and how it stands against others.

What may be said has the priority ``propensity × context weight × (value - cost) × lever``. That is the arbitration of
Pega's Customer Decision Hub (propensity × context weighting × value × levers), where context weights and levers are
percentages that multiply by 1 + w/100; the cost is taken from the value, and weights that hold multiply each other.
Goals that the policy puts first come before all others, whatever the priority.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from orchestrator.engine.action import Action, Rule
from orchestrator.engine.arms import is_score
from orchestrator.engine.condition import Condition
from orchestrator.engine.models import FOLLOWED
from orchestrator.engine.sight import Sight
from orchestrator.engine.treatment import CONSENT_FREE, Treatment
from orchestrator.engine.verdict import Verdict
from orchestrator.errors import Unmet
from orchestrator.moments import format_moment

VALIDITY: Final = "validity"
COST: Final = "cost"
SERVICE: Final = "serve"
MOST_MONEY: Final = 1_000_000_000
"""What a value or a cost may be at most: what is beyond is a mistake, and would win over all else."""

Order = tuple[int, float, int]


@dataclass(frozen=True, slots=True)
class Factors:
    """What a priority is made of.

    ``source`` is where the propensity is from: the customer's trait, what was learned, the action, or a default.
    ``weights`` are those that hold, by name. ``notes`` say what could not be used, and what counts instead.
    """

    propensity: float
    source: str
    weights: tuple[tuple[str, float], ...]
    value: float
    cost: float
    lever: float
    priority: float
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As ``decisions`` has them."""
        plain: dict[str, Any] = {
            "propensity": self.propensity,
            "propensity_source": self.source,
            "weights": dict(self.weights),
            "value": self.value,
            "cost": self.cost,
            "lever": self.lever,
            "priority": self.priority,
        }
        return plain if not self.notes else {**plain, "notes": list(self.notes)}


def refusing(action: Action, sight: Sight) -> tuple[str, Rule | None] | None:
    """The kind of rule that speaks against an action, and the rule; None if it may be said."""
    now = sight.now
    if action.starts is not None and now < sight.moment(action.starts):
        return VALIDITY, None
    if action.ends is not None and now >= sight.moment(action.ends):
        return VALIDITY, None
    for kind, rule in action.rules:
        if not sight.meets(rule.condition):
            return kind, rule
    return None


def unfit(action: Action, sight: Sight) -> Verdict | None:
    """What the action itself says against it, in words, whatever the channel."""
    against = refusing(action, sight)
    if against is None:
        return None
    kind, rule = against
    if rule is None:
        return Verdict(kind, _out_of_time(action, sight))
    why = sight.unmet(rule.condition)
    return Verdict(kind, why if rule.name == rule.condition.source else f"{rule.name}: {why}")


def dear(action: Action, treatment: Treatment, sight: Sight) -> Verdict | None:
    """That the action costs more on this channel than it is worth."""
    value, cost, _ = _worth(action, treatment, sight)
    return Verdict(COST, f"it costs {cost:g} and is worth {value:g}", elsewhere=True) if cost > value else None


def priority(action: Action, treatment: Treatment, sight: Sight) -> float:
    """The product of all factors; below zero if it costs more than it is worth."""
    value, cost, _ = _worth(action, treatment, sight)
    product = propensity(action, treatment, sight)[0] * (value - cost) * action.lever
    for weight in action.weights:
        if sight.meets(weight.condition):
            product *= weight.factor
    return product


def factors(action: Action, treatment: Treatment, sight: Sight) -> Factors:
    """The same with all that it is made of."""
    value, cost, unknown = _worth(action, treatment, sight)
    score, source, doubt = propensity(action, treatment, sight)
    return Factors(
        propensity=score,
        source=source,
        weights=tuple((weight.name, weight.factor) for weight in action.weights if sight.meets(weight.condition)),
        value=value,
        cost=cost,
        lever=action.lever,
        priority=priority(action, treatment, sight),
        notes=tuple(note for note in (doubt, unknown) if note),
    )


def tier(action: Action, first: tuple[str, ...]) -> int:
    """How early the policy puts an action: the place of its goal among the first, all others after them.

    An action that names no goal serves, if its purpose needs no consent.
    """
    goal = action.goal or (SERVICE if action.purpose in CONSENT_FREE else None)
    return first.index(goal) if goal in first else len(first)


def order(action: Action, treatment: Treatment, sight: Sight) -> Order:
    """What to sort by: the best has the least."""
    return tier(action, sight.policy.first), -priority(action, treatment, sight), -treatment.priority


def _out_of_time(action: Action, sight: Sight) -> str:
    starts = sight.moment(action.starts) if action.starts is not None else None
    if starts is not None and sight.now < starts:
        return f"it is said from {format_moment(starts)} on"
    assert action.ends is not None
    return f"it is said until {format_moment(sight.moment(action.ends))}"


def _worth(action: Action, treatment: Treatment, sight: Sight) -> tuple[float, float, str]:
    """Value and cost, and why they count as nothing if one of them is not known: then nothing is won by luck."""
    value, cost = action.value, treatment.cost
    if isinstance(value, float) and isinstance(cost, float):
        return value, cost, ""
    value, wrong = _amount("value", value, sight)
    cost, costly = _amount("cost", cost, sight)
    if not costly and cost < 0:
        costly = f"cost: {cost:g} is below 0"
    if wrong or costly:
        return 0.0, 0.0, f"{wrong or costly}; value and cost count as 0"
    return value, cost, ""


def _amount(name: str, amount: float | Condition, sight: Sight) -> tuple[float, str]:
    if isinstance(amount, float):
        return amount, ""
    try:
        found = sight.value(amount)
    except Unmet as unmet:
        return 0.0, f"{name}: {unmet}"
    if isinstance(found, int | float) and not isinstance(found, bool) and abs(found) <= MOST_MONEY:
        return float(found), ""
    return 0.0, f"{name}: {amount.source} gives no number from -{MOST_MONEY} to {MOST_MONEY}"


def propensity(action: Action, treatment: Treatment, sight: Sight) -> tuple[float, str, str]:
    """How likely the customer is to follow, where that is from, and what was not used."""
    own = sight.scores.get(action.name)
    if own is not None and is_score(own):
        return float(own), "trait", ""
    doubt = "" if own is None else f"customer.traits.propensity.{action.name} is no number from 0 to 1"
    prior: float | None = None
    general = action.propensity
    if isinstance(general, float):
        prior = general
    elif general is not None:
        prior, unknown = _score(general, sight)
        doubt = doubt or unknown
    found = sight.models.propensity(sight.record, action.name, treatment.channel.name, action.group, prior)
    supposed, said = (FOLLOWED, "default") if prior is None else (prior, "action")
    if not is_score(found):
        return supposed, said, "what was learned is no number from 0 to 1"
    return found, said if found == supposed else "learned", doubt


def _score(general: Condition, sight: Sight) -> tuple[float | None, str]:
    try:
        found = sight.value(general)
    except Unmet as unmet:
        return None, f"propensity: {unmet}"
    if is_score(found):
        return float(found), ""
    return None, f"propensity: {general.source} gives none from 0 to 1"
