"""Input that could not be used: the records of ``dead-letter`` have its key, value and headers, and these."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from orchestrator.contracts.form import Moment, Received, example

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
    topic: str = Field(alias="dead-letter-topic", min_length=1, description="the logical name of its topic")
    partition: _Number = Field(alias="dead-letter-partition", description="of its topic")
    offset: _Number = Field(alias="dead-letter-offset", description="in its partition")
    timestamp: _Number = Field(alias="dead-letter-timestamp", description="its time stamp, UTC milliseconds")
    time: Moment = Field(alias="dead-letter-time", description="when it was refused")
