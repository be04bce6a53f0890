"""Writes one person's events as Segment messages on their topics."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

import orjson

from orchestrator.moments import format_moment
from orchestrator.shop.line import Line
from orchestrator.shop.person import Person


class Sender(NamedTuple):
    """Who an event says that it is of; at least one of the two is there."""

    user_id: str | None = None
    anonymous_id: str | None = None


class Outbox:
    """The lines of one person, in the order of writing; message ids count them."""

    def __init__(self, person: Person, shift_ms: int) -> None:
        self._person = person
        self._shift_ms = shift_ms
        self.lines: list[Line] = []

    def track(self, topic: str, at_ms: int, sender: Sender, event: str, properties: Any, context: Any) -> None:
        """A track call."""
        self._put(topic, at_ms, sender, {"type": "track", "event": event, "properties": properties, "context": context})

    def page(self, topic: str, at_ms: int, sender: Sender, name: str, properties: Any, context: Any) -> None:
        """A page call."""
        self._put(topic, at_ms, sender, {"type": "page", "name": name, "properties": properties, "context": context})

    def identify(self, topic: str, at_ms: int, sender: Sender, traits: Any, context: Any) -> None:
        """An identify call."""
        self._put(topic, at_ms, sender, {"type": "identify", "traits": traits, "context": context})

    def _put(self, topic: str, at_ms: int, sender: Sender, call: dict[str, Any]) -> None:
        message = {"messageId": self._message_id(), "timestamp": self.moment(at_ms)}
        if sender.user_id is not None:
            message["userId"] = sender.user_id
        if sender.anonymous_id is not None:
            message["anonymousId"] = sender.anonymous_id
        key = (sender.user_id or sender.anonymous_id or "").encode()
        self.lines.append(Line(topic, key, orjson.dumps(message | call), at_ms + self._shift_ms))

    def moment(self, at_ms: int) -> str:
        """A time of the source as the messages tell it."""
        return format_moment(at_ms + self._shift_ms)

    def _message_id(self) -> str:
        """Hashed: the id of an anonymous visitor's message must not tell whose it is."""
        origin = f"{self._person.seed}:{self._person.user_id}:{len(self.lines)}"
        return f"shop-{hashlib.blake2b(origin.encode(), digest_size=12).hexdigest()}"
