"""Rules of this file: what every partition number reads and none writes, the catalogue and what was learned.

Each such topic is compacted and has one partition. It is read into an immutable snapshot whose version is the offset up
to which it was read. A piece of work takes the snapshots when it begins, and its journal names their versions: whoever
has the same records makes the same snapshot of them again, in however many pieces they came.

What compaction has removed is gone: of an older version only those records can be read that no later one of the same
key has replaced. So a journal can be done again for as long as the topic was not compacted past it, and then against
the products as they are, not as they were.

What came in one transaction becomes visible at once, unless it takes longer than a second to read.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Generic, Protocol, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from orchestrator.contracts.catalog import read_product
from orchestrator.engine.catalogue import NO_CATALOGUE, Catalogue
from orchestrator.engine.home import References
from orchestrator.engine.models import NOTHING_LEARNED
from orchestrator.errors import BadRecord
from orchestrator.kafka import names
from orchestrator.learning.snapshot import changed, read_model
from orchestrator.settings import Settings
from orchestrator.streams.transport import pace

_log = logging.getLogger(__name__)

_POLL_MS: Final = 500
_FETCH_WAIT_MS: Final = 100
_HIDDEN_LONGEST_S: Final = 1.0
_AGAIN_S: Final = 1.0
_LEAVE_S: Final = 2.0

S = TypeVar("S")


class Entry(Protocol):
    """A record of such a topic."""

    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...


Refuse = Callable[[Any, BadRecord], None]
"""Is told of each record that cannot be used, and why; the last good one of its key stays in force."""


@dataclass(frozen=True, slots=True)
class Reference(Generic[S]):
    """How a topic becomes a snapshot.

    ``read`` gives the key and what is known by it, None if nothing is any more, or raises BadRecord; ``changed`` makes
    the snapshot after some changes.
    """

    topic: str
    empty: S
    read: Callable[[bytes | None, bytes | None], tuple[str, Any]]
    changed: Callable[[S, Mapping[str, Any], int], S]

    def after(self, snapshot: S, records: Iterable[Entry], version: int, refuse: Refuse) -> S:
        """The snapshot after some records, at a version."""
        return self.changed(snapshot, self.changes(records, refuse), version)

    def changes(self, records: Iterable[Entry], refuse: Refuse) -> dict[str, Any]:
        """By key, the last word of some records."""
        found: dict[str, Any] = {}
        for record in records:
            try:
                key, known = self.read(record.key, record.value)
            except BadRecord as bad:
                refuse(record, bad)
            else:
                found[key] = known
        return found


CATALOG: Final = Reference(names.CATALOG, NO_CATALOGUE, read_product, Catalogue.changed)

MODELS: Final = Reference(names.MODELS, NOTHING_LEARNED, read_model, changed)

REFERENCES: Final[Mapping[str, Reference[Any]]] = {"catalogue": CATALOG, "models": MODELS}
"""By the field of ``engine.home.References``."""


def versions_of(references: References) -> dict[str, int]:
    """By topic, the versions of the snapshots; without those of which nothing was read yet."""
    versions = {kind.topic: getattr(references, name).version for name, kind in REFERENCES.items()}
    return {topic: version for topic, version in versions.items() if version}


class Rereading:
    """Snapshots as they were, made again of the topics' records: for a journal that is done again.

    ``records`` are by logical topic, in order of their offsets.
    """

    def __init__(self, records: Mapping[str, Sequence[Entry]]) -> None:
        self._records = records
        self._last = References()

    def at(self, versions: Mapping[str, int]) -> References:
        """The snapshots of these versions."""
        made = {name: self._made(name, kind, versions.get(kind.topic, 0)) for name, kind in REFERENCES.items()}
        self._last = References(**made)
        return self._last

    def _made(self, name: str, kind: Reference[Any], version: int) -> Any:
        last = getattr(self._last, name)
        if last.version == version:
            return last
        since = last if last.version < version else kind.empty
        records = self._records.get(kind.topic, ())
        fresh = [record for record in records if since.version <= record.offset < version]
        return kind.after(since, fresh, version, _unheard)


def _unheard(_record: Any, _bad: BadRecord) -> None:
    """It was told when it came."""


@dataclass(slots=True)
class _Progress:
    """What was read of a topic and is not shown yet."""

    name: str
    kind: Reference[Any]
    changes: dict[str, Any] = field(default_factory=dict)
    since_s: float | None = None


class ReferenceReader:
    """Follows the topics; ``current`` has the snapshots to begin work with.

    Args:
        refused: is told of records that came while it followed and that cannot be used: logical topic, record, reason.
    """

    def __init__(
        self,
        client_options: Mapping[str, Any],
        settings: Settings,
        refused: Callable[[str, Any, BadRecord], Awaitable[None]] | None = None,
    ) -> None:
        self.current = References()
        self._refused = refused
        self._bad: list[tuple[str, Any, BadRecord]] = []
        self._progress = {
            TopicPartition(settings.topic(kind.topic), 0): _Progress(name, kind) for name, kind in REFERENCES.items()
        }
        self._consumer = AIOKafkaConsumer(
            **client_options,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            fetch_max_wait_ms=_FETCH_WAIT_MS,
        )

    async def start(self) -> None:
        """Connects, and reads all that is there. Raises KafkaError."""
        pace(self._consumer._client)
        await self._consumer.start()
        self._consumer.assign(list(self._progress))
        await self._consumer.seek_to_beginning(*self._progress)
        ends = await self._consumer.end_offsets(list(self._progress))
        for partition, end in ends.items():
            while await self._consumer.position(partition) < end:
                await self._poll()
        for partition in self._progress:
            await self._show(partition)
        self._bad.clear()

    async def follow(self) -> None:
        """Reads what comes, until it is cancelled."""
        while True:
            try:
                await self._poll()
                for partition, progress in self._progress.items():
                    if progress.changes and await self._is_whole(partition, progress):
                        await self._show(partition)
                await self._tell()
            except KafkaError as error:
                _log.warning("the catalogue or the models cannot be read: %r", error)
                await asyncio.sleep(_AGAIN_S)

    async def stop(self) -> None:
        """Disconnects, if Kafka is there."""
        try:
            async with asyncio.timeout(_LEAVE_S):
                await self._consumer.stop()
        except (TimeoutError, asyncio.CancelledError) as error:
            _log.debug("stopped reading the catalogue and the models: %r", error)

    async def _poll(self) -> None:
        batches = await self._consumer.getmany(timeout_ms=_POLL_MS)
        for partition, records in batches.items():
            progress = self._progress[partition]
            if progress.since_s is None:
                progress.since_s = asyncio.get_running_loop().time()
            progress.changes |= progress.kind.changes(records, partial(self._note, progress.kind))

    def _note(self, kind: Reference[Any], record: Any, bad: BadRecord) -> None:
        _log.error("the record at offset %s of '%s' cannot be used: %s", record.offset, kind.topic, bad)
        self._bad.append((kind.topic, record, bad))

    async def _is_whole(self, partition: TopicPartition, progress: _Progress) -> bool:
        """Whether no transaction is read in part, or it has taken too long to wait for."""
        hidden_s = asyncio.get_running_loop().time() - (progress.since_s or 0.0)
        stable = self._consumer.last_stable_offset(partition)
        read = await self._consumer.position(partition)
        return stable is None or read >= stable or hidden_s > _HIDDEN_LONGEST_S

    async def _show(self, partition: TopicPartition) -> None:
        progress = self._progress[partition]
        version = await self._consumer.position(partition)
        snapshot = progress.kind.changed(getattr(self.current, progress.name), progress.changes, version)
        self.current = self.current._replace(**{progress.name: snapshot})
        progress.changes, progress.since_s = {}, None

    async def _tell(self) -> None:
        bad, self._bad = self._bad, []
        for topic, record, reason in bad:
            if self._refused is not None:
                await self._refused(topic, record, reason)
