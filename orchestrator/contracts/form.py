"""The two forms of a contract: what we send is exact, what others send may hold more than we read."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from orchestrator.events.identifiers import ID_MAX
from orchestrator.moments import format_moment


class Sent(BaseModel):
    """What the orchestrator writes: every field is there, of its very type, and no other."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, validate_by_alias=True, validate_by_name=True)


class Received(BaseModel):
    """What others write: fields that are not named here are allowed and not read."""

    model_config = ConfigDict(extra="allow", frozen=True, validate_by_alias=True, validate_by_name=True)


def _is_moment(text: str) -> str:
    moment = datetime.fromisoformat(text)
    if format_moment(round(moment.timestamp() * 1000)) != text:
        raise ValueError("is no moment in UTC with milliseconds, such as 2026-01-02T03:04:05.678Z")
    return text


Moment = Annotated[
    str,
    Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$", json_schema_extra={"format": "date-time"}),
    AfterValidator(_is_moment),
]
"""A moment that we wrote: ISO 8601 in UTC with milliseconds."""

CustomerId = Annotated[
    str, Field(min_length=1, max_length=ID_MAX, description="the userId, or the anonymousId of somebody unknown")
]

TRACEPARENT: Final = r"^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$"


def example(**fields: Any) -> dict[str, Any]:
    """The example of a model: what its schema shows, and what the tests validate."""
    return {"examples": [fields]}
