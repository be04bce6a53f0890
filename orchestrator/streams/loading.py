"""Filling the topic ``catalog``: all in one transaction, so that workers see the whole of it or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import InvalidProducerEpoch, KafkaError, ProducerFenced

from orchestrator.contracts.catalog import CatalogProduct, encode
from orchestrator.engine.catalogue import Catalogue
from orchestrator.errors import InfrastructureError
from orchestrator.kafka import names
from orchestrator.kafka.rights import explain
from orchestrator.settings import Settings
from orchestrator.streams.reference import ReferenceReader

_TIMEOUT_MS: Final = 300_000
_BATCH_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did, in products."""

    new: int
    changed: int
    same: int
    taken_out: int


async def read_catalogue(client_options: Mapping[str, Any], settings: Settings) -> Catalogue:
    """What is on the topic now. Raises KafkaError."""
    reader = ReferenceReader(client_options, settings)
    try:
        await reader.start()
    finally:
        await reader.stop()
    return reader.current.catalogue


async def load(
    client_options: Mapping[str, Any], settings: Settings, products: Iterable[CatalogProduct], *, replace: bool
) -> Loaded:
    """Makes the catalogue have these products; with ``replace`` no others. What is there already is not sent again.

    Raises:
        SettingsError: a right is missing.
        InfrastructureError: Kafka fails, or somebody else loads at this moment; then nothing was changed.
    """
    producer = AIOKafkaProducer(
        **client_options,
        transactional_id=f"{settings.group}-catalog",
        transaction_timeout_ms=_TIMEOUT_MS,
        max_batch_size=_BATCH_BYTES,
        acks="all",
    )
    try:
        # From here on nobody else's load can be under way: what is read is what is there.
        await producer.start()
        before = await read_catalogue(client_options, settings)
        async with producer.transaction():
            return await _send(producer, settings, before, {product.id: product for product in products}, replace)
    except (ProducerFenced, InvalidProducerEpoch) as error:
        raise InfrastructureError("somebody else loads the catalogue at this moment: nothing was changed") from error
    except KafkaError as error:
        raise explain(error, settings) or InfrastructureError(
            f"the catalogue cannot be loaded, nothing was changed: {error}"
        ) from error
    finally:
        await producer.stop()


async def _send(
    producer: AIOKafkaProducer,
    settings: Settings,
    before: Catalogue,
    products: Mapping[str, CatalogProduct],
    replace: bool,
) -> Loaded:
    topic = settings.topic(names.CATALOG)
    new = changed = 0
    for id_, product in products.items():
        held = before.get(id_)
        if held != product.product():
            await producer.send(topic, encode(product), key=id_.encode(), partition=0)
            new, changed = new + (held is None), changed + (held is not None)
    gone = sorted(before.products.keys() - products.keys()) if replace else []
    for id_ in gone:
        await producer.send(topic, None, key=id_.encode(), partition=0)
    return Loaded(new, changed, len(products) - new - changed, len(gone))
