"""The journey language as people write it in YAML: models of the files, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, StrictBool, StrictInt, Tag, model_validator
from pydantic_core import PydanticCustomError

from orchestrator.durations import DurationMs
from orchestrator.journeys.entries import EntryDefinition
from orchestrator.journeys.model import (
    Cel,
    EventNames,
    Model,
    Name,
    Priority,
    at_key,
    listed,
    one_or_more,
)

ADDRESS_PATTERN = r"^(id|traits\..+)$"
STEP_KINDS = ("wait", "branch", "act", "quiet", "end")

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


class WaitForEventDefinition(Model):
    """Wait for an event, at most for ``timeout``."""

    event: EventNames
    if_: Cel | None = Field(None, alias="if")
    timeout: DurationMs = Field(description="how long the event is waited for")
    received: tuple[StepDefinition, ...] = Field((), description="steps to take when it came; then the journey goes on")
    timed_out: tuple[StepDefinition, ...] = Field(
        (), description="steps to take when it did not come in time; then the journey goes on"
    )


class AbsenceDefinition(Model):
    """Wait until the customer has not been seen for this long."""

    absence: DurationMs = Field(description="how long the customer must not have been seen")


class ArmDefinition(Model):
    """One way out of a branch; without ``if`` it is the way for all others and comes last."""

    if_: Cel | None = Field(None, alias="if")
    steps: tuple[StepDefinition, ...] = Field(
        (), description="steps to take; then the journey goes on after the branch"
    )


class QuietDefinition(Model):
    """Hold messages of a purpose for a time."""

    purpose: Name = Field("marketing", description="what is held: messages of this purpose, from all journeys")
    for_: DurationMs = Field(alias="for", description="for how long")


def _wait_form(value: Any) -> str:
    if isinstance(value, Mapping):
        return "AbsenceDefinition" if "absence" in value else "WaitForEventDefinition"
    return type(value).__name__ if isinstance(value, Model) else "duration"


# Tagged, so that a mistake in one form of wait is not reported as one in all three.
WaitDefinition = Annotated[
    Annotated[DurationMs, Tag("duration")]
    | Annotated[WaitForEventDefinition, Tag("WaitForEventDefinition")]
    | Annotated[AbsenceDefinition, Tag("AbsenceDefinition")],
    Discriminator(_wait_form),
]


class StepDefinition(Model):
    """One step: exactly one of wait, branch, act, quiet or end."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [kind]} for kind in STEP_KINDS]})

    id: Name | None = Field(None, description="a name of one's own for the step, else it gets one such as 'wait-1'")
    wait: WaitDefinition | None = Field(
        None, description="a duration, {absence: duration}, or {event, if, timeout, received, timed_out}"
    )
    branch: tuple[ArmDefinition, ...] | None = Field(
        None, min_length=1, description="ways to go, tried in order; the first whose 'if' holds is taken"
    )
    act: Name | None = Field(None, description="the name of an action")
    if_: Cel | None = Field(None, alias="if", description="for act: checked again when the action is due")
    delay: DurationMs = Field(
        0,
        validate_default=False,
        description="for act: how long the action is held",
        json_schema_extra={"default": "0 seconds"},
    )
    quiet: QuietDefinition | None = Field(None, description="hold messages of a purpose for a time")
    end: Literal[True] | None = Field(None, description="the journey ends here")

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> StepDefinition:
        given = [kind for kind in STEP_KINDS if kind in self.model_fields_set]
        if not given:
            raise PydanticCustomError("step_kind", "a step needs one of wait, branch, act, quiet or end")
        if len(given) > 1:
            raise at_key(given[1], f"a step is one of {' and '.join(given)}, not both: make a step of each")
        if getattr(self, given[0]) is None:
            raise at_key(given[0], f"'{given[0]}' has no value")
        return self

    @property
    def kind(self) -> str:
        """What the step is: wait, branch, act, quiet or end."""
        return next(kind for kind in STEP_KINDS if getattr(self, kind) is not None)


class JourneyDefinition(Model):
    """One file of journeys/*.yaml."""

    journey: Name = Field(description="the journey's name: lower case letters, digits and hyphens")
    description: str = Field("", description="what it is for, in a sentence")
    purpose: Name = Field("marketing", description="why customers are spoken to: consent and quiet times go by it")
    priority: Priority = Field(50, description="what matters more has more, from 0 to 1000")
    entry: EntryDefinition
    exit: tuple[ExitDefinition, ...] = Field((), description="what ends the journey at once")
    steps: tuple[StepDefinition, ...] = Field(min_length=1, description="what happens, in order")


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
    content: dict[str, Any] = Field(
        description="the channel's fields; texts are Jinja2 templates over event, customer and journey"
    )


class FieldDefinition(Model):
    """One field of a channel's content."""

    type: Literal["text", "html", "link", "time", "map"] = Field("text", description="what the field holds")
    required: StrictBool = Field(True, description="whether an action must give it")
    max_length: Annotated[StrictInt, Field(ge=1)] | None = Field(None, description="in characters, after rendering")
    one_of: Annotated[tuple[str, ...], Field(min_length=1)] | None = Field(
        None, description="the values that are allowed"
    )
    description: str = ""


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
