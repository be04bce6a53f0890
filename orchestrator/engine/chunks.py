"""Parts of customers' records that are kept apart from them, so that what is large is not written with each event."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

from orchestrator.engine.customer import PARTS

_NUMBER: Final = struct.Struct(">I")


def chunk_key(key: str, number: int) -> bytes:
    """The key of a chunk in the store and the changelog."""
    return PARTS + key.encode() + b"\x00" + _NUMBER.pack(number)


def _nothing(_: bytes) -> bytes | None:
    return None


class Chunks:
    """The chunks of a partition number's customers: read when they are asked for, written with the checkpoint."""

    __slots__ = ("_read", "written")

    def __init__(self, read: Callable[[bytes], bytes | None] = _nothing) -> None:
        self.written: dict[bytes, bytes | None] = {}
        self._read = read

    def __getitem__(self, key: bytes) -> bytes:
        """The lines of a chunk; none if it is not there."""
        value = self.written[key] if key in self.written else self._read(key)
        return value or b""

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self.written[key] = value

    def __delitem__(self, key: bytes) -> None:
        self.written[key] = None
