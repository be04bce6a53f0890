"""The logical names of all topics: what the code calls them, whatever a cluster does."""

from __future__ import annotations

import re

EVENT_TOPICS = ("events.click", "events.call", "events.purchase", "events.engagement", "events.profile")
CUSTOMER_EVENTS = "customer-events"
INPUT_TOPICS = (*EVENT_TOPICS, CUSTOMER_EVENTS)
CHANGELOG = "customers-changelog"
DEFINITIONS = "definitions"
CATALOG = "catalog"
MODELS = "models"
DECISIONS = "decisions"
JOURNEY_LOG = "journey-log"
DEAD_LETTER = "dead-letter"

FIXED_TOPICS = (
    *(*EVENT_TOPICS, CUSTOMER_EVENTS, DECISIONS, JOURNEY_LOG, DEAD_LETTER),
    *(CHANGELOG, DEFINITIONS, CATALOG, MODELS),
)

_ACTIONS = re.compile(r"actions\.[a-z0-9][a-z0-9_-]*")


def action_topic(channel: str) -> str:
    """The logical name of a channel's action topic."""
    return f"actions.{channel}"


def is_logical(name: str) -> bool:
    """Whether the code knows a topic by that name."""
    return name in FIXED_TOPICS or _ACTIONS.fullmatch(name) is not None
