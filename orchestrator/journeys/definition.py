"""The journey language as people write it in YAML: models of the files, and nothing else."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StrictInt, WithJsonSchema, model_validator

from orchestrator.content.locales import normal
from orchestrator.durations import DurationMs
from orchestrator.journeys.entries import EntryDefinition, Moment
from orchestrator.journeys.migrations import Migrations
from orchestrator.journeys.model import (
    CEL,
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


def _normal_locales(contents: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What is no locale, or one that is here already, stays as it is written: the checks tell it beside all else."""
    found: dict[str, dict[str, Any]] = {}
    for name, fields in contents.items():
        try:
            known = normal(name)
        except ValueError:
            known = name
        found[name if known in found else known] = fields
    return found


LocaleContents = Annotated[
    dict[Annotated[str, Field(min_length=1, max_length=40)], dict[str, Any]], AfterValidator(_normal_locales)
]


def _propensity(value: Any) -> Any:
    if isinstance(value, str) and value:
        return value
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise ValueError("a propensity is a number from 0 to 1, or CEL that gives one")
    return float(value)


Propensity = Annotated[
    float | str,
    BeforeValidator(_propensity),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "string", "minLength": 1}]}),
    CEL,
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


class FallbackDefinition(Model):
    """What is said instead, if a template fails for a customer."""

    replaces: Literal["field", "all"] = Field(
        "field", description="what it stands in for: each field that fails, or the whole content if any field fails"
    )
    content: dict[str, Any] = Field(description="plain texts, or templates that need less; null leaves a field out")
    locales: LocaleContents = Field({}, description="other fields for customers of a locale, such as de or de-AT")


class ActionDefinition(Model):
    """One file of actions/*.yaml: what is said, on which channel."""

    action: Name = Field(description="the action's name: lower case letters, digits and hyphens")
    description: str = Field("", description="what it says, in a sentence")
    channel: Name = Field(description="the channel that it is said on")
    purpose: Name | None = Field(None, description="that of the journey, if it is not given")
    priority: Priority | None = Field(None, description="that of the journey, if it is not given")
    expires: DurationMs = Field(
        86_400_000,
        validate_default=False,
        description="how long after it is due it may still be sent",
        json_schema_extra={"default": "1 day"},
    )
    propensity: Propensity | None = Field(
        None,
        description="how likely a customer is to follow, if customer.traits.propensity does not say: from 0 to 1, "
        "or CEL that gives it",
    )
    content: dict[str, Any] = Field(
        description="the channel's fields; texts are Jinja2 templates over event, customer and journey"
    )
    locales: LocaleContents = Field(
        {}, description="other fields for customers of a locale, such as de or de-AT; null leaves a field out"
    )
    fallback: FallbackDefinition | None = Field(
        None, description="what is said instead, if a template fails for a customer"
    )


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


class ChannelDefinition(Model):
    """A way to reach a customer."""

    description: str = ""
    address: Addresses
    consent: Literal["opt_in", "opt_out", "none"] = Field(
        "opt_in", description="what a message of marketing needs: a yes, the absence of a no, or nothing"
    )
    content: dict[str, FieldDefinition] = Field(min_length=1, description="the fields that an action may give")


class ChannelsDefinition(Model):
    """channels.yaml: channels of the project's own, or other rules for the ones that come with the package."""

    channels: dict[Name, ChannelDefinition]
