"""Message ids that were seen, so that a duplicate changes nothing: 12 bytes each, newest last.

An entry is the 8-byte BLAKE2b digest of the id and the second (big endian) in which it came. Two of
n ids collide with probability n²/2^65: about 10^-16 for 64 ids.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

_ENTRY: Final = 12
_DIGEST: Final = 8
_LAST_SECOND: Final = 0xFFFFFFFF


def remember(seen: bytes, message_id: str, now: int, count: int, window_ms: int) -> bytes | None:
    """With one more entry, at most ``count``; None if the id came within ``window_ms`` before ``now`` (UTC ms)."""
    mark = blake2b(message_id.encode(), digest_size=_DIGEST).digest()
    # From the end: three times as fast as "in", whichever way it turns out.
    if seen.rfind(mark) >= 0 and came_within(seen, mark, now, window_ms):
        return None
    if count < 1:
        return b""
    kept = seen if len(seen) < count * _ENTRY else seen[len(seen) - (count - 1) * _ENTRY :]
    return kept + (mark + min(now // 1000, _LAST_SECOND).to_bytes(4, "big"))


def came_within(seen: bytes, mark: bytes, now: int, window_ms: int) -> bool:
    """Whether there is an entry of this digest, no older than ``window_ms`` before ``now``."""
    place = seen.rfind(mark)
    while place >= 0 and place % _ENTRY:
        place = seen.rfind(mark, 0, place + _DIGEST - 1)
    if place < 0:
        return False
    came_s = int.from_bytes(seen[place + _DIGEST : place + _ENTRY], "big")
    return now - came_s * 1000 <= window_ms


def unite(one: bytes, other: bytes, count: int) -> bytes:
    """The newest ``count`` of two; the same bytes whichever comes first."""
    if count < 1:
        return b""
    entries = {both[i : i + _ENTRY] for both in (one, other) for i in range(0, len(both), _ENTRY)}
    newest = sorted(entries, key=lambda entry: (entry[_DIGEST:], entry))[-count:]
    return b"".join(newest)
