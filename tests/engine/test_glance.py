"""A glance: what it lets pass would have done nothing in a turn either."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engine import step
from orchestrator.testing import JourneyTestDriver

JOURNEYS = """
journey: welcome
entry: {on: Product Viewed, if: event.properties.n > 3 && customer.last_seen > timestamp("2026-01-05T10:00:00Z")}
exit: [{on: Order Completed}]
steps: [{wait: {event: Product Added, timeout: 2 hours}}, {act: hello}, {wait: {absence: 1 hour}}, {act: hello}]
---
journey: anything
entry: {on: "*", if: "'vip' in event.properties", reentry: after 1 day}
steps: [{act: hello, delay: 30 minutes, if: customer.known}]
---
action: hello
channel: crm
content: {object: task, fields: {text: hello}}
"""

EVENTS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("Product Viewed", "Product Added", "Order Completed", "Searched", "Message Opened", "Unsubscribed"),
                *("Call Started", "Call Ended", "Preferences Changed"),
            ]
        ),
        st.sampled_from(
            [{"user": "ada"}, {"user": None, "anonymous": "laptop"}, {"user": "ada", "anonymous": "laptop"}]
        ),
        st.sampled_from([{}, {"n": 1}, {"n": 5}, {"vip": True}, {"n": "many"}]),
        st.sampled_from(["0 seconds", "40 minutes", "3 hours", "2 days"]),
        st.sampled_from([{}, {"context": {"locale": "de"}}, {"timestamp": "2026-01-01T00:00:00Z"}]),
    ),
    max_size=14,
)


def played(events: list[tuple[Any, ...]], definitions: str) -> tuple[Any, ...]:
    driver = JourneyTestDriver.of_text(definitions)
    for name, ids, properties, after, fields in events:
        driver.track(event=name, properties=properties, after=after, **ids, **fields)
    driver.advance("1 week")
    return driver.actions, driver.decisions, driver.trace, driver.customer("ada"), driver.customer(anonymous="laptop")


@given(EVENTS, st.sampled_from([JOURNEYS, f"{JOURNEYS}---\nchannel: {{agents: [call], send_time: {{crm: best}}}}\n"]))
def test_what_passes_at_a_glance_does_nothing_in_a_turn(events: list[tuple[Any, ...]], definitions: str) -> None:
    at_a_glance = played(events, definitions)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(step, "is_unheard", lambda *_: False)
        assert played(events, definitions) == at_a_glance
