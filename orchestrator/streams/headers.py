"""Headers of the records on ``customer-events``, which say what each is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import orjson

FORWARD: Final = "orchestrator-forward"
"""An event on its way home; the value is JSON with its origin."""
MESSAGE: Final = "orchestrator-message"
"""A claim, an absorb or a release."""
TIME: Final = "orchestrator-time"
"""A replay's mark; the value is JSON with ``until`` (UTC ms) and ``ends`` (next offsets by logical topic)."""
DEFINITIONS: Final = "orchestrator-definitions"
"""Here the definitions change; the value is the version of those that are in force from here on."""


@dataclass(frozen=True, slots=True)
class Mark:
    """All records up to ``until`` (UTC ms) are below ``ends``: the next offset by logical topic."""

    until: int
    ends: dict[str, int]


def read_mark(value: bytes) -> Mark:
    """The mark in a ``TIME`` header. Raises ValueError for anything else."""
    try:
        mark = orjson.loads(value)
        return Mark(int(mark["until"]), {str(topic): int(end) for topic, end in mark["ends"].items()})
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"no mark of time: {value[:80]!r}") from error
