"""Whatever comes: an event that the engine and JSON can take, or a BadRecord, and nothing else."""

from __future__ import annotations

import copy
from base64 import b64encode
from dataclasses import asdict
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import BadRecord
from orchestrator.events.event import Event
from orchestrator.events.intake import Intake, Limits
from orchestrator.events.payload import parse
from orchestrator.events.refusal import Code
from orchestrator.events.routing import KNOWN_NAMES, key_of, topic_of
from orchestrator.moments import format_moment

NOW = 1_767_323_046_000
LIMITS = [
    Limits(65_536, 400 * 86_400_000, 60_000, clock, {"events.call": frozenset({"Call Ended"})})
    for clock in (False, True)
]

texts = st.text(max_size=12)
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
)
ids = st.sampled_from(["u-1", "", " ", "x" * 256, "x" * 257, "\u0000", "\u00a0", "!", "ä", 7, None]) | values
stamps = (
    st.sampled_from(["2026-01-02T03:04:05.678Z", "2026-01-02", "1999-12-31", "3000-01-01", "", NOW, NOW * 1_000, None])
    | st.datetimes().map(lambda moment: moment.isoformat())
    | values
)
calls = st.fixed_dictionaries(
    {"type": st.sampled_from(["track", "identify", "page", "screen", "alias", "group", "trakc"]) | values},
    optional={
        "event": st.sampled_from(["Call Ended", "Order Completed", " ", "\u00a0", "", "x" * 201]) | values,
        **dict.fromkeys(("messageId", "userId", "anonymousId", "previousId", "groupId"), ids),
        **dict.fromkeys(("timestamp", "originalTimestamp", "sentAt", "receivedAt"), stamps),
        **{field: st.dictionaries(texts, values, max_size=3) | values for field in ("properties", "traits", "context")},
        "name": values,
        "batch": values,
        "specversion": values,
    },
)
cloud_events = st.fixed_dictionaries(
    {"specversion": st.sampled_from(["1.0", "1.0", "0.3"]), "type": ids, "source": ids, "id": ids},
    optional={
        "subject": ids,
        "time": stamps,
        "datacontenttype": st.sampled_from(["application/json", "text/plain", ""]) | values,
        "data": calls | values,
        "data_base64": calls.map(lambda call: b64encode(orjson.dumps(call)).decode()) | values,
        "traceparent": values,
    },
)
names = st.sampled_from(
    ["content-type", "traceparent", "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_x"]
)
headers = st.lists(
    st.tuples(
        names | texts,
        st.sampled_from([b"1.0", b"a", b"application/cloudevents+json", b"\xff"]) | st.binary(max_size=8) | st.none(),
    ),
    max_size=6,
)


def read(
    value: bytes | None, limits: Limits, sent: list[tuple[str, bytes | None]], record_ms: int = NOW - 1
) -> Event | None:
    """The event; None for a refusal, whose code and reason are checked."""
    try:
        return Intake(limits).read("events.call", 1, 2, value, sent, record_ms, NOW)
    except BadRecord as bad:
        refusal = bad
    assert refusal.code in set(Code) - {Code.TOO_LARGE}
    assert str(refusal).isprintable()
    assert 0 < len(str(refusal)) < 400
    return None


def check(event: Event | None) -> None:
    """What the engine relies on."""
    if event is None:
        return
    assert {type(event.id), type(event.name)} == {str}
    assert event.id
    assert event.name
    assert event.user_id or event.anonymous_id
    assert {type(event.user_id), type(event.anonymous_id), type(event.previous_id)} <= {str, type(None)}
    assert {type(event.timestamp), type(event.at)} == {int}
    assert {type(event.properties), type(event.traits), type(event.context)} == {dict}
    format_moment(event.timestamp + 3_660 * 86_400_000)
    wrapped: Any = asdict(event)
    for _ in range(90):
        wrapped = [wrapped]
    orjson.dumps(wrapped)


@given(st.none() | st.binary(max_size=80) | texts.map(str.encode), st.sampled_from(LIMITS), headers)
def test_any_bytes(value: bytes | None, limits: Limits, sent: list[tuple[str, bytes | None]]) -> None:
    check(read(value, limits, sent))


@given(values.map(orjson.dumps), st.sampled_from(LIMITS), headers)
def test_any_json(value: bytes, limits: Limits, sent: list[tuple[str, bytes | None]]) -> None:
    check(read(value, limits, sent))


@given(calls | cloud_events, st.sampled_from(LIMITS), headers, st.sampled_from([-1, 0, 1, NOW - 1, NOW + 1, 2**63 - 1]))
def test_anything_that_looks_like_an_event(
    record: dict[str, Any], limits: Limits, sent: list[tuple[str, bytes | None]], record_ms: int
) -> None:
    check(read(orjson.dumps(record), limits, sent, record_ms))


@given(calls, st.sampled_from(LIMITS), st.data())
def test_a_cut_or_bent_event(record: dict[str, Any], limits: Limits, data: st.DataObject) -> None:
    value = bytearray(orjson.dumps(record))
    value[data.draw(st.integers(0, len(value) - 1))] = data.draw(st.integers(0, 255))
    check(read(bytes(value[: data.draw(st.integers(0, len(value)))]), limits, []))


@given(st.integers(140, 160), st.sampled_from(["properties", "context", "traits", "data"]), st.booleans())
def test_any_depth(depth: int, field: str, lists: bool) -> None:
    opening, closing = (b'{"a":', b"}") if not lists else (b"[", b"]")
    inner = opening * depth + b"1" + closing * depth
    value = b'{"type":"identify","userId":"u","specversion":null,"%s":{"x":%s}}' % (field.encode(), inner)
    check(read(value.replace(b',"specversion":null', b""), LIMITS[0], []))


usual = st.fixed_dictionaries(
    {
        "type": st.just("track"),
        "event": st.sampled_from(["Call Ended", " ", "\u00a0", "x" * 200, "x" * 201]) | texts,
        "messageId": ids,
        "timestamp": stamps,
        "properties": st.dictionaries(texts, values, max_size=3),
    },
    optional={"userId": ids, "anonymousId": ids, "context": st.none() | st.dictionaries(texts, values, max_size=2)},
)


@given(usual, st.sampled_from(LIMITS), st.sampled_from([-1, NOW - 1, NOW + 1]))
def test_the_glance_sees_what_the_careful_way_sees(record: dict[str, Any], limits: Limits, record_ms: int) -> None:
    intake, value = Intake(limits), orjson.dumps(record)
    glanced = intake._glance(parse(value), None, record_ms, NOW)
    if glanced is not None:
        assert glanced == intake._read_carefully(parse(value), None, "place", record_ms, NOW)


@given(calls | cloud_events)
def test_routing_agrees_with_the_intake(record: dict[str, Any]) -> None:
    untouched = copy.deepcopy(record)

    assert topic_of(record) in KNOWN_NAMES
    key = key_of(record)
    assert record == untouched
    event = read(orjson.dumps(record), Limits(65_536, 0, 0, event_clock=True, strict={}), [])
    if event is not None:
        assert key == str(event.user_id or event.anonymous_id).encode()
