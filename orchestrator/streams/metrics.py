"""What an operator sees in Prometheus; counted per checkpoint, not per record."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from orchestrator.learning.metrics import LearnerMetrics

if TYPE_CHECKING:
    from orchestrator.streams.work import Counts

LATENCY_BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0)
EVENT_NAMES_KEPT: Final = 200
"""Producers choose event names: more than this many become "other", or they would flood Prometheus."""


class Metrics:
    """All metrics of one worker."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self.latency = Histogram(
            "orchestrator_event_to_action_seconds",
            "From the Kafka time stamp of an event to the commit of the action that it caused.",
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
        self.stages = Histogram(
            "orchestrator_stage_seconds",
            "Time per batch in one stage of the work: decide, checkpoint, and of that publish, commit, store.",
            ["stage"],
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
        self.events = Counter("orchestrator_events_total", "Events decided, by name.", ["event"], registry=registry)
        self.actions = Counter(
            "orchestrator_actions_total", "Actions and cancels published.", ["channel", "kind"], registry=registry
        )
        self.decisions = Counter(
            "orchestrator_decisions_total",
            "Decisions by journey and outcome.",
            ["journey", "outcome"],
            registry=registry,
        )
        self.answers = Counter(
            "orchestrator_survey_answers_total",
            "Answers to surveys, by the journey that asked and the group of the score, such as promoter.",
            ["journey", "survey", "group"],
            registry=registry,
        )
        self.outcomes = Counter(
            "orchestrator_outcomes_total",
            "What became of actions: published, delivered, opened, converted and so on.",
            ["action", "channel", "what"],
            registry=registry,
        )
        self.learner = LearnerMetrics(registry)
        self.places = Counter(
            "orchestrator_capacity_places_total",
            "Places of channels and queues that take only so many: given, returned unused, refused for want of one.",
            ["channel", "queue", "what"],
            registry=registry,
        )
        self.waiting_for_place = Gauge(
            "orchestrator_capacity_waiting",
            "Offers that wait for a place of a channel or queue, at the worker that gives them.",
            ["channel", "queue"],
            registry=registry,
        )
        self.dead_letters = Counter(
            "orchestrator_dead_letters_total", "Records that could not be used.", ["reason"], registry=registry
        )
        self.duplicates = Counter(
            "orchestrator_duplicate_events_total", "Events whose message id was seen before.", registry=registry
        )
        self.late = Counter("orchestrator_late_events_total", "Events too old to begin a journey.", registry=registry)
        self.forwards = Counter(
            "orchestrator_forwards_total", "Events, claims and absorbs sent on to another home.", registry=registry
        )
        self.adapted = Counter(
            "orchestrator_adapted_customers_total",
            "Customers whom nothing but a change of the definitions touched.",
            registry=registry,
        )
        self.swept = Gauge(
            "orchestrator_sweep_records",
            "Records that were looked at after the last change of the definitions.",
            ["partition"],
            registry=registry,
        )
        self.sweeping = Gauge(
            "orchestrator_sweep_running",
            "1 while customers are brought up to changed definitions.",
            ["partition"],
            registry=registry,
        )
        self.timers = Counter("orchestrator_timers_total", "Timers fired.", registry=registry)
        self.lag = Gauge(
            "orchestrator_input_lag_records",
            "Records in an input not yet fetched.",
            ["topic", "partition"],
            registry=registry,
        )
        self.failed = Gauge(
            "orchestrator_partition_failed",
            "1 for a partition that stands still because of a bug.",
            ["partition"],
            registry=registry,
        )
        self.waiting = Gauge(
            "orchestrator_partition_waiting",
            "1 for a partition that stands still for definitions that its worker does not have.",
            ["partition"],
            registry=registry,
        )
        self.rejoins = Counter(
            "orchestrator_rejoins_total", "Checkpoints given up because of broken infrastructure.", registry=registry
        )
        self.assigned = Gauge(
            "orchestrator_partitions_assigned", "Partition numbers that this worker has.", registry=registry
        )
        self.restored = Counter(
            "orchestrator_restored_records_total", "Changelog records read back.", registry=registry
        )
        self.restore_left = Gauge(
            "orchestrator_restore_remaining_records",
            "Changelog records still to read.",
            ["partition"],
            registry=registry,
        )
        self.restore_seconds = Gauge(
            "orchestrator_restore_seconds", "How long the last restore took.", registry=registry
        )
        self.state_bytes = Gauge("orchestrator_state_bytes", "State on disk.", ["partition"], registry=registry)
        self.state_rows = Gauge(
            "orchestrator_state_rows", "Rows in the state, estimated.", ["partition"], registry=registry
        )
        self.requests = Counter(
            "orchestrator_requests_total", "Requests over HTTP.", ["route", "status"], registry=registry
        )
        self.request_seconds = Histogram(
            "orchestrator_request_seconds",
            "From a request over HTTP to its answer.",
            ["route"],
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
        self._names: set[str] = set()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measures one stage of a batch."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.stages.labels(name).observe(time.perf_counter() - began)

    def count(self, counts: Counts, committed_at: int) -> None:
        """Takes over what a committed batch did; ``committed_at`` in UTC ms."""
        for name, count in counts.events.items():
            self.events.labels(self._event_label(name)).inc(count)
        for label, count in counts.actions.items():
            self.actions.labels(*label).inc(count)
        for label, count in counts.decisions.items():
            self.decisions.labels(*label).inc(count)
        for answer, count in counts.answers.items():
            self.answers.labels(*answer).inc(count)
        for outcome, count in counts.outcomes.items():
            self.outcomes.labels(*outcome).inc(count)
        for (name, what), count in counts.places.items():
            self.places.labels(*_channel_and_queue(name), what).inc(count)
        for name, count in counts.waiting.items():
            self.waiting_for_place.labels(*_channel_and_queue(name)).set(count)
        for reason, count in counts.dead_letters.items():
            self.dead_letters.labels(reason).inc(count)
        self.duplicates.inc(counts.duplicates)
        self.late.inc(counts.late)
        self.forwards.inc(counts.forwards)
        self.timers.inc(counts.timers)
        self.adapted.inc(counts.adapted)
        for caused in counts.caused:
            self.latency.observe(max(0, committed_at - caused) / 1000)

    def sweep(self, number: int, running: bool, looked_at: int) -> None:
        """How far the customers of a partition are brought up to changed definitions."""
        self.sweeping.labels(str(number)).set(int(running))
        self.swept.labels(str(number)).set(looked_at)

    def partition_failed(self, number: int) -> None:
        """Marks a partition that stands still."""
        self.failed.labels(str(number)).set(1)

    def request(self, route: str, status: int, seconds: float) -> None:
        """Counts a request over HTTP."""
        self.requests.labels(route, str(status)).inc()
        self.request_seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)

    def _event_label(self, name: str) -> str:
        if name in self._names:
            return name
        if len(self._names) < EVENT_NAMES_KEPT:
            self._names.add(name)
            return name
        return "other"


def _channel_and_queue(name: str) -> tuple[str, str]:
    channel, _, queue = name.partition("/")
    return channel, queue
