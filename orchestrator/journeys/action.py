"""actions/*.yaml as people write them: what is said, on which channels, and what it is worth to whom."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StrictBool, WithJsonSchema, model_validator

from orchestrator.content.locales import normal
from orchestrator.durations import DurationMs
from orchestrator.journeys.blocks import BlockDefinition, BlockName
from orchestrator.journeys.chain import LinkDefinition
from orchestrator.journeys.channel_policy import SendTime
from orchestrator.journeys.entries import Moment, read_written
from orchestrator.journeys.model import CEL, Cel, Model, Name, Priority, at_key
from orchestrator.journeys.source import Location
from orchestrator.journeys.surveys import SurveyDefinition

GOALS: Final = ("inform", "solve", "anticipate", "sell", "retain", "serve")
RULES: Final = ("eligibility", "applicability", "suitability")
"""What an action asks before it is said: may they, does it make sense now, should we."""
AMOUNTS: Final = ("propensity", "value", "cost")
"""What an action says in numbers, or in expressions that give one."""

LEAST_WEIGHT: Final = -100
MOST_WEIGHT: Final = 900
MOST_MONEY: Final = 1_000_000_000
_NO_NUMBERS: Final = frozenset({"", ".nan", ".inf", "+.inf", "-.inf"})
"""How YAML writes what is no number, or has no bounds; and nothing. No expressions."""

GoalName = Literal["inform", "solve", "anticipate", "sell", "retain", "serve"]


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


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _propensity(value: Any) -> Any:
    if isinstance(value, str) and value.lower() not in _NO_NUMBERS:
        return value
    if not _is_number(value) or not 0 <= value <= 1:
        raise ValueError("a propensity is a number from 0 to 1, or CEL that gives one")
    return float(value)


def _money(value: Any) -> Any:
    if isinstance(value, str) and value.lower() not in _NO_NUMBERS:
        return value
    if not _is_number(value) or not 0 <= value <= MOST_MONEY:
        raise ValueError(f"a value or a cost is a number from 0 to {MOST_MONEY}, or CEL that gives one")
    return float(value)


def _weight(value: Any) -> Any:
    if not _is_number(value) or not LEAST_WEIGHT <= value <= MOST_WEIGHT:
        raise ValueError(
            f"a percentage from {LEAST_WEIGHT} to {MOST_WEIGHT} is needed: 55 makes it 1.55 times as much, "
            f"{LEAST_WEIGHT} nothing, {MOST_WEIGHT} ten times as much"
        )
    return float(value)


def _listed(value: Any) -> Any:
    """One rule as a list of it."""
    return (value,) if isinstance(value, str | Mapping) else value


Propensity = Annotated[
    float | str,
    BeforeValidator(_propensity),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "string", "minLength": 1}]}),
    CEL,
]
Money = Annotated[
    float | str,
    BeforeValidator(_money),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "minimum": 0, "maximum": MOST_MONEY}, {"type": "string", "minLength": 1}]}
    ),
    CEL,
]
Weight = Annotated[
    float,
    BeforeValidator(_weight),
    WithJsonSchema({"type": "number", "minimum": LEAST_WEIGHT, "maximum": MOST_WEIGHT}),
]


class FallbackDefinition(Model):
    """What is said instead, if a template fails for a customer."""

    replaces: Literal["field", "all"] = Field(
        "field", description="what it stands in for: each field that fails, or the whole content if any field fails"
    )
    content: dict[str, Any] = Field(description="plain texts, or templates that need less; null leaves a field out")
    locales: LocaleContents = Field({}, description="other fields for customers of a locale, such as de or de-AT")


class TreatmentDefinition(Model):
    """What an action says on one channel."""

    content: dict[str, Any] = Field(
        description="the channel's fields; texts are Jinja2 templates over event, customer and journey"
    )
    locales: LocaleContents = Field(
        {}, description="other fields for customers of a locale, such as de or de-AT; null leaves a field out"
    )
    fallback: FallbackDefinition | None = Field(
        None, description="what is said instead, if a template fails for a customer"
    )
    cost: Money | None = Field(None, description="what it costs to say it on this channel; else that of the action")


class RuleDefinition(Model):
    """A condition of an action with a name, by which refusals are counted."""

    name: Name = Field(description="the rule's name, as decisions have it")
    if_: Cel = Field(alias="if")


class WeightDefinition(Model):
    """What makes an action weigh more, or less, in a context."""

    name: Name = Field(description="the weight's name, as decisions have it")
    if_: Cel = Field(alias="if")
    weight: Weight = Field(description="in percent: 30 makes it 1.3 times as much where the condition holds")


Rules = Annotated[tuple[Cel | RuleDefinition, ...], BeforeValidator(_listed), CEL]


class ActionDefinition(Model):
    """One file of actions/*.yaml: what is said, on which channel or channels, and what it is worth."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["channel", "content"]}, {"required": ["treatments"]}]}
    )

    action: Name = Field(description="the action's name: lower case letters, digits and hyphens")
    description: str = Field("", description="what it says, in a sentence")
    goal: GoalName | None = Field(None, description="what the business wants by it")
    group: Name | None = Field(None, description="what it belongs to, such as a line of products")
    kind: Name | None = Field(None, description="the kind of message, by which policy.yaml may fix the channel")
    channel: Name | None = Field(None, description="the channel that it is said on, if it is one")
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
    value: Money = Field(1.0, description="what it is worth if the customer follows: a number, or CEL that gives one")
    cost: Money = Field(0.0, description="what it costs, a number or CEL; what counts is the value less the cost")
    lever: Weight = Field(0.0, description="in percent, from -100 to 900: 55 makes it count 1.55 times as much")
    weights: tuple[WeightDefinition, ...] = Field(
        (), description="what makes it count more or less in a context: {name, if, weight}; each that holds multiplies"
    )
    from_: Moment | None = Field(
        None, alias="from", description="not said before; without an offset it is the project's time zone"
    )
    until: Moment | None = Field(None, description="not said from then on; a day alone is included")
    eligibility: Rules = Field((), description="may they? conditions in CEL, or {name, if}; all must hold")
    applicability: Rules = Field((), description="does it make sense now? as eligibility")
    suitability: Rules = Field((), description="should we? as eligibility")
    content: dict[str, Any] | None = Field(
        None, description="the channel's fields; texts are Jinja2 templates over event, customer and journey"
    )
    locales: LocaleContents = Field(
        {}, description="other fields for customers of a locale, such as de or de-AT; null leaves a field out"
    )
    fallback: FallbackDefinition | None = Field(
        None, description="what is said instead, if a template fails for a customer"
    )
    editable: dict[BlockName, BlockDefinition] = Field(
        {}, description="blocks that others may write, for {{ edit.name }} in templates; all else is locked"
    )
    survey: SurveyDefinition | None = Field(None, description="what it asks, for {{ survey.choices }} in templates")
    treatments: dict[Name, TreatmentDefinition] | None = Field(
        None, min_length=1, description="instead of channel and content: by channel, what is said there"
    )
    chain: tuple[LinkDefinition, ...] | None = Field(
        None,
        min_length=2,
        description="its channels one after the other, until the customer answers: {channel, until, within}",
    )
    together: StrictBool = Field(
        False, description="whether it goes out on all its channels at once; else on the best one for the customer"
    )
    send_time: SendTime | None = Field(None, description="when it is sent, if the step does not say so")

    @model_validator(mode="after")
    def _says_something_once(self) -> ActionDefinition:
        if self.treatments is None:
            missing = next((key for key in ("channel", "content") if getattr(self, key) is None), None)
            if missing in self.model_fields_set:
                needed = "keys and values" if missing == "content" else "the name of a channel"
                raise at_key(missing, f"'{missing}' must have {needed}, not nothing")
            if missing is not None:
                raise at_key(missing, f"'{missing}' is missing: an action has 'channel' and 'content', or 'treatments'")
            return self
        for key in ("channel", "content", "locales", "fallback"):
            if key in self.model_fields_set:
                remedy = "name it in 'treatments'" if key == "channel" else "move it into the treatment of its channel"
                raise at_key(key, f"'{key}' cannot stand beside 'treatments': {remedy}")
        return self

    @model_validator(mode="after")
    def _can_be_said(self) -> ActionDefinition:
        if self.from_ is not None and self.until is not None:
            starts, ends = read_written(self.from_), read_written(self.until, end=True)
            # Of moments with and without an offset, only the policy's time zone tells which is earlier.
            if (starts.tzinfo is None) == (ends.tzinfo is None) and ends <= starts:
                raise at_key("until", f"it is never said: 'until' ({self.until}) is not after 'from' ({self.from_})")
        return self

    @model_validator(mode="after")
    def _weighs_by_different_names(self) -> ActionDefinition:
        names = [weight.name for weight in self.weights]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise at_key("weights", f"two weights have the name '{twice}': the trace tells them by it")
        return self

    @property
    def by_channel(self) -> dict[str, TreatmentDefinition]:
        """What is said, by channel, whatever way it is written."""
        if self.treatments is not None:
            return self.treatments
        assert self.channel is not None
        assert self.content is not None
        said = TreatmentDefinition(content=self.content, locales=self.locales, fallback=self.fallback)
        return {self.channel: said}

    def place_of(self, channel: str) -> Location:
        """Where what is said on a channel is written."""
        return () if self.treatments is None else ("treatments", channel)
