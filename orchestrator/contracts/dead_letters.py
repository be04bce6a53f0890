"""What could not be used: the records of ``dead-letter``.

Input is there with its own key, value and headers, and with those that are declared here. An action whose content could
not be made has the same headers; its value says which action it is, and what was wrong.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from orchestrator.contracts.actions import ActionId, Channel, Trigger, Version
from orchestrator.contracts.form import CustomerId, Moment, Received, Sent, example
from orchestrator.journeys.model import Name

_Number = Annotated[str, Field(pattern=r"^-?\d+$")]


class DeadLetterHeaders(Received):
    """The headers that a dead letter has beside those of the original record."""

    model_config = ConfigDict(
        json_schema_extra=example(
            **{
                "dead-letter-code": "no_identity",
                "dead-letter-reason": "'userId' and 'anonymousId' are missing: write at least one of them",
                "dead-letter-topic": "events.click",
                "dead-letter-partition": "3",
                "dead-letter-offset": "42",
                "dead-letter-timestamp": "1767323045678",
                "dead-letter-time": "2026-01-02T03:04:06.000Z",
            }
        )
    )

    code: str = Field(alias="dead-letter-code", pattern=r"^[a-z][a-z0-9_]*$", description="stable, for machines")
    reason: str = Field(alias="dead-letter-reason", min_length=1, description="a sentence, for a person")
    topic: str = Field(
        alias="dead-letter-topic",
        min_length=1,
        description="the logical name of its topic; of an action, that of its channel",
    )
    partition: _Number = Field(alias="dead-letter-partition", description="of its topic")
    offset: _Number = Field(
        alias="dead-letter-offset", description="in its partition; -1 of an action, which was never written"
    )
    timestamp: _Number = Field(
        alias="dead-letter-timestamp", description="its time stamp, UTC milliseconds; of an action, when it was decided"
    )
    time: Moment = Field(alias="dead-letter-time", description="when it was refused")


class FailedAction(Sent):
    """An action whose content could not be made for this customer: the value of a dead letter of code content."""

    model_config = ConfigDict(
        json_schema_extra=example(
            kind="failed_action",
            action_id="9f8b0c6de1b44c0db4e0c66a7c1f5e02",
            customer_id="u-7",
            channel="email",
            action="cart-rescue-mail",
            journey="cart-rescue",
            journey_version="5b1c0d2e",
            instance="cart-rescue",
            step="remind",
            error="subject: 'first_name' is missing: give it a default, as in {{ … | default('') }}",
            decided_at="2026-01-02T03:04:05.678Z",
            trigger={"event_id": "m-1", "type": "Product Added", "timestamp": "2026-01-02T02:04:05.678Z"},
        )
    )

    kind: Literal["failed_action"]
    action_id: ActionId
    customer_id: CustomerId
    channel: Channel
    action: Name = Field(description="the name of the action in the project's definitions")
    journey: Name = Field(description="the journey that it is a step of")
    journey_version: Version
    instance: str = Field(min_length=1, description="which stay in the journey: its name, and its key if it has one")
    step: str = Field(min_length=1, description="the id of the step")
    error: str = Field(min_length=1, description="the field that could not be made, and why, for a person")
    decided_at: Moment = Field(description="when it was due")
    trigger: Trigger
