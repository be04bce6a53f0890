"""Steps as people write them in YAML: one model for each kind of step, and for each kind of wait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, StrictBool, StrictInt, Tag, model_validator
from pydantic_core import PydanticCustomError

from orchestrator.daytimes import DaytimeMs
from orchestrator.durations import DurationMs, OffsetMs
from orchestrator.journeys.channel_policy import SendTime
from orchestrator.journeys.model import (
    NAME_PATTERN,
    Cel,
    CelValue,
    EventNames,
    Model,
    Name,
    Percent,
    at_key,
    listed,
    one_or_more,
)

STEP_KINDS: Final = ("wait", "branch", "split", "act", "offer", "update", "quiet", "join", "goto", "end")
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_KINDS_SAID: Final = f"{', '.join(STEP_KINDS[:-1])} or {STEP_KINDS[-1]}"

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Weekdays = Annotated[
    tuple[Weekday, ...],
    BeforeValidator(listed),
    Field(min_length=1, description="one weekday or a list of them: mon, tue, wed, thu, fri, sat, sun"),
    one_or_more({"enum": list(WEEKDAYS)}),
]
ActionNames = Annotated[
    tuple[Name, ...],
    BeforeValidator(listed),
    Field(min_length=1, description="one action or a list of them"),
    one_or_more({"type": "string", "pattern": NAME_PATTERN}),
]
Places = Annotated[StrictInt, Field(ge=1, le=100)]
TraitName = Annotated[str, Field(min_length=1, max_length=100)]


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


class WaitUntilDefinition(Model):
    """Wait until the next time that the clock shows this where the customer is.

    A time that the clock leaves out in spring is as much later as it leaves out; of a time that it shows twice in
    autumn the first is meant.
    """

    until: DaytimeMs = Field(description="a time of day in the customer's time zone, such as 09:00")
    on: Weekdays | None = Field(None, description="the weekdays that count, such as [mon, tue]; every day if not given")


class WaitForDateDefinition(Model):
    """Wait until a date that is known of the customer, or some time before or after it.

    Whole days of the offset are days of the calendar in the customer's time zone, the rest is exact. If the date
    changes meanwhile, the wait follows. A date that is past is waited for no more; without a date the stay ends.
    """

    date: Cel = Field(
        description="a date or a time, in CEL, such as customer.traits.contract_end",
        examples=["customer.traits.contract_end", "journey.entry.properties.departure"],
    )
    offset: OffsetMs = Field(
        0,
        validate_default=False,
        description="how long after it, or with a minus before it",
        json_schema_extra={"default": "0 seconds"},
    )
    at: DaytimeMs | None = Field(
        None, description="the time of that day in the customer's time zone; else that of the date, midnight if none"
    )


class WaitForOpenedDefinition(Model):
    """Wait until the customer opened the message of an act step, or clicked in it; at most for ``timeout``."""

    opened: Name = Field(description="the id of the act step whose message is meant")
    timeout: DurationMs = Field(description="how long that is waited for")
    received: tuple[StepDefinition, ...] = Field(
        (), description="steps to take when it was opened; then the journey goes on"
    )
    timed_out: tuple[StepDefinition, ...] = Field(
        (), description="steps to take when it was not opened in time; then the journey goes on"
    )


class PropensityDefinition(Model):
    """Whether the customer is likely enough to follow an action."""

    action: Name = Field(description="the action; its score is customer.traits.propensity.<action>, else its own")
    above: float = Field(strict=True, ge=0, le=1, description="the score must be above this, from 0 to 1")


class ArmDefinition(Model):
    """One way out of a branch: by if, segment or propensity. Without any it is for all others and comes last."""

    if_: Cel | None = Field(None, alias="if")
    segment: Name | None = Field(None, description="for customers in this segment")
    propensity: PropensityDefinition | None = Field(None, description="for customers who are likely to follow")
    steps: tuple[StepDefinition, ...] = Field(
        (), description="steps to take; then the journey goes on after the branch"
    )

    @model_validator(mode="after")
    def _has_one_test(self) -> ArmDefinition:
        given = self.tests
        if len(given) > 1:
            raise at_key(given[1], f"an arm goes by one of {' and '.join(given)}, not both: write one in an 'if'")
        return self

    @property
    def tests(self) -> list[str]:
        """By what the arm is chosen: none or one of if, segment and propensity."""
        tests = {"if": self.if_, "segment": self.segment, "propensity": self.propensity}
        return [name for name, value in tests.items() if value is not None]


class ExperimentArmDefinition(Model):
    """One arm of an experiment."""

    arm: Name = Field(description="the arm's name, as it is logged")
    weight: Percent = Field(description="percent of the customers; all arms together have 100")
    control: StrictBool = Field(False, description="the arm that the others are compared with; it may do nothing")
    steps: tuple[StepDefinition, ...] = Field((), description="steps to take; then the journey goes on after the split")


class SplitDefinition(Model):
    """An experiment: each customer gets one arm, and keeps it."""

    experiment: Name = Field(description="the experiment's name; splits of one name are one experiment")
    arms: tuple[ExperimentArmDefinition, ...] = Field(min_length=1, description="the arms; weights sum to 100")


class ChoiceDefinition(Model):
    """Offer the best of several actions."""

    actions: ActionNames = Field(description="the actions of which the best are offered")
    places: Places = Field(1, description="how many of them are offered")
    per_group: Places | None = Field(None, description="at most so many of one group")


def _offer_form(value: Any) -> str:
    return "ChoiceDefinition" if isinstance(value, Mapping | Model) else "placement"


OfferDefinition = Annotated[
    Annotated[Name, Tag("placement")] | Annotated[ChoiceDefinition, Tag("ChoiceDefinition")],
    Discriminator(_offer_form),
]


class UpdateDefinition(Model):
    """Change what is known of the customer."""

    traits: dict[TraitName, CelValue] = Field(
        min_length=1, description="by trait, its new value in CEL; null removes the trait"
    )


class QuietDefinition(Model):
    """Hold messages of a purpose for a time."""

    purpose: Name = Field("marketing", description="what is held: messages of this purpose, from all journeys")
    for_: DurationMs = Field(alias="for", description="for how long")


_FORMS: Final = {
    "absence": "AbsenceDefinition",
    "until": "WaitUntilDefinition",
    "date": "WaitForDateDefinition",
    "opened": "WaitForOpenedDefinition",
}


def _wait_form(value: Any) -> str:
    if isinstance(value, Mapping):
        return next((form for key, form in _FORMS.items() if key in value), "WaitForEventDefinition")
    return type(value).__name__ if isinstance(value, Model) else "duration"


# Tagged, so that a mistake in one form of wait is not reported as one in all of them.
WaitDefinition = Annotated[
    Annotated[DurationMs, Tag("duration")]
    | Annotated[WaitForEventDefinition, Tag("WaitForEventDefinition")]
    | Annotated[AbsenceDefinition, Tag("AbsenceDefinition")]
    | Annotated[WaitUntilDefinition, Tag("WaitUntilDefinition")]
    | Annotated[WaitForDateDefinition, Tag("WaitForDateDefinition")]
    | Annotated[WaitForOpenedDefinition, Tag("WaitForOpenedDefinition")],
    Discriminator(_wait_form),
]


class StepDefinition(Model):
    """One step: exactly one of wait, branch, split, act, offer, update, quiet, join, goto or end."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [kind]} for kind in STEP_KINDS]})

    id: Name | None = Field(None, description="a name of one's own for the step, else it gets one such as 'wait-1'")
    wait: WaitDefinition | None = Field(
        None,
        description="a duration, {absence: duration}, {until, on}, {date, offset, at}, "
        "{event, if, timeout, received, timed_out} or {opened, timeout, received, timed_out}",
    )
    branch: tuple[ArmDefinition, ...] | None = Field(
        None, min_length=1, description="ways to go, tried in order; the first that is right for the customer is taken"
    )
    split: SplitDefinition | None = Field(None, description="an experiment: {experiment, arms}")
    act: Name | None = Field(None, description="the name of an action")
    offer: OfferDefinition | None = Field(
        None, description="the best of several: the name of a placement, or {actions, places, per_group}"
    )
    if_: Cel | None = Field(None, alias="if", description="for act: checked again when the action is due")
    delay: DurationMs = Field(
        0,
        validate_default=False,
        description="for act: how long the action is held",
        json_schema_extra={"default": "0 seconds"},
    )
    send_time: SendTime | None = Field(None, description="for act: when the message is sent, once it is due")
    update: UpdateDefinition | None = Field(None, description="change what is known of the customer: {traits}")
    quiet: QuietDefinition | None = Field(None, description="hold messages of a purpose for a time")
    join: Name | None = Field(
        None, description="another journey that the customer enters too, if it lets them; this one goes on"
    )
    goto: Name | None = Field(None, description="the id of the step to go on with")
    end: Literal[True] | None = Field(None, description="the journey ends here")

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> StepDefinition:
        given = [kind for kind in STEP_KINDS if kind in self.model_fields_set]
        if not given:
            raise PydanticCustomError("step_kind", f"a step needs one of {_KINDS_SAID}")
        if len(given) > 1:
            raise at_key(given[1], f"a step is one of {' and '.join(given)}, not both: make a step of each")
        if getattr(self, given[0]) is None:
            raise at_key(given[0], f"'{given[0]}' has no value")
        return self

    @property
    def kind(self) -> str:
        """What the step is, as it is written."""
        return next(kind for kind in STEP_KINDS if getattr(self, kind) is not None)
