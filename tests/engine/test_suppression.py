"""Who is not to be contacted, what is paused, and words of consent whose date is in the future."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.engine.contact_policy import ContactPolicy, Scope, Suppression
from orchestrator.engine.suppression import digest_of
from orchestrator.journeys.contact_policy import PauseDefinition
from tests.engine.conftest import WORLD
from tests.engine.saying import Given, act, last, names, on

NEWS = on("News Came", "act: news") + act("news")
LETTER = on("News Came", "act: letter")


def test_whoever_is_suppressed_gets_no_more_until_they_are_not(given: Given) -> None:
    driver = given(NEWS)
    driver.track("ada", "Suppressed", {"source": "legal"})
    assert driver.track("ada", "News Came", after="1 hour") == []
    detail = "suppressed everywhere since 2026-01-05T09:00:00.000Z by legal"
    assert last(driver) == ("refused", "suppressed", detail)
    driver.track("ada", "Unsuppressed", after="1 hour")
    assert names(driver.track("ada", "News Came")) == ["news"]


@pytest.mark.parametrize(("channel", "said"), [("note", []), ("phone", ["news"])])
def test_a_suppression_may_be_of_one_channel(given: Given, channel: str, said: list[str]) -> None:
    driver = given(NEWS)
    driver.track("ada", "Suppressed", {"channel": channel})
    assert names(driver.track("ada", "News Came")) == said


def test_the_newest_word_on_suppression_counts_whatever_the_order(given: Given) -> None:
    driver = given(NEWS)
    driver.advance("3 hours")
    driver.track("ada", "Suppressed", timestamp="2026-01-05T11:00:00Z")
    driver.track("ada", "Unsuppressed", timestamp="2026-01-05T10:00:00Z")
    assert driver.track("ada", "News Came") == []


def test_what_waits_is_withdrawn_at_once(given: Given) -> None:
    driver = given(on("News Came", "{act: news, delay: 1 day}") + act("news"))
    driver.track("ada", "News Came")
    driver.track("ada", "Suppressed")
    assert last(driver)[:2] == ("cancelled", "withdrawn")
    assert driver.advance("2 days") == []


@pytest.mark.parametrize("purpose", ["service", "transactional"])
def test_what_serves_the_customer_still_goes_out(given: Given, purpose: str) -> None:
    driver = given(on("News Came", "act: news") + act("news", f"purpose: {purpose}"))
    driver.track("ada", "Suppressed")
    assert names(driver.track("ada", "News Came")) == ["news"]


def test_a_visitor_who_was_suppressed_stays_so(given: Given) -> None:
    driver = given(NEWS)
    driver.track(None, "Suppressed", anonymous="laptop")
    driver.identify("ada", anonymous="laptop")
    assert driver.track("ada", "News Came") == []


@pytest.mark.parametrize(
    ("pause", "outcome"),
    [
        ("true", "held"),
        ("{purpose: marketing}", "held"),
        ("{channel: note}", "held"),
        ("{channel: phone}", "published"),
        ("{then: refuse}", "refused"),
        ("false", "published"),
    ],
)
def test_marketing_may_be_paused(given: Given, pause: str, outcome: str) -> None:
    driver = given(NEWS + f"contact: {{pause: {pause}}}")
    driver.track("ada", "News Came")
    assert last(driver)[0] == outcome


@pytest.mark.parametrize("purpose", ["service", "transactional"])
def test_a_pause_lets_pass_what_serves_the_customer(given: Given, purpose: str) -> None:
    driver = given(on("News Came", "act: news") + act("news", f"purpose: {purpose}") + "contact: {pause: true}")
    assert names(driver.track("ada", "News Came")) == ["news"]


def test_what_a_pause_held_is_said_when_it_is_over(given: Given) -> None:
    driver = given(NEWS + "contact: {pause: true}")
    driver.track("ada", "News Came")
    assert last(driver) == ("held", "paused", "messages are paused")
    assert driver.advance("1 day") == []
    driver.apply(f"{WORLD}\n---\n{NEWS}")
    assert names(driver.advance("1 minute")) == ["news"]


def test_all_marketing_is_paused_by_a_command_and_goes_on_with_what_still_holds(given: Given) -> None:
    driver = given(NEWS + on("Tip Came", "act: short-lived"))
    driver.apply(pauses=[PauseDefinition()])
    driver.track("ada", "News Came")
    driver.track("ada", "Tip Came")
    assert driver.advance("1 day") == []
    driver.apply(pauses=[])
    assert names(driver.advance("1 minute")) == ["news"]
    assert last(driver)[:2] == ("refused", "expired") or driver.decisions[-2]["outcome"] == "refused"


def test_a_pause_by_a_command_may_be_of_one_channel(given: Given) -> None:
    driver = given(NEWS)
    driver.apply(pauses=[PauseDefinition(channel=("phone",))])
    assert names(driver.track("ada", "News Came")) == ["news"]
    driver.apply(pauses=[PauseDefinition(channel=("note",))])
    driver.track("ada", "News Came")
    assert last(driver) == ("held", "paused", "messages on note are paused")


def test_a_yes_of_the_future_counts_from_its_date_on(given: Given) -> None:
    driver = given(LETTER)
    driver.identify("ada", {"email": "ada@example.org"})
    yes = {"channel": "letter", "given": True}
    driver.track("ada", "Consent Changed", yes, timestamp="2026-01-05T15:00:00Z")
    assert driver.track("ada", "News Came") == []
    date = "is dated 2026-01-05T15:00:00.000Z, in the future: it counts from then on"
    assert last(driver) == ("held", "consent", f"the customer's yes to marketing on letter {date}")
    assert names(driver.advance("6 hours")) == ["letter"]


def test_a_no_of_the_future_counts_at_once(given: Given) -> None:
    driver = given(LETTER)
    driver.identify("ada", {"email": "ada@example.org"})
    driver.consent("ada", "letter")
    no = {"channel": "letter", "given": False}
    driver.track("ada", "Consent Changed", no, timestamp="2026-01-05T15:00:00Z", after="1 minute")
    assert driver.track("ada", "News Came") == []


def test_a_no_that_is_said_after_a_yes_of_the_future_outweighs_it(given: Given) -> None:
    driver = given(LETTER)
    driver.identify("ada", {"email": "ada@example.org"})
    yes = {"channel": "letter", "given": True}
    driver.track("ada", "Consent Changed", yes, timestamp="2026-01-05T15:00:00Z")
    driver.consent("ada", "letter", False, after="1 hour")
    driver.advance("1 day")
    assert driver.track("ada", "News Came") == []
    assert last(driver)[0] == "refused"


def test_a_yes_of_the_future_takes_nothing_from_one_that_is_there(given: Given) -> None:
    driver = given(LETTER)
    driver.identify("ada", {"email": "ada@example.org"})
    driver.consent("ada", "letter")
    yes = {"channel": "letter", "given": True}
    driver.track("ada", "Consent Changed", yes, timestamp="2026-01-05T15:00:00Z", after="1 minute")
    assert names(driver.track("ada", "News Came")) == ["letter"]


def test_an_unsubscribe_keeps_where_and_when_it_was_said(given: Given) -> None:
    driver = given(LETTER)
    driver.track("ada", "Message Unsubscribed", {"channel": "letter", "purpose": "surveys", "source": "one-click"})
    record = driver.customer("ada")
    assert record is not None
    said = {"given": False, "at": driver.now, "source": "one-click"}
    assert record["consents"] == {"letter/surveys": said}


@pytest.mark.parametrize("entry", ["ada@example.org", " Ada@Example.org ", "ada", "ADA"])
def test_a_list_has_addresses_and_ids(given: Given, entry: str) -> None:
    driver = given(LETTER)
    driver.identify("ada", {"email": "Ada@example.org"})
    driver.consent("ada", "letter")
    policy = driver.env.policy
    listed = ContactPolicy(suppressions=(Suppression(Scope(), "lists/*.csv", frozenset({digest_of(entry)})),))
    driver.env = replace(driver.env, policy=replace(policy, contact=listed))
    assert driver.track("ada", "News Came") == []
    assert last(driver)[1] == "suppressed"
    assert last(driver)[2].endswith("is on the suppression list 'lists/*.csv'")
