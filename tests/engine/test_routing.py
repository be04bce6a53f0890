"""Which channel an action with several treatments takes for one customer, and why."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given as always
from hypothesis import settings
from hypothesis import strategies as st

from orchestrator.moments import format_moment
from orchestrator.testing import JourneyTestDriver

WORLD = """
channels:
  email: {consent: opt_out}
  sms: {consent: opt_out}
  push: {consent: opt_out}
---
channel: {costs: {sms: 0.07, email: 0.001}}
---
action: news
treatments:
  email: {content: {subject: news, html: news}}
  sms: {content: {text: news}}
  push: {content: {text: news}}
  web: {content: {slot: top, content: news}}
---
action: alert
kind: fraud-notice
purpose: transactional
treatments:
  email: {content: {subject: alert, html: alert}}
  sms: {content: {text: alert}}
---
action: hello
channel: sms
content: {text: hello}
---
journey: talk
entry: {on: Asked}
steps: [{act: news}]
---
journey: warn
entry: {on: Fraud Suspected}
steps: [{act: alert}]
---
journey: greet
entry: {on: Greeted}
steps: [{act: hello}]
"""
EVERYWHERE = {"email": "ada@example.org", "phone": "+441", "push_token": "t"}


def driver_of(traits: dict[str, Any], world: str = WORLD) -> JourneyTestDriver:
    driver = JourneyTestDriver.of_text(world)
    driver.identify("ada", traits)
    return driver


def said(actions: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(action["action"], action["channel"]) for action in actions]


def reasons(driver: JourneyTestDriver) -> list[str]:
    return [reason["detail"] for reason in driver.decisions[-1]["reasons"]]


def test_an_action_goes_out_on_one_channel_and_says_why_not_on_the_others() -> None:
    driver = driver_of({**EVERYWHERE, "preferred_channel": "sms"})
    assert said(driver.track("ada", "Asked")) == [("news", "sms")]
    assert driver.decisions[-1]["channel"] == "sms"
    assert reasons(driver) == [
        "sms: the customer chose it",
        "not push: the customer chose another one",
        "not web: the customer chose another one",
        "not email: the customer chose another one",
    ]


def test_who_cannot_be_reached_on_the_best_channel_is_told_on_the_next() -> None:
    driver = driver_of({"email": "ada@example.org", "preferred_channel": "sms"})
    assert said(driver.track("ada", "Asked")) == [("news", "email")]
    assert reasons(driver)[1] == "not sms: no address for sms: none of traits.phone is known"


def test_a_no_on_one_channel_is_none_on_the_others() -> None:
    driver = driver_of({**EVERYWHERE, "preferred_channel": "sms"})
    driver.consent("ada", "sms", given=False)
    assert said(driver.track("ada", "Asked")) == [("news", "push")]


def test_whom_no_channel_reaches_is_told_nothing() -> None:
    driver = driver_of({})
    assert driver.track("ada", "Asked") == []
    assert driver.decisions[-1]["outcome"] == "refused"
    assert reasons(driver)[0] == "no channel is open to the customer"
    assert len(reasons(driver)) == 5


@pytest.mark.parametrize(
    ("preferred", "channel"),
    [(["fax", "email", "sms"], "email"), (["web", "sms"], "sms"), ("fax", "push"), (7, "push")],
)
def test_the_customer_s_own_choice_may_be_a_list(preferred: Any, channel: str) -> None:
    driver = driver_of({**EVERYWHERE, "preferred_channel": preferred})
    assert said(driver.track("ada", "Asked")) == [("news", channel)]


def test_a_choice_in_the_consent_centre_counts_from_then_on() -> None:
    driver = driver_of(EVERYWHERE)
    driver.track("ada", "Preferences Changed", {"preferred_channel": ["email", "sms"]})
    assert said(driver.track("ada", "Asked")) == [("news", "email")]


def test_an_older_choice_does_not_undo_a_newer_one() -> None:
    driver = driver_of(EVERYWHERE)
    driver.track("ada", "Preferences Changed", {"preferred_channel": "email"})
    driver.track("ada", "Preferences Changed", {"preferred_channel": "sms"}, timestamp="2026-01-05T08:00:00Z")
    assert said(driver.track("ada", "Asked")) == [("news", "email")]


def test_the_cheapest_of_equals_is_taken() -> None:
    driver = driver_of({"email": "ada@example.org", "phone": "+441"})
    assert said(driver.track("ada", "Asked")) == [("news", "email")]
    assert reasons(driver)[0] == "email: it costs 0.001"


def test_a_treatment_s_own_cost_goes_before_that_of_its_channel() -> None:
    costly = WORLD.replace(
        "email: {content: {subject: news, html: news}}", "email: {content: {subject: news, html: news}, cost: 0.5}"
    )
    driver = driver_of({"email": "ada@example.org", "phone": "+441"}, costly)
    assert said(driver.track("ada", "Asked")) == [("news", "sms")]


def test_a_channel_that_costs_more_than_the_action_is_worth_is_shut() -> None:
    dear = WORLD.replace("sms: {content: {text: news}}", "sms: {content: {text: news}, cost: 2}")
    driver = driver_of({"email": "ada@example.org", "phone": "+441", "preferred_channel": "sms"}, dear)
    assert said(driver.track("ada", "Asked")) == [("news", "email")]
    assert "not sms: it costs 2 and is worth 1" in reasons(driver)


@pytest.mark.parametrize("cap", ["{most: 1, per: 1 week, channel: sms}", "{most: 1, per: 1 week, each: channel}"])
def test_a_channel_that_is_full_gives_way_to_the_next(cap: str) -> None:
    capped = WORLD.replace("channel: {costs", f"contact: {{caps: [{cap}]}}\nchannel: {{costs")
    driver = driver_of({"email": "ada@example.org", "phone": "+441", "preferred_channel": "sms"}, capped)
    driver.track("ada", "Greeted")
    assert said(driver.track("ada", "Asked")) == [("news", "email")]


def test_where_the_last_message_was_read_the_next_one_goes() -> None:
    driver = driver_of(EVERYWHERE)
    (hello,) = driver.track("ada", "Greeted")
    driver.track("ada", "Message Opened", {"action_id": hello["action_id"]}, after="1 minute")
    assert said(driver.track("ada", "Asked", after="1 hour")) == [("news", "sms")]
    assert reasons(driver)[0] == "sms: the customer read the last message there"


def test_who_is_on_the_site_is_told_there_and_nobody_else_is() -> None:
    driver = driver_of(EVERYWHERE)
    driver.track("ada", "Page Viewed")
    assert said(driver.track("ada", "Asked")) == [("news", "web")]
    assert said(driver.track("ada", "Asked", after="2 days")) == [("news", "push")]
    assert "not web: the visitor is not on the site" not in reasons(driver)[0]


def test_a_kind_of_message_may_have_a_channel_of_its_own() -> None:
    fixed = WORLD.replace("channel: {", "channel: {kinds: {fraud-notice: {channel: sms, urgent: true}}, ")
    driver = driver_of({**EVERYWHERE, "preferred_channel": "email"}, fixed)
    assert said(driver.track("ada", "Fraud Suspected")) == [("alert", "sms")]
    assert reasons(driver)[-1] == "not email: messages of kind fraud-notice go by sms"


def test_while_an_offer_is_out_on_one_channel_it_goes_out_on_no_other() -> None:
    driver = driver_of({**EVERYWHERE, "preferred_channel": "sms"})
    assert said(driver.track("ada", "Asked")) == [("news", "sms")]
    driver.track("ada", "Preferences Changed", {"preferred_channel": "email"})
    assert said(driver.track("ada", "Asked", after="1 hour")) == [("news", "sms")]
    assert said(driver.track("ada", "Asked", after="2 days")) == [("news", "email")]


def test_what_is_answered_is_out_no_more() -> None:
    driver = driver_of({**EVERYWHERE, "preferred_channel": "sms"})
    (news,) = driver.track("ada", "Asked")
    driver.track("ada", "Message Clicked", {"action_id": news["action_id"]})
    driver.track("ada", "Preferences Changed", {"preferred_channel": "email"})
    assert said(driver.track("ada", "Asked", after="1 hour")) == [("news", "email")]


def test_what_waits_goes_out_on_another_channel_after_a_no() -> None:
    held = WORLD.replace("[{act: news}]", "[{act: news, delay: 1 hour}]")
    driver = driver_of({**EVERYWHERE, "preferred_channel": "sms"}, held)
    driver.track("ada", "Asked")
    driver.consent("ada", "sms", given=False)
    assert said(driver.advance("1 hour")) == [("news", "push")]


def test_together_is_on_all_channels_at_once() -> None:
    driver = driver_of(EVERYWHERE, WORLD.replace("action: news\n", "action: news\ntogether: true\n"))
    actions = driver.track("ada", "Asked")
    assert said(actions) == [("news", "email"), ("news", "sms"), ("news", "push")]
    assert len({action["action_id"] for action in actions}) == 3


WORDS = st.lists(
    st.tuples(
        st.sampled_from(["Asked", "Page Viewed", "email", "sms", "push", "no", "opened"]),
        st.sampled_from(["0 seconds", "20 minutes", "5 hours", "30 hours"]),
    ),
    max_size=12,
)


@always(WORDS)
@settings(max_examples=40)
def test_one_offer_is_never_out_on_two_channels(words: list[tuple[str, str]]) -> None:
    driver = driver_of(EVERYWHERE)
    for word, after in words:
        if word in ("Asked", "Page Viewed"):
            driver.track("ada", word, after=after)
        elif word == "opened" and driver.actions:
            driver.track("ada", "Message Opened", {"action_id": driver.actions[-1]["action_id"]}, after=after)
        elif word == "no" and driver.actions:
            driver.consent("ada", driver.actions[-1]["channel"], given=False, after=after)
        else:
            driver.track("ada", "Preferences Changed", {"preferred_channel": word}, after=after)
        assert len({channel for channel, _ in out(driver)}) <= 1


def out(driver: JourneyTestDriver) -> list[tuple[str, str]]:
    """What was sent, has not expired, and was not answered."""
    customer = driver.customer("ada") or {}
    contacts = [text.split(",") for text in customer.get("contacts", "").split(";") if text]
    answered = {contact[0] for contact in contacts if contact[9] == "opened"}
    sent = [action for action in driver.actions if action["kind"] == "action" and action["action_id"] not in answered]
    return [(each["channel"], each["action_id"]) for each in sent if format_moment(driver.now) < each["expires_at"]]


def test_a_treatment_that_costs_nothing_says_so() -> None:
    free = WORLD.replace("sms: {content: {text: news}}", "sms: {content: {text: news}, cost: 0}")
    driver = driver_of({"email": "ada@example.org", "phone": "+441"}, free)
    assert said(driver.track("ada", "Asked")) == [("news", "sms")]


def test_a_choice_counts_however_it_is_written() -> None:
    driver = driver_of({**EVERYWHERE, "preferred_channel": ["Fax", " SMS "]})
    assert said(driver.track("ada", "Asked")) == [("news", "sms")]


@pytest.mark.parametrize("capacity", ["", "capacity: {most: 5, per: day}, "])
def test_a_channel_that_opens_too_late_gives_way_to_the_next(capacity: str) -> None:
    shut = WORLD.replace(
        "sms: {consent: opt_out}", f"sms: {{consent: opt_out, {capacity}open: {{sat: '09:00-17:00'}}}}"
    )
    driver = driver_of({"email": "ada@example.org", "phone": "+441", "preferred_channel": "sms"}, shut)
    assert said(driver.track("ada", "Asked")) == [("news", "email")]
    too_late = "sms is closed until 2026-01-10T09:00:00.000Z, but it expires at 2026-01-06T09:00:00.000Z"
    assert f"not sms: {too_late}" in reasons(driver)


OFFERED = """---
journey: offered
entry: {on: Offered}
steps: [{offer: {actions: [news]}}]
"""


def test_an_action_is_offered_by_a_step_if_any_of_its_channels_is_open() -> None:
    driver = driver_of({"phone": "+441"}, WORLD + OFFERED)
    assert said(driver.track("ada", "Offered")) == [("news", "sms")]
    assert driver.arbitrations[-1]["excluded"] == {}


def test_an_action_none_of_whose_channels_is_open_is_not_offered() -> None:
    closed = WORLD.replace("  web: {content: {slot: top, content: news}}\n", "") + OFFERED
    driver = driver_of({}, closed)
    assert driver.track("ada", "Offered") == []
    assert driver.arbitrations[-1]["excluded"] == {"unreachable": 1}


def test_a_step_offers_on_all_channels_what_speaks_together() -> None:
    together = WORLD.replace("action: news\n", "action: news\ntogether: true\n") + OFFERED
    driver = driver_of({"phone": "+441", "email": "ada@example.org"}, together)
    assert said(driver.track("ada", "Offered")) == [("news", "email"), ("news", "sms")]
    assert driver.arbitrations[-1]["chosen"][0]["action_id"] not in [each["action_id"] for each in driver.actions[1:]]


def test_a_step_offers_the_first_link_of_a_chain() -> None:
    links = "chain: [{channel: push, until: opened, within: 1 hour}, {channel: sms, until: opened, within: 1 hour}, "
    chained = WORLD.replace("  web: {content: {slot: top, content: news}}\n", f"{links}{{channel: email}}]\n")
    driver = driver_of(EVERYWHERE, chained + OFFERED)
    assert said(driver.track("ada", "Offered")) == [("news", "push")]
    assert said(driver.advance("1 hour")) == [("news", "sms")]
    assert said(driver.advance("1 hour")) == [("news", "email")]


def test_a_kind_that_has_its_channel_stands_in_no_placement_of_another() -> None:
    home = "---\nplacements:\n  home: {channel: email, places: 2, on: Page Viewed}\n"
    driver = driver_of(EVERYWHERE, WORLD + home)
    assert said(driver.track("ada", "Page Viewed")) == [("alert", "email"), ("news", "email")]
    fixed = WORLD.replace("channel: {costs", "channel: {kinds: {fraud-notice: {channel: sms}}, costs")
    driver = driver_of(EVERYWHERE, fixed + home)
    assert said(driver.track("ada", "Page Viewed")) == [("news", "email")]
