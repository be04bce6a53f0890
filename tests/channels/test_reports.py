"""What became of an action, as the orchestrator reads it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from pydantic import BaseModel

from orchestrator.channels.ending import Ending, Fate
from orchestrator.channels.outcome import BounceKind
from orchestrator.channels.reports import cancel_missed, reports
from orchestrator.contracts.events import InputEvent
from orchestrator.contracts.known_events import MessageBounced, MessageFailed, MessageReaction
from orchestrator.events.intake import Intake, Limits
from orchestrator.events.routing import ENGAGEMENT, KNOWN_NAMES, topic_of
from orchestrator.moments import format_moment
from tests.channels.saying import NOW, action, action_id, cancel

INTAKE = Intake(Limits(65_536, 0, 0, event_clock=True, strict={ENGAGEMENT: KNOWN_NAMES[ENGAGEMENT]}))
MODELS: dict[str, type[BaseModel]] = {
    "Message Sent": MessageReaction,
    "Message Delivered": MessageReaction,
    "Message Cancel Missed": MessageReaction,
    "Message Bounced": MessageBounced,
    "Message Failed": MessageFailed,
}


def told(fate: Fate, bounce: BounceKind | None = None, *, delivered: bool = False, **changes: Any) -> list[Any]:
    ending = Ending(fate, NOW, "" if fate is Fate.SENT else "because", bounce, delivered)
    return [orjson.loads(event) for event in reports(action(**changes), ending)]


@pytest.mark.parametrize(
    ("events", "names"),
    [
        (told(Fate.SENT), ["Message Sent"]),
        (told(Fate.SENT, delivered=True), ["Message Sent", "Message Delivered"]),
        (told(Fate.EXPIRED), ["Message Failed"]),
        (told(Fate.CANCELLED), ["Message Failed"]),
        (told(Fate.REFUSED), ["Message Failed"]),
        (told(Fate.GAVE_UP), ["Message Failed"]),
        (told(Fate.GAVE_UP, "soft"), ["Message Bounced", "Message Failed"]),
        (told(Fate.BOUNCED, "hard"), ["Message Bounced", "Message Failed"]),
    ],
)
def test_each_action_ends_in_sent_or_failed(events: list[dict[str, Any]], names: list[str]) -> None:
    assert [event["event"] for event in events] == names


@pytest.mark.parametrize("event", [*told(Fate.SENT, delivered=True), *told(Fate.BOUNCED, "hard")])
def test_a_report_is_an_event_by_the_contract(event: dict[str, Any]) -> None:
    InputEvent.model_validate(event)
    MODELS[event["event"]].model_validate(event)
    assert topic_of(event) == ENGAGEMENT
    read = INTAKE.read(ENGAGEMENT, 0, 0, orjson.dumps(event), (), NOW, NOW)
    assert (read.name, read.id, read.user_id) == (event["event"], event["messageId"], "u-7")


def test_it_names_the_action_its_channel_and_its_journey() -> None:
    (event,) = told(Fate.EXPIRED)
    assert event == {
        "type": "track",
        "event": "Message Failed",
        "messageId": f"{action_id('hello')}/failed",
        "userId": "u-7",
        "timestamp": format_moment(NOW),
        "properties": {
            "action_id": action_id("hello"),
            "channel": "email",
            "journey": "cart-rescue",
            "reason": "expired",
            "detail": "because",
        },
    }


def test_a_visitor_stays_one() -> None:
    (event,) = told(Fate.SENT, customer="laptop", anonymous=True)
    assert event["anonymousId"] == "laptop"
    assert "userId" not in event


def test_a_cancel_that_came_too_late_is_told() -> None:
    event = orjson.loads(cancel_missed(cancel(), False, NOW, NOW + 5_000))
    MessageReaction.model_validate(event)
    assert event["event"] == "Message Cancel Missed"
    assert event["messageId"] == f"{action_id('hello')}/cancel-missed"
    assert event["properties"]["detail"] == (
        f"it was sent at {format_moment(NOW)}; the cancel's reason: Order Completed came"
    )


def test_a_long_reason_is_cut() -> None:
    ending = Ending(Fate.REFUSED, NOW, "x" * 100_000)
    (event,) = reports(action(), ending)
    assert len(event) < 2_000
