"""The cluster that the settings mean: a named one, or the project's embedded broker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.errors import InfrastructureError, UsageError

if TYPE_CHECKING:
    from orchestrator.kafka.broker import EmbeddedBroker
    from orchestrator.settings import Settings


def embedded_broker(settings: Settings) -> EmbeddedBroker:
    """The embedded broker of the project, whether it runs or not.

    Raises:
        UsageError: the settings name a cluster.
    """
    from orchestrator.kafka.broker import EmbeddedBroker

    if settings.kafka:
        raise UsageError(f"the setting kafka names a cluster, {settings.kafka}: the embedded broker isn't used")
    return EmbeddedBroker(settings.kafka_folder, settings.kafka_port)


def bootstrap_of(settings: Settings) -> str:
    """The bootstrap servers: those of the settings, else the embedded broker's.

    Raises:
        InfrastructureError: the embedded broker isn't running.
    """
    if settings.kafka:
        return settings.kafka
    bootstrap = embedded_broker(settings).status().bootstrap
    if not bootstrap:
        raise InfrastructureError(
            "Kafka isn't running: start it with 'orchestrator kafka start', or name your cluster in ORCHESTRATOR_KAFKA"
        )
    return bootstrap
