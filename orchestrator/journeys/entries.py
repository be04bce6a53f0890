"""How a journey's entry is written: who enters, on what, and when again."""

from __future__ import annotations

import re

from pydantic import Field, model_validator

from orchestrator.durations import parse_duration
from orchestrator.journeys.model import Cel, EventNames, Model, at_key

_REENTRY = re.compile(r"^after (?=\d)(.+)$")


class EntryDefinition(Model):
    """Who enters a journey."""

    on: EventNames
    if_: Cel | None = Field(None, alias="if", description="who of them enters, in CEL over event and customer")
    key: Cel | None = Field(
        None,
        description="customers are in the journey once for each value of this CEL, such as event.properties.cart_id",
    )
    reentry: str = Field(
        "after_exit",
        description="when the same customer may enter again: never, after_exit, or for example 'after 7 days'",
        examples=["never", "after_exit", "after 7 days"],
    )

    @model_validator(mode="after")
    def _reentry_is_known(self) -> EntryDefinition:
        try:
            self.reentry_ms()
        except ValueError as error:
            raise at_key("reentry", str(error)) from None
        return self

    def reentry_ms(self) -> int | None:
        """The time after entry that must pass, in milliseconds; 0 for after_exit, None for never."""
        if self.reentry == "never":
            return None
        if self.reentry == "after_exit":
            return 0
        match = _REENTRY.match(self.reentry)
        if match is None:
            raise ValueError(
                f"reentry '{self.reentry}' is unknown: write never, after_exit, or for example 'after 7 days'"
            )
        return parse_duration(match.group(1))
