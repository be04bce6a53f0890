"""The shop's survey nine days after an order: who answers, and how."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from orchestrator.shop.person import Person

_ASKED_AFTER_MS = 9 * 86_400_000
_ANSWERS_WITHIN_MS = 2 * 86_400_000
_ANSWERED = 0.3
_SCORES = (10, 10, 9, 9, 9, 8, 8, 7, 7, 6, 5, 3, 1)


class Verdict(NamedTuple):
    """One answer."""

    at_ms: int
    properties: dict[str, Any]


def verdicts(person: Person, orders_ms: Iterable[int], until_ms: int | None) -> Iterator[Verdict]:
    """The answers of a person who may be written to until a time, by the moments of their orders."""
    rng = person.rng("survey")
    for ordered_ms in orders_ms:
        answers, score = rng.random() < _ANSWERED, rng.choice(_SCORES)
        at_ms = ordered_ms + _ASKED_AFTER_MS + 300_000 + int(_ANSWERS_WITHIN_MS * rng.random() ** 2)
        if answers and (until_ms is None or at_ms < until_ms):
            told = {"survey": "delivery", "kind": "nps", "score": score, "journey": "order-survey"}
            yield Verdict(at_ms, told)
