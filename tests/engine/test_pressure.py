"""Pressure: what was said lately weighs on a customer, and what they ignore makes all that follows heavier."""

from __future__ import annotations

import pytest

from orchestrator.engine.contact_policy import Pressure, Scope
from orchestrator.engine.contacts import Contact
from orchestrator.engine.pressure import pressure, too_much
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


def test_a_message_that_weighs_more_than_the_limit_is_refused() -> None:
    rule = Pressure(Scope(), 1, DAY, {"sms": 2.0}, growth=0.5, ignored_after_ms=DAY, waits=True)
    verdict = too_much(rule, contact(1, "sms"), [], DAY)
    assert verdict is not None
    assert verdict.until is None


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


def test_whoever_never_answers_hears_less_and_not_nothing_for_ever(given: Given) -> None:
    policy = "contact: {pressure: {limit: 3, half_life: 2 days, ignored_after: 1 day, growth: 1}}"
    driver = given(NEWS + policy)
    heard = [day for day in range(40) if driver.track("ada", "News Came", after="1 day")]
    assert heard == [0, 1, 16, 17, 32, 33]
    driver = given(NEWS + policy)
    for _ in range(4):
        driver.track("ada", "News Came", after="1 day")
    assert last(driver)[2].endswith("the last 2 were not answered; eased on 2026-01-22T09:00:00.000Z")


@pytest.mark.parametrize("limit", [1, 1.5, 4])
@pytest.mark.parametrize("growth", [0, 0.5, 3])
def test_what_waits_for_pressure_to_ease_goes_out(given: Given, limit: float, growth: float) -> None:
    policy = f"limit: {limit}, half_life: 1 day, ignored_after: 12 hours, growth: {growth}, when_above: wait"
    news = NEWS.replace("expires: 30 days", "expires: 60 days")
    driver = given(news + f"contact: {{pressure: {{{policy}}}}}")
    for _ in range(6):
        driver.track("ada", "News Came", after="6 hours")
    driver.advance("55 days")
    assert [made["outcome"] for made in driver.decisions].count("published") == 6
    assert "refused" not in [made["outcome"] for made in driver.decisions]
