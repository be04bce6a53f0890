"""The bytes of a record as one JSON object."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import orjson

from orchestrator.errors import BadRecord
from orchestrator.events.refusal import Code, refusal, shown

DEPTH_MAX: Final = 150
"""How deep objects and lists may nest, the event itself included: what is kept of it is written again
inside other documents, and orjson writes no more than 254 levels."""

ANY_DEPTH_BYTES: Final = 2 * DEPTH_MAX
"""Up to this length, which few events exceed, nothing can nest too deep: each level has two brackets."""

_NOT_A_NUMBER: Final = re.compile(r"NaN|Infinity|nan|inf")
_BYTE_ORDER_MARKS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def parse(value: bytes) -> dict[str, Any]:
    """The object that the bytes are the JSON of; ``check_depth`` is left to the caller.

    Of a key that is there twice the last one counts. Whole numbers above 64 bits become floats.

    Raises:
        BadRecord: empty, not_utf8, not_json, too_deep (above 1024 levels) or not_an_object.
    """
    try:
        record = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise _explained(value, error) from None
    if type(record) is not dict:
        raise refusal(Code.NOT_AN_OBJECT, f"the record is {shown(record)}: write one event, an object, in each record")
    return record


def check_depth(value: bytes, record: dict[str, Any]) -> None:
    """Raises BadRecord too_deep if ``record``, a part of the content of ``value``, nests deeper than ``DEPTH_MAX``."""
    if value.count(b"{") + value.count(b"[") <= DEPTH_MAX:
        return
    level: list[Any] = [record]
    for _ in range(DEPTH_MAX):
        level = [part for container in level for part in _containers(container)]
        if not level:
            return
    raise _too_deep()


def _explained(value: bytes, error: orjson.JSONDecodeError) -> BadRecord:
    if not value.strip():
        return refusal(Code.EMPTY, "the record has no content: write one event as a JSON object")
    if value.startswith(_BYTE_ORDER_MARKS):
        return refusal(Code.NOT_UTF8, "the record starts with a byte order mark: write UTF-8 without one")
    try:
        value.decode()
    except UnicodeDecodeError as undecodable:
        return refusal(Code.NOT_UTF8, f"byte {undecodable.start} of the record is no UTF-8: write JSON in UTF-8")
    if "depth limit" in error.msg:
        return _too_deep()
    place = f"line {error.lineno}, column {error.colno}"
    if _NOT_A_NUMBER.match(error.doc[error.pos :]):
        return refusal(Code.NOT_JSON, f"{place} has NaN or Infinity, which JSON does not know: write null")
    return refusal(Code.NOT_JSON, f"the record is no JSON: {error.msg.partition(': line')[0]}, at {place}")


def _containers(container: Any) -> Iterator[Any]:
    parts = container.values() if type(container) is dict else container
    return (part for part in parts if type(part) is dict or type(part) is list)


def _too_deep() -> BadRecord:
    return refusal(Code.TOO_DEEP, f"objects and lists nest deeper than {DEPTH_MAX} levels: send a flatter event")
