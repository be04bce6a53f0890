"""Pressure: what was said lately weighs on a customer, and what they ignore makes all that follows heavier."""

from __future__ import annotations

import pytest

from orchestrator.engine.contact_policy import Pressure, Scope
from orchestrator.engine.contacts import Contact
from orchestrator.engine.pressure import pressure
from tests.engine.saying import Given, act, last, names, on

DAY = 86_400_000
RULE = Pressure(Scope(), 10, 2 * DAY, {"sms": 2.0}, growth=0.5, ignored_after_ms=DAY)
NEWS = on("News Came", "act: news") + act("news")


def contact(day: int, channel: str = "email", state: str = "sent") -> Contact:
    return Contact(f"{day:032x}", "news", "", "", channel, "marketing", day * DAY, 50, "talk", state, day * DAY)


@pytest.mark.parametrize(
    ("contacts", "day", "figure", "ignored"),
    [
        ([], 0, 0, 0),
        ([contact(0)], 0, 1, 0),
        ([contact(0, "sms")], 0, 2, 0),
        ([contact(0)], 2, 0.5, 1),
        ([contact(0)], 4, 0.25, 1),
        ([contact(0), contact(2)], 2, 0.5 + 1.5, 1),
        ([contact(0), contact(2), contact(4)], 4, 0.25 + 0.75 + 2, 2),
        ([contact(0), contact(2, state="opened"), contact(4)], 4, 0.25 + 1, 0),
        ([contact(0, state="clicked")], 2, 0, 0),
    ],
)
def test_a_message_weighs_less_each_day_and_more_after_each_that_was_ignored(
    contacts: list[Contact], day: int, figure: float, ignored: int
) -> None:
    found, unanswered = pressure(RULE, contacts, day * DAY)
    assert found == pytest.approx(figure)
    assert unanswered == ignored


def test_above_the_limit_nothing_more_is_said(given: Given) -> None:
    driver = given(NEWS + "contact: {pressure: {limit: 2.5, half_life: 2 days}}")
    assert [len(driver.track("ada", "News Came")) for _ in range(3)] == [1, 1, 0]
    assert last(driver) == (
        "refused",
        "pressure",
        "a pressure of 2.0, and this message would add 1.0: the limit is 2.5; eased on 2026-01-06T04:55:18.480Z",
    )


def test_it_may_wait_until_the_customer_bears_it(given: Given) -> None:
    driver = given(NEWS + "contact: {pressure: {limit: 2.5, half_life: 2 days, when_above: wait}}")
    for _ in range(3):
        driver.track("ada", "News Came")
    assert last(driver)[0] == "held"
    assert driver.advance("19 hours") == []
    assert names(driver.advance("1 hour")) == ["news"]


def test_whoever_ignores_hears_less_and_whoever_answers_hears_more(given: Given) -> None:
    policy = "contact: {pressure: {limit: 3, half_life: 7 days, ignored_after: 12 hours, growth: 1}}"
    driver = given(NEWS + policy)
    heard = {"ada": 0, "bo": 0}
    for _ in range(14):
        for user in heard:
            for action in driver.track(user, "News Came"):
                heard[user] += 1
                if user == "bo":
                    driver.track(user, "Message Opened", {"action_id": action["action_id"]})
        driver.advance("1 day")
    assert heard == {"ada": 2, "bo": 14}


def test_the_decision_says_how_many_were_not_answered(given: Given) -> None:
    driver = given(NEWS + "contact: {pressure: {limit: 3, half_life: 7 days, ignored_after: 1 hour}}")
    for _ in range(3):
        driver.track("ada", "News Came", after="2 hours")
    assert "the last 2 were not answered" in last(driver)[2]


def test_what_failed_weighs_on_nobody(given: Given) -> None:
    driver = given(NEWS + "contact: {pressure: {limit: 1, half_life: 7 days}}")
    (action,) = driver.track("ada", "News Came")
    driver.track("ada", "Message Failed", {"action_id": action["action_id"]})
    assert names(driver.track("ada", "News Came")) == ["news"]


@pytest.mark.parametrize("purpose", ["service", "transactional"])
def test_what_serves_the_customer_is_no_pressure(given: Given, purpose: str) -> None:
    driver = given(
        on("News Came", "act: news")
        + act("news", f"purpose: {purpose}")
        + "contact: {pressure: {limit: 1, half_life: 7 days}}"
    )
    assert names(driver.track("ada", "News Came") + driver.track("ada", "News Came")) == ["news", "news"]


def test_a_message_that_weighs_more_than_the_limit_is_refused(given: Given) -> None:
    policy = "contact: {pressure: {limit: 1, half_life: 1 day, weights: {note: 2}, when_above: wait}}"
    driver = given(NEWS + policy)
    driver.track("ada", "News Came")
    assert last(driver)[0] == "refused"
