"""What an operator sees of a sender in Prometheus."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from orchestrator.channels.breaker import State

_SEND_BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_DELAY_BUCKETS_S: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0, 86400.0)


class Metrics:
    """All metrics of one sender."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self.ended = Counter(
            "orchestrator_sender_actions_total",
            "Actions that ended, by how: sent, expired, cancelled, bounced, refused or gave_up.",
            ["outcome"],
            registry=registry,
        )
        self.tries = Counter(
            "orchestrator_sender_tries_total",
            "Tries, by what came of them: accepted, bounced, refused or later.",
            ["result"],
            registry=registry,
        )
        self.duplicates = Counter(
            "orchestrator_sender_duplicates_total", "Actions that were not sent again.", registry=registry
        )
        self.cancels = Counter(
            "orchestrator_sender_cancels_total",
            "Cancels: in_time, missed (it was sent), or unknown (nothing of it in this process's memory).",
            ["result"],
            registry=registry,
        )
        self.unusable = Counter(
            "orchestrator_sender_unusable_records_total", "Records that are no action.", registry=registry
        )
        self.seconds = Histogram(
            "orchestrator_sender_try_seconds", "How long a try took.", buckets=_SEND_BUCKETS_S, registry=registry
        )
        self.delay = Histogram(
            "orchestrator_sender_delay_seconds",
            "From the decision to the provider's word that it has the message.",
            buckets=_DELAY_BUCKETS_S,
            registry=registry,
        )
        self.in_hand = Gauge(
            "orchestrator_sender_in_hand_actions", "Actions that were read and have not ended.", registry=registry
        )
        self.sending = Gauge("orchestrator_sender_sending_actions", "Actions that are being sent.", registry=registry)
        self.breaker = Gauge(
            "orchestrator_sender_breaker_state", "1 for the state of the circuit breaker.", ["state"], registry=registry
        )
        self.breaker_opened = Gauge(
            "orchestrator_sender_breaker_openings", "How often the breaker opened since the start.", registry=registry
        )
        self.lag = Gauge(
            "orchestrator_sender_lag_records", "Records not yet read.", ["topic", "partition"], registry=registry
        )

    def breaker_is(self, state: State, opened: int) -> None:
        """Shows the breaker's state."""
        for each in State:
            self.breaker.labels(each).set(int(each is state))
        self.breaker_opened.set(opened)

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)
