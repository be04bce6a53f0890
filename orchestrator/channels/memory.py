"""Which actions have ended, so that none is sent again: in RocksDB, in a folder of this process.

Rows: ``a`` + action id → a byte of flags, and the ending; ``t`` + when (8 bytes, big endian) +
action id → nothing, to forget the oldest by. A process that is killed loses nothing of it; a machine that loses its
power may lose the last seconds.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rocksdict import DBCompressionType, Options, Rdict, WriteBatch

from orchestrator.channels.action import Action
from orchestrator.channels.ending import Ending
from orchestrator.errors import InfrastructureError

_ACTION: Final = b"a"
_TIME: Final = b"t"
_AT: Final = struct.Struct(">Q")
_REPORTED: Final = 1
_ANONYMOUS: Final = 2


@dataclass(frozen=True, slots=True)
class Remembered:
    """``reported`` once Kafka has acknowledged the events that tell it; ``anonymous`` as in the action."""

    ending: Ending
    reported: bool
    anonymous: bool


class Memory:
    """One folder. Raises InfrastructureError when the disk fails."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            self._db = Rdict(str(folder), _options())
        except Exception as error:
            raise self._broken(error) from error

    def get(self, action_id: str) -> Remembered | None:
        """How an action ended."""
        value: bytes | None = self._db.get(_ACTION + bytes.fromhex(action_id))
        if value is None:
            return None
        return Remembered(Ending.decode(value[1:]), bool(value[0] & _REPORTED), bool(value[0] & _ANONYMOUS))

    def ended(self, action: Action, ending: Ending, *, reported: bool = False) -> None:
        """Writes down how an action ended."""
        key = bytes.fromhex(action.action_id)
        flags = (_REPORTED if reported else 0) | (_ANONYMOUS if action.anonymous else 0)
        batch = WriteBatch(raw_mode=True)
        batch.put(_ACTION + key, bytes([flags]) + ending.encode())
        batch.put(_TIME + _AT.pack(ending.at) + key, b"")
        self._write(batch)

    def forget(self, until_ms: int, limit: int) -> int:
        """Forgets the oldest of those that ended up to a moment (UTC ms), at most so many; how many they were."""
        batch, count = WriteBatch(raw_mode=True), 0
        rows: Any = self._db.keys(from_key=_TIME)
        for row in rows:
            if count == limit or not row.startswith(_TIME) or _AT.unpack_from(row, 1)[0] > until_ms:
                break
            batch.delete(row)
            batch.delete(_ACTION + row[1 + _AT.size :])
            count += 1
        if count:
            self._write(batch)
        return count

    def close(self) -> None:
        """Releases the folder."""
        self._db.close()

    def _write(self, batch: WriteBatch) -> None:
        try:
            self._db.write(batch)
        except Exception as error:
            raise self._broken(error) from error

    def _broken(self, error: Exception) -> InfrastructureError:
        return InfrastructureError(
            f"what was sent cannot be written down in {self._folder}: {error}; see that the disk is there and has room"
        )


def _options() -> Options:
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_compression_type(DBCompressionType.lz4())
    options.set_write_buffer_size(4 << 20)
    options.set_max_open_files(64)
    options.set_keep_log_file_num(2)
    return options
