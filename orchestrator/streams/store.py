"""The customers of one partition number on disk: a cache of the changelog that may be deleted at any time.

Rows: ``r`` + key → record; ``t`` + due (8 bytes, big endian) + key → nothing; ``m`` → Meta.
Only the checkpoint and the restore write, each in one WriteBatch.
"""

from __future__ import annotations

import shutil
import struct
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson
from rocksdict import BlockBasedOptions, Cache, DBCompressionType, Options, Rdict, WriteBatch, WriteOptions

from orchestrator.errors import InfrastructureError

_RECORD: Final = b"r"
_TIMER: Final = b"t"
_META: Final = b"m"
_DUE: Final = struct.Struct(">Q")
_WRITE_BUFFER_BYTES: Final = 4 << 20
_BLOCK_CACHE_BYTES: Final = 16 << 20


@dataclass(slots=True)
class Meta:
    """Where a checkpoint stands.

    ``offsets`` has the next offset of each logical input topic, ``identity`` names the changelog
    partition's life (a new topic has a new one), ``changelog_next`` is the offset after the last
    applied changelog record, ``meta_offset`` that of the last applied meta record; times are UTC ms.
    ``adaption`` is the version of what all customers are brought up to; while they are, ``swept`` is
    the last key that was looked at and ``swept_count`` how many were.
    """

    partitions: int
    identity: str
    offsets: dict[str, int] = field(default_factory=dict)
    env: str = ""
    clock_ms: int = 0
    applied_at: int = 0
    changelog_next: int = 0
    meta_offset: int = -1
    adaption: str = ""
    swept: str | None = None
    swept_count: int = 0

    def encode(self) -> bytes:
        """The value of the meta record."""
        return orjson.dumps(asdict(self))

    @classmethod
    def decode(cls, value: bytes) -> Meta:
        """The meta record of ``encode``'s bytes."""
        return cls(**orjson.loads(value))


class Store:
    """One RocksDB folder. Raises RocksDB's own errors, which are infrastructure errors."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        self._db = Rdict(str(folder), _options())
        self._write_options = WriteOptions()

    def get(self, key: bytes) -> bytes | None:
        """The record's bytes."""
        value: bytes | None = self._db.get(_RECORD + key)
        return value

    def meta(self) -> Meta | None:
        """What the last applied checkpoint said; None for an empty folder."""
        value = self._db.get(_META)
        return Meta.decode(value) if value is not None else None

    def due(self, until_ms: int, limit: int) -> list[tuple[int, bytes]]:
        """The first ``limit`` timer rows up to ``until_ms``, the earliest first."""
        rows: list[tuple[int, bytes]] = []
        keys: Any = self._db.keys(from_key=_TIMER)
        for row in keys:
            if len(rows) >= limit or not row.startswith(_TIMER):
                break
            due = _DUE.unpack_from(row, 1)[0]
            if due > until_ms:
                break
            rows.append((due, row[1 + _DUE.size :]))
        return rows

    def first_due(self) -> int | None:
        """The earliest timer row."""
        rows = self.due((1 << 63) - 1, 1)
        return rows[0][0] if rows else None

    def write(
        self, records: Mapping[bytes, bytes | None], timers: Iterable[tuple[bytes, int | None, int | None]], meta: Meta
    ) -> None:
        """Applies a checkpoint at once: records, (key, old due, new due) of the timers, and where it stands."""
        batch = WriteBatch(raw_mode=True)
        for key, value in records.items():
            if value is None:
                batch.delete(_RECORD + key)
            else:
                batch.put(_RECORD + key, value)
        for key, old, new in timers:
            if old is not None:
                batch.delete(_TIMER + _DUE.pack(old) + key)
            if new is not None:
                batch.put(_TIMER + _DUE.pack(new) + key, b"")
        batch.put(_META, meta.encode())
        try:
            self._db.write(batch, self._write_options)
        except Exception as error:
            raise InfrastructureError(
                f"cannot write the state in {self.folder}: {error}; see that the disk is there and has room"
            ) from error

    def records(self) -> Iterable[tuple[bytes, bytes]]:
        """All keys and records, in key order."""
        items: Any = self._db.items(from_key=_RECORD)
        for row, value in items:
            if not row.startswith(_RECORD):
                break
            yield row[1:], value

    def keys_after(self, key: bytes, limit: int) -> list[bytes]:
        """The first ``limit`` keys of records behind a key, in order."""
        found: list[bytes] = []
        rows: Any = self._db.keys(from_key=_RECORD + key)
        for row in rows:
            if len(found) == limit or not row.startswith(_RECORD):
                break
            if row[1:] > key:
                found.append(row[1:])
        return found

    def estimated_records(self) -> int:
        """About how many rows there are."""
        estimate: Any = self._db.property_int_value("rocksdb.estimate-num-keys")
        return int(estimate or 0)

    def size_bytes(self) -> int:
        """What it takes on disk, in bytes."""
        return sum(entry.stat().st_size for entry in self.folder.iterdir() if entry.is_file())

    def close(self) -> None:
        """Releases the folder."""
        self._db.close()

    @staticmethod
    def wipe(folder: Path) -> None:
        """Forgets the cache; the changelog has it all."""
        shutil.rmtree(folder, ignore_errors=True)


_cache: Final = Cache(_BLOCK_CACHE_BYTES)


def _options() -> Options:
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_write_buffer_size(_WRITE_BUFFER_BYTES)
    options.set_max_write_buffer_number(2)
    options.set_compression_type(DBCompressionType.lz4())
    options.set_max_open_files(64)
    options.set_keep_log_file_num(2)
    blocks = BlockBasedOptions()
    blocks.set_block_cache(_cache)
    blocks.set_bloom_filter(10, False)
    blocks.set_cache_index_and_filter_blocks(True)
    options.set_block_based_table_factory(blocks)
    return options
