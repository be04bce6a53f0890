"""What a sender reads."""

from __future__ import annotations

import orjson
import pytest

from orchestrator.channels.action import Action, Cancel, read
from tests.channels.saying import HOUR, NOW, TRACE, cancel_record, record


def test_an_action_knows_its_moments() -> None:
    action = read(orjson.dumps(record()))
    assert isinstance(action, Action)
    assert (action.decided_at_ms, action.expires_at_ms) == (NOW, NOW + HOUR)


def test_a_cancel_is_told_by_its_kind() -> None:
    assert isinstance(read(orjson.dumps(cancel_record())), Cancel)


@pytest.mark.parametrize("value", [record(), cancel_record()])
def test_the_trace_is_in_the_headers(value: dict[str, object]) -> None:
    message = read(orjson.dumps(value), [("ce_id", b"x"), ("traceparent", TRACE.encode())])
    assert message.traceparent == TRACE
    assert "traceparent" not in message.model_dump()


@pytest.mark.parametrize("trace", [b"", b"nonsense", b"00-" + b"0" * 32 + b"-00f067aa0ba902b7-01", b"\xff\r\nX: y"])
def test_a_trace_that_is_none_goes_nowhere(trace: bytes) -> None:
    assert read(orjson.dumps(record()), [("traceparent", trace)]).traceparent is None


def test_what_a_later_version_adds_is_not_read() -> None:
    assert isinstance(read(orjson.dumps(record(slot="hero", goal="sell"))), Action)


def test_what_an_older_version_lacks_is_a_user() -> None:
    value = record()
    del value["anonymous"]
    action = read(orjson.dumps(value))
    assert isinstance(action, Action)
    assert not action.anonymous


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "the record"),
        (b"", "the record"),
        (b"no json", "the record"),
        (b"[]", "the record"),
        (b"{}", "kind"),
        (orjson.dumps(record(kind="wish")), "kind"),
        (orjson.dumps(record(action_id="../../etc")), "action_id"),
        (orjson.dumps({**record(), "expires_at": "soon"}), "expires_at"),
        (orjson.dumps({**record(), "recipient": {"address": ""}}), "recipient"),
    ],
)
def test_what_is_no_action_is_refused_with_the_field(value: bytes | None, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read(value)
