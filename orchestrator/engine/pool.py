"""The places of one channel or queue: a record at the home of its name, as a customer's is at theirs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Final

import orjson

from orchestrator.engine.customer import Customer, decode, is_customer

POOL: Final = "\x01:"
"""How the keys of pools begin; the name of the channel or queue follows."""

_KEY: Final = POOL.encode()
_PAGE: Final = b"\x00"
"""What the key of a page has, see ``engine/waiting.py``, and that of a pool has not."""


@dataclass(slots=True)
class Pool:
    """The places of the window that began at ``window``, and how many are ``waiting`` for one.

    Of them ``used`` are given, and ``reserved`` of the reserve. ``clock`` is by what the window was cut, ``pages``
    where they are: see ``engine/waiting.py``.
    """

    key: str
    window: int = 0
    clock: str = ""
    used: int = 0
    reserved: int = 0
    waiting: int = 0
    pages: list[list[Any]] = field(default_factory=list)
    next_page: int = 0
    next_due: int | None = None

    @property
    def name(self) -> str:
        """``sms``, or ``call/sales`` for a queue."""
        return self.key.removeprefix(POOL)

    def encode(self) -> bytes:
        """The bytes that the store and the changelog hold."""
        return orjson.dumps(asdict(self))

    @classmethod
    def decode(cls, value: bytes) -> Pool:
        """The pool of ``encode``'s bytes."""
        return cls(**orjson.loads(value))


def is_pool(key: bytes) -> bool:
    """Whether the record under a key of the store or the changelog is a pool."""
    return key.startswith(_KEY) and _PAGE not in key


def has_timer(key: bytes) -> bool:
    """Whether something of the record under a key may fall due."""
    return is_customer(key) or is_pool(key)


def due_in(key: bytes, value: bytes | None) -> int | None:
    """When something falls due of a record in its bytes; None for what has no timer."""
    if value is None:
        return None
    if is_customer(key):
        record = decode(value)
        return record.next_due if isinstance(record, Customer) else None
    return Pool.decode(value).next_due if is_pool(key) else None
