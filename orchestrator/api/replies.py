"""What programs get back."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field


class Customer(BaseModel):
    """Who it is about, whatever id was asked for."""

    id: Annotated[str, Field(description="the userId, or the anonymousId of a visitor")]
    known: Annotated[bool, Field(description="whether there is a userId")]


class ShownAction(BaseModel):
    """An action to show."""

    model_config = ConfigDict(extra="allow")

    rank: Annotated[int, Field(description="1 is the best")]
    action_id: Annotated[str, Field(description="for reports of what became of it")]
    action: Annotated[str, Field(description="its name in the project's definitions")]
    journey: Annotated[str | None, Field(description="the journey that it is a step of; null for a standing one")]
    step: Annotated[str | None, Field(description="of the journey")]
    placement: Annotated[str | None, Field(description="where it stands, if it is no journey's")]
    purpose: str
    goal: Annotated[str | None, Field(description="what the action is for, if it says so")]
    group: Annotated[str | None, Field(description="what it belongs with, if it says so")]
    priority: Annotated[
        float,
        Field(description="propensity × context weight × (value - cost) × lever; what the policy puts first is first"),
    ]
    expires_at: Annotated[str, Field(description="not to be shown later; ISO 8601")]
    content: Annotated[dict[str, Any], Field(description="the channel's fields, ready to show")]


class Decided(BaseModel):
    """What to say, the best first. The same request gets the same answer, byte for byte."""

    decision_id: str
    customer: Customer
    channel: str
    placement: str | None
    decided_at: Annotated[str, Field(description="ISO 8601")]
    actions: list[ShownAction]
    excluded: Annotated[
        dict[str, int], Field(description="how many were left out, by the rule that spoke against them")
    ]


class Accepted(BaseModel):
    """It is on its way as an event; what became of it, the customer's story tells."""

    event_id: Annotated[str, Field(description="its message id: sent again it counts once")]
    event: Annotated[str, Field(description="its name")]
    customer: Annotated[str, Field(description="the id that it is about")]


class Stay(BaseModel):
    """A customer in a journey."""

    journey: str
    version: str
    key: Annotated[str, Field(description="which stay: the journey's name, and the entry's key if it has one")]
    step: Annotated[str | None, Field(description="null when the last is done and only its offers are watched")]
    entered_at: str
    due: Annotated[str | None, Field(description="when the wait ends")]


class RecommendedProduct(BaseModel):
    """A product of the catalogue, with all that is known of it."""

    model_config = ConfigDict(extra="allow")

    rank: Annotated[int, Field(description="1 is the best")]
    id: str
    name: str
    price: float
    currency: str
    reason: Annotated[str, Field(description="why it is recommended, for a person")]
    score: Annotated[float, Field(description="larger is better; 0 for what is merely popular")]


class Recommended(BaseModel):
    """What to recommend, the best first; what is out of stock, just bought or in the cart is not among it."""

    known: Annotated[bool, Field(description="whether anything is known of the customer")]
    catalogue_version: Annotated[int, Field(description="the offset up to which the catalogue was read")]
    products: list[RecommendedProduct]


class Known(BaseModel):
    """All that is known of a customer: what is committed, so never what a crash could take back."""

    model_config = ConfigDict(extra="allow")

    id: str
    known: Annotated[bool, Field(description="whether there is a userId")]
    traits: dict[str, Any] = {}
    segments: list[str] = []
    journeys: Annotated[list[Stay], Field(description="those that the customer is in")]
    messages: Annotated[
        list[dict[str, Any]], Field(description="what was said, the newest first, and what became of it")
    ]
    decisions: Annotated[list[dict[str, Any]], Field(description="the last ones and their reasons, the newest first")]
    decisions_since: Annotated[str, Field(description="earlier ones are on the decisions topic alone")]
    answers: Annotated[list[dict[str, Any]], Field(description="what programs were told to show, the newest first")]
