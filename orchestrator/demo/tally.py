"""What the workers said during a demo: counted, and kept by customer for a story."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from typing import Any, Final

import orjson

from orchestrator.console.follow import Found
from orchestrator.console.sentences import dead_letter_headers, is_journal
from orchestrator.contracts.origin import told_by
from orchestrator.demo.latency import Latency
from orchestrator.kafka import names

_LATEST: Final = 6


class Tally:
    """All that was read so far; ``by_customer`` has the values by the id that they bear."""

    def __init__(self, latency: Latency) -> None:
        self.latency = latency
        self.actions: Counter[tuple[str, str, str]] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.dead_letters: Counter[str] = Counter()
        self.reasons: dict[str, str] = {}
        self.merges = 0
        self.latest: deque[dict[str, Any]] = deque(maxlen=_LATEST)
        self.by_customer: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)

    def take(self, found: Found, now: float) -> None:
        """Counts one record that was read ``now`` (UTC seconds)."""
        if found.topic == names.DEAD_LETTER:
            told = dead_letter_headers(found.record)
            self.dead_letters[told["code"]] += 1
            self.reasons.setdefault(told["code"], told["reason"])
            return
        value: dict[str, Any] = orjson.loads(found.record.value)
        if is_journal(value):
            return
        self.by_customer[value["customer_id"]].append(value)
        if found.topic == names.DECISIONS:
            if value["kind"] != "decision":
                return
            self.outcomes[value["outcome"]] += 1
            self.latency.decision(value)
        elif found.topic == names.JOURNEY_LOG:
            self.merges += value.get("happened") == "merged"
        else:
            self.actions[told_by(value), value["channel"], value["kind"]] += 1
            self.latest.append(value)
            self.latency.action(value, now)

    def by_channel(self, kind: str = "action") -> Counter[str]:
        """The number of actions, or cancels, of each channel."""
        counts: Counter[str] = Counter()
        for (_, channel, what), count in self.actions.items():
            if what == kind:
                counts[channel] += count
        return counts

    def total(self, kind: str = "action") -> int:
        """The number of all actions, or cancels."""
        return sum(self.by_channel(kind).values())
