"""What the orchestrator decides, a sender hands on, and what comes of that is heard by the orchestrator."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from orchestrator.channels.action import Action, Cancel, read
from orchestrator.channels.ending import Ending, Fate
from orchestrator.channels.reports import reports
from orchestrator.testing import JourneyTestDriver

TALK = """
journey: talk
entry: {on: Product Viewed}
exit: [{on: Order Completed}]
steps:
  - act: mail
  - wait: {event: Message Failed, timeout: 7 days, received: [{act: banner}]}
---
action: mail
channel: email
purpose: transactional
content: {subject: Hello, html: <p>Hello</p>}
---
action: banner
channel: web
content: {slot: top, content: "We couldn't reach you"}
"""


def driver() -> JourneyTestDriver:
    shop = JourneyTestDriver.of_text(TALK)
    shop.identify("ada", {"email": "ada@example.com"})
    return shop


def told(shop: JourneyTestDriver, value: dict[str, Any], ending: Ending) -> list[dict[str, Any]]:
    """What the orchestrator decides when it hears how an action ended."""
    action = read(orjson.dumps(value))
    assert isinstance(action, Action)
    return [act for event in reports(action, ending) for act in shop.send(orjson.loads(event))]


def test_a_sender_reads_what_the_orchestrator_writes() -> None:
    shop = driver()
    (mail,) = shop.track("ada", "Product Viewed")
    (cancel,) = shop.track("ada", "Order Completed", after="1 minute")
    assert isinstance(read(orjson.dumps(mail)), Action)
    assert isinstance(read(orjson.dumps(cancel)), Cancel)


def test_what_was_sent_is_cancelled_no_more() -> None:
    shop = driver()
    (mail,) = shop.track("ada", "Product Viewed")
    assert told(shop, mail, Ending(Fate.SENT, shop.now)) == []
    assert shop.track("ada", "Order Completed", after="1 minute") == []


@pytest.mark.parametrize("fate", [Fate.EXPIRED, Fate.REFUSED, Fate.GAVE_UP])
def test_a_journey_goes_another_way_when_a_message_failed(fate: Fate) -> None:
    shop = driver()
    (mail,) = shop.track("ada", "Product Viewed")
    assert [act["action"] for act in told(shop, mail, Ending(fate, shop.now, "because"))] == ["banner"]


def test_after_a_hard_bounce_nothing_more_goes_there() -> None:
    shop = driver()
    (mail,) = shop.track("ada", "Product Viewed")
    told(shop, mail, Ending(Fate.BOUNCED, shop.now, "550", "hard"))
    shop.track("ada", "Order Completed", after="1 minute")
    assert shop.track("ada", "Product Viewed", after="1 hour") == []
    assert shop.decisions[-1]["reasons"][0]["rule"] == "unreachable"


def test_a_visitor_is_no_user_after_it() -> None:
    shop = JourneyTestDriver.of_text(TALK.replace("act: mail", "act: banner"))
    (banner,) = shop.track(None, "Product Viewed", anonymous="laptop")
    told(shop, banner, Ending(Fate.SENT, shop.now, delivered=True))
    assert shop.customer("laptop") is None
    assert shop.customer(anonymous="laptop") is not None
