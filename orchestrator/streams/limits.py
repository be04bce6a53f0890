"""What the intake refuses under a project's settings."""

from __future__ import annotations

from orchestrator.events.intake import Limits
from orchestrator.events.routing import KNOWN_NAMES
from orchestrator.settings import Settings


def limits_of(settings: Settings) -> Limits:
    """What the intake refuses under these settings."""
    return Limits(
        max_event_bytes=settings.max_event_bytes,
        max_event_age_ms=settings.max_event_age,
        future_tolerance_ms=settings.future_tolerance,
        event_clock=settings.clock == "event",
        strict={topic: KNOWN_NAMES[topic] for topic in settings.strict_topics},
        survey_key=settings.survey_key,
    )
