"""What programs send."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt, StrictStr, model_validator

from orchestrator.engine.customer import ANONYMOUS, USER
from orchestrator.errors import BadRecord
from orchestrator.events.identifiers import ID_MAX, read_id

PLACES_ALLOWED = 50

Object = dict[str, Any]


def _id(value: str) -> str:
    try:
        found = read_id("the id", value)
    except BadRecord as error:
        raise ValueError(str(error)) from None
    if found is None:
        raise ValueError("it is empty: write an id")
    return found


CustomerId = Annotated[StrictStr, Field(min_length=1, max_length=ID_MAX), AfterValidator(_id)]
Word = Annotated[StrictStr, Field(min_length=1, max_length=200)]


class Body(BaseModel):
    """A field too many is a slip, and not passed over."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Ids(Body):
    """Who it is about: the userId counts, and without one the anonymousId."""

    user_id: Annotated[CustomerId | None, Field(alias="userId", description="as in events")] = None
    anonymous_id: Annotated[
        CustomerId | None,
        Field(alias="anonymousId", description="as in events; one that belongs to a user by now means that user"),
    ] = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.user_id is None and self.anonymous_id is None:
            raise ValueError("write a userId or an anonymousId")
        return self

    @property
    def id(self) -> str:
        """The one that counts."""
        return self.user_id if self.user_id is not None else str(self.anonymous_id)

    @property
    def anonymous(self) -> bool:
        """Whether it is an anonymousId."""
        return self.user_id is None

    @property
    def key(self) -> str:
        """The key of the record that it names."""
        return (ANONYMOUS if self.anonymous else USER) + self.id


class Decide(Body):
    """What to say to a customer now."""

    customer: Ids
    channel: Annotated[Word, Field(description="such as web")]
    placement: Annotated[Word | None, Field(description="a place of placements.yaml")] = None
    places: Annotated[
        StrictInt | None,
        Field(ge=1, le=PLACES_ALLOWED, description="how many actions there is room for; else the placement's, else 1"),
    ] = None
    properties: Annotated[Object, Field(description="what conditions see as event.properties")] = {}
    context: Annotated[Object, Field(description="what conditions see as event.context")] = {}


class Enter(Body):
    """Who is to enter a journey."""

    customer: Ids
    data: Annotated[Object | None, Field(description="what the journey sees as event.properties.data")] = None
    edits: Annotated[
        dict[Word, str] | None,
        Field(description="what blocks of its actions are to say: block, or action.block for one action alone"),
    ] = None


class Outcome(Body):
    """What became of an action."""

    customer: Annotated[Ids, Field(description="of the action: its customer_id, an anonymousId if it is anonymous")]
    outcome: Literal[
        "sent",
        "delivered",
        "opened",
        "clicked",
        "dismissed",
        "replied",
        "bounced",
        "failed",
        "unsubscribed",
    ]
    channel: Annotated[Word | None, Field(description="of the action; a bounce needs it")] = None
    journey: Annotated[Word | None, Field(description="of the action")] = None
    timestamp: Annotated[Word | None, Field(description="when it happened, ISO 8601; else now")] = None
    kind: Annotated[
        Literal["hard", "soft"] | None, Field(description="of a bounce; hard: nothing will ever arrive")
    ] = None
    reason: Annotated[Word | None, Field(description="why it failed, in a word")] = None
    detail: Annotated[StrictStr | None, Field(max_length=500, description="a sentence, for a person")] = None
    purpose: Annotated[Word | None, Field(description="which messages are not wanted any more; else marketing")] = None
    properties: Annotated[Object, Field(description="what conditions see beside these, such as url")] = {}

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.outcome == "bounced" and self.channel is None:
            raise ValueError("a bounce needs its channel")
        return self
