"""The scores of surveys, and what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SCALES: Final[Mapping[str, range]] = {"nps": range(11), "csat": range(1, 6), "ces": range(1, 8)}
"""The scores of each kind of survey.

Net Promoter Score: 0 to 10 (Reichheld 2003); customer satisfaction: 1 to 5; customer effort score 2.0: 1 to 7, where 7
agrees most that it was easy (Dixon et al. 2010).
"""

_GROUPS: Final[Mapping[str, tuple[tuple[int, str], ...]]] = {
    "nps": ((6, "detractor"), (8, "passive"), (10, "promoter")),
    "csat": ((2, "dissatisfied"), (3, "neutral"), (5, "satisfied")),
    "ces": ((3, "hard"), (4, "neutral"), (7, "easy")),
}
"""By kind the groups, from the lowest scores to the highest, each with the highest score that belongs to it."""


def groups_of(kind: str) -> tuple[str, ...]:
    """The groups of a kind, the best first."""
    return tuple(name for _, name in reversed(_GROUPS[kind]))


def group_of(kind: str, score: int) -> str:
    """The group that a score of this kind belongs to."""
    return next(name for highest, name in _GROUPS[kind] if score <= highest)
