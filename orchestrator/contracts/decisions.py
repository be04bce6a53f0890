"""Why something was said or not: the records of ``decisions``."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

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
    journey: Name = Field(description="the journey")
    journey_version: Version
    instance: str = Field(min_length=1, description="which stay in the journey: its name, and its key if it has one")
    step: str = Field(min_length=1, description="the id of the step")
    action: Name = Field(description="the name of the action in the project's definitions")
    channel: Channel
    action_id: ActionId
    outcome: Literal["published", "held", "refused", "cancelled"] = Field(
        description="held: checked again when it is due; refused: it will never be sent; cancelled: it no longer holds"
    )
    reasons: list[Reason] = Field(
        description="the rules that spoke against it, the first one decided; of what was published, why on this "
        "channel and not on others, and why parts of it are the fallback"
    )
    trigger: Trigger | None = Field(description="null when no event did it, but time")
    by: By = None
