"""Outcomes as ``journey-log`` has them, and messages to make them of."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import strategies as st

from orchestrator.contracts.journey_log import JourneyLog
from orchestrator.moments import format_moment

NOON = 1_767_614_400_000
"""2026-01-05, 12:00 UTC."""
HOUR_MS = 3_600_000


def line(what: str, **fields: Any) -> dict[str, Any]:
    """A line, as the contract has it."""
    plain = {
        "kind": "outcome",
        "customer_id": "ada",
        "at": format_moment(NOON),
        "action_id": "1",
        "action": "lights",
        "channel": "email",
        "group": "bikes",
        "goal": None,
        "journey": "greet",
        "what": what,
        "was": None if what == "published" else "published",
        "joined": "action_id",
        "first": True,
        "followed": False,
        "value": None,
        "sent_at": format_moment(NOON),
        "delay_ms": 0,
        "sent_hour": 12,
        "hour": 12,
        "propensity": None,
        "trigger": None,
    } | fields
    JourneyLog.model_validate(plain)
    return plain


def logged(what: str, **fields: Any) -> bytes:
    """The value of its record."""
    return orjson.dumps(line(what, **fields))


@st.composite
def stories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """What became of one message, as the engine tells it: each line once, the states in order."""
    about = {
        "action": draw(st.sampled_from(["lights", "lock"])),
        "channel": draw(st.sampled_from(["email", "sms"])),
        "group": draw(st.sampled_from([None, "bikes"])),
        "sent_at": format_moment(NOON + draw(st.integers(0, 400)) * 24 * HOUR_MS),
        "sent_hour": draw(st.integers(0, 23)),
    }
    said = [line("published", **about)]
    states = [state for state in ("delivered", "failed", "opened", "clicked") if draw(st.booleans())]
    was = "published"
    for state in states:
        said.append(line(state, was=was, hour=draw(st.integers(0, 23)), followed=state == "clicked", **about))
        was = state
    if was != "failed" and draw(st.booleans()):
        said.append(line("converted", was=was, followed=was != "clicked", **about))
    return said
