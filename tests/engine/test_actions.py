"""Actions: said at once, later, or not at all, each time with a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orchestrator import engine
from orchestrator.engine import Customer
from orchestrator.events.event import Event
from orchestrator.testing import JourneyTestDriver

Given = Callable[[str], JourneyTestDriver]

HOUR = 3_600_000


def on_viewed(*steps: str) -> str:
    """A journey that begins with "Product Viewed", ends with "Order Completed" and has these steps."""
    listed = "\n".join(f"  - {step}" for step in steps)
    return f"""
journey: talk
entry: {{on: Product Viewed}}
exit: [{{on: Order Completed}}]
steps:
{listed}
"""


def names(actions: list[dict[str, Any]]) -> list[str]:
    return [action["action"] for action in actions]


def outcomes(driver: JourneyTestDriver) -> list[str]:
    return [decision["outcome"] for decision in driver.decisions]


def refusal(driver: JourneyTestDriver) -> tuple[str, str]:
    """Rule and detail of the last decision, which must be a refusal."""
    decision = driver.decisions[-1]
    assert decision["outcome"] == "refused"
    return decision["reasons"][0]["rule"], decision["reasons"][0]["detail"]


def test_an_action_says_all_that_its_channel_needs_to_know(given: Given) -> None:
    driver = given(on_viewed("act: letter") + "priority: 70\n")
    driver.identify("ada", {"email": "ada@example.org", "locale": "en-GB", "timezone": "Europe/London"})
    driver.consent("ada", "letter")
    (action,) = driver.track("ada", "Product Viewed", messageId="m1")
    assert action == {
        "kind": "action",
        "action_id": action["action_id"],
        "customer_id": "ada",
        "anonymous": False,
        "recipient": {"address": "ada@example.org", "locale": "en-GB", "timezone": "Europe/London"},
        "purpose": "marketing",
        "channel": "letter",
        "action": "letter",
        "content": {"text": "letter"},
        "journey": "talk",
        "journey_version": action["journey_version"],
        "step": "act-letter",
        "decided_at": "2026-01-05T09:00:00.000Z",
        "expires_at": "2026-01-06T09:00:00.000Z",
        "trigger": {"event_id": "m1", "type": "Product Viewed", "timestamp": "2026-01-05T09:00:00.000Z"},
        "priority": 70,
    }


def test_an_immediate_action_is_published_with_the_event(given: Given) -> None:
    driver = given(on_viewed("act: hello"))
    assert names(driver.track("ada", "Product Viewed")) == ["hello"]
    assert outcomes(driver) == ["published"]


def test_a_delayed_action_is_held_until_it_is_due(given: Given) -> None:
    driver = given(on_viewed("{act: hello, delay: 1 hour}"))
    assert driver.track("ada", "Product Viewed") == []
    assert driver.advance("59 minutes") == []
    assert names(driver.advance("1 minute")) == ["hello"]
    assert outcomes(driver) == ["held", "published"]


def test_a_journey_goes_on_while_an_action_is_held(given: Given) -> None:
    driver = given(on_viewed("{act: hello, delay: 1 hour}", "act: bye"))
    assert names(driver.track("ada", "Product Viewed")) == ["bye"]
    assert names(driver.advance("1 hour")) == ["hello"]


def test_several_actions_may_be_held_at_once(given: Given) -> None:
    driver = given(on_viewed("{act: hello, delay: 2 hours}", "{act: bye, delay: 1 hour}"))
    driver.track("ada", "Product Viewed")
    assert names(driver.advance("1 day")) == ["bye", "hello"]


def test_an_action_names_the_event_that_brought_it_and_not_the_clock(given: Given) -> None:
    driver = given(on_viewed("{wait: 1 hour}", "{act: hello, delay: 1 hour}"))
    driver.track("ada", "Product Viewed", messageId="m1")
    (action,) = driver.advance("1 day")
    assert action["trigger"]["event_id"] == "m1"


def test_it_expires_so_long_after_it_was_due(given: Given) -> None:
    driver = given(on_viewed("{act: short-lived, delay: 3 hours}"))
    driver.track("ada", "Product Viewed")
    (action,) = driver.advance("1 day")
    assert (action["decided_at"], action["expires_at"]) == ("2026-01-05T12:00:00.000Z", "2026-01-05T13:00:00.000Z")


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("customer.traits.vip", ["hello"]),
        ("!customer.traits.vip", []),
        ("event.name == 'Product Viewed'", ["hello"]),
        ("journey.name == 'talk' && journey.step == 'act-hello'", ["hello"]),
        ("customer.traits.unknown", []),
        ("event.properties.missing > 1", []),
    ],
)
def test_the_condition_decides(given: Given, condition: str, said: list[str]) -> None:
    driver = given(on_viewed(f'{{act: hello, if: "{condition}"}}'))
    driver.identify("ada", {"vip": True})
    assert names(driver.track("ada", "Product Viewed")) == said


def test_a_condition_that_does_not_hold_is_named_in_the_refusal(given: Given) -> None:
    driver = given(on_viewed("{act: hello, if: event.properties.total > 5}"))
    driver.track("ada", "Product Viewed", {"total": 1})
    assert refusal(driver) == ("condition", "not true: event.properties.total > 5")


def test_a_condition_that_cannot_be_evaluated_says_what_is_missing(given: Given) -> None:
    driver = given(on_viewed("{act: hello, if: event.properties.total > 5}"))
    driver.track("ada", "Product Viewed")
    assert refusal(driver)[0] == "condition"
    assert "total" in refusal(driver)[1]


@pytest.mark.parametrize(("vip_meanwhile", "said"), [(True, ["hello"]), (False, [])])
def test_the_condition_is_looked_at_again_when_the_action_is_due(
    given: Given, vip_meanwhile: bool, said: list[str]
) -> None:
    driver = given(on_viewed("{act: hello, delay: 1 hour, if: customer.traits.vip}"))
    driver.identify("ada", {"vip": not vip_meanwhile})
    driver.track("ada", "Product Viewed")
    driver.identify("ada", {"vip": vip_meanwhile}, after="30 minutes")
    assert names(driver.advance("30 minutes")) == said


def test_an_exit_drops_what_is_held(given: Given) -> None:
    driver = given(on_viewed("{act: hello, delay: 1 hour}", "wait: 1 day"))
    driver.track("ada", "Product Viewed")
    assert driver.track("ada", "Order Completed", after="1 minute") == []
    assert driver.advance("1 week") == []
    assert outcomes(driver) == ["held", "cancelled"]


def test_an_exit_drops_what_is_held_after_the_last_step_too(given: Given) -> None:
    driver = given(on_viewed("{act: hello, delay: 1 hour}"))
    driver.track("ada", "Product Viewed")
    driver.track("ada", "Order Completed", after="1 minute")
    assert driver.advance("1 week") == []


def test_a_content_error_refuses_only_that_action(given: Given) -> None:
    driver = given(on_viewed("act: named", "act: hello"))
    assert names(driver.track("ada", "Product Viewed")) == ["hello"]
    assert [decision["outcome"] for decision in driver.decisions] == ["refused", "published"]
    assert driver.decisions[0]["reasons"][0]["rule"] == "content"
    assert "first_name" in driver.decisions[0]["reasons"][0]["detail"]


def test_a_content_error_does_not_stop_the_journey(given: Given) -> None:
    driver = given(on_viewed("act: named", "wait: 1 hour", "act: bye"))
    driver.track("ada", "Product Viewed")
    assert names(driver.advance("1 hour")) == ["bye"]


def test_content_is_made_when_the_action_is_due(given: Given) -> None:
    driver = given(on_viewed("{act: named, delay: 1 hour}"))
    driver.track("ada", "Product Viewed")
    driver.identify("ada", {"first_name": "Ada"}, after="1 minute")
    (action,) = driver.advance("1 day")
    assert action["content"] == {"text": "Ada"}


def test_without_an_address_nothing_is_said(given: Given) -> None:
    driver = given(on_viewed("act: letter"))
    driver.consent("ada", "letter")
    assert driver.track("ada", "Product Viewed") == []
    assert refusal(driver) == ("unreachable", "no address for letter: none of traits.email is known")


@pytest.mark.parametrize("email", ["", None, 5, ["a@b.c"], {"work": "a@b.c"}])
def test_an_address_is_a_text(given: Given, email: Any) -> None:
    driver = given(on_viewed("act: letter"))
    driver.identify("ada", {"email": email})
    driver.consent("ada", "letter")
    assert driver.track("ada", "Product Viewed") == []


@pytest.mark.parametrize(
    ("traits", "address"),
    [
        ({"mobile": "+441", "phone": "+442"}, "+441"),
        ({"phone": "+442"}, "+442"),
        ({"mobile": "", "phone": "+442"}, "+442"),
    ],
)
def test_addresses_are_tried_in_their_order(given: Given, traits: dict[str, str], address: str) -> None:
    driver = given(on_viewed("act: ring"))
    driver.identify("ada", traits)
    (action,) = driver.track("ada", "Product Viewed")
    assert action["recipient"]["address"] == address


def test_the_address_is_that_of_the_moment_when_the_action_is_due(given: Given) -> None:
    driver = given(on_viewed("{act: receipt, delay: 1 hour}"))
    driver.identify("ada", {"email": "old@example.org"})
    driver.track("ada", "Product Viewed")
    driver.identify("ada", {"email": "new@example.org"}, after="1 minute")
    (action,) = driver.advance("1 day")
    assert action["recipient"]["address"] == "new@example.org"


def test_a_visitor_can_be_reached_by_id(given: Given) -> None:
    (action,) = given(on_viewed("act: hello")).track(None, "Product Viewed", anonymous="laptop")
    assert (action["customer_id"], action["recipient"]["address"]) == ("laptop", "laptop")
    assert action["anonymous"] is True


def test_an_action_bears_the_trace_of_the_event_that_brought_it(given: Given) -> None:
    driver = given(on_viewed("wait: 1 hour", "act: hello"))
    viewed = Event("m1", "Product Viewed", 0, 0, "ada", None, None, {}, {}, {}, traceparent="00-abc-def-01")
    entered = engine.on_event(driver.env, None, viewed, 0, "u:ada").record
    assert isinstance(entered, Customer)
    (action,) = engine.on_timer(driver.env, entered, HOUR).actions
    assert action.traceparent == "00-abc-def-01"


def test_what_an_outage_has_made_expire_is_refused(given: Given) -> None:
    driver = given(on_viewed("{act: short-lived, delay: 1 hour}"))
    viewed = Event("m1", "Product Viewed", 0, 0, "ada", None, None, {}, {}, {})
    held = engine.on_event(driver.env, None, viewed, 0, "u:ada").record
    assert isinstance(held, Customer)
    step = engine.on_timer(driver.env, held, 2 * HOUR)
    assert not step.actions
    assert step.decisions[0]["reasons"] == [{"rule": "expired", "detail": "it expired at 1970-01-01T02:00:00.000Z"}]


def test_what_comes_late_but_in_time_is_said(given: Given) -> None:
    driver = given(on_viewed("{act: short-lived, delay: 1 hour}"))
    viewed = Event("m1", "Product Viewed", 0, 0, "ada", None, None, {}, {}, {})
    held = engine.on_event(driver.env, None, viewed, 0, "u:ada").record
    assert isinstance(held, Customer)
    (action,) = engine.on_timer(driver.env, held, 2 * HOUR - 1).actions
    assert action.value["expires_at"] == "1970-01-01T02:00:00.000Z"


def test_a_wait_counts_from_when_the_event_reached_the_log_and_not_from_when_it_is_read(given: Given) -> None:
    driver = given(on_viewed("wait: 1 hour", "act: hello"))
    viewed = Event("m1", "Product Viewed", 0, 0, "ada", None, None, {}, {}, {})
    entered = engine.on_event(driver.env, None, viewed, HOUR // 2, "u:ada").record
    assert isinstance(entered, Customer)
    assert entered.next_due == HOUR


def test_an_action_that_is_expired_when_its_event_is_read_is_refused(given: Given) -> None:
    driver = given(on_viewed("act: short-lived"))
    viewed = Event("m1", "Product Viewed", 0, 0, "ada", None, None, {}, {}, {})
    step = engine.on_event(driver.env, None, viewed, HOUR, "u:ada")
    assert [decision["outcome"] for decision in step.decisions] == ["refused"]


@pytest.mark.parametrize("step", ["act: hello", "{act: hello, delay: 1 hour}"])
def test_every_decision_says_what_was_decided_about_what(given: Given, step: str) -> None:
    driver = given(on_viewed(step))
    driver.track("ada", "Product Viewed", messageId="m1")
    (action,) = driver.actions or driver.advance("1 hour")
    for decision in driver.decisions:
        assert decision["action_id"] == action["action_id"]
        assert (decision["customer_id"], decision["journey"], decision["step"]) == ("ada", "talk", "act-hello")
        assert decision["kind"] == "decision"
