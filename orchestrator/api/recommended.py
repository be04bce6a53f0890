"""What to recommend to one customer, for a program that asks."""

from __future__ import annotations

from typing import Any

from orchestrator.engine import Customer, Env
from orchestrator.engine.home import References
from orchestrator.engine.recommendations import recommend


def recommended(
    record: Customer | None,
    env: Env | None,
    references: References,
    now: int,
    count: int,
    category: str | None,
    beside: str | None,
) -> dict[str, Any] | None:
    """As JSON values; for whom nothing is known of, what is popular. None if the project recommends nothing."""
    rule = env.policy.recommending if env is not None else None
    if rule is None:
        return None
    touched = record.products if record is not None else {}
    learnt = references.models.cooccurrence
    found = recommend(references.catalogue, learnt, touched, now, rule, count, category=category, beside=beside)
    products = [{"rank": rank, **each.view, "score": each.score} for rank, each in enumerate(found, 1)]
    return {"known": record is not None, "catalogue_version": references.catalogue.version, "products": products}
