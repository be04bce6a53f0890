"""Conditions as the engine runs them; ``orchestrator.cel.expression`` makes them."""

from __future__ import annotations

from typing import Any, Protocol


class Condition(Protocol):
    """A compiled condition or expression over ``event``, ``customer``, ``journey`` and ``catalog``."""

    @property
    def source(self) -> str: ...

    @property
    def names(self) -> frozenset[str]:
        """Those of them that it looks at."""

    def met(self, event: Any, customer: Any, journey: Any, catalog: Any = None) -> bool:
        """Whether it holds. Raises ``errors.Unmet`` where a field is missing or of a wrong type."""

    def evaluate(self, event: Any, customer: Any, journey: Any, catalog: Any = None) -> Any:
        """Its value. Raises ``errors.Unmet``."""
