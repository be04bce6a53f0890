"""What a Kafka record wraps: a Segment call as it is, or one inside a CloudEvent; and the trace that it is part of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from orchestrator.events.cloudevents import (
    CONTENT_TYPE,
    HEADER_PREFIX,
    call_of_binary,
    call_of_structured,
    is_binary,
    is_structured,
)
from orchestrator.events.payload import parse
from orchestrator.events.refusal import Code, refusal

Headers = Sequence[tuple[str, bytes | None]]

_TRACEPARENT: Final = "traceparent"
_WELL_FORMED: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def unwrap(value: bytes | None, headers: Headers) -> tuple[dict[str, Any], str | None]:
    """The Segment call of a record, and the W3C trace parent (https://www.w3.org/TR/trace-context/).

    A ``traceparent`` header, which the last hop wrote, counts before the attribute of a CloudEvent;
    a malformed one is ignored, as the specification asks.

    Raises:
        BadRecord: when there is no JSON object, or a CloudEvent that is not one.
    """
    texts = _texts(headers)
    attributes = {name[len(HEADER_PREFIX) :]: text for name, text in texts.items() if name.startswith(HEADER_PREFIX)}
    content_type = texts.get(CONTENT_TYPE)
    structured = content_type is not None and is_structured(content_type)
    traceparent = _traceparent(texts.get(_TRACEPARENT)) or _traceparent(attributes.get(_TRACEPARENT))
    if not structured and is_binary(attributes):
        return call_of_binary(attributes, content_type, value), traceparent
    if value is None:
        raise refusal(Code.EMPTY, "the record has no value (a tombstone): write one event as a JSON object")
    record = parse(value)
    if structured or "specversion" in record:
        record, within = unwrap_structured(record)
        return record, traceparent or within
    return record, traceparent


def unwrap_structured(envelope: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
    """As ``unwrap``, for the object that a CloudEvent in structured mode is."""
    return call_of_structured(envelope), _traceparent(envelope.get(_TRACEPARENT))


def _texts(headers: Headers) -> dict[str, str]:
    texts: dict[str, str] = {}
    for name, value in headers:
        lowered = name.lower()
        if value is None or not (lowered in (_TRACEPARENT, CONTENT_TYPE) or lowered.startswith(HEADER_PREFIX)):
            continue
        try:
            texts[lowered] = value.decode()
        except UnicodeDecodeError:
            if lowered.startswith(HEADER_PREFIX):
                raise refusal(Code.BAD_CLOUDEVENT, f"the header '{lowered}' is no UTF-8") from None
    return texts


def _traceparent(text: Any) -> str | None:
    return text if type(text) is str and _WELL_FORMED.fullmatch(text) else None
