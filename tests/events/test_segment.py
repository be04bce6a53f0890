"""The calls of the Segment spec."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from orchestrator.errors import BadRecord
from orchestrator.events.intake import Intake, Limits
from orchestrator.events.segment import read_call


@pytest.mark.parametrize(
    ("record", "name", "properties", "traits"),
    [
        ({"type": "track", "event": "Signed Up", "properties": {"plan": "pro"}}, "Signed Up", {"plan": "pro"}, {}),
        ({"type": "track", "event": " Odd\u00a0Name", "properties": None}, " Odd\u00a0Name", {}, {}),
        ({"type": "identify", "traits": {"email": "a@example.com"}}, "Identified", {}, {"email": "a@example.com"}),
        ({"type": "identify", "context": {"traits": {"plan": "pro"}}}, "Identified", {}, {"plan": "pro"}),
        (
            {"type": "identify", "traits": {"plan": "pro"}, "context": {"traits": {"a": 1}}},
            "Identified",
            {},
            {"plan": "pro"},
        ),
        (
            {"type": "page", "name": "Home", "properties": {"path": "/"}},
            "Page Viewed",
            {"name": "Home", "path": "/"},
            {},
        ),
        ({"type": "page", "name": "Home", "properties": {"name": "Start"}}, "Page Viewed", {"name": "Start"}, {}),
        ({"type": "page", "category": "Docs"}, "Page Viewed", {"category": "Docs"}, {}),
        ({"type": "page"}, "Page Viewed", {}, {}),
        ({"type": "screen", "name": "Cart"}, "Screen Viewed", {"name": "Cart"}, {}),
        ({"type": "alias", "userId": "u", "previousId": "a"}, "Aliased", {}, {}),
        ({"type": "group", "groupId": 5, "traits": {"seats": 3}}, "Grouped", {"groupId": "5"}, {"seats": 3}),
    ],
    ids=[
        *("track", "track without properties", "identify", "identify as RudderStack sends it", "identify with both"),
        *("page", "page named twice", "page of a category", "page without name", "screen", "alias", "group"),
    ],
)
def test_calls(record: dict[str, Any], name: str, properties: dict[str, Any], traits: dict[str, Any]) -> None:
    assert read_call(record) == (name, properties, traits)


@pytest.mark.parametrize(
    ("record", "code", "reason"),
    [
        ({"type": "page", "name": 1}, "wrong_type", "'name' is the number 1: write a text"),
        ({"type": "identify", "traits": [1]}, "wrong_type", "'traits' is a list of 1: write an object"),
        ({"type": "identify", "context": {"traits": 1}}, "wrong_type", "'traits' is the number 1: write an object"),
        (
            {"type": "group", "traits": {}},
            "missing_field",
            "'groupId' is missing: a group call names the group that the customer is in",
        ),
        (
            {"type": "alias", "userId": "u"},
            "missing_field",
            "'previousId' is missing: an alias call gives the id used until now",
        ),
        (
            {"type": "alias", "previousId": "u"},
            "missing_field",
            "'userId' is missing: an alias call gives the id to use from now on",
        ),
        (
            {"type": "batch", "batch": [1, 2]},
            "batch",
            "the record is a batch of 2: write each event of 'batch' as a record of its own",
        ),
    ],
)
def test_calls_that_are_refused(record: dict[str, Any], code: str, reason: str) -> None:
    with pytest.raises(BadRecord) as caught:
        read_call(record)

    assert (caught.value.code, str(caught.value)) == (code, reason)


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"channel": "email"}, "'properties.given' of a consent is"),
        ({"channel": "email", "given": "yes"}, "'properties.given' of a consent is"),
        ({"channel": 3, "given": True}, "'properties.channel' of a consent is"),
        ({"channel": "email", "given": True, "purpose": ["a"]}, "'properties.purpose' of a consent is"),
    ],
)
def test_a_consent_that_is_not_understood_is_neither_yes_nor_no(properties: dict[str, Any], reason: str) -> None:
    record = {"type": "track", "event": "Consent Changed", "userId": "u", "properties": properties}
    with pytest.raises(BadRecord, match=reason):
        Intake(Limits(10_000, 10**12, 10**12, event_clock=False, strict={})).read(
            "events.profile", 0, 0, orjson.dumps(record), [], 1_767_225_600_000, 1_767_225_600_000
        )
