"""What the rules and values of actions see of one customer at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from orchestrator.engine.calendar import moment_of
from orchestrator.errors import Unmet
from orchestrator.zones import zone

if TYPE_CHECKING:
    from orchestrator.engine.condition import Condition
    from orchestrator.engine.customer import Customer
    from orchestrator.engine.models import Models
    from orchestrator.engine.policy import Policy


class Sight:
    """The event, the customer and the stay as conditions see them; ``scores`` are the customer's own propensities."""

    __slots__ = ("catalog", "customer", "event", "journey", "models", "now", "policy", "record", "scores")

    def __init__(
        self,
        event: Any,
        customer: Any,
        journey: Any,
        record: Customer,
        policy: Policy,
        models: Models,
        now: int,
        catalog: Any = None,
    ) -> None:
        self.event = event
        self.customer = customer
        self.journey = journey
        self.record = record
        self.policy = policy
        self.models = models
        self.now = now
        self.catalog = catalog
        scores = record.traits.get("propensity")
        self.scores: Mapping[str, Any] = scores if isinstance(scores, Mapping) else {}

    def meets(self, condition: Condition) -> bool:
        """Whether a condition holds; one that cannot be evaluated does not."""
        try:
            return condition.met(self.event, self.customer, self.journey, self.catalog)
        except Unmet:
            return False

    def unmet(self, condition: Condition) -> str:
        """Why a condition does not hold, for a person."""
        try:
            condition.met(self.event, self.customer, self.journey, self.catalog)
        except Unmet as unmet:
            return str(unmet)
        return f"not true: {condition.source}"

    def value(self, expression: Condition) -> Any:
        """The value of an expression. Raises Unmet."""
        return expression.evaluate(self.event, self.customer, self.journey, self.catalog)

    def moment(self, written: datetime) -> int:
        """UTC milliseconds of what is written; without an offset it is the project's time zone."""
        return moment_of(written, zone(self.policy.timezone))
