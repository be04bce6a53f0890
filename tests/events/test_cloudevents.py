"""CloudEvents in both modes of their Kafka binding."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import orjson
import pytest

from orchestrator.errors import BadRecord
from orchestrator.events.event import Event
from orchestrator.events.intake import Intake, Limits

NOW = 1_767_323_046_000
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
OTHER_TRACE = "00-11111111111111111111111111111111-2222222222222222-00"
INTAKE = Intake(Limits(4_096, 86_400_000, 60_000, event_clock=False, strict={}))
ENVELOPE: dict[str, Any] = {
    "specversion": "1.0",
    "type": "com.example.parcel.delayed",
    "source": "/carrier/eu",
    "id": "7f3a",
    "subject": "u-1",
    "time": "2026-01-02T03:04:05.678Z",
    "datacontenttype": "application/json",
    "data": {"parcel": "p-9", "days": 2},
}
SEGMENT: dict[str, Any] = {"type": "track", "event": "Order Completed", "properties": {"order_id": "o-1"}}


def read(value: Any, headers: dict[str, str] | None = None) -> Event:
    raw = value if value is None or isinstance(value, bytes) else orjson.dumps(value)
    return INTAKE.read(
        "events.click", 0, 7, raw, [(key, text.encode()) for key, text in (headers or {}).items()], NOW, NOW
    )


def envelope(**changes: Any) -> dict[str, Any]:
    """The usual CloudEvent with other attributes; None leaves one out."""
    return {name: value for name, value in {**ENVELOPE, **changes}.items() if value is not None}


def binary(**changes: Any) -> dict[str, str]:
    """The attributes of the usual CloudEvent as headers."""
    attributes = envelope(data=None, datacontenttype=None, **changes)
    return {"content-type": "application/json"} | {f"ce_{name}": value for name, value in attributes.items()}


PARCEL = Event(
    id="/carrier/eu/7f3a",
    name="com.example.parcel.delayed",
    timestamp=1_767_323_045_678,
    at=NOW,
    user_id="u-1",
    anonymous_id=None,
    previous_id=None,
    properties={"parcel": "p-9", "days": 2},
    traits={},
    context={},
)


@pytest.mark.parametrize(
    ("value", "headers"),
    [
        (ENVELOPE, {}),
        (ENVELOPE, {"content-type": "application/cloudevents+json; charset=UTF-8"}),
        (ENVELOPE, {"Content-Type": "application/cloudevents+json", "ce_id": "ignored: the value is the event"}),
        (envelope(datacontenttype=None), {}),
        (envelope(datacontenttype="application/vnd.example+json"), {}),
        (envelope(data=None, data_base64=b64encode(orjson.dumps(ENVELOPE["data"])).decode()), {}),
        (ENVELOPE["data"], binary()),
        (ENVELOPE["data"], {key.upper(): value for key, value in binary().items()}),
    ],
    ids=[
        *("by its attributes", "by its media type", "both modes at once", "no data type", "data type of JSON"),
        *("base64", "binary", "binary in upper case"),
    ],
)
def test_one_event_in_all_its_forms(value: Any, headers: dict[str, str]) -> None:
    assert read(value, headers) == PARCEL


@pytest.mark.parametrize("value", [None, b""], ids=["null", "empty"])
def test_binary_mode_without_data(value: bytes | None) -> None:
    assert read(value, binary()).properties == {}


def test_structured_mode_without_data() -> None:
    assert read(envelope(data=None)).properties == {}


@pytest.mark.parametrize("mode", ["structured", "binary"])
def test_segment_data_is_read_as_such_with_the_attributes_for_what_it_lacks(mode: str) -> None:
    event = read(envelope(data=SEGMENT)) if mode == "structured" else read(SEGMENT, binary())

    assert event.name == "Order Completed"
    assert event.properties == {"order_id": "o-1"}
    assert (event.id, event.user_id, event.timestamp) == ("/carrier/eu/7f3a", "u-1", 1_767_323_045_678)


def test_segment_data_counts_before_the_attributes() -> None:
    data = {**SEGMENT, "messageId": "m-1", "anonymousId": "a-1", "originalTimestamp": "2026-01-02T03:00:00Z"}
    event = read(envelope(data=data))

    assert (event.id, event.user_id, event.anonymous_id) == ("m-1", None, "a-1")
    assert event.timestamp == 1_767_322_800_000


def test_data_with_a_type_of_its_own_is_no_segment_call() -> None:
    event = read(envelope(data={"type": "page", "size": "A4"}))

    assert (event.name, event.properties) == ("com.example.parcel.delayed", {"type": "page", "size": "A4"})


@pytest.mark.parametrize(
    ("value", "headers", "taken"),
    [
        (envelope(traceparent=TRACE), {}, TRACE),
        (ENVELOPE["data"], binary(traceparent=TRACE), TRACE),
        (envelope(traceparent=TRACE), {"traceparent": OTHER_TRACE}, OTHER_TRACE),
        (ENVELOPE["data"], binary(traceparent=TRACE) | {"traceparent": OTHER_TRACE}, OTHER_TRACE),
        (envelope(traceparent="malformed"), {}, None),
        (envelope(traceparent=1), {}, None),
    ],
    ids=["structured", "binary", "header first", "header first in binary", "malformed", "number"],
)
def test_the_trace_parent(value: Any, headers: dict[str, str], taken: str | None) -> None:
    assert read(value, headers).traceparent == taken


BAD = "bad_cloudevent"
HAS = "a CloudEvent has specversion, type, source, id"


@pytest.mark.parametrize(
    ("value", "headers", "code", "reason"),
    [
        (envelope(id=None), {}, BAD, f"'id' is missing: {HAS}"),
        (envelope(type=1), {}, BAD, "'type' is the number 1: write a text without control characters"),
        (envelope(source=" "), {}, BAD, "'source' is the text ' ': write a text without control characters"),
        (envelope(id="a\nb"), {}, BAD, "'id' is the text 'a?b': write a text without control characters"),
        (envelope(specversion="0.3"), {}, BAD, "'specversion' is the text '0.3': write 1.0"),
        (envelope(type="x" * 201), {}, BAD, "'type' has 201 characters: up to 200 are allowed"),
        (envelope(id="x" * 250), {}, BAD, "'id' has 262 characters together with the source: up to 256 are allowed"),
        (envelope(time="now"), {}, BAD, None),
        (envelope(time="1999-01-01"), {}, "bad_timestamp", None),
        (envelope(subject=None), {}, "no_identity", None),
        (envelope(data=[1]), {}, "wrong_type", "'data' is a list of 1: write an object"),
        (envelope(data="{}"), {}, "wrong_type", "'data' is the text '{}': write an object"),
        (
            envelope(datacontenttype="text/xml"),
            {},
            BAD,
            "'datacontenttype' is the text 'text/xml': send JSON data, such as application/json",
        ),
        (envelope(data_base64="e30="), {}, BAD, "'data' and 'data_base64' are both there: write one of them"),
        (envelope(data=None, data_base64="%"), {}, BAD, "'data_base64' is the text '%', which is no base64"),
        (envelope(data=None, data_base64=["e30="]), {}, BAD, "'data_base64' is a list of 1, which is no base64"),
        (envelope(data=None, data_base64="W10="), {}, "not_an_object", None),
        (envelope(data=None, data_base64=b64encode(b'{"a":' * 200 + b"1" + b"}" * 200).decode()), {}, "too_deep", None),
        (SEGMENT, {"content-type": "application/cloudevents+json"}, BAD, f"'specversion' is missing: {HAS}"),
        (None, {"content-type": "application/cloudevents+json"}, "empty", None),
        (
            [ENVELOPE],
            {"content-type": "application/cloudevents-batch+json"},
            "batch",
            "the record is a batch of CloudEvents: write each one as a record of its own",
        ),
        (
            b"\x00",
            {"content-type": "application/cloudevents+avro"},
            BAD,
            "'content-type' is the text 'application/cloudevents+avro': write application/cloudevents+json",
        ),
        (SEGMENT, {"ce_id": "1", "ce_source": "s", "ce_type": "t"}, BAD, f"'ce_specversion' is missing: {HAS}"),
        (
            b"<a/>",
            binary() | {"content-type": "text/xml"},
            BAD,
            "'content-type' is the text 'text/xml': send JSON data, such as application/json",
        ),
        (b"<a/>", binary(), "not_json", None),
        ([1], binary(), "not_an_object", None),
    ],
)
def test_what_is_refused(value: Any, headers: dict[str, str], code: str, reason: str | None) -> None:
    with pytest.raises(BadRecord) as caught:
        read(value, headers)

    assert caught.value.code == code
    assert reason is None or str(caught.value) == reason


def test_an_attribute_that_is_no_utf8() -> None:
    with pytest.raises(BadRecord, match="the header 'ce_id' is no UTF-8") as caught:
        INTAKE.read("events.click", 0, 7, b"{}", [("ce_id", b"\xff")], NOW, NOW)

    assert caught.value.code == BAD
