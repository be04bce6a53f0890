"""The best of many actions for one customer at one moment, why each of the others is not, and in which order.

It looks at hundreds of actions for each decision, so nothing is made of those that do not win: their factors are
computed again where somebody wants to see them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.engine.arbitration import COST, Factors, dear, factors, priority, refusing, tier, unfit
from orchestrator.engine.placement import Candidate
from orchestrator.engine.sight import Sight
from orchestrator.engine.verdict import Verdict

NEXT_TOLD: Final = 3

Ask = Callable[[Candidate], Verdict | None]
"""What keeps an action that is good for the customer from being said now: consent, reach, the contact policy."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """``best`` are those that won, best first, ``next`` the three after them; ``excluded`` counts the rest by rule.

    ``told_all`` has every candidate with its factors or what speaks against it, where that was asked for.
    """

    best: tuple[Candidate, ...]
    next: tuple[Candidate, ...]
    excluded: dict[str, int]
    candidates: int
    told_all: tuple[dict[str, Any], ...] = ()

    def told(self, sight: Sight, candidates: Sequence[Candidate]) -> list[dict[str, Any]]:
        """Some of them with their factors, as ``decisions`` has them."""
        return [described(candidate, factors(*candidate, sight)) for candidate in candidates]


def rank(candidates: Sequence[Candidate], sight: Sight, places: int, per_group: int | None, gate: Ask) -> Ranking:
    """The best for ``places`` places, at most ``per_group`` of one group.

    Ties go by the actions' ``priority`` and then by name: the same input has the same winner every time.
    """
    excluded: dict[str, int] = {}
    scored: list[tuple[int, float, int, str, int]] = []
    first = sight.policy.first
    for index, candidate in enumerate(candidates):
        action, treatment = candidate
        against = None if action.asks_nothing else refusing(action, sight)
        if against is not None:
            rule = against[0]
        elif (verdict := gate(candidate)) is not None:
            rule = verdict.rule
        elif (product := priority(action, treatment, sight)) < 0:
            rule = COST
        else:
            scored.append((tier(action, first), -product, -treatment.priority, action.name, index))
            continue
        excluded[rule] = excluded.get(rule, 0) + 1
    scored.sort()
    best, after = _pick([candidates[found[-1]] for found in scored], places, per_group)
    return Ranking(tuple(best), tuple(after[:NEXT_TOLD]), dict(sorted(excluded.items())), len(candidates))


def explained(candidates: Sequence[Candidate], sight: Sight, gate: Ask) -> Iterator[dict[str, Any]]:
    """Every candidate with its factors, or with what speaks against it."""
    for candidate in candidates:
        verdict = unfit(candidate.action, sight) or gate(candidate) or dear(*candidate, sight)
        if verdict is None:
            yield described(candidate, factors(*candidate, sight))
        else:
            yield {"action": candidate.action.name, "rule": verdict.rule, "detail": verdict.detail}


def described(candidate: Candidate, made_of: Factors) -> dict[str, Any]:
    """A candidate as ``decisions`` has it."""
    action, treatment = candidate
    return {
        "action": action.name,
        "goal": action.goal,
        "group": action.group,
        "channel": treatment.channel.name,
        "factors": made_of.to_json(),
    }


def _pick(ordered: list[Candidate], places: int, per_group: int | None) -> tuple[list[Candidate], list[Candidate]]:
    if per_group is None:
        return ordered[:places], ordered[places : places + NEXT_TOLD]
    best: list[Candidate] = []
    after: list[Candidate] = []
    taken: dict[str, int] = {}
    for candidate in ordered:
        group = candidate.action.group
        if len(best) >= places or (group is not None and taken.get(group, 0) >= per_group):
            after.append(candidate)
            continue
        best.append(candidate)
        if group is not None:
            taken[group] = taken.get(group, 0) + 1
    return best, after
