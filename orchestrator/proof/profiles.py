"""Customers as they were known before a range of time begins, as far as their records of today tell."""

from __future__ import annotations

from collections.abc import AsyncIterator

from orchestrator.console.follow import BEGINNING, Follower
from orchestrator.engine.customer import ANONYMOUS, USER, Customer, Pointer, Record, decode
from orchestrator.kafka import names
from orchestrator.settings import Settings

_KINDS = (USER.encode(), ANONYMOUS.encode())


async def known_before(settings: Settings, bootstrap: str, moment_ms: int) -> AsyncIterator[Record]:
    """Everybody who was known at a moment (UTC ms), of the customers' changelog."""
    values: dict[bytes, bytes | None] = {}
    async with Follower(settings, bootstrap, [names.CHANGELOG]) as follower:
        await follower.seek(BEGINNING)
        async for found in follower.past():
            key = found.record.key
            if key is not None and key[:2] in _KINDS:
                values[key] = found.record.value
    for value in values.values():
        record = as_of(decode(value), moment_ms) if value is not None else None
        if record is not None:
            yield record


def as_of(record: Record, moment_ms: int) -> Record | None:
    """What was known by then: traits, consents and ids that have not changed since; None for whoever came later.

    Where they stood in journeys is left out: that is what the simulation finds out. What changed later is left out too,
    since nobody knows what it was before.
    """
    if isinstance(record, Pointer):
        return record if record.at < moment_ms else None
    if record.first_seen >= moment_ms:
        return None
    old = {name: at for name, at in record.trait_times.items() if at < moment_ms}
    untimed = record.traits.keys() - record.trait_times.keys()
    return Customer(
        record.key,
        record.first_seen,
        min(record.last_seen, moment_ms),
        traits={name: value for name, value in record.traits.items() if name in old or name in untimed},
        trait_times=old,
        aliases={alias: at for alias, at in record.aliases.items() if at < moment_ms},
        consents={name: consent for name, consent in record.consents.items() if consent.at < moment_ms},
        bounced={channel: at for channel, at in record.bounced.items() if at < moment_ms},
    )
