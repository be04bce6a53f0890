"""One Kafka record of the example shop, and its form in a JSON Lines file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import orjson

CLICK = "events.click"
CALL = "events.call"
PURCHASE = "events.purchase"
ENGAGEMENT = "events.engagement"
PROFILE = "events.profile"


class Defect(StrEnum):
    """What is wrong on purpose with a record; NONE for nearly all."""

    NONE = ""
    DUPLICATE = "duplicate"
    LATE = "late"
    NOT_JSON = "not_json"
    NO_IDENTITY = "no_identity"
    ABSURD_TIME = "absurd_time"


@dataclass(frozen=True, slots=True)
class Line:
    """One record. ``topic`` is the logical name, ``timestamp_ms`` the record's own time stamp."""

    topic: str
    key: bytes
    value: bytes
    timestamp_ms: int
    defect: Defect = Defect.NONE

    def to_json(self) -> bytes:
        """The line of a JSON Lines file; a value that is not JSON stands as text under ``raw``."""
        head = {"topic": self.topic, "key": self.key.decode(), "timestamp_ms": self.timestamp_ms}
        if self.defect:
            head["defect"] = self.defect.value
        if self.defect is Defect.NOT_JSON:
            return orjson.dumps({**head, "raw": self.value.decode()}, option=orjson.OPT_APPEND_NEWLINE)
        return orjson.dumps({**head, "value": orjson.Fragment(self.value)}, option=orjson.OPT_APPEND_NEWLINE)
