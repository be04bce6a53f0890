"""By what an arm of a branch is chosen, beside conditions: segments and propensities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeGuard

from orchestrator.engine.condition import Condition
from orchestrator.errors import Unmet

_CUSTOMER: Final = frozenset({"customer"})


class Test(Protocol):
    """What decides for or against an arm; ``source`` is how it is written in the trace."""

    @property
    def source(self) -> str: ...

    @property
    def names(self) -> frozenset[str]:
        """Those of event, customer and journey that it looks at."""

    def met(self, event: Any, customer: Any, journey: Any, catalog: Any = None) -> bool:
        """Whether the arm is the customer's. Raises ``errors.Unmet`` where that cannot be said."""


@dataclass(frozen=True, slots=True)
class InSegment:
    """Whether the customer is in a segment now."""

    segment: str

    @property
    def source(self) -> str:
        """As the trace has it."""
        return f"segment {self.segment}"

    @property
    def names(self) -> frozenset[str]:
        """The customer alone."""
        return _CUSTOMER

    def met(self, event: Any, customer: Any, journey: Any, catalog: Any = None) -> bool:
        """Raises ``errors.Unmet`` where the customer has no segments."""
        try:
            return self.segment in customer["segments"]
        except KeyError:
            raise Unmet("the customer's segments are not known") from None


@dataclass(frozen=True, slots=True)
class Propensity:
    """How likely a customer is to follow an action: their own score, else what the action says of all."""

    action: str
    general: float | Condition | None

    def score(self, event: Any, customer: Any, journey: Any, catalog: Any = None) -> float:
        """From 0 to 1. Raises ``errors.Unmet`` where neither is such a number."""
        own = customer["traits"].get("propensity")
        own = own.get(self.action) if isinstance(own, Mapping) else None
        if is_score(own):
            return float(own)
        said = "" if own is None else f"customer.traits.propensity.{self.action} is no number from 0 to 1, and "
        if self.general is None:
            raise Unmet(f"the propensity of '{self.action}' is unknown: {said}the action has none")
        if isinstance(self.general, float):
            return self.general
        try:
            general = self.general.evaluate(event, customer, journey, catalog)
        except Unmet as unmet:
            raise Unmet(f"the propensity of '{self.action}' is unknown: {said}{unmet}") from None
        if is_score(general):
            return float(general)
        raise Unmet(f"the propensity of '{self.action}' is unknown: {said}{self.general.source} gives none from 0 to 1")


@dataclass(frozen=True, slots=True)
class LikelyTo:
    """Whether a propensity is above a bound."""

    propensity: Propensity
    above: float

    @property
    def source(self) -> str:
        """As the trace has it."""
        return f"propensity of {self.propensity.action} above {self.above:g}"

    @property
    def names(self) -> frozenset[str]:
        """The customer, and what the action's own expression looks at."""
        general = self.propensity.general
        return _CUSTOMER if general is None or isinstance(general, float) else _CUSTOMER | general.names

    def met(self, event: Any, customer: Any, journey: Any, catalog: Any = None) -> bool:
        """Raises ``errors.Unmet`` where the propensity is unknown."""
        return self.propensity.score(event, customer, journey, catalog) > self.above


def is_score(value: Any) -> TypeGuard[int | float]:
    """Whether a value is a propensity: a number from 0 to 1."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
