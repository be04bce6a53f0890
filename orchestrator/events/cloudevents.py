"""CloudEvents 1.0, in the structured and in the binary mode of their Kafka binding, as Segment calls.

https://github.com/cloudevents/spec: cloudevents/spec.md, formats/json-format.md, bindings/kafka-protocol-binding.md
and extensions/distributed-tracing.md. A subject is the person whom the event is about.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import Any, Final, TypeGuard

from orchestrator.events.identifiers import ID_MAX
from orchestrator.events.payload import check_depth, parse
from orchestrator.events.refusal import Code, refusal, shown
from orchestrator.events.segment import CALLS, NAME_MAX
from orchestrator.events.timestamps import read_moment, time_field

HEADER_PREFIX: Final = "ce_"
CONTENT_TYPE: Final = "content-type"
_MEDIA_TYPE: Final = "application/cloudevents"

_REQUIRED: Final = ("specversion", "type", "source", "id")
# No set: what is looked for in it may be a list.
_CALLS: Final = tuple(CALLS)
_SEGMENT_FIELDS: Final = frozenset(
    ("userId", "anonymousId", "messageId", "event", "previousId", "groupId", "properties", "traits", "context")
)


def is_structured(content_type: str) -> bool:
    """Whether the media type says that the whole CloudEvent is in the value.

    Raises:
        BadRecord: batch or bad_cloudevent, for the forms that are not read.
    """
    media_type = _media_type(content_type)
    if media_type == f"{_MEDIA_TYPE}-batch+json":
        raise refusal(Code.BATCH, "the record is a batch of CloudEvents: write each one as a record of its own")
    if media_type.startswith(_MEDIA_TYPE) and media_type != f"{_MEDIA_TYPE}+json":
        raise refusal(Code.BAD_CLOUDEVENT, f"'content-type' is {shown(content_type)}: write {_MEDIA_TYPE}+json")
    return media_type == f"{_MEDIA_TYPE}+json"


def is_binary(attributes: Mapping[str, str]) -> bool:
    """Whether ``ce_`` headers, given without the prefix, make the record a CloudEvent."""
    return not attributes.keys().isdisjoint(_REQUIRED)


def call_of_structured(envelope: dict[str, Any]) -> dict[str, Any]:
    """The Segment call that a CloudEvent in JSON stands for. Raises BadRecord."""
    _check_attributes(envelope, "")
    _check_media_type("datacontenttype", envelope.get("datacontenttype"))
    return _call(envelope, _structured_data(envelope))


def call_of_binary(attributes: Mapping[str, str], content_type: str | None, value: bytes | None) -> dict[str, Any]:
    """The Segment call that the attributes of ``ce_`` headers and a value stand for. Raises BadRecord."""
    _check_attributes(attributes, HEADER_PREFIX)
    _check_media_type(CONTENT_TYPE, content_type)
    return _call(attributes, parse(value) if value else {})


def segment_data(data: Any) -> TypeGuard[dict[str, Any]]:
    """Whether the data of a CloudEvent is a Segment call, and not some object that has a ``type`` too."""
    return type(data) is dict and data.get("type") in _CALLS and not _SEGMENT_FIELDS.isdisjoint(data)


def _check_attributes(attributes: Mapping[str, Any], prefix: str) -> None:
    fault = _attribute_fault(attributes)
    if fault is not None:
        name, what = fault
        raise refusal(Code.BAD_CLOUDEVENT, f"'{prefix}{name}' {what}")


def _attribute_fault(attributes: Mapping[str, Any]) -> tuple[str, str] | None:
    for name in _REQUIRED:
        value = attributes.get(name)
        if value is None:
            return name, f"is missing: a CloudEvent has {', '.join(_REQUIRED)}"
        if type(value) is not str or not value.strip() or not value.isprintable():
            return name, f"is {shown(value)}: write a text without control characters"
    if attributes["specversion"] != "1.0":
        return "specversion", f"is {shown(attributes['specversion'])}: write 1.0"
    if len(attributes["type"]) > NAME_MAX:
        return "type", f"has {len(attributes['type'])} characters: up to {NAME_MAX} are allowed"
    length = len(_duplicate_key(attributes))
    if length > ID_MAX:
        return "id", f"has {length} characters together with the source: up to {ID_MAX} are allowed"
    return None


def _check_media_type(field: str, value: Any) -> None:
    if value is None:
        return
    media_type = _media_type(value) if type(value) is str else ""
    if not media_type.endswith(("/json", "+json")):
        raise refusal(Code.BAD_CLOUDEVENT, f"'{field}' is {shown(value)}: send JSON data, such as application/json")


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _structured_data(envelope: dict[str, Any]) -> dict[str, Any]:
    data, encoded = envelope.get("data"), envelope.get("data_base64")
    if encoded is None:
        if data is None or type(data) is dict:
            return data or {}
        raise refusal(Code.WRONG_TYPE, f"'data' is {shown(data)}: write an object")
    if data is not None:
        raise refusal(Code.BAD_CLOUDEVENT, "'data' and 'data_base64' are both there: write one of them")
    try:
        value = b64decode(encoded, validate=True)
    except (ValueError, TypeError):
        raise refusal(Code.BAD_CLOUDEVENT, f"'data_base64' is {shown(encoded)}, which is no base64") from None
    decoded = parse(value)
    check_depth(value, decoded)
    return decoded


def _call(attributes: Mapping[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    if not segment_data(data):
        data = {"type": "track", "event": attributes["type"], "properties": data}
    if data.get("messageId") in (None, ""):
        data["messageId"] = _duplicate_key(attributes)
    if data.get("userId") in (None, "") and data.get("anonymousId") in (None, ""):
        data["userId"] = attributes.get("subject")
    time = attributes.get("time")
    if time is not None and time_field(data) is None:
        try:
            data["timestamp"] = read_moment(time)
        except ValueError as error:
            raise refusal(Code.BAD_CLOUDEVENT, f"'time' is {error}") from None
    return data


def _duplicate_key(attributes: Mapping[str, Any]) -> str:
    return f"{attributes['source']}/{attributes['id']}"
