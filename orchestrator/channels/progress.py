"""Which records of one partition are done, and what of that goes into the group's commit.

Actions end in another order than they came in: one that waits for its retry holds back the offset, and all behind it
would be read again by the next owner. So the commit's metadata names the few that are open, and all others below
``position`` are done. What doesn't fit there is read again, and told apart by the memory of this process alone.
"""

from __future__ import annotations

from base64 import b85decode, b85encode
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from zlib import crc32

METADATA_BYTES: Final = 4_000
"""Brokers take 4,096 unless they are told otherwise."""

_VERSION: Final = "1"
_CHECKSUM_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class Committed:
    """``offset`` is the first open one, or ``position`` if there is none."""

    offset: int
    metadata: str


class Progress:
    """Offsets are given in rising order; holes (compaction, marks of transactions) count as done."""

    def __init__(self, committed: int = 0, metadata: str = "") -> None:
        self._open: OrderedDict[int, None] = OrderedDict()
        self._position = committed
        self._before, before_open = _decode(committed, metadata)
        self._before_open = frozenset(before_open)
        self._committed: Committed | None = None

    @property
    def position(self) -> int:
        """The next offset to read."""
        return self._position

    def read(self, offset: int) -> bool:
        """A record was read; whether it is open: a former owner may have been done with it."""
        if offset < self._position:
            return offset in self._open
        self._position = offset + 1
        if offset < self._before and offset not in self._before_open:
            return False
        self._open[offset] = None
        return True

    def done(self, offset: int) -> None:
        """A record is done with."""
        self._open.pop(offset, None)

    def to_commit(self) -> Committed | None:
        """What to commit now; None if that is what was committed last."""
        now = self._now()
        return now if now != self._committed else None

    def committed(self, committed: Committed) -> None:
        """The commit is acknowledged."""
        self._committed = committed

    def _now(self) -> Committed:
        # What a former owner left open, or was done with, beyond what was read again, stays as it is.
        position = max(self._position, self._before)
        unread = sorted(offset for offset in self._before_open if offset >= self._position)
        open_ = [*self._open, *unread]
        offset = open_[0] if open_ else position
        return Committed(offset, _encode(offset, position, open_))


def _encode(offset: int, position: int, open_: Iterable[int]) -> str:
    """The position and the open offsets, each as the distance from the one before it, as varints."""
    found = bytearray()
    last = offset
    room = METADATA_BYTES * 4 // 5 - 32
    for each in open_:
        step = _varint(each - last)
        if len(found) + len(step) > room:
            position = each
            break
        found += step
        last = each
    if not found:
        return ""
    body = _varint(position - offset) + bytes(found)
    return _VERSION + b85encode(_checksum(offset, body) + body).decode("ascii")


def _decode(offset: int, metadata: str) -> tuple[int, list[int]]:
    if not metadata.startswith(_VERSION):
        return offset, []
    try:
        data = b85decode(metadata[len(_VERSION) :])
    except ValueError:
        return offset, []
    body = data[_CHECKSUM_BYTES:]
    if data[:_CHECKSUM_BYTES] != _checksum(offset, body):
        return offset, []
    steps = _varints(body)
    found, last = list[int](), offset
    for step in steps[1:]:
        last += step
        found.append(last)
    return offset + steps[0], found


def _checksum(offset: int, body: bytes) -> bytes:
    """Whoever moves the group's offset by hand may leave the metadata, which would skip what was not done."""
    return crc32(body, offset & 0xFFFFFFFF).to_bytes(_CHECKSUM_BYTES, "big")


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def _varints(data: bytes) -> list[int]:
    numbers, number, shift = list[int](), 0, 0
    for byte in data:
        number |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            numbers.append(number)
            number = shift = 0
    return numbers
