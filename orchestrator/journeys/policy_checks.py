"""What policy.yaml must mean, beyond its form: that its conditions compile."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.cel.expression import CelError
from orchestrator.journeys.expressions import ENTRY_VARIABLES, expression
from orchestrator.journeys.finding import Finding
from orchestrator.journeys.marked import expressions
from orchestrator.journeys.policy import PolicyDefinition


def check_policy(policy: PolicyDefinition) -> Iterator[Finding]:
    """What is wrong in policy.yaml; its conditions see the event and the customer."""
    for found in expressions(policy):
        try:
            expression(found.source, ENTRY_VARIABLES)
        except CelError as error:
            name = found.location[-1]
            yield Finding(found.location, f"'{name}' is no condition: {error}", error.line, error.column)
