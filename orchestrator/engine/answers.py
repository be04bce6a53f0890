"""Rules of this file: an answer is kept for a while, so that the same request gets the same one.

The answers are kept beside the customer's record, for an event must not pay for them, and go with it to whoever an
anonymous id turns out to be.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import orjson

from orchestrator.engine.chunks import Chunks
from orchestrator.engine.customer import PARTS, Customer
from orchestrator.errors import RequestRefused

if TYPE_CHECKING:
    from orchestrator.engine.requests import Request

ALARM: Final = "answers"
KEPT: Final = 16
KEPT_MS: Final = 86_400_000
BYTES_KEPT: Final = 100_000
"""Of one customer's answers together: a merge takes them along in one message, with the record and its history."""

CONFLICT: Final = "idempotency-conflict"


def find(chunks: Chunks, request: Request, now: int) -> dict[str, Any] | None:
    """What was answered to this request before.

    Raises:
        RequestRefused: under its id something else was asked.
    """
    for asked, digest, _, answer in _kept(chunks, request.customer, now):
        if asked == _name(request):
            if digest != digest_of(request):
                raise RequestRefused(
                    CONFLICT,
                    f"the Idempotency-Key '{request.id}' was used for another request about this customer: "
                    "use a new key for each new request, and the same one only to ask the same again",
                )
            found: dict[str, Any] = answer
            return found
    return None


def keep(customer: Customer, chunks: Chunks, request: Request, answer: dict[str, Any], now: int) -> None:
    """Remembers an answer, the newest last."""
    row = [_name(request), digest_of(request), now, answer]
    _write(customer, chunks, [*_kept(chunks, customer.key, now), row])


def ring(customer: Customer, chunks: Chunks, now: int) -> None:
    """The oldest is old enough to be forgotten."""
    _write(customer, chunks, _kept(chunks, customer.key, now))


def hand_over(customer: Customer, chunks: Chunks) -> list[Any]:
    """All answers, as they move to another record; nothing stays here."""
    if customer.alarms.pop(ALARM, None) is None:
        return []
    key = _key(customer.key)
    moved: list[Any] = orjson.loads(chunks[key] or b"[]")
    del chunks[key]
    return moved


def take_in(customer: Customer, chunks: Chunks, moved: list[Any], now: int) -> None:
    """Adds what an anonymous id brought along."""
    if moved:
        _write(customer, chunks, sorted([*_kept(chunks, customer.key, now), *moved], key=lambda row: row[2]))


def kept(read: Callable[[bytes], bytes | None], customer: str, now: int) -> list[dict[str, Any]]:
    """The answers that are remembered under a customer's key, the newest last; ``read`` gives what is stored."""
    return [answer for _, _, _, answer in _kept(Chunks(read), customer, now)]


def digest_of(request: Request) -> str:
    """What tells a request from another one under the same id."""
    asked = {name: value for name, value in request.to_json().items() if name not in ("customer", "id", "caller")}
    return blake2b(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS), digest_size=12).hexdigest()


def _name(request: Request) -> str:
    """Two programs that ask do not know each other's ids."""
    return f"{request.caller}/{request.id}"


def _key(customer: str) -> bytes:
    return PARTS + customer.encode() + b"\x00answers"


def _kept(chunks: Chunks, customer: str, now: int) -> list[Any]:
    held = chunks[_key(customer)]
    return [row for row in orjson.loads(held) if row[2] + KEPT_MS > now] if held else []


def _write(customer: Customer, chunks: Chunks, rows: list[Any]) -> None:
    rows = rows[-KEPT:]
    value = orjson.dumps(rows)
    while len(value) > BYTES_KEPT and len(rows) > 1:
        del rows[0]
        value = orjson.dumps(rows)
    if rows:
        chunks[_key(customer.key)] = value
        customer.alarms[ALARM] = rows[0][2] + KEPT_MS
    else:
        del chunks[_key(customer.key)]
        customer.alarms.pop(ALARM, None)
