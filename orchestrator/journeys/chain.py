"""Chains as people write them in an action: channels one after the other."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from orchestrator.durations import DurationMs
from orchestrator.journeys.model import Model, Name, at_key


class LinkDefinition(Model):
    """One link of a chain: the channel that is tried, and what must happen in time so that the next one is not."""

    channel: Name = Field(description="the channel; the action must have a treatment for it")
    until: Literal["opened", "clicked"] | None = Field(
        None, description="what stops the chain; if it does not happen in time, the next link follows"
    )
    within: DurationMs | None = Field(None, description="how long after it was sent that is waited for")

    @model_validator(mode="after")
    def _waits_for_something(self) -> LinkDefinition:
        if self.until is not None and self.within is None:
            raise at_key("until", "'within' is missing beside 'until': for example within: 2 hours")
        if self.within is not None and self.until is None:
            raise at_key("within", "'until' is missing beside 'within': opened or clicked")
        return self
