"""A customer's record as people and programs read it."""

from __future__ import annotations

import orjson

from orchestrator.console.lookup import shown
from orchestrator.engine.audience import Audience
from orchestrator.engine.customer import Customer, decode
from orchestrator.testing import JourneyTestDriver

SHOP = """
action: lamp
channel: web
purpose: service
content: {slot: top, content: <p>Lamp</p>}
---
placements: {home: {channel: web, on: Page Viewed}}
"""


def test_what_stands_in_a_placement_is_told_by_name_and_in_moments() -> None:
    driver = JourneyTestDriver.of_text(SHOP)
    (said,) = driver.track("ada", "Page Viewed")

    ada = decode(orjson.dumps(driver.customer("ada")))
    assert isinstance(ada, Customer)

    plain = shown(ada, None, Audience(), driver.now)

    expires = "2026-01-06T09:00:00.000Z"
    assert plain["placed"] == {
        "home": [{"place": 1, "action": "lamp", "action_id": said["action_id"], "expires_at": expires}]
    }
    (offer,) = plain["offers"].values()
    assert offer["cause"]["timestamp"] == "2026-01-05T09:00:00.000Z"
    assert "since" not in offer
