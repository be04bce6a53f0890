"""What an operator sees of learning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry


class LearnerMetrics:
    """The metrics of one learner, in its worker's registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.lag = Gauge(
            "orchestrator_learner_lag_records",
            "Records of journey-log not yet learned from.",
            ["partition"],
            registry=registry,
        )
        self.written = Counter(
            "orchestrator_learner_models_total", "Records written to the topic models.", registry=registry
        )
        self.skipped = Counter(
            "orchestrator_learner_skipped_total", "Outcomes in journey-log that could not be read.", registry=registry
        )
        self.failures = Counter(
            "orchestrator_learner_failures_total", "How often learning had to begin anew.", registry=registry
        )

    def let_go(self, partition: int) -> None:
        """Shows nothing of a partition that another learner has now."""
        if (str(partition),) in self.lag._metrics:
            self.lag.remove(str(partition))
