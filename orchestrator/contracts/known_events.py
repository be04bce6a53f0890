"""Events that the orchestrator itself understands, or that have no standard elsewhere: calls, answers, consent."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from orchestrator.contracts.events import TrackCall, call_schema
from orchestrator.contracts.form import Received
from orchestrator.journeys.model import Name

ChannelName = Annotated[str, Field(min_length=1, description="such as email; '*' is all channels")]
Purpose = Annotated[str, Field(min_length=1, description="such as marketing")]


class PhoneCall(Received):
    """What is known of a call from its start."""

    call_id: str = Field(min_length=1, description="the same in all events of one call")
    direction: Literal["inbound", "outbound"] = Field(description="inbound: the customer called")
    queue: str | None = Field(None, description="who was to answer, such as orders")
    agent_id: str | None = Field(None, description="who answered")
    reason: str | None = Field(None, description="what it is about, such as payment failed")


class EndedPhoneCall(PhoneCall):
    """What is known of a call at its end."""

    outcome: str | None = Field(None, description="such as resolved, unresolved, callback_needed or abandoned")
    duration_s: float | None = Field(None, ge=0, description="in seconds, from the start")
    transcript_summary: str | None = Field(None, description="what was said, in a few sentences")


class CallStarted(TrackCall):
    """A phone call began."""

    model_config = call_schema(
        type="track",
        event="Call Started",
        messageId="call-8412-start",
        userId="u-7",
        timestamp="2026-01-02T03:04:05.678Z",
        properties={"call_id": "8412", "direction": "inbound", "queue": "orders", "reason": "payment failed"},
    )

    event: Literal["Call Started"]
    properties: PhoneCall


class CallEnded(TrackCall):
    """A phone call ended, answered or not."""

    model_config = call_schema(
        type="track",
        event="Call Ended",
        messageId="call-8412-end",
        userId="u-7",
        timestamp="2026-01-02T03:09:17.000Z",
        properties={
            "call_id": "8412",
            "direction": "inbound",
            "queue": "orders",
            "agent_id": "agent-03",
            "reason": "payment failed",
            "outcome": "callback_needed",
            "duration_s": 312,
            "transcript_summary": "Payment provider was slow. Promised a call when it works again.",
        },
    )

    event: Literal["Call Ended"]
    properties: EndedPhoneCall


class Reaction(Received):
    """What a sender tells of a message."""

    action_id: str | None = Field(None, description="of the action, if it was one of ours")
    channel: ChannelName | None = Field(None, description="such as email")
    journey: str | None = Field(None, description="the journey that the action is a step of")


class Bounce(Reaction):
    """Why a message could not be delivered."""

    channel: ChannelName
    kind: Literal["hard", "soft"] = Field("hard", description="hard: nothing will ever arrive there")
    detail: str | None = Field(None, description="a sentence, for a person")


class Failure(Reaction):
    """Why a message was not sent."""

    reason: str | None = Field(
        None, description="a word: expired, cancelled, refused, bounced or gave_up; other senders may have others"
    )
    detail: str | None = Field(None, description="a sentence, for a person")


class Refusal(Reaction):
    """What the customer does not want any more."""

    purpose: Purpose = "marketing"


class MessageReaction(TrackCall):
    """A message was sent, delivered, opened, clicked, dismissed or replied to; or sent although it was cancelled."""

    model_config = call_schema(
        type="track",
        event="Message Opened",
        messageId="esp-1f",
        userId="u-7",
        timestamp="2026-01-02T03:04:05.678Z",
        properties={"action_id": "9f8b0c6de1b44c0db4e0c66a7c1f5e02", "channel": "email"},
    )

    event: Literal[
        "Message Sent",
        "Message Delivered",
        "Message Opened",
        "Message Clicked",
        "Message Dismissed",
        "Message Replied",
        "Message Cancel Missed",
    ]
    properties: Reaction


class MessageFailed(TrackCall):
    """A message was not sent, and will not be."""

    model_config = call_schema(
        type="track",
        event="Message Failed",
        messageId="9f8b0c6de1b44c0db4e0c66a7c1f5e02/failed",
        userId="u-7",
        timestamp="2026-01-02T03:04:05.678Z",
        properties={
            "action_id": "9f8b0c6de1b44c0db4e0c66a7c1f5e02",
            "channel": "email",
            "journey": "cart-rescue",
            "reason": "expired",
            "detail": "it expired at 2026-01-04T03:04:05.678Z",
        },
    )

    event: Literal["Message Failed"]
    properties: Failure


class MessageBounced(TrackCall):
    """A message could not be delivered: after a hard bounce nothing more goes to that address."""

    model_config = call_schema(
        type="track",
        event="Message Bounced",
        messageId="esp-20",
        userId="u-7",
        timestamp="2026-01-02T03:04:05.678Z",
        properties={"action_id": "9f8b0c6de1b44c0db4e0c66a7c1f5e02", "channel": "email", "kind": "hard"},
    )

    event: Literal["Message Bounced"]
    properties: Bounce


class MessageUnsubscribed(TrackCall):
    """The customer unsubscribed: a no to one purpose on a channel, or on all where none is named."""

    model_config = call_schema(
        type="track",
        event="Message Unsubscribed",
        messageId="esp-21",
        userId="u-7",
        timestamp="2026-01-02T03:04:05.678Z",
        properties={"action_id": "9f8b0c6de1b44c0db4e0c66a7c1f5e02", "channel": "email", "purpose": "marketing"},
    )

    event: Literal["Message Unsubscribed"]
    properties: Refusal | None = Field(None, description="what the customer does not want; without it all marketing")


class Choice(Received):
    """A yes or a no."""

    given: bool = Field(strict=True, description="true is a yes, anything else a no")
    channel: ChannelName = "*"
    purpose: Purpose = "marketing"
    source: str | None = Field(None, description="where it was said, such as registration")


class ConsentChanged(TrackCall):
    """The customer gave or took back a consent."""

    model_config = call_schema(
        type="track",
        event="Consent Changed",
        messageId="m-7",
        userId="u-7",
        timestamp="2026-01-02T03:04:05.678Z",
        properties={"channel": "email", "purpose": "marketing", "given": True, "source": "registration"},
    )

    event: Literal["Consent Changed"]
    properties: Choice


class Suppression(Received):
    """Where nothing more is to be said."""

    channel: ChannelName = "*"
    source: str | None = Field(None, description="who says so, such as legal")


class CustomerSuppressed(TrackCall):
    """Nothing is to be said to the customer, on a channel or on all, but what is transactional; or it may be again."""

    model_config = call_schema(
        type="track",
        event="Suppressed",
        messageId="m-10",
        userId="u-7",
        timestamp="2026-01-02T03:04:05.678Z",
        properties={"channel": "*", "source": "legal"},
    )

    event: Literal["Suppressed", "Unsuppressed"]
    properties: Suppression | None = Field(None, description="where; without it everywhere")


class Answer(Received):
    """A score, as the survey's link says it."""

    survey: Name = Field(description="the survey's name, as its action has it")
    kind: Literal["nps", "csat", "ces"] = Field(description="nps has scores from 0 to 10, csat 1 to 5, ces 1 to 7")
    score: int = Field(ge=0, le=10, description="a whole number, which may be written as a text")
    action_id: str | None = Field(None, max_length=64, description="of the action that asked, if it was one of ours")
    journey: str | None = Field(None, max_length=64, description="the journey that the action is a step of")
    comment: str | None = Field(None, max_length=4_000, description="what the customer wrote")
    token: str | None = Field(None, max_length=64, description="of the link; needed where survey_secret is set")


class SurveyAnswered(TrackCall):
    """A survey was answered by one click on a score; what else its link has belongs into the properties too."""

    model_config = call_schema(
        type="track",
        event="Survey Answered",
        messageId="9f8b0c6de1b44c0db4e0c66a7c1f5e02/delivery/9",
        userId="u-7",
        timestamp="2026-01-02T03:04:05.678Z",
        properties={
            "survey": "delivery",
            "kind": "nps",
            "score": 9,
            "action_id": "9f8b0c6de1b44c0db4e0c66a7c1f5e02",
            "journey": "order-care",
        },
    )

    event: Literal["Survey Answered"]
    properties: Answer


class Request(Received):
    """Which journey the customer is to enter."""

    journey: Name = Field(description="the journey's name; its entry must have api: true")
    data: dict[str, Any] | None = Field(None, description="what it sees as event.properties.data")
    by: Name | None = Field(None, description="the partner who asks, by the name in partners.yaml")
    edits: dict[str, str] | None = Field(
        None, description="what blocks of its actions are to say: block, or action.block for one action alone"
    )


class JourneyRequested(TrackCall):
    """Somebody asked that the customer enters a journey."""

    model_config = call_schema(
        type="track",
        event="Journey Requested",
        messageId="m-8",
        userId="u-7",
        timestamp="2026-01-02T03:04:05.678Z",
        properties={"journey": "callback", "data": {"reason": "delivery was late"}},
    )

    event: Literal["Journey Requested"]
    properties: Request


class Place(Received):
    """Where the customer is."""

    latitude: float = Field(ge=-90, le=90, description="in degrees, north of the equator")
    longitude: float = Field(ge=-180, le=180, description="in degrees, east of Greenwich")


class LocationChanged(TrackCall):
    """The customer is somewhere else now."""

    model_config = call_schema(
        type="track",
        event="Location Changed",
        messageId="m-9",
        userId="u-7",
        timestamp="2026-01-02T03:04:05.678Z",
        properties={"latitude": 48.1374, "longitude": 11.5755},
    )

    event: Literal["Location Changed"]
    properties: Place
