"""Whether a replay and the workers go by the same clock."""

from __future__ import annotations

from aiokafka.errors import KafkaError

from orchestrator.errors import InfrastructureError, UsageError
from orchestrator.kafka.client import client_options
from orchestrator.settings import Settings
from orchestrator.streams.definitions import read


async def check_clock(settings: Settings, bootstrap: str) -> str | None:
    """A warning if no worker has told its clock yet.

    Raises:
        UsageError: when the workers go by the other one.
    """
    try:
        clock = (await read(client_options(settings, bootstrap), settings)).clock
    except KafkaError as error:
        raise InfrastructureError(f"Kafka doesn't tell the clock of the workers: {error}") from error
    if clock is None:
        return f"no worker was started yet; start them with 'orchestrator worker --clock {settings.clock}'"
    if clock != settings.clock:
        raise UsageError(
            f"the workers go by {clock} time, this replay by {settings.clock} time: add --clock {clock}, or start the "
            f"workers again with --clock {settings.clock}"
        )
    return None
