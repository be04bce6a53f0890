"""What to do next: the records of ``actions.<channel>``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field

from orchestrator.contracts.form import CustomerId, Moment, Sent, example
from orchestrator.journeys.model import Name

ActionId = Annotated[
    str,
    Field(
        pattern=r"^[0-9a-f]{32}$",
        description="a replay gives it again: whoever sends drops an action_id that was sent before",
    ),
]
Version = Annotated[str, Field(min_length=1, description="the version of the journey that the customer is in")]
Channel = Annotated[str, Field(min_length=1, description="the channel, as in the name of the topic")]

By = Annotated[Name | None, Field(description="the partner who asked for it; left out if none did")]

_TRIGGER: Final = {"event_id": "m-1", "type": "Product Added", "timestamp": "2026-01-02T02:04:05.678Z"}

ACTION: Final[Mapping[str, Any]] = {
    "kind": "action",
    "action_id": "9f8b0c6de1b44c0db4e0c66a7c1f5e02",
    "customer_id": "u-7",
    "anonymous": False,
    "recipient": {"address": "ada@example.com", "locale": "en-GB", "timezone": None},
    "purpose": "marketing",
    "channel": "email",
    "action": "cart-rescue-mail",
    "content": {"subject": "Your cart is still here", "html": "<p>Hello</p>"},
    "journey": "cart-rescue",
    "journey_version": "5b1c0d2e",
    "step": "remind",
    "decided_at": "2026-01-02T03:04:05.678Z",
    "expires_at": "2026-01-04T03:04:05.678Z",
    "trigger": _TRIGGER,
    "priority": 40,
}
"""An example."""


class Trigger(Sent):
    """The event that led to it."""

    event_id: str = Field(min_length=1, description="its messageId, or source/id of a CloudEvent")
    type: str = Field(min_length=1, description="its name, such as Product Added")
    timestamp: Moment = Field(description="when it happened at its source")


class Recipient(Sent):
    """Where the customer is reached."""

    address: str = Field(min_length=1, description="in the terms of the channel, such as a mail address")
    locale: str | None = Field(description="such as de-AT, if it is known")
    timezone: str | None = Field(description="such as Europe/Vienna, if it is known")


class Action(Sent):
    """Do this for this customer, at once, unless it has expired; a cancel with the same action_id may follow."""

    model_config = ConfigDict(json_schema_extra=example(**ACTION))

    kind: Literal["action"]
    action_id: ActionId
    customer_id: CustomerId
    anonymous: bool = Field(False, description="whether customer_id is an anonymousId; else it is a userId")
    recipient: Recipient
    purpose: Name = Field(description="what the customer's consent was asked for: marketing, service, ...")
    channel: Channel
    action: Name = Field(description="the name of the action in the project's definitions")
    content: dict[str, Any] = Field(description="the channel's fields, rendered for this customer")
    journey: Name | None = Field(None, description="the journey that it is a step of; null if it stands in a placement")
    journey_version: Version | None = Field(None, description="the version of the journey that the customer is in")
    step: Annotated[str, Field(min_length=1)] | None = Field(None, description="the id of the step")
    placement: Name | None = Field(None, description="where it stands, if that is no journey's")
    place: Annotated[int, Field(ge=1)] | None = Field(None, description="which place of the placement, from 1 on")
    goal: str | None = Field(None, description="what the business wants by it, if the action says so")
    group: Name | None = Field(None, description="what it belongs to, if the action says so")
    decided_at: Moment = Field(description="when it was decided")
    expires_at: Moment = Field(description="when it is too late to send it")
    trigger: Trigger
    priority: int = Field(ge=0, le=1000, description="what matters more has more")
    follows: ActionId | None = Field(None, description="the message on another channel that it comes after, in a chain")
    by: By = None


class Cancel(Sent):
    """Don't do it, or take it back if it was done: what an action said no longer holds."""

    model_config = ConfigDict(
        json_schema_extra=example(
            kind="cancel",
            action_id="9f8b0c6de1b44c0db4e0c66a7c1f5e02",
            customer_id="u-7",
            channel="email",
            action="cart-rescue-mail",
            journey="cart-rescue",
            journey_version="5b1c0d2e",
            reason="Order Completed came",
            decided_at="2026-01-02T03:04:06.000Z",
            trigger={"event_id": "m-2", "type": "Order Completed", "timestamp": "2026-01-02T03:04:05.999Z"},
        )
    )

    kind: Literal["cancel"]
    action_id: ActionId
    customer_id: CustomerId
    channel: Channel
    action: Name = Field(description="the name of the action in the project's definitions")
    journey: Name | None = Field(None, description="the journey that it was a step of; null if it was of none")
    journey_version: Version | None = Field(None, description="the version of the journey that the customer is in")
    placement: Name | None = Field(None, description="where it stood, if that is no journey's")
    reason: str = Field(min_length=1, description="why, for a person")
    decided_at: Moment = Field(description="when it was decided")
    trigger: Trigger | None = Field(description="null when no event did it, but time")


class ActionHeaders(Sent):
    """The headers of an action or a cancel: a CloudEvent in binary mode."""

    model_config = ConfigDict(
        json_schema_extra=example(
            **{
                "content-type": "application/json",
                "ce_specversion": "1.0",
                "ce_id": "9f8b0c6de1b44c0db4e0c66a7c1f5e02",
                "ce_source": "/journeys/cart-rescue",
                "ce_type": "orchestrator.action",
                "ce_time": "2026-01-02T03:04:05.678Z",
                "ce_subject": "u-7",
                "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            }
        )
    )

    content_type: Literal["application/json"] = Field(alias="content-type")
    ce_specversion: Literal["1.0"]
    ce_id: str = Field(pattern=r"^[0-9a-f]{32}(/cancel)?$", description="the action_id; of a cancel with /cancel")
    ce_source: str = Field(
        pattern=r"^/(journeys|placements)/.+$", description="/journeys/ or /placements/ and the name"
    )
    ce_type: Literal["orchestrator.action", "orchestrator.cancel"]
    ce_time: Moment = Field(description="decided_at")
    ce_subject: CustomerId
    traceparent: str | None = Field(None, description="W3C trace context of the event that led to it, if it had one")
