"""Who works at this moment: the members of the workers' group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, NoError, for_code

from orchestrator.kafka.client import client_options

if TYPE_CHECKING:
    from orchestrator.settings import Settings


async def members(settings: Settings, bootstrap: str) -> int | None:
    """How many workers there are; None if Kafka does not tell us."""
    admin = AIOKafkaAdminClient(**client_options(settings, bootstrap))
    try:
        await admin.start()
        (response,) = await admin.describe_consumer_groups([settings.group])
    except KafkaError:
        # It is a courtesy: a missing right, or a broker that goes down, is no reason to fail.
        return None
    finally:
        await admin.close()
    (group,) = response.to_object()["groups"]
    return len(group["members"]) if for_code(group["error_code"]) is NoError else None
