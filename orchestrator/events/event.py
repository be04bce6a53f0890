"""An event as the engine sees it: one form, whatever the producer wrote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from orchestrator.events.view import View

IDENTIFIED: Final = "Identified"
ALIASED: Final = "Aliased"
GROUPED: Final = "Grouped"
PAGE_VIEWED: Final = "Page Viewed"
SCREEN_VIEWED: Final = "Screen Viewed"
CONSENT_CHANGED: Final = "Consent Changed"
SUPPRESSED: Final = "Suppressed"
UNSUPPRESSED: Final = "Unsuppressed"
JOURNEY_REQUESTED: Final = "Journey Requested"
PREFERENCES_CHANGED: Final = "Preferences Changed"
LOCATION_CHANGED: Final = "Location Changed"


@dataclass(slots=True, init=False)
class Event:
    """One normalised event.

    ``name`` is the Segment event name of a track call, and "Identified", "Aliased", "Grouped",
    "Page Viewed" or "Screen Viewed" for the other calls. ``timestamp`` is when it happened at its
    source, ``at`` when it counts for waits (the Kafka record's time stamp, or ``timestamp`` when
    time is the data's); both are UTC milliseconds since the epoch.
    """

    id: str
    name: str
    timestamp: int
    at: int
    user_id: str | None
    anonymous_id: str | None
    previous_id: str | None
    properties: dict[str, Any]
    traits: dict[str, Any]
    context: dict[str, Any]
    traceparent: str | None

    def __init__(
        self,
        id: str,  # noqa: A002 - the name of the field
        name: str,
        timestamp: int,
        at: int,
        user_id: str | None,
        anonymous_id: str | None,
        previous_id: str | None,
        properties: dict[str, Any],
        traits: dict[str, Any],
        context: dict[str, Any],
        traceparent: str | None = None,
    ) -> None:
        self.id = id
        self.name = name
        self.timestamp = timestamp
        self.at = at
        self.user_id = user_id
        self.anonymous_id = anonymous_id
        self.previous_id = previous_id
        self.properties = properties
        self.traits = traits
        self.context = context
        self.traceparent = traceparent

    def view(self) -> View:
        """The event as conditions and templates see it."""
        return View(
            {
                "id": self.id,
                "name": self.name,
                "properties": self.properties,
                "traits": self.traits,
                "context": self.context,
            },
            {"timestamp": self.timestamp},
        )
