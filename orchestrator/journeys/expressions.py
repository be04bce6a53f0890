"""Expressions of definitions, compiled once for equal texts."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from orchestrator.cel.expression import Expression, compile_expression
from orchestrator.engine.condition import Condition
from orchestrator.journeys.model import ANY_EVENT

ENTRY_VARIABLES: Final = frozenset(("event", "customer", "catalog"))
"""What conditions of an entry see: there is no stay in the journey yet."""

ALL_VARIABLES: Final = frozenset(("event", "customer", "journey", "catalog"))


@lru_cache(maxsize=8192)
def expression(source: str, variables: frozenset[str] = ALL_VARIABLES) -> Expression:
    """As ``compile_expression``; equal texts are compiled once.

    Raises:
        CelError: if the text is no expression.
    """
    return compile_expression(source, variables)


def condition(source: str | None, variables: frozenset[str] = ALL_VARIABLES) -> Condition | None:
    """The expression, if there is a text."""
    return None if source is None else expression(source, variables)


def events(names: Iterable[str]) -> frozenset[str]:
    """The names of events; any event makes the others needless."""
    found = frozenset(names)
    return frozenset((ANY_EVENT,)) if ANY_EVENT in found else found
