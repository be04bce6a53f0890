"""A small language for tests of the contact policy: what is asked, and what was said of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from orchestrator.testing import JourneyTestDriver

Given = Callable[[str], JourneyTestDriver]


def on(event: str, step: str, more: str = "") -> str:
    """A journey that says something on an event, each time."""
    name = event.lower().replace(" ", "-")
    entry = f"{{on: {event}, reentry: many, key: event.id}}"
    steps = step if step.startswith("{") else f"{{{step}}}"
    return f"journey: {name}\nentry: {entry}\n{more}\nsteps: [{steps}]\n---\n"


def act(name: str, more: str = "") -> str:
    """An action on the channel note, which needs no consent."""
    return f"action: {name}\nchannel: note\nexpires: 30 days\n{more}\ncontent: {{text: {name}}}\n---\n"


def names(actions: list[dict[str, Any]]) -> list[str]:
    """What was said."""
    return [action["action"] for action in actions]


def last(driver: JourneyTestDriver) -> tuple[str, str, str]:
    """The outcome of the last decision, its rule, and the sentence."""
    decision = driver.decisions[-1]
    reason = decision["reasons"][0] if decision["reasons"] else {"rule": "", "detail": ""}
    return decision["outcome"], reason["rule"], reason["detail"]
