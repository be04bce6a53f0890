"""What happened to each customer, and how to do it again: the records of ``journey-log``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, RootModel, StrictInt

from orchestrator.contracts.actions import ActionId, Channel, Trigger, Version
from orchestrator.contracts.form import CustomerId, Moment, Sent, example
from orchestrator.contracts.outcomes import OutcomeLine
from orchestrator.journeys.model import Name

Why = Annotated[str | None, Field(description="why, for a person; null where there is nothing to add")]


class StepLine(Sent):
    """One step of one customer in one journey."""

    model_config = ConfigDict(
        json_schema_extra=example(
            kind="step",
            customer_id="u-7",
            at="2026-01-02T03:04:05.678Z",
            journey="cart-rescue",
            version="5b1c0d2e",
            instance="cart-rescue",
            step="wait-1",
            happened="waiting",
            reason=None,
            trigger={"event_id": "m-1", "type": "Product Added", "timestamp": "2026-01-02T03:04:05.000Z"},
        )
    )

    kind: Literal["step"]
    customer_id: CustomerId
    at: Moment = Field(description="when it happened")
    journey: Name = Field(description="the journey")
    version: Version
    instance: str = Field(min_length=1, description="which stay in the journey: its name, and its key if it has one")
    step: str | None = Field(description="the id of the step; null before the first and after the last")
    happened: Literal[
        "entered",
        "moved",
        "waiting",
        "branched",
        "unmet",
        "quiet",
        "exited",
        "ended",
        "refused",
        "merged",
        "migrated",
        "unmapped",
        "updated",
        "offered",
        "joined",
    ] = Field(
        description="unmet: a condition could not be evaluated; merged: two stays became one; migrated: it goes on in "
        "another version; unmapped: it stays in its own, for the other does not say where it should go on; "
        "updated: a trait was set; joined: the customer goes into another journey too, if it lets them"
    )
    reason: Why
    trigger: Trigger | None = Field(description="null when no event did it, but time")


class ExposureLine(Sent):
    """A customer was treated as their arm of an experiment has it."""

    model_config = ConfigDict(
        json_schema_extra=example(
            kind="exposure",
            customer_id="u-7",
            at="2026-01-02T03:04:05.678Z",
            journey="cart-rescue",
            version="5b1c0d2e",
            instance="cart-rescue",
            step="split-1",
            experiment="rescue-discount",
            arm="ten-percent",
            control=False,
            first=True,
            trigger=None,
        )
    )

    kind: Literal["exposure"]
    customer_id: CustomerId
    at: Moment = Field(description="when it happened")
    journey: Name = Field(description="the journey")
    version: Version
    instance: str = Field(min_length=1, description="which stay in the journey: its name, and its key if it has one")
    step: str = Field(min_length=1, description="the id of the split step")
    experiment: Name = Field(description="the experiment")
    arm: Name = Field(description="the customer's arm")
    control: bool = Field(description="whether it is the arm that the others are compared with")
    first: bool = Field(description="whether the customer got the arm now; false if they had it already")
    trigger: Trigger | None = Field(description="null when no event did it, but time")


class HoldoutLine(Sent):
    """It was decided, when a customer could enter a journey, whether they are held out to be compared with."""

    model_config = ConfigDict(
        json_schema_extra=example(
            kind="holdout",
            customer_id="u-7",
            at="2026-01-02T03:04:05.678Z",
            journey="cart-rescue",
            version="5b1c0d2e",
            scope="journey",
            held=True,
            trigger={"event_id": "m-1", "type": "Product Added", "timestamp": "2026-01-02T03:04:05.000Z"},
        )
    )

    kind: Literal["holdout"]
    customer_id: CustomerId
    at: Moment = Field(description="when it was decided; it stays so")
    journey: Name = Field(description="the journey that they could enter")
    version: Version
    scope: Literal["journey", "all"] = Field(description="the journey's own holdout, or that of the policy for all")
    held: bool = Field(description="whether they are held out")
    trigger: Trigger | None = Field(description="null when no event did it, but time")


class GoalLine(Sent):
    """A customer reached the goal of a journey."""

    model_config = ConfigDict(
        json_schema_extra=example(
            kind="goal",
            customer_id="u-7",
            at="2026-01-02T03:04:05.678Z",
            journey="cart-rescue",
            version="5b1c0d2e",
            instance="cart-rescue",
            entered_at="2026-01-01T03:04:05.678Z",
            goal="bought",
            value=49.9,
            arms={"rescue-discount": "ten-percent"},
            trigger={"event_id": "m-1", "type": "Order Completed", "timestamp": "2026-01-02T03:04:05.000Z"},
        )
    )

    kind: Literal["goal"]
    customer_id: CustomerId
    at: Moment = Field(description="when it happened")
    journey: Name = Field(description="the journey")
    version: Version
    instance: str = Field(min_length=1, description="which stay in the journey: its name, and its key if it has one")
    entered_at: Moment = Field(description="when the stay began")
    goal: Name = Field(description="the goal")
    value: int | float | None = Field(description="what it is worth; null if that is not said or not known")
    arms: dict[Name, Name] = Field(description="by experiment of the journey, the arm that the customer has")
    trigger: Trigger | None = Field(description="the event that reached it")


class IdentityLine(Sent):
    """Who turned out to be whom."""

    model_config = ConfigDict(
        json_schema_extra=example(
            kind="identity",
            customer_id="u-7",
            anonymous_id="a-1",
            at="2026-01-02T03:04:05.678Z",
            happened="merged",
            reason="1 journeys moved",
        )
    )

    kind: Literal["identity"]
    customer_id: CustomerId
    anonymous_id: str = Field(min_length=1, description="the anonymousId, or the previousId of an alias call")
    at: Moment = Field(description="when it happened")
    happened: Literal["claimed", "merged", "released", "shared"] = Field(
        description="claimed: its record left for the customer's home; merged: it arrived; shared: two users have it"
    )
    reason: Why


class SegmentLine(Sent):
    """A customer entered or left a segment."""

    model_config = ConfigDict(
        json_schema_extra=example(
            kind="segment",
            customer_id="u-7",
            at="2026-01-02T03:04:05.678Z",
            segment="loyal",
            happened="entered",
            reason=None,
            trigger={"event_id": "m-1", "type": "Order Completed", "timestamp": "2026-01-02T03:04:05.000Z"},
        )
    )

    kind: Literal["segment"]
    customer_id: CustomerId
    at: Moment = Field(description="when it happened")
    segment: Name = Field(description="the segment")
    happened: Literal["entered", "left"]
    reason: Literal["backfilled"] | None = Field(description="backfilled: not the customer changed, but a definition")
    trigger: Trigger | None = Field(description="null when no event did it, but time")


class SurveyLine(Sent):
    """A customer answered a survey: a score of the journey that asked."""

    model_config = ConfigDict(
        json_schema_extra=example(
            kind="survey",
            customer_id="u-7",
            at="2026-01-02T03:04:05.678Z",
            journey="order-care",
            survey="delivery",
            survey_kind="nps",
            score=9,
            group="promoter",
            action_id="9f8b0c6de1b44c0db4e0c66a7c1f5e02",
            trigger={"event_id": "m-1", "type": "Survey Answered", "timestamp": "2026-01-02T03:04:05.000Z"},
        )
    )

    kind: Literal["survey"]
    customer_id: CustomerId
    at: Moment = Field(description="when it came")
    journey: str | None = Field(description="the journey that asked; null if that is not known")
    survey: Name = Field(description="the survey")
    survey_kind: Literal["nps", "csat", "ces"] = Field(description="what it asks for")
    score: StrictInt = Field(ge=0, le=10, description="nps: 0 to 10, csat: 1 to 5, ces: 1 to 7")
    group: str = Field(min_length=1, description="such as promoter, passive or detractor")
    action_id: str | None = Field(description="of the action that asked; null if it was none of ours")
    trigger: Trigger | None = Field(description="the event that brought it")


RecordsEntry = Annotated[
    tuple[
        Annotated[str, Field(description="the logical name of an input topic")],
        Annotated[StrictInt, Field(ge=0, description="the offset of the first record")],
        Annotated[StrictInt, Field(ge=1, description="how many records, one after the other")],
        Annotated[StrictInt, Field(description="the worker's time, UTC milliseconds")],
    ],
    Field(strict=False),
]
TimerEntry = Annotated[
    tuple[
        Literal["timer"],
        Annotated[str, Field(pattern=r"^[ua]:", description="the customer's key: u: or a: and the id")],
        Annotated[StrictInt, Field(description="the worker's time, UTC milliseconds")],
    ],
    Field(strict=False),
]


SweepEntry = Annotated[
    tuple[
        Literal["sweep"],
        Annotated[str, Field(pattern=r"^[ua]:", description="the customer's key: u: or a: and the id")],
        Annotated[StrictInt, Field(description="the worker's time, UTC milliseconds")],
    ],
    Field(strict=False),
]

RequestEntry = Annotated[
    tuple[
        Literal["request"],
        Annotated[str, Field(pattern=r"^[ua]:", description="the customer's key: u: or a: and the id")],
        Annotated[StrictInt, Field(description="the worker's time, UTC milliseconds")],
        Annotated[dict[str, Any], Field(description="what was asked")],
    ],
    Field(strict=False),
]


class Journal(Sent):
    """What one checkpoint of one partition number read and fired, in order: enough to run the same steps again."""

    model_config = ConfigDict(
        json_schema_extra=example(
            kind="journal",
            partition=3,
            env="5b1c0d2e",
            entries=[["events.click", 42, 2, 1767323046000], ["timer", "u:u-7", 1767323046010]],
        )
    )

    kind: Literal["journal"]
    partition: int = Field(ge=0, description="the partition number, of all inputs")
    env: str = Field(min_length=1, description="the version of the definitions in force")
    entries: list[RecordsEntry | TimerEntry | SweepEntry | RequestEntry] = Field(
        description="records of an input topic, a timer that fired, a customer whom changed definitions touched, or a "
        "request over HTTP that was answered"
    )
    references: dict[str, Annotated[StrictInt, Field(ge=1)]] = Field(
        {}, description="by logical topic that all read, such as catalog: the offset up to which it was read"
    )


class PurchaseLine(Sent):
    """Products were bought, and others viewed before: what is learned of what goes with what."""

    model_config = ConfigDict(
        json_schema_extra=example(
            kind="purchase",
            customer_id="u-7",
            at="2026-01-02T03:04:05.678Z",
            bought=["P-102", "P-106"],
            viewed=["P-101"],
            trigger={"event_id": "m-1", "type": "Order Completed", "timestamp": "2026-01-02T03:04:05.678Z"},
        )
    )

    kind: Literal["purchase"]
    customer_id: CustomerId
    at: Moment = Field(description="when it was bought")
    bought: list[str] = Field(min_length=1, max_length=20, description="the ids of the products, each once")
    viewed: list[str] = Field(max_length=20, description="the ids of others that the customer viewed before")
    trigger: Trigger


class LateLine(Sent):
    """An event that was too old on arrival to begin anything."""

    model_config = ConfigDict(
        json_schema_extra=example(
            kind="late",
            customer_id="u-7",
            at="2026-01-04T03:04:05.678Z",
            happened="late",
            reason="Product Added came 2 days after it happened: it is known, but begins no journey",
            trigger={"event_id": "m-1", "type": "Product Added", "timestamp": "2026-01-02T03:04:05.678Z"},
        )
    )

    kind: Literal["late"]
    customer_id: CustomerId
    at: Moment = Field(description="when it came")
    happened: Literal["late"]
    reason: str = Field(min_length=1, description="how late it came, and what that means")
    trigger: Trigger


class Shown(Sent):
    """One of the actions that a request was answered with."""

    action_id: ActionId
    action: Name = Field(description="the name of the action in the project's definitions")
    journey: Name | None = Field(description="the journey that it is a step of; null for a standing one")
    placement: Name | None = Field(None, description="where it stands, if it is no journey's")


class AnswerLine(Sent):
    """A program asked over HTTP what to say to the customer now, and was told."""

    model_config = ConfigDict(
        json_schema_extra=example(
            kind="answer",
            customer_id="u-7",
            at="2026-01-02T03:04:05.678Z",
            decision_id="0b8f6a5cf2d94c7a93d6c61a8e2b8d11",
            caller="shop",
            channel="web",
            placement=None,
            actions=[
                {"action_id": "9f8b0c6de1b44c0db4e0c66a7c1f5e02", "action": "cart-rescue", "journey": "cart-rescue"}
            ],
            excluded={"quiet": 1},
        )
    )

    kind: Literal["answer"]
    customer_id: CustomerId
    at: Moment = Field(description="when it was decided")
    decision_id: str = Field(pattern=r"^[0-9a-f]{32}$", description="that of the answer")
    caller: str = Field(min_length=1, description="whose API key it was")
    channel: Channel
    placement: Name | None = Field(description="the place that was asked for, if one was named")
    actions: list[Shown] = Field(description="what was answered, the best first")
    excluded: dict[str, int] = Field(description="how many were left out, by the rule that spoke against them")


_Line = (
    AnswerLine
    | OutcomeLine
    | LateLine
    | PurchaseLine
    | StepLine
    | ExposureLine
    | HoldoutLine
    | GoalLine
    | IdentityLine
    | SegmentLine
    | SurveyLine
    | Journal
)


class JourneyLog(RootModel[Annotated[_Line, Field(discriminator="kind")]]):
    """A line of a customer's story, or the journal of a checkpoint."""
