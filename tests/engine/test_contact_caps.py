"""Caps: how many messages a customer gets at most, and who has the last place."""

from __future__ import annotations

import pytest

from orchestrator.events.timestamps import read_moment
from tests.engine.saying import Given, act, last, names, on

NEWS = on("News Came", "act: news") + act("news")
URGENT = act("urgent", "priority: 90")
MINOR = act("minor", "priority: 10")


def test_three_within_a_week_and_no_fourth(given: Given) -> None:
    driver = given(NEWS + "contact: {caps: {most: 3, per: 7 days}}")
    for _ in range(3):
        assert names(driver.track("ada", "News Came", after="1 day")) == ["news"]
    assert driver.track("ada", "News Came", after="1 day") == []
    detail = "3 of 3 messages within 1 week; free again on 2026-01-13T09:00:00.000Z"
    assert last(driver) == ("refused", "cap", detail)


def test_a_window_slides(given: Given) -> None:
    driver = given(NEWS + "contact: {caps: {most: 2, per: 2 days}}")
    driver.track("ada", "News Came")
    driver.track("ada", "News Came", after="1 day")
    assert driver.track("ada", "News Came", after="23 hours") == []
    assert names(driver.track("ada", "News Came", after="1 hour")) == ["news"]
    assert driver.track("ada", "News Came", after="23 hours") == []
    assert names(driver.track("ada", "News Came", after="1 hour")) == ["news"]


def test_one_customer_does_not_take_the_place_of_another(given: Given) -> None:
    driver = given(NEWS + "contact: {caps: {most: 1, per: 1 day}}")
    driver.track("ada", "News Came")
    assert names(driver.track("bo", "News Came")) == ["news"]


def test_what_finds_no_place_may_wait_for_one(given: Given) -> None:
    driver = given(NEWS + "contact: {caps: {most: 1, per: 1 day, when_full: wait}}")
    driver.track("ada", "News Came")
    assert driver.track("ada", "News Came", after="6 hours") == []
    detail = "1 of 1 messages within 1 day; free again on 2026-01-06T09:00:00.000Z"
    assert last(driver) == ("held", "cap", detail)
    assert driver.advance("17 hours") == []
    assert names(driver.advance("1 hour")) == ["news"]


def test_those_who_wait_go_one_after_the_other(given: Given) -> None:
    driver = given(NEWS + "contact: {caps: {most: 1, per: 1 day, when_full: wait}}")
    for _ in range(4):
        driver.track("ada", "News Came")
    said = [action["decided_at"][:10] for action in [*driver.actions, *driver.advance("1 week")][-4:]]
    assert said == ["2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08"]


def test_what_would_wait_longer_than_it_lives_is_refused(given: Given) -> None:
    policy = "contact: {caps: {most: 1, per: 1 week, when_full: wait}}"
    driver = given(on("News Came", "act: short-lived") + policy)
    driver.track("ada", "News Came")
    driver.track("ada", "News Came")
    assert last(driver)[:2] == ("refused", "cap")
    assert last(driver)[2].endswith("but it expires at 2026-01-05T10:00:00.000Z")


@pytest.mark.parametrize(
    ("cap", "said"),
    [
        ("most: 1, per: 1 week", ["shoes-mail"]),
        ("most: 1, per: 1 week, channel: note", ["shoes-mail", "bikes-call"]),
        ("most: 1, per: 1 week, channel: [note, phone]", ["shoes-mail"]),
        ("most: 1, per: 1 week, goal: sell", ["shoes-mail", "bikes-call"]),
        ("most: 1, per: 1 week, group: shoes", ["shoes-mail", "bikes-call"]),
        ("most: 1, per: 1 week, action: shoes-mail", ["shoes-mail", "shoes-note", "bikes-call"]),
        ("most: 1, per: 1 week, purpose: marketing", ["shoes-mail"]),
        ("most: 1, per: 1 week, purpose: surveys", ["shoes-mail", "shoes-note", "bikes-call"]),
        ("most: 1, per: 1 week, each: group", ["shoes-mail", "bikes-call"]),
        ("most: 1, per: 1 week, each: action", ["shoes-mail", "shoes-note", "bikes-call"]),
        ("most: 1, per: 1 week, each: channel", ["shoes-mail", "bikes-call"]),
        ("most: 1, per: 1 week, except: {goal: retain}", ["shoes-mail", "bikes-call"]),
        (
            "most: 1, per: 1 week, except: {action: [shoes-note, bikes-call]}",
            ["shoes-mail", "shoes-note", "bikes-call"],
        ),
    ],
)
def test_a_cap_is_about_what_it_names(given: Given, cap: str, said: list[str]) -> None:
    driver = given(
        act("shoes-mail", "goal: sell\ngroup: shoes")
        + act("shoes-note", "goal: sell\ngroup: shoes")
        + "action: bikes-call\nchannel: phone\ngoal: retain\ngroup: bikes\ncontent: {text: hi}\n---\n"
        + act("question", "purpose: surveys")
        + on("All Came", "{act: shoes-mail}, {act: shoes-note}, {act: bikes-call}")
        + f"contact: {{caps: {{{cap}}}}}"
    )
    driver.identify("ada", {"phone": "+441"})
    assert names(driver.track("ada", "All Came")) == said


def test_every_cap_must_have_a_place(given: Given) -> None:
    driver = given(NEWS + "contact: {caps: [{most: 2, per: 1 hour}, {most: 3, per: 1 day}]}")
    said = [names(driver.track("ada", "News Came", after="20 minutes")) for _ in range(12)]
    assert [number for number, found in enumerate(said) if found] == [0, 1, 3]


def test_a_failed_message_gives_its_place_back(given: Given) -> None:
    driver = given(NEWS + "contact: {caps: {most: 1, per: 1 week}}")
    (action,) = driver.track("ada", "News Came")
    assert driver.track("ada", "News Came") == []
    driver.track("ada", "Message Failed", {"action_id": action["action_id"], "reason": "gave_up"})
    assert names(driver.track("ada", "News Came")) == ["news"]


@pytest.mark.parametrize(("kind", "said"), [("hard", ["news"]), ("soft", [])])
def test_a_hard_bounce_gives_the_place_back_and_a_soft_one_may_still_arrive(
    given: Given, kind: str, said: list[str]
) -> None:
    driver = given(NEWS + "contact: {caps: {most: 1, per: 1 week}}")
    (action,) = driver.track("ada", "News Came")
    driver.track("ada", "Message Bounced", {"action_id": action["action_id"], "kind": kind, "channel": "other"})
    assert names(driver.track("ada", "News Came")) == said


def test_what_is_withdrawn_while_it_waits_gives_its_place_back(given: Given) -> None:
    driver = given(
        on("Cart Left", "{act: urgent, delay: 1 hour}", "exit: [{on: Cart Bought}]")
        + NEWS
        + URGENT
        + "contact: {caps: {most: 1, per: 1 week}}"
    )
    driver.track("ada", "Cart Left")
    assert driver.track("ada", "News Came") == []
    driver.track("ada", "Cart Bought")
    assert names(driver.track("ada", "News Came")) == ["news"]


def test_what_is_cancelled_counts_until_the_sender_says_that_it_did_not_go_out(given: Given) -> None:
    driver = given(
        on("Cart Left", "act: urgent", "exit: [{on: Cart Bought}]")
        + NEWS
        + URGENT
        + "contact: {caps: {most: 1, per: 1 week}}"
    )
    (action,) = driver.track("ada", "Cart Left")
    driver.track("ada", "Cart Bought")
    assert driver.actions[-1]["kind"] == "cancel"
    assert driver.track("ada", "News Came") == []
    driver.track("ada", "Message Failed", {"action_id": action["action_id"], "reason": "cancelled"})
    assert names(driver.track("ada", "News Came")) == ["news"]


def test_a_minor_message_does_not_take_the_place_of_an_important_one_that_waits(given: Given) -> None:
    driver = given(
        on("Cart Left", "{act: urgent, delay: 3 hours}")
        + on("News Came", "act: minor")
        + URGENT
        + MINOR
        + "contact: {caps: {most: 1, per: 1 day}}"
    )
    driver.track("ada", "Cart Left")
    assert driver.track("ada", "News Came", after="1 hour") == []
    assert last(driver)[2] == (
        "0 of 1 messages within 1 day, and a place is kept for 'urgent', which goes before and waits; "
        "free again on 2026-01-06T12:00:00.000Z"
    )
    assert names(driver.advance("2 hours")) == ["urgent"]


def test_an_important_message_takes_the_place_of_a_minor_one_that_waits(given: Given) -> None:
    driver = given(
        on("Cart Left", "act: urgent")
        + on("News Came", "{act: minor, delay: 3 hours}")
        + URGENT
        + MINOR
        + "contact: {caps: {most: 1, per: 1 day}}"
    )
    driver.track("ada", "News Came")
    assert names(driver.track("ada", "Cart Left", after="1 hour")) == ["urgent"]
    assert driver.advance("2 hours") == []
    detail = "1 of 1 messages within 1 day; free again on 2026-01-06T10:00:00.000Z"
    assert last(driver) == ("refused", "cap", detail)


def test_of_two_that_matter_the_same_the_first_one_has_the_place(given: Given) -> None:
    driver = given(
        on("News Came", "{act: news, delay: 3 hours}")
        + on("Tip Came", "{act: tip, delay: 1 hour}")
        + act("news")
        + act("tip")
        + "contact: {caps: {most: 1, per: 1 day}}"
    )
    driver.track("ada", "News Came")
    driver.track("ada", "Tip Came", after="1 minute")
    assert names(driver.advance("1 day")) == ["news"]


def test_of_those_that_fall_due_at_once_the_important_one_goes_first(given: Given) -> None:
    driver = given(
        on("All Came", "{act: minor, delay: 1 hour}, {act: urgent, delay: 1 hour}, {act: news, delay: 1 hour}")
        + URGENT
        + MINOR
        + act("news")
        + "contact: {caps: {most: 2, per: 1 day}}"
    )
    driver.track("ada", "All Came")
    assert names(driver.advance("1 day")) == ["urgent", "news"]


def test_what_waits_in_a_paused_journey_keeps_no_place(given: Given) -> None:
    text = (
        on("Cart Left", "{act: urgent, delay: 3 hours}")
        + on("News Came", "act: minor")
        + URGENT
        + MINOR
        + "contact: {caps: {most: 1, per: 1 day}}"
    )
    driver = given(text)
    driver.track("ada", "Cart Left")
    driver.apply(states={"cart-left": "paused"})
    assert names(driver.track("ada", "News Came")) == ["minor"]


@pytest.mark.parametrize(
    ("per", "first", "full", "free"),
    [
        ("day", "2026-01-05T22:30:00Z", "2026-01-05T22:59:00Z", "2026-01-05T23:00:00Z"),
        ("week", "2026-01-05T22:30:00Z", "2026-01-11T22:59:00Z", "2026-01-11T23:00:00Z"),
        ("month", "2026-01-05T22:30:00Z", "2026-01-31T22:59:00Z", "2026-01-31T23:00:00Z"),
    ],
)
def test_a_day_a_week_and_a_month_are_those_of_the_customer(
    given: Given, per: str, first: str, full: str, free: str
) -> None:
    driver = given(NEWS + f"contact: {{caps: {{most: 1, per: {per}}}}}")
    driver.identify("ada", {"timezone": "Europe/Berlin"})
    said = []
    for moment in (first, full, free):
        driver.advance_to(read_moment(moment))
        said.append(names(driver.track("ada", "News Came")))
    assert said == [["news"], [], ["news"]]
    assert f"this {per}; free again on {free[:-1]}.000Z" in driver.decisions[-2]["reasons"][0]["detail"]


def test_a_visitor_who_logs_in_has_had_what_both_have_had(given: Given) -> None:
    driver = given(NEWS + "contact: {caps: {most: 2, per: 1 week}}")
    driver.track(None, "News Came", anonymous="laptop")
    driver.track("ada", "News Came")
    driver.identify("ada", anonymous="laptop")
    assert driver.track("ada", "News Came") == []
    assert last(driver)[2].startswith("2 of 2 messages within 1 week")


@pytest.mark.parametrize("purpose", ["service", "transactional"])
def test_what_serves_the_customer_is_not_bound(given: Given, purpose: str) -> None:
    driver = given(
        on("News Came", "act: news") + act("news", f"purpose: {purpose}") + "contact: {caps: {most: 1, per: 1 week}}"
    )
    assert names(driver.track("ada", "News Came") + driver.track("ada", "News Came")) == ["news", "news"]


def test_service_takes_no_place_of_marketing(given: Given) -> None:
    driver = given(NEWS + on("Help Came", "act: answer") + "contact: {caps: {most: 1, per: 1 week}}")
    driver.track("ada", "Help Came")
    assert names(driver.track("ada", "News Came")) == ["news"]


def test_service_is_bound_where_it_is_named(given: Given) -> None:
    driver = given(on("Help Came", "act: answer") + "contact: {caps: {most: 1, per: 1 week, purpose: service}}")
    driver.track("ada", "Help Came")
    assert driver.track("ada", "Help Came") == []


def test_other_purposes_may_be_unbound(given: Given) -> None:
    driver = given(
        on("News Came", "act: news")
        + act("news", "purpose: notice")
        + "contact: {unbound: [notice], caps: {most: 1, per: 1 week}}"
    )
    assert names(driver.track("ada", "News Came") + driver.track("ada", "News Came")) == ["news", "news"]


def test_a_month_is_remembered_by_a_cap_of_a_quarter(given: Given) -> None:
    driver = given(NEWS + on("Help Came", "act: answer") + "contact: {caps: {most: 1, per: 90 days}}")
    driver.track("ada", "News Came")
    for _ in range(70):
        driver.track("ada", "Help Came", after="1 day")
    assert driver.track("ada", "News Came") == []
