"""From an event to the action that it caused, as a reader of the action's topic sees it.

Only actions and withdrawals that an event caused at once count: what waited for its time has no latency. Which those
are, the decisions tell; an action and its decision come from two topics, in any order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_OUTCOMES: Final = {"published": "action", "cancelled": "cancel"}


class Latency:
    """``sent_at`` has the moments (UTC seconds) at which events were handed to Kafka, by message id."""

    def __init__(self, sent_at: Mapping[str, float]) -> None:
        self._sent_at = sent_at
        self._waiting: dict[tuple[str, str], float] = {}
        self._direct: set[tuple[str, str]] = set()
        self._seconds: list[float] = []

    def action(self, value: dict[str, Any], now: float) -> None:
        """An action or a withdrawal that was read now."""
        trigger = value.get("trigger") or {}
        sent = self._sent_at.get(str(trigger.get("event_id")))
        if sent is None:
            return
        key = (str(value.get("action_id")), str(value.get("kind")))
        if key in self._direct:
            self._seconds.append(now - sent)
        else:
            self._waiting[key] = now - sent

    def decision(self, value: dict[str, Any]) -> None:
        """A decision: one with a trigger was made while an event was decided."""
        kind = _OUTCOMES.get(str(value.get("outcome")))
        if kind is None or value.get("trigger") is None:
            return
        key = (str(value.get("action_id")), kind)
        seconds = self._waiting.pop(key, None)
        if seconds is None:
            self._direct.add(key)
        else:
            self._seconds.append(seconds)

    @property
    def count(self) -> int:
        """How many were measured."""
        return len(self._seconds)

    def percentile_ms(self, share: float) -> float | None:
        """The latency in milliseconds that this share of all stays within."""
        if not self._seconds:
            return None
        ordered = sorted(self._seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000
