"""Conditions as the engine runs them; ``orchestrator.cel.expression`` makes them."""

from __future__ import annotations

from typing import Any, Protocol


class Condition(Protocol):
    """A compiled condition or expression over ``event``, ``customer`` and ``journey``."""

    @property
    def source(self) -> str: ...

    @property
    def names(self) -> frozenset[str]:
        """Those of the three that it looks at."""

    def met(self, event: Any, customer: Any, journey: Any) -> bool:
        """Whether it holds. Raises ``errors.Unmet`` where a field is missing or of a wrong type."""

    def evaluate(self, event: Any, customer: Any, journey: Any) -> Any:
        """Its value. Raises ``errors.Unmet``."""
