"""What producers send to ``events.*``: the calls of the Segment spec, bare or inside of a CloudEvent."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    RootModel,
    StrictFloat,
    StrictInt,
    Tag,
    WithJsonSchema,
    model_validator,
)

from orchestrator.contracts.form import TRACEPARENT, Received
from orchestrator.errors import BadRecord
from orchestrator.events.identifiers import ID_MAX, read_id
from orchestrator.events.segment import NAME_MAX
from orchestrator.events.timestamps import EARLIEST_MS, LATEST_MS, read_moment


def _is_id(value: str | int | None) -> str | int | None:
    try:
        read_id("it", value)
    except BadRecord as refusal:
        raise ValueError(str(refusal)) from None
    return value


def _is_given(value: str | int) -> str | int:
    if value == "":
        raise ValueError("is empty")
    return value


def _is_time(value: str | float | None) -> str | float | None:
    if value not in (None, "") and not EARLIEST_MS <= read_moment(value) < LATEST_MS:
        raise ValueError("lies not between the years 2000 and 3000")
    return value


_ID_SCHEMA: Final[dict[str, Any]] = {"maxLength": ID_MAX, "pattern": r"^[^\x00-\x1f\x7f-\x9f]*$"}

Id = Annotated[
    str | StrictInt | None,
    AfterValidator(_is_id),
    WithJsonSchema({"type": ["string", "integer", "null"], **_ID_SCHEMA}),
]
"""An id that may be missing; the empty text and null mean the same."""

GivenId = Annotated[
    str | StrictInt,
    AfterValidator(_is_id),
    AfterValidator(_is_given),
    WithJsonSchema({"type": ["string", "integer"], "minLength": 1, **_ID_SCHEMA}),
]
Time = Annotated[
    str | StrictInt | StrictFloat | None,
    AfterValidator(_is_time),
    WithJsonSchema({"type": ["string", "number", "null"]}),
]
"""ISO 8601, in UTC where it has no offset, or epoch milliseconds; the empty text and null mean that it is missing."""

Object = Annotated[dict[str, Any] | None, WithJsonSchema({"type": ["object", "null"]})]


def call_schema(**example: Any) -> ConfigDict:
    """The part of a call's schema that its fields cannot say: an example, and that it is somebody's."""
    return ConfigDict(json_schema_extra={"anyOf": [_given("userId"), _given("anonymousId")], "examples": [example]})


def _given(field: str) -> JsonValue:
    return {"required": [field], "properties": {field: {"type": ["string", "integer"], "minLength": 1}}}


class Call(Received):
    """What all calls of the Segment spec have in common. One of userId and anonymousId is there."""

    message_id: Id = Field(
        None,
        alias="messageId",
        description="a record with the same one is a duplicate; without it only a replay is told apart",
    )
    user_id: Id = Field(None, alias="userId", description="who it is, in your own database")
    anonymous_id: Id = Field(
        None, alias="anonymousId", description="who it is before that is known, such as a cookie or a device"
    )
    timestamp: Time = Field(None, description="when: ISO 8601 (UTC if it has no offset) or epoch milliseconds")
    original_timestamp: Time = Field(None, alias="originalTimestamp", description="counts if there is no timestamp")
    sent_at: Time = Field(None, alias="sentAt", description="counts if there is neither of these")
    received_at: Time = Field(None, alias="receivedAt", description="counts if there is none of these")
    context: Object = Field(None, description="where it happened: page, campaign, locale, timezone, ...")

    @model_validator(mode="after")
    def _is_somebody(self) -> Self:
        if self.user_id in (None, "") and self.anonymous_id in (None, ""):
            raise ValueError("userId and anonymousId are missing: write at least one of them")
        return self


def _is_name(value: str) -> str:
    if max(value, default=" ") <= " ":
        raise ValueError("is blank")
    return value


class TrackCall(Call):
    """What all track calls have in common; ``event`` and ``properties`` say what happened."""

    type: Literal["track"]


class Track(TrackCall):
    """Something happened."""

    model_config = call_schema(
        type="track",
        event="Product Viewed",
        messageId="m-1",
        userId="u-7",
        timestamp="2026-01-02T03:04:05.678Z",
        properties={"product_id": "P-101", "price": 49.9},
    )

    event: Annotated[str, AfterValidator(_is_name)] = Field(
        min_length=1, max_length=NAME_MAX, description="what happened, such as Product Viewed"
    )
    properties: Object = Field(None, description="what is to be said about it")


class Identify(Call):
    """Who the customer is: known to journeys as the event Identified."""

    model_config = call_schema(
        type="identify",
        messageId="m-2",
        userId="u-7",
        anonymousId="a-1",
        timestamp="2026-01-02T03:04:05.678Z",
        traits={"email": "ada@example.com", "locale": "en-GB"},
    )

    type: Literal["identify"]
    traits: Object = Field(None, description="what is known of the customer; without it context.traits")
    properties: Object = Field(None, description="what is to be said beside")


class _View(Call):
    name: str | None = Field(None, description="of the page or screen; becomes properties.name")
    category: str | None = Field(None, description="of the page or screen; becomes properties.category")
    properties: Object = Field(None, description="what is to be said about it")


class Page(_View):
    """A page was viewed: known to journeys as the event Page Viewed."""

    model_config = call_schema(type="page", messageId="m-3", anonymousId="a-1", name="Home", properties={"path": "/"})

    type: Literal["page"]


class Screen(_View):
    """A screen of an app was viewed: known to journeys as the event Screen Viewed."""

    model_config = call_schema(type="screen", messageId="m-4", anonymousId="a-1", name="Cart")

    type: Literal["screen"]


class Alias(Call):
    """Two ids are one customer: known to journeys as the event Aliased."""

    model_config = call_schema(type="alias", messageId="m-5", previousId="a-1", userId="u-7")

    type: Literal["alias"]
    user_id: GivenId = Field(alias="userId", description="the id to use from now on")
    previous_id: GivenId = Field(alias="previousId", description="the id used until now")
    properties: Object = Field(None, description="what is to be said beside")


class Group(Call):
    """The customer is in a group, such as a company: known to journeys as the event Grouped."""

    model_config = call_schema(type="group", messageId="m-6", userId="u-7", groupId="g-1", traits={"name": "Initech"})

    type: Literal["group"]
    group_id: GivenId = Field(alias="groupId", description="becomes properties.groupId")
    traits: Object = Field(None, description="what is known of the group")
    properties: Object = Field(None, description="what is to be said beside")


class CloudEvent(Received):
    """A CloudEvent 1.0 in structured mode. In binary mode the attributes are ``ce_*`` headers, the value is ``data``.

    Data that is a Segment call is read as that; what it lacks of messageId, timestamp and userId comes from
    source/id, time and subject. Other data becomes the properties of an event that is named by ``type``, about
    the customer that ``subject`` names.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "specversion": "1.0",
                    "type": "com.example.parcel.delayed",
                    "source": "/carrier/eu",
                    "id": "7f3a",
                    "subject": "u-7",
                    "time": "2026-01-02T03:04:05.678Z",
                    "data": {"parcel": "p-9", "days": 2},
                }
            ]
        }
    )

    specversion: Literal["1.0"]
    type: str = Field(min_length=1, max_length=NAME_MAX, description="the event's name")
    source: str = Field(min_length=1, max_length=ID_MAX, description="with the id it tells duplicates")
    id: str = Field(min_length=1, max_length=ID_MAX, description="with the source it tells duplicates")
    subject: Id = Field(None, description="the userId, where data is no Segment call")
    time: Time = Field(None, description="when it happened")
    datacontenttype: str | None = Field(None, description="a media type of JSON", examples=["application/json"])
    data: Object = Field(None, description="a Segment call, or any object")
    data_base64: str | None = Field(None, description="in place of data: its JSON in base64")
    traceparent: str | None = Field(None, json_schema_extra={"pattern": TRACEPARENT}, description="W3C trace context")


def _form(value: Any) -> str:
    """The tag of what is read (a mapping) or written (a model)."""
    fields = value if isinstance(value, dict) else vars(value)
    return "cloudevent" if "specversion" in fields else str(fields.get("type"))


class InputEvent(
    RootModel[
        Annotated[
            Annotated[Track, Tag("track")]
            | Annotated[Identify, Tag("identify")]
            | Annotated[Page, Tag("page")]
            | Annotated[Screen, Tag("screen")]
            | Annotated[Alias, Tag("alias")]
            | Annotated[Group, Tag("group")]
            | Annotated[CloudEvent, Tag("cloudevent")],
            Discriminator(_form),
        ]
    ]
):
    """A record of any ``events.*`` topic. Its key is best the userId, else the anonymousId; any other works too."""
