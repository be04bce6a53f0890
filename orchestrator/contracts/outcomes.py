"""What became of an action: a kind of line in ``journey-log``, and what is learned from."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field, StrictInt

from orchestrator.contracts.actions import Trigger
from orchestrator.contracts.form import CustomerId, Moment, Sent, example
from orchestrator.journeys.model import Name

What = Literal["published", "sent", "delivered", "failed", "dismissed", "opened", "clicked", "replied", "converted"]


class OutcomeLine(Sent):
    """What became of an action: that it was published, and what the customer or the sender made of it."""

    model_config = ConfigDict(
        json_schema_extra=example(
            kind="outcome",
            customer_id="u-7",
            at="2026-01-02T03:04:05.678Z",
            action_id="5b1c0d2e5b1c0d2e5b1c0d2e5b1c0d2e",
            action="cart-reminder",
            channel="email",
            group="accessories",
            goal="sell",
            journey="cart-rescue",
            what="converted",
            was="clicked",
            joined="action_id",
            first=True,
            followed=False,
            value=49.9,
            sent_at="2026-01-01T03:04:05.678Z",
            delay_ms=86_400_000,
            sent_hour=4,
            hour=4,
            propensity=0.12,
            trigger={"event_id": "m-1", "type": "Order Completed", "timestamp": "2026-01-02T03:04:05.678Z"},
        )
    )

    kind: Literal["outcome"]
    customer_id: CustomerId
    at: Moment = Field(description="when it happened, as its event says")
    action_id: str = Field(min_length=1, description="the action's id")
    action: Name = Field(description="the action")
    channel: Name = Field(description="the channel")
    group: Name | None = Field(description="the action's group, if it has one")
    goal: str | None = Field(description="the action's business goal, if it has one")
    journey: str | None = Field(description="the journey that it was said in, if it was one")
    what: What = Field(description="converted: a purchase is put down to it")
    was: str | None = Field(description="the most of these that was known before; null if it is published now")
    joined: Literal["action_id", "last_touch"] = Field(
        description="how it was found: the event names it, or it was the last that was said before a purchase"
    )
    first: bool = Field(description="false for a purchase if another was put down to it before")
    followed: bool = Field(description="whether it is the first sign that the customer followed: a click, a purchase")
    value: int | float | None = Field(description="what a purchase is worth; null if that is not said or not known")
    sent_at: Moment = Field(description="when the action was published")
    delay_ms: StrictInt = Field(ge=0, description="from then to what happened")
    sent_hour: StrictInt = Field(ge=0, le=23, description="the hour of the customer's day in which it was published")
    hour: StrictInt = Field(ge=0, le=23, description="the hour of the customer's day in which it happened")
    propensity: float | None = Field(description="how likely the customer was thought to follow; null if not asked")
    trigger: Trigger | None = Field(description="null when no event did it, but time")
