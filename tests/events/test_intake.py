"""From a Kafka record to an event: what is taken from where, what is refused, and in which words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
import pytest

from orchestrator.errors import BadRecord
from orchestrator.events.event import Event
from orchestrator.events.intake import Intake, Limits

NOW = 1_767_323_046_000  # 2026-01-02T03:04:06Z
RECEIVED = NOW - 300
HAPPENED = "2026-01-02T03:04:05.678Z"
HAPPENED_MS = 1_767_323_045_678
DAY_MS = 86_400_000
STRICT = {"events.call": frozenset({"Call Started", "Call Ended"})}
WALL = Limits(4_096, 30 * DAY_MS, 5 * 60_000, event_clock=False, strict=STRICT)
EVENT_TIME = Limits(4_096, 30 * DAY_MS, 5 * 60_000, event_clock=True, strict={})

VIEWED: Mapping[str, Any] = {
    "type": "track",
    "event": "Product Viewed",
    "messageId": "m-1",
    "userId": "u-1",
    "timestamp": HAPPENED,
    "properties": {"product_id": "P-1"},
}

Headers = tuple[tuple[str, bytes], ...]


def read(
    record: Any,
    limits: Limits = WALL,
    headers: Headers = (),
    topic: str = "events.click",
    timestamp_ms: int = RECEIVED,
) -> Event:
    """The event of a record, given as JSON values or as bytes."""
    value = record if record is None or isinstance(record, bytes) else orjson.dumps(record)
    return Intake(limits).read(topic, 3, 42, value, headers, timestamp_ms, NOW)


def refused(record: Any, limits: Limits = WALL, headers: Headers = (), topic: str = "events.click") -> tuple[str, str]:
    """The code and the reason of a refusal."""
    with pytest.raises(BadRecord) as caught:
        read(record, limits, headers, topic)
    return caught.value.code, str(caught.value)


def viewed(**changes: Any) -> dict[str, Any]:
    """The usual event with other fields; None leaves a field out."""
    return {field: value for field, value in {**VIEWED, **changes}.items() if value is not None}


def test_a_track_call() -> None:
    assert read(VIEWED) == Event(
        id="m-1",
        name="Product Viewed",
        timestamp=HAPPENED_MS,
        at=RECEIVED,
        user_id="u-1",
        anonymous_id=None,
        previous_id=None,
        properties={"product_id": "P-1"},
        traits={},
        context={},
        traceparent=None,
    )


def test_fields_that_nobody_reads_are_accepted() -> None:
    extra = {"integrations": {"All": True}, "channel": "web", "version": "2", "writeKey": "x", "context": {"ip": "::1"}}

    assert read({**VIEWED, **extra}).context == {"ip": "::1"}


def test_without_message_id_the_place_in_the_log_is_the_id() -> None:
    first, again = read(viewed(messageId=None)), read(viewed(messageId=None))

    assert first.id == again.id == f"events.click/3/42@{RECEIVED}"


@pytest.mark.parametrize("empty", [None, "", {}], ids=["null", "empty text", "missing"])
def test_an_empty_id_is_a_missing_one(empty: Any) -> None:
    ids = {} if empty == {} else {"userId": empty, "messageId": empty}
    event = read({**viewed(userId=None, messageId=None), **ids, "anonymousId": "a-1"})

    assert (event.user_id, event.anonymous_id) == (None, "a-1")
    assert event.id.startswith("events.click/3/42@")


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (7, "7"),
        (-1, "-1"),
        (2**64 - 1, "18446744073709551615"),
        ("0", "0"),
        ("é\u00a0x", "é\u00a0x"),
        ("x" * 256, "x" * 256),
    ],
    ids=["number", "negative", "64 bits", "zero", "no ASCII", "longest"],
)
def test_ids_are_texts_or_whole_numbers(given: Any, taken: str) -> None:
    event = read(viewed(userId=given, anonymousId=given, messageId=given))

    assert (event.user_id, event.anonymous_id, event.id) == (taken, taken, taken)


@pytest.mark.parametrize(
    ("fields", "taken"),
    [
        ({"timestamp": "2026-01-02T03:04:05.678Z"}, HAPPENED_MS),
        ({"timestamp": "2026-01-02T04:04:05.678+01:00"}, HAPPENED_MS),
        ({"timestamp": "2026-01-02T03:04:05.678"}, HAPPENED_MS),
        ({"timestamp": "2026-01-02 03:04:05.678999Z"}, HAPPENED_MS),
        ({"timestamp": "2026-01-02"}, 1_767_312_000_000),
        ({"timestamp": HAPPENED_MS}, HAPPENED_MS),
        ({"timestamp": HAPPENED_MS + 0.9}, HAPPENED_MS),
        ({"timestamp": None, "originalTimestamp": HAPPENED, "sentAt": "2026-01-02T03:04:05.9Z"}, HAPPENED_MS),
        ({"timestamp": "", "sentAt": HAPPENED}, HAPPENED_MS),
        ({"timestamp": None, "receivedAt": HAPPENED}, HAPPENED_MS),
        ({"timestamp": None}, RECEIVED),
    ],
    ids=[
        *("UTC", "offset", "without offset", "microseconds", "day", "milliseconds", "float"),
        *("originalTimestamp", "sentAt", "receivedAt", "none: the record's"),
    ],
)
def test_when_it_happened(fields: dict[str, Any], taken: int) -> None:
    assert read({**viewed(timestamp=None), **fields}).timestamp == taken


@pytest.mark.parametrize(
    ("record_ms", "at"),
    [
        (RECEIVED, RECEIVED),
        (NOW, NOW),
        (NOW + 1, NOW),
        (0, NOW),
        (-1, NOW),
        (NOW - 31 * DAY_MS, NOW),
        (NOW - 30 * DAY_MS, NOW - 30 * DAY_MS),
    ],
    ids=["usual", "just now", "ahead", "missing", "unknown", "too old", "just not too old"],
)
def test_it_counts_from_the_time_of_its_record(record_ms: int, at: int) -> None:
    event = read(VIEWED, timestamp_ms=record_ms)

    assert (event.timestamp, event.at) == (HAPPENED_MS, at)


@pytest.mark.parametrize(
    "stamp", ["2001-02-03T04:05:06Z", "2126-01-01T00:00:00Z", HAPPENED], ids=["long ago", "ahead", "usual"]
)
def test_on_the_event_clock_it_counts_from_when_it_happened(stamp: str) -> None:
    event = read(viewed(timestamp=stamp), EVENT_TIME)

    assert event.at == event.timestamp


def test_on_the_event_clock_without_any_time_it_happens_now() -> None:
    event = read(viewed(timestamp=None), EVENT_TIME, timestamp_ms=-1)

    assert (event.timestamp, event.at) == (NOW, NOW)


TRACE = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        (TRACE, TRACE.decode()),
        (TRACE.upper(), None),
        (b"00-" + b"0" * 32 + b"-00f067aa0ba902b7-01", None),
        (b"00-4bf92f3577b34da6a3ce929d0e0e4736-" + b"0" * 16 + b"-01", None),
        (b"ff" + TRACE[2:], None),
        (TRACE + b"\n", None),
        (b"\xff", None),
        (b"", None),
    ],
    ids=["good", "upper case", "no trace", "no parent", "version", "line end", "no UTF-8", "empty"],
)
def test_the_trace_parent_of_the_headers(value: bytes, taken: str | None) -> None:
    assert read(VIEWED, headers=(("traceparent", value), ("other", b"\xff"))).traceparent == taken


def test_a_strict_topic_takes_the_names_that_it_knows() -> None:
    assert read(viewed(event="Call Ended"), topic="events.call").name == "Call Ended"
    assert refused(viewed(event="call end"), topic="events.call") == (
        "unknown_event",
        "the text 'call end' is no event of events.call, did you mean 'Call Ended'?",
    )
    assert refused(viewed(event="Zebra"), topic="events.call") == (
        "unknown_event",
        "the text 'Zebra' is no event of events.call, which is strict",
    )


def nested(levels: int) -> dict[str, Any]:
    """The usual event as an object of so many levels."""
    properties: Any = {}
    for _ in range(levels - 2):
        properties = {"in": properties}
    return viewed(properties=properties)


def test_nesting_has_a_bound() -> None:
    assert read(nested(150)).name == "Product Viewed"
    assert refused(nested(151))[0] == "too_deep"


ALLOWED_ID = "write a text of 1 to 256 characters, or a whole number of up to 64 bits"
ALLOWED_TIME = "write ISO 8601 such as 2026-01-02T03:04:05.678Z, or epoch milliseconds as a number"
ALLOWED_TYPE = "write track, identify, page, screen, alias or group"
TOO_DEEP = "objects and lists nest deeper than 150 levels: send a flatter event"


@pytest.mark.parametrize(
    ("record", "code", "reason"),
    [
        # The bytes
        (None, "empty", "the record has no value (a tombstone): write one event as a JSON object"),
        (b"", "empty", "the record has no content: write one event as a JSON object"),
        (b" \n", "empty", "the record has no content: write one event as a JSON object"),
        (b"x" * 4_097, "too_large", "the record has 4097 bytes: up to 4096 are allowed"),
        (b'{"a":"\xe4"}', "not_utf8", "byte 6 of the record is no UTF-8: write JSON in UTF-8"),
        (b"\xef\xbb\xbf{}", "not_utf8", "the record starts with a byte order mark: write UTF-8 without one"),
        ("{}".encode("utf-16"), "not_utf8", "the record starts with a byte order mark: write UTF-8 without one"),
        (
            b"<html>",
            "not_json",
            "the record is no JSON: unexpected character, expected a JSON value, at line 1, column 1",
        ),
        (b'{"a":1', "not_json", "the record is no JSON: unexpected end of data, at line 1, column 7"),
        (b'{"a":\n NaN}', "not_json", "line 2, column 2 has NaN or Infinity, which JSON does not know: write null"),
        (b'{"a":-Infinity}', "not_json", "line 1, column 7 has NaN or Infinity, which JSON does not know: write null"),
        (b'{"a":"\\ud800"}', "not_json", "the record is no JSON: no low surrogate in string, at line 1, column 7"),
        (b"[" * 2_000, "too_deep", TOO_DEEP),
        # The object
        ([VIEWED], "not_an_object", "the record is a list of 1: write one event, an object, in each record"),
        ("text", "not_an_object", "the record is the text 'text': write one event, an object, in each record"),
        (b"1", "not_an_object", "the record is the number 1: write one event, an object, in each record"),
        (b"null", "not_an_object", "the record is null: write one event, an object, in each record"),
        ({}, "unknown_type", f"'type' is missing: {ALLOWED_TYPE}"),
        (viewed(type="Track"), "unknown_type", f"'type' is the text 'Track': {ALLOWED_TYPE}, did you mean 'track'?"),
        (viewed(type="buy"), "unknown_type", f"'type' is the text 'buy': {ALLOWED_TYPE}"),
        (viewed(type=["track"]), "wrong_type", f"'type' is a list of 1: {ALLOWED_TYPE}"),
        (
            {"batch": [VIEWED]},
            "batch",
            "the record is a batch of 1: write each event of 'batch' as a record of its own",
        ),
        # The name and what is known of it
        (
            viewed(event=None),
            "missing_field",
            "'event' is missing: a track call names what happened, as 'Order Completed'",
        ),
        (
            viewed(event="  "),
            "missing_field",
            "'event' is blank: a track call names what happened, as 'Order Completed'",
        ),
        (viewed(event=1), "wrong_type", "'event' is the number 1: write the name of what happened as a text"),
        (viewed(event="x" * 201), "wrong_type", "'event' has 201 characters: up to 200 are allowed"),
        (viewed(properties=1), "wrong_type", "'properties' is the number 1: write an object"),
        (viewed(properties=[]), "wrong_type", "'properties' is a list of 0: write an object"),
        (viewed(properties="{}"), "wrong_type", "'properties' is the text '{}': write an object, not the text of one"),
        (viewed(context=True), "wrong_type", "'context' is true: write an object"),
        (nested(151), "too_deep", TOO_DEEP),
        # Who it is
        (viewed(userId=None), "no_identity", "'userId' and 'anonymousId' are missing: write at least one of them"),
        (viewed(userId=""), "no_identity", "'userId' and 'anonymousId' are missing: write at least one of them"),
        (viewed(userId=True), "wrong_type", f"'userId' is true: {ALLOWED_ID}"),
        (viewed(userId=1.5), "wrong_type", f"'userId' is the number 1.5: {ALLOWED_ID}"),
        (b'{"type":"page","userId":99999999999999999999}', "wrong_type", f"'userId' is the number 1e+20: {ALLOWED_ID}"),
        (viewed(anonymousId={"a": 1}), "wrong_type", f"'anonymousId' is an object with 1 field: {ALLOWED_ID}"),
        (viewed(userId="x" * 257), "bad_id", "'userId' has 257 characters: up to 256 are allowed"),
        (viewed(userId="a\u0000b"), "bad_id", "'userId' has the control character U+0000: remove it"),
        (viewed(userId="a\u0085"), "bad_id", "'userId' has the control character U+0085: remove it"),
        (viewed(messageId=" "), "bad_id", "'messageId' is blank: write the id, or leave the field out"),
        # When
        (
            viewed(timestamp="soon"),
            "bad_timestamp",
            f"'timestamp' is the text 'soon', which is no moment: {ALLOWED_TIME}",
        ),
        (viewed(timestamp=True), "bad_timestamp", f"'timestamp' is true: {ALLOWED_TIME}"),
        (
            viewed(timestamp="1767323045678"),
            "bad_timestamp",
            f"'timestamp' is the text '1767323045678', which is no moment: {ALLOWED_TIME}",
        ),
        (
            viewed(timestamp=1_767_323_045),
            "bad_timestamp",
            "'timestamp' is the number 1767323045: write milliseconds since 1970, these seem to be seconds",
        ),
        (
            viewed(timestamp="1999-12-31T23:59:59Z"),
            "bad_timestamp",
            "'timestamp' is the text '1999-12-31T23:59:59Z': events lie between the years 2000 and 3000",
        ),
        (
            viewed(timestamp=None, sentAt="2025-12-03T03:04:05Z"),
            "bad_timestamp",
            "'sentAt' is the text '2025-12-03T03:04:05Z': it is too old, events may come up to 30 days late",
        ),
        (
            viewed(event="Journey Requested", properties={"journey": "Call Back"}),
            "wrong_type",
            "'properties.journey' of a request is the text 'Call Back': write the name of a journey",
        ),
        (
            viewed(event="Journey Requested", properties={}),
            "wrong_type",
            "'properties.journey' of a request is null: write the name of a journey",
        ),
        (
            viewed(timestamp="2026-01-02T03:09:07Z"),
            "bad_timestamp",
            "'timestamp' is the text '2026-01-02T03:09:07Z': it lies ahead, clocks may be up to 5 minutes fast",
        ),
    ],
)
def test_bad_records(record: Any, code: str, reason: str) -> None:
    assert refused(record) == (code, reason)


@pytest.mark.parametrize(
    "stamp", ["1999-12-31T23:59:59Z", "3000-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", 1e300], ids=str
)
def test_absurd_on_the_event_clock_too(stamp: Any) -> None:
    assert refused(viewed(timestamp=stamp), EVENT_TIME)[0] == "bad_timestamp"


def test_a_reason_shows_little_of_what_came_and_nothing_unprintable() -> None:
    _, reason = refused(viewed(type="x\u0007" + "y" * 1_000))

    assert reason.startswith("'type' is the text 'x?" + "y" * 38 + "…'")


def test_of_a_key_that_is_there_twice_the_last_one_counts() -> None:
    assert read(orjson.dumps(VIEWED)[:-1] + b',"userId":"u-2"}').user_id == "u-2"


@pytest.mark.parametrize("make", [list, tuple], ids=["list", "tuple"])
def test_no_headers_come_in_any_sequence(make: Callable[[], Any]) -> None:
    assert read(VIEWED, headers=make()).id == "m-1"
