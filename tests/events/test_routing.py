"""Which topic a record belongs on, and its key."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.events.routing import KNOWN_NAMES, key_of, topic_of
from orchestrator.kafka.names import EVENT_TOPICS


@pytest.mark.parametrize(
    ("name", "topic"),
    [
        ("Product Viewed", "events.click"),
        ("Payment Info Entered", "events.click"),
        ("Callback Offered", "events.click"),
        ("Something New", "events.click"),
        ("Call Started", "events.call"),
        ("Call Recorded", "events.call"),
        ("Order Completed", "events.purchase"),
        ("Order Split", "events.purchase"),
        ("Message Clicked", "events.engagement"),
        ("Email Opened", "events.engagement"),
        ("Push Notification Tapped", "events.engagement"),
        ("Unsubscribed", "events.engagement"),
        ("Consent Changed", "events.profile"),
        ("Location Changed", "events.profile"),
        ("Profile Updated", "events.profile"),
    ],
)
def test_a_track_call_goes_by_its_name(name: str, topic: str) -> None:
    assert topic_of({"type": "track", "event": name}) == topic
    assert topic_of({"specversion": "1.0", "type": name, "data": {}}) == topic
    assert topic_of({"specversion": "1.0", "type": "x", "data": {"type": "track", "event": name}}) == topic


@pytest.mark.parametrize(
    ("record", "topic"),
    [
        ({"type": "identify"}, "events.profile"),
        ({"type": "alias"}, "events.profile"),
        ({"type": "group"}, "events.profile"),
        ({"type": "page", "event": "Call Started"}, "events.click"),
        ({"type": "screen"}, "events.click"),
        ({"type": ["track"], "event": 5}, "events.click"),
        ({}, "events.click"),
    ],
)
def test_other_calls_go_by_their_type(record: dict[str, Any], topic: str) -> None:
    assert topic_of(record) == topic


@pytest.mark.parametrize(
    ("record", "key"),
    [
        ({"userId": "u", "anonymousId": "a"}, b"u"),
        ({"userId": 7, "anonymousId": "a"}, b"7"),
        ({"userId": "", "anonymousId": "ä"}, "ä".encode()),
        ({"userId": True, "anonymousId": None}, b""),
        ({"subject": "s"}, b""),
        ({"specversion": "1.0", "subject": "s", "data": {"userId": "u"}}, b"s"),
        ({"specversion": "1.0", "subject": "s", "data": {"type": "page", "userId": "u"}}, b"u"),
        ({"userId": "\ud800"}, b"?"),
    ],
)
def test_the_key_is_who_it_is(record: dict[str, Any], key: bytes) -> None:
    assert key_of(record) == key


def test_every_input_topic_knows_names_and_each_name_has_one_topic() -> None:
    names = [name for known in KNOWN_NAMES.values() for name in known]

    assert tuple(KNOWN_NAMES) == EVENT_TOPICS
    assert len(names) == len(set(names))
