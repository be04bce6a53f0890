"""policy.yaml's ``recommendations`` as people write it: by which events a customer's taste is known."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from orchestrator.durations import DurationMs
from orchestrator.engine.recommending import Recommending
from orchestrator.journeys.model import EventName, Model

_DAY_MS: Final = 86_400_000

Events = Annotated[tuple[EventName, ...], Field(max_length=20)]


class RecommendationsDefinition(Model):
    """What is recommended goes by. Without it nothing is kept of what customers look at, and nothing recommended."""

    viewed: Events = Field(("Product Viewed",), description="events that say which product was looked at")
    added: Events = Field(("Product Added",), description="events that say what lies in the cart")
    bought: Events = Field(("Order Completed",), description="events that say what was bought")
    just_bought: DurationMs = Field(
        90 * _DAY_MS,
        validate_default=False,
        description="for how long nothing is recommended again that was bought",
        json_schema_extra={"default": "90 days"},
    )
    viewed_before: DurationMs = Field(
        7 * _DAY_MS,
        validate_default=False,
        description="for how long before a purchase a view counts as having led to it",
        json_schema_extra={"default": "7 days"},
    )
    per_category: Annotated[int, Field(ge=1, le=50)] | None = Field(
        None, description="how many of one category are recommended at once; without it any number"
    )


def compile_recommendations(definition: RecommendationsDefinition | None) -> Recommending | None:
    """What the engine goes by."""
    if definition is None:
        return None
    return Recommending(
        viewed=tuple(sorted(definition.viewed)),
        added=tuple(sorted(definition.added)),
        bought=tuple(sorted(definition.bought)),
        just_bought_ms=definition.just_bought,
        viewed_before_ms=definition.viewed_before,
        per_category=definition.per_category,
    )
