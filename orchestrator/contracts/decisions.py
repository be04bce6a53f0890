"""Why something was said or not: the records of ``decisions``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, RootModel

from orchestrator.contracts.actions import ActionId, By, Channel, Trigger, Version
from orchestrator.contracts.form import CustomerId, Moment, Sent, example
from orchestrator.journeys.model import Name


class Reason(Sent):
    """One rule that spoke."""

    rule: Literal[
        "delay",
        "quiet",
        "capacity",
        "closed",
        "expired",
        "condition",
        "consent",
        "unreachable",
        "content",
        "fallback",
        "withdrawn",
        "bound",
        "validity",
        "eligibility",
        "applicability",
        "suitability",
        "cost",
        "channel",
        "chain",
        "on-the-line",
        "send-time",
        "paused",
        "suppressed",
        "quiet-hours",
        "timezone",
        "free-day",
        "cap",
        "pressure",
    ] = Field(description="the rule's name")
    detail: str = Field(min_length=1, description="what it found, for a person")


class Decision(Sent):
    """What became of one action for one customer; the last word on an action_id is the newest."""

    model_config = ConfigDict(
        json_schema_extra=example(
            kind="decision",
            customer_id="u-7",
            decided_at="2026-01-02T03:04:05.678Z",
            journey="cart-rescue",
            journey_version="5b1c0d2e",
            instance="cart-rescue",
            step="remind",
            action="cart-rescue-mail",
            channel="email",
            action_id="9f8b0c6de1b44c0db4e0c66a7c1f5e02",
            outcome="refused",
            reasons=[{"rule": "consent", "detail": "no consent to marketing on email"}],
            trigger=None,
        )
    )

    kind: Literal["decision"]
    customer_id: CustomerId
    decided_at: Moment = Field(description="when it was decided")
    journey: Name | None = Field(None, description="the journey; null of what stands in a placement")
    journey_version: Version | None = Field(None, description="the version of the journey that the customer is in")
    instance: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="which stay in the journey: its name, and its key if it has one"
    )
    step: Annotated[str, Field(min_length=1)] | None = Field(None, description="the id of the step")
    placement: Name | None = Field(None, description="where it stands, if that is no journey's")
    place: Annotated[int, Field(ge=1)] | None = Field(None, description="which place of the placement, from 1 on")
    action: Name = Field(description="the name of the action in the project's definitions")
    channel: Channel
    action_id: ActionId
    outcome: Literal["published", "held", "refused", "cancelled"] = Field(
        description="held: checked again when it is due; refused: it will never be sent; cancelled: it no longer holds"
    )
    reasons: list[Reason] = Field(
        description="the rules that spoke against it, the first one decided; of what was published, why on this "
        "channel and not on others, which zone was supposed, and why parts of it are the fallback"
    )
    trigger: Trigger | None = Field(description="null when no event did it, but time")
    by: By = None


class Weighed(Sent):
    """What a priority is made of: propensity, the weights that hold, value less cost, and lever."""

    propensity: float = Field(ge=0, le=1, description="how likely the customer is to follow")
    propensity_source: Literal["trait", "learned", "action", "default"] = Field(
        description="the customer's own trait, what was learned, what the action says, or a default"
    )
    weights: dict[str, float] = Field(description="the factors of the context weights that hold, by name")
    value: float = Field(description="what it is worth if the customer follows")
    cost: float = Field(ge=0, description="what it costs")
    lever: float = Field(ge=0, description="the factor of the lever")
    priority: float = Field(description="propensity x weights x (value - cost) x lever")
    notes: list[str] = Field([], description="what could not be used, and what counts instead")


class Candidate(Sent):
    """An action that could have been said."""

    action: Name = Field(description="the name of the action in the project's definitions")
    goal: str | None = Field(description="what the business wants by it, if the action says so")
    group: Name | None = Field(description="what it belongs to, if the action says so")
    channel: Channel
    factors: Weighed = Field(description="what its priority is made of")


class Chosen(Candidate):
    """An action that was chosen; ``action_id`` is null if it stood there already."""

    action_id: ActionId | None = Field(description="that of what is said now; null if it stood there already")


class Arbitration(Sent):
    """Which of several actions were chosen for a customer, by what, and how many were not, by the rule against them."""

    model_config = ConfigDict(
        json_schema_extra=example(
            kind="arbitration",
            customer_id="u-7",
            decided_at="2026-01-02T03:04:05.678Z",
            placement="home-page",
            journey=None,
            step=None,
            chosen=[
                {
                    "action": "bike-lights",
                    "goal": "sell",
                    "group": "accessories",
                    "channel": "web",
                    "factors": {
                        "propensity": 0.3,
                        "propensity_source": "action",
                        "weights": {"on-site": 1.3},
                        "value": 12.5,
                        "cost": 0.05,
                        "lever": 1.55,
                        "priority": 7.526025,
                    },
                    "action_id": "9f8b0c6de1b44c0db4e0c66a7c1f5e02",
                }
            ],
            next=[],
            excluded={"suitability": 3},
            candidates=4,
            trigger={"event_id": "m-1", "type": "Page Viewed", "timestamp": "2026-01-02T03:04:05.000Z"},
        )
    )

    kind: Literal["arbitration"]
    customer_id: CustomerId
    decided_at: Moment = Field(description="when it was decided")
    placement: Name | None = Field(description="the placement; null for a step of a journey")
    journey: Name | None = Field(description="the journey whose step it was; null for a placement")
    step: str | None = Field(description="the id of the step")
    chosen: list[Chosen] = Field(description="the actions that won, best first")
    next: list[Candidate] = Field(description="those after them, at most three")
    excluded: dict[str, int] = Field(description="how many were excluded, by the rule that spoke against them first")
    candidates: int = Field(ge=0, description="how many there were")
    trigger: Trigger | None = Field(description="null when no event did it, but time or a request")


class Decisions(RootModel[Annotated[Decision | Arbitration, Field(discriminator="kind")]]):
    """What became of one action, or which of several were chosen."""
