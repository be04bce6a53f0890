"""Chains: another channel follows when a message was not answered in time, and never after it was."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given as always
from hypothesis import settings
from hypothesis import strategies as st

from orchestrator.testing import JourneyTestDriver

WORLD = """
channels:
  email: {consent: opt_out}
  sms: {consent: opt_out}
  push: {consent: opt_out}
---
channel: {on_site_for: 10 minutes}
---
action: news
treatments:
  push: {content: {text: news}}
  sms: {content: {text: news}}
  email: {content: {subject: news, html: news}}
chain:
  - {channel: push, until: opened, within: 2 hours}
  - {channel: sms, until: clicked, within: 1 day}
  - {channel: email}
---
action: tip
treatments:
  web: {content: {slot: top, content: tip}}
  email: {content: {subject: tip, html: tip}}
chain: [{channel: web, until: clicked, within: 10 minutes}, {channel: email}]
---
action: thanks
channel: sms
content: {text: thanks}
---
journey: talk
entry: {on: Asked}
exit: [{on: Order Completed}]
steps:
  - {act: news, id: news}
  - {wait: {opened: news, timeout: 3 days, received: [{act: thanks}]}}
---
journey: advise
entry: {on: Stuck}
steps: [{act: tip}]
"""
EVERYWHERE = {"email": "ada@example.org", "phone": "+441", "push_token": "t"}


@pytest.fixture
def driver() -> JourneyTestDriver:
    made = JourneyTestDriver.of_text(WORLD)
    made.identify("ada", EVERYWHERE)
    return made


def said(actions: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(action["kind"], action["channel"]) for action in actions]


def answer(driver: JourneyTestDriver, event: str, action: dict[str, Any], **fields: Any) -> list[dict[str, Any]]:
    return driver.track("ada", event, {"action_id": action["action_id"]}, **fields)


def decided(driver: JourneyTestDriver) -> list[tuple[str, str]]:
    return [(decision["channel"], decision["outcome"]) for decision in driver.decisions]


def test_the_next_channel_follows_what_was_not_opened_in_time(driver: JourneyTestDriver) -> None:
    assert said(driver.track("ada", "Asked")) == [("action", "push")]
    assert driver.advance("119 minutes") == []
    assert said(driver.advance("1 minute")) == [("action", "sms")]
    assert said(driver.advance("1 day")) == [("action", "email")]
    assert driver.advance("1 week") == []


def test_what_waits_is_in_the_trace_with_what_it_waits_for(driver: JourneyTestDriver) -> None:
    driver.track("ada", "Asked")
    assert decided(driver) == [("push", "published"), ("sms", "held")]
    assert driver.decisions[-1]["reasons"] == [
        {"rule": "chain", "detail": "it follows if the push message is not opened in time"}
    ]


def test_each_link_has_an_id_of_its_own_and_names_the_one_before_it(driver: JourneyTestDriver) -> None:
    (push,) = driver.track("ada", "Asked")
    (sms,) = driver.advance("2 hours")
    (email,) = driver.advance("1 day")
    assert len({push["action_id"], sms["action_id"], email["action_id"]}) == 3
    assert "follows" not in push
    assert (sms["follows"], email["follows"]) == (push["action_id"], sms["action_id"])
    assert len({(each["journey"], each["step"], each["trigger"]["event_id"]) for each in (push, sms, email)}) == 1


def test_a_replay_gives_the_same_ids() -> None:
    ids = []
    for _ in range(2):
        again = JourneyTestDriver.of_text(WORLD)
        again.identify("ada", EVERYWHERE, messageId="m1")
        again.track("ada", "Asked", messageId="m2")
        again.advance("2 days")
        ids.append([action["action_id"] for action in again.actions])
    assert ids[0] == ids[1]


@pytest.mark.parametrize("event", ["Message Opened", "Message Clicked", "Message Unsubscribed"])
def test_what_was_opened_stops_the_chain_at_once(driver: JourneyTestDriver, event: str) -> None:
    (push,) = driver.track("ada", "Asked")
    answer(driver, event, push, after="1 hour")
    assert decided(driver)[2] == ("sms", "cancelled")
    assert driver.decisions[2]["reasons"] == [{"rule": "withdrawn", "detail": f"{event} came: the chain ends"}]
    driver.advance("2 weeks")
    assert {channel for _, channel in said(driver.actions)} <= {"push", "sms"}
    assert [action["action"] for action in driver.actions if action["channel"] == "sms"] in ([], ["thanks"])


@pytest.mark.parametrize("event", ["Message Sent", "Message Delivered", "Message Dismissed"])
def test_what_only_arrived_stops_nothing(driver: JourneyTestDriver, event: str) -> None:
    (push,) = driver.track("ada", "Asked")
    answer(driver, event, push, after="1 hour")
    assert said(driver.advance("1 hour")) == [("action", "sms")]


def test_a_link_may_wait_for_a_click(driver: JourneyTestDriver) -> None:
    driver.track("ada", "Asked")
    (sms,) = driver.advance("2 hours")
    answer(driver, "Message Opened", sms)
    assert ("action", "email") in said(driver.advance("1 day"))


def test_an_answer_to_an_earlier_link_stops_the_chain_too(driver: JourneyTestDriver) -> None:
    (push,) = driver.track("ada", "Asked")
    driver.advance("2 hours")
    answer(driver, "Message Opened", push)
    assert "email" not in {action["channel"] for action in driver.advance("1 week")}


def test_what_failed_is_followed_at_once(driver: JourneyTestDriver) -> None:
    (push,) = driver.track("ada", "Asked")
    assert said(answer(driver, "Message Failed", push, after="1 minute")) == [("action", "sms")]


def test_a_channel_that_is_shut_is_left_out_at_once(driver: JourneyTestDriver) -> None:
    driver.consent("ada", "push", given=False)
    assert said(driver.track("ada", "Asked")) == [("action", "sms")]
    assert decided(driver) == [("push", "refused"), ("sms", "published"), ("email", "held")]
    assert "follows" not in driver.actions[-1]


def test_the_end_of_the_journey_ends_the_chain(driver: JourneyTestDriver) -> None:
    driver.track("ada", "Asked")
    assert said(driver.track("ada", "Order Completed", after="1 hour")) == [("cancel", "push")]
    assert driver.advance("1 week") == []


def test_a_no_ends_the_chain_of_what_is_withdrawn(driver: JourneyTestDriver) -> None:
    driver.track("ada", "Asked")
    assert said(driver.consent("ada", "push", given=False, after="1 hour")) == [("cancel", "push")]
    assert "sms" not in {action["channel"] for action in driver.advance("2 days")}


def test_a_no_to_the_next_channel_leaves_it_out(driver: JourneyTestDriver) -> None:
    driver.track("ada", "Asked")
    driver.consent("ada", "sms", given=False, after="1 hour")
    assert said(driver.advance("1 hour")) == [("action", "email")]


def test_web_first_while_the_visitor_is_on_the_site_else_mail(driver: JourneyTestDriver) -> None:
    assert said(driver.track("ada", "Stuck")) == [("action", "email")]
    driver.advance("2 days")
    driver.track("ada", "Page Viewed")
    assert said(driver.track("ada", "Stuck")) == [("action", "web")]
    assert said(driver.advance("10 minutes")) == [("action", "email")]


def test_who_waits_for_the_message_hears_of_any_link(driver: JourneyTestDriver) -> None:
    driver.track("ada", "Asked")
    (sms,) = driver.advance("2 hours")
    (thanks,) = answer(driver, "Message Clicked", sms)
    assert thanks["action"] == "thanks"


def test_a_chain_goes_along_when_a_visitor_becomes_known() -> None:
    driver = JourneyTestDriver.of_text(WORLD.replace("address: traits.push_token", "address: id"), partitions=4)
    driver.send({"type": "identify", "anonymousId": "a1", "traits": EVERYWHERE})
    (push,) = driver.track(None, "Asked", anonymous="a1")
    driver.identify("ada", anonymous="a1", after="1 hour")
    assert said(driver.advance("1 hour")) == [("action", "sms")]
    assert driver.actions[-1]["follows"] == push["action_id"]
    assert driver.actions[-1]["customer_id"] == "ada"


def test_what_was_opened_before_the_merge_stops_the_chain_after_it() -> None:
    driver = JourneyTestDriver.of_text(WORLD, partitions=4)
    driver.send({"type": "identify", "anonymousId": "a1", "traits": EVERYWHERE})
    (push,) = driver.track(None, "Asked", anonymous="a1")
    driver.identify("ada", anonymous="a1", after="1 hour")
    answer(driver, "Message Opened", push)
    assert "sms" not in {action["channel"] for action in driver.advance("1 week") if action["action"] == "news"}


def test_a_chain_stays_with_the_version_that_it_began_in(driver: JourneyTestDriver) -> None:
    driver.track("ada", "Asked")
    changed = WORLD.replace("within: 2 hours", "within: 5 minutes")
    driver.apply(
        changed.replace("channel: sms, until", "channel: email, until").replace(
            "- {channel: email}", "- {channel: sms}"
        )
    )
    assert driver.advance("1 hour") == []
    assert said(driver.advance("1 hour")) == [("action", "sms")]


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "Asked",
                "Message Opened",
                "Message Clicked",
                "Message Failed",
                "Message Delivered",
                "no",
                "Order Completed",
            ]
        ),
        st.integers(0, 3),
        st.sampled_from(["0 seconds", "30 minutes", "90 minutes", "1 day"]),
    ),
    max_size=10,
)


@always(EVENTS)
@settings(max_examples=50)
def test_a_chain_never_goes_on_after_the_answer(events: list[tuple[str, int, str]]) -> None:
    driver = JourneyTestDriver.of_text(WORLD)
    driver.identify("ada", EVERYWHERE)
    answered: set[str] = set()
    for name, number, after in events:
        driver.advance(after)
        news = [each for each in driver.actions if each["kind"] == "action" and each["action"] == "news"]
        sent = {each["action_id"] for each in news}
        if name in ("Asked", "Order Completed"):
            driver.track("ada", name)
        elif name == "no":
            driver.consent("ada", ["push", "sms", "email", "*"][number], given=False)
        elif news:
            action = news[-1 - number % len(news)]
            answer(driver, name, action)
            if name == "Message Clicked" or (name == "Message Opened" and action["channel"] == "push"):
                answered.add(action["action_id"])
        new = [each for each in driver.actions if each["action_id"] not in sent and each["kind"] == "action"]
        assert not [each for each in new if answered.intersection(chain_of(driver, each))]


def chain_of(driver: JourneyTestDriver, action: dict[str, Any]) -> list[str]:
    """The ids of the messages before one in its chain."""
    by_id = {each["action_id"]: each for each in driver.actions if each["kind"] == "action"}
    found = []
    while (earlier := action.get("follows")) is not None:
        found.append(earlier)
        action = by_id[earlier]
    return found


def test_of_two_runs_of_a_chain_the_later_one_goes_on() -> None:
    driver = JourneyTestDriver.of_text(WORLD.replace("entry: {on: Stuck}", "entry: {on: Stuck, reentry: after_exit}"))
    driver.identify("ada", EVERYWHERE)
    driver.track("ada", "Page Viewed")
    assert said(driver.track("ada", "Stuck")) == [("action", "web")]
    assert said(driver.track("ada", "Stuck", after="5 minutes")) == [("action", "web")]
    assert driver.advance("5 minutes") == []
    assert said(driver.advance("5 minutes")) == [("action", "email")]
    assert driver.advance("1 day") == []


def test_of_two_runs_of_a_chain_at_one_moment_one_goes_on() -> None:
    driver = JourneyTestDriver.of_text(f"{WORLD}---\njourney: too\nentry: {{on: Stuck}}\nsteps: [{{act: tip}}]\n")
    driver.identify("ada", EVERYWHERE)
    driver.track("ada", "Page Viewed")
    assert said(driver.track("ada", "Stuck")) == [("action", "web"), ("action", "web")]
    assert said(driver.advance("10 minutes")) == [("action", "email")]


@pytest.mark.parametrize("capacity", ["", "capacity: {most: 5, per: day}, "])
def test_a_link_whose_channel_opens_too_late_is_left_out(capacity: str) -> None:
    shut = f"sms: {{consent: opt_out, {capacity}open: {{sat: '09:00-17:00'}}}}"
    driver = JourneyTestDriver.of_text(WORLD.replace("sms: {consent: opt_out}", shut))
    driver.identify("ada", EVERYWHERE)
    driver.track("ada", "Asked")
    assert said(driver.advance("2 hours")) == [("action", "email")]
    assert decided(driver)[-2:] == [("sms", "refused"), ("email", "published")]
