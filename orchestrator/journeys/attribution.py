"""attribution in policy.yaml: what is put down to which action."""

from __future__ import annotations

from pydantic import Field, model_validator

from orchestrator.durations import DurationMs, format_duration
from orchestrator.engine.contacts import KEPT_MS
from orchestrator.engine.policy import Attribution
from orchestrator.journeys.expressions import ENTRY_VARIABLES, condition
from orchestrator.journeys.model import ANY_EVENT, CelValue, EventNames, Model, at_key


class AttributionDefinition(Model):
    """What is put down to an action, so that it can be learned from."""

    window: DurationMs = Field(
        604_800_000,
        validate_default=False,
        description="how long after an action a purchase that does not name it may be put down to it",
        json_schema_extra={"default": "7 days"},
    )
    events: EventNames = Field(("Order Completed",), description="the events that count as a purchase")
    value: CelValue | None = Field(None, description="what one is worth, in CEL, such as event.properties.total")

    @model_validator(mode="after")
    def _can_be(self) -> AttributionDefinition:
        if not 0 < self.window <= KEPT_MS:
            longest = format_duration(KEPT_MS)
            raise at_key(
                "window", f"a window is at most {longest}, for so long it is kept what was said, and not nothing"
            )
        if ANY_EVENT in self.events:
            raise at_key("events", "'*' is any event, and not each is a purchase: name those that are")
        return self


def compile_attribution(definition: AttributionDefinition | None) -> Attribution | None:
    """What the engine goes by; None if nothing is put down to anything."""
    if definition is None:
        return None
    return Attribution(definition.window, frozenset(definition.events), condition(definition.value, ENTRY_VARIABLES))
