"""The journey language as people write it in YAML: models of the files, and nothing else."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StrictBool, StrictInt, model_validator

from orchestrator.durations import DurationMs
from orchestrator.journeys.capacity import LimitedDefinition, QueueDefinition
from orchestrator.journeys.entries import EntryDefinition, Moment
from orchestrator.journeys.migrations import Migrations
from orchestrator.journeys.model import (
    Cel,
    CelValue,
    EventNames,
    Model,
    Name,
    Percent,
    Priority,
    at_key,
    listed,
    one_or_more,
)
from orchestrator.journeys.steps import StepDefinition

ADDRESS_PATTERN = r"^(id|traits\..+)$"

Addresses = Annotated[
    tuple[Annotated[str, Field(pattern=ADDRESS_PATTERN)], ...],
    BeforeValidator(listed),
    Field(min_length=1, description="where the address is found: id, or traits such as traits.email, tried in order"),
    one_or_more({"type": "string", "pattern": ADDRESS_PATTERN}),
]


class ExitDefinition(Model):
    """What ends a journey at once, and withdraws what it said."""

    on: EventNames
    if_: Cel | None = Field(None, alias="if")


class GoalDefinition(Model):
    """What a journey is for: when it is reached, that is logged with its value, and the stay ends at once."""

    name: Name | None = Field(None, description="the goal's name, as it is logged; else 'goal-1' and so on")
    on: EventNames
    if_: Cel | None = Field(None, alias="if")
    within: DurationMs | None = Field(
        None,
        description="how long after entry it counts, even if the last step is done by then; "
        "without it, as long as the stay or one of its messages is open",
    )
    value: CelValue | None = Field(None, description="what it is worth, in CEL, such as event.properties.total")


class JourneyDefinition(Model):
    """One file of journeys/*.yaml."""

    journey: Name = Field(description="the journey's name: lower case letters, digits and hyphens")
    description: str = Field("", description="what it is for, in a sentence")
    purpose: Name = Field("marketing", description="why customers are spoken to: consent and quiet times go by it")
    priority: Priority = Field(50, description="what matters more has more, from 0 to 1000")
    starts: Moment | None = Field(
        None, description="nobody enters before it; without an offset it is the project's time zone"
    )
    ends: Moment | None = Field(None, description="nobody enters from then on; a day alone is included")
    entry: EntryDefinition
    exit: tuple[ExitDefinition, ...] = Field((), description="what ends the journey at once")
    goal: tuple[GoalDefinition, ...] = Field((), description="what the journey is for; reaching it ends the stay")
    holdout: Percent = Field(0.0, description="percent of customers who never enter, to compare with; who, stays so")
    migrate: Migrations | None = Field(
        None,
        description="asks customers of older versions to come to this one: old step to new step, or to end; "
        "steps that are not named keep their id",
    )
    steps: tuple[StepDefinition, ...] = Field(min_length=1, description="what happens, in order")


class FieldDefinition(Model):
    """One field of a channel's content."""

    type: Literal["text", "line", "html", "link", "time", "map"] = Field("text", description="what the field holds")
    required: StrictBool = Field(True, description="whether an action must give it")
    max_length: Annotated[StrictInt, Field(ge=1)] | None = Field(None, description="in characters, after rendering")
    max_parts: Annotated[StrictInt, Field(ge=1)] | None = Field(
        None, description="in parts of an SMS: 153 characters each, 67 if one is not in the alphabet of GSM"
    )
    if_longer: Literal["refuse", "cut"] = Field(
        "refuse", description="what becomes of a text that is longer: the fallback if there is one, or its beginning"
    )
    one_of: Annotated[tuple[str, ...], Field(min_length=1)] | None = Field(
        None, description="the values that are allowed"
    )
    description: str = ""

    @model_validator(mode="after")
    def _bounds_fit_the_type(self) -> FieldDefinition:
        if self.if_longer == "cut" and self.type not in ("text", "line"):
            raise at_key("if_longer", f"a field of type {self.type} cannot be cut: only text and line can")
        if self.max_parts is not None and self.type not in ("text", "line"):
            raise at_key("max_parts", f"a field of type {self.type} is no SMS: only text and line can be")
        return self


class ChannelDefinition(LimitedDefinition):
    """A way to reach a customer, and how many it takes."""

    description: str = ""
    address: Addresses
    consent: Literal["opt_in", "opt_out", "none"] = Field(
        "opt_in", description="what a message of marketing needs: a yes, the absence of a no, or nothing"
    )
    content: dict[str, FieldDefinition] = Field(min_length=1, description="the fields that an action may give")
    queues: dict[Name, QueueDefinition] = Field(
        {}, description="who works off its actions, by the name that an action gives in the field 'queue'"
    )


class ChannelsDefinition(Model):
    """channels.yaml: channels of the project's own, or other rules for the ones that come with the package."""

    channels: dict[Name, ChannelDefinition]
