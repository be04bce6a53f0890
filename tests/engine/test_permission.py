"""Consent, reachability and quiet: what may be said to whom, and when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.testing import JourneyTestDriver

Given = Callable[[str], JourneyTestDriver]


def on_viewed(*steps: str) -> str:
    """A journey that begins with "Product Viewed" and has these steps."""
    listed = "\n".join(f"  - {step}" for step in steps)
    return f"journey: talk\nentry: {{on: Product Viewed}}\nsteps:\n{listed}\n"


def ada_of(driver: JourneyTestDriver) -> str:
    driver.identify("ada", {"email": "ada@example.org", "phone": "+441"})
    return "ada"


def names(actions: list[dict[str, Any]]) -> list[str]:
    return [action["action"] for action in actions]


def last_reason(driver: JourneyTestDriver) -> dict[str, str]:
    reason: dict[str, str] = driver.decisions[-1]["reasons"][0]
    return reason


OPT_IN, OPT_OUT, FREE = "letter", "ring", "hello"


@pytest.mark.parametrize(
    ("action", "word", "said"),
    [
        (OPT_IN, None, False),
        (OPT_IN, True, True),
        (OPT_IN, False, False),
        (OPT_OUT, None, True),
        (OPT_OUT, True, True),
        (OPT_OUT, False, False),
        (FREE, None, True),
        (FREE, True, True),
        (FREE, False, True),
    ],
)
@pytest.mark.parametrize("general", [False, True])
def test_a_channel_asks_for_a_yes_for_the_absence_of_a_no_or_for_nothing(
    given: Given, action: str, word: bool | None, said: bool, general: bool
) -> None:
    driver = given(on_viewed(f"act: {action}"))
    ada = ada_of(driver)
    channel = {OPT_IN: "letter", OPT_OUT: "phone", FREE: "note"}[action]
    if word is not None:
        driver.track(ada, "Consent Changed", {"given": word} | ({} if general else {"channel": channel}))
    assert names(driver.track(ada, "Product Viewed")) == [action] * said


@pytest.mark.parametrize("action", ["receipt", "answer"])
def test_service_and_transactional_actions_need_no_consent(given: Given, action: str) -> None:
    driver = given(on_viewed(f"act: {action}"))
    ada = ada_of(driver)
    driver.track(ada, "Consent Changed", {"given": False})
    assert names(driver.track(ada, "Product Viewed")) == [action]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([("letter", True), ("letter", False)], False),
        ([("letter", False), ("letter", True)], True),
        ([("letter", True), ("*", False)], False),
        ([("letter", False), ("*", True)], True),
        ([("*", False), ("letter", True)], True),
        ([("*", True), ("letter", False)], False),
        ([("letter", True), ("phone", False)], True),
        ([("phone", True)], False),
        ([("letter", True), ("*", False), ("letter", True)], True),
    ],
)
def test_the_newest_word_counts_be_it_for_one_channel_or_for_all(
    given: Given, words: list[tuple[str, bool]], said: bool
) -> None:
    driver = given(on_viewed("act: letter"))
    ada = ada_of(driver)
    for channel, word in words:
        driver.consent(ada, channel, word, after="1 minute")
    assert names(driver.track(ada, "Product Viewed")) == ["letter"] * said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([(True, "12:00"), (False, "11:00")], True),
        ([(False, "12:00"), (True, "11:00")], False),
        ([(False, "12:00"), (True, "12:00")], False),
        ([(True, "12:00"), (False, "12:00")], False),
    ],
)
def test_the_newest_word_counts_whatever_the_order_in_which_they_come(
    given: Given, words: list[tuple[bool, str]], said: bool
) -> None:
    driver = given(on_viewed("act: letter"))
    ada = ada_of(driver)
    driver.advance("6 hours")
    for word, time in words:
        properties = {"channel": "letter", "given": word}
        driver.track(ada, "Consent Changed", properties, timestamp=f"2026-01-05T{time}:00Z")
    assert names(driver.track(ada, "Product Viewed")) == ["letter"] * said


def test_at_the_same_moment_a_general_no_outweighs_a_yes_for_the_channel(given: Given) -> None:
    driver = given(on_viewed("act: letter"))
    ada = ada_of(driver)
    driver.consent(ada, "letter", True)
    driver.consent(ada, "*", False)
    assert driver.track(ada, "Product Viewed") == []


def test_consent_to_one_purpose_is_none_to_another(given: Given) -> None:
    driver = given(on_viewed("act: letter"))
    ada = ada_of(driver)
    driver.consent(ada, "letter", True, purpose="surveys")
    assert driver.track(ada, "Product Viewed") == []


def test_a_journey_of_another_purpose_asks_for_its_own_consent(given: Given) -> None:
    driver = given(on_viewed("act: letter") + "purpose: surveys\n")
    ada = ada_of(driver)
    driver.consent(ada, "letter", True, purpose="surveys")
    assert names(driver.track(ada, "Product Viewed")) == ["letter"]


@pytest.mark.parametrize("given_", ["yes", 1, None, "true", {}])
def test_only_a_plain_yes_is_a_yes(given: Given, given_: Any) -> None:
    driver = given(on_viewed("act: letter"))
    ada = ada_of(driver)
    driver.track(ada, "Consent Changed", {"channel": "letter", "given": given_})
    assert driver.track(ada, "Product Viewed") == []


def test_a_refusal_for_want_of_consent_says_so(given: Given) -> None:
    driver = given(on_viewed("act: letter"))
    driver.track(ada_of(driver), "Product Viewed")
    assert last_reason(driver) == {"rule": "consent", "detail": "no consent to marketing on letter"}


def test_a_refusal_after_a_no_says_when_it_was_said(given: Given) -> None:
    driver = given(on_viewed("act: letter"))
    ada = ada_of(driver)
    driver.consent(ada, "letter", False)
    driver.track(ada, "Product Viewed", after="1 hour")
    detail = "the customer refused marketing on letter on 2026-01-05T09:00:00.000Z"
    assert last_reason(driver) == {"rule": "consent", "detail": detail}


@pytest.mark.parametrize(
    "properties", [{}, {"channel": "letter"}, {"channel": "letter", "purpose": "marketing"}, {"channel": None}]
)
def test_whoever_unsubscribes_hears_no_more(given: Given, properties: dict[str, Any]) -> None:
    driver = given(on_viewed("act: letter"))
    ada = ada_of(driver)
    driver.consent(ada, "letter", True)
    driver.track(ada, "Message Unsubscribed", properties, after="1 minute")
    assert driver.track(ada, "Product Viewed") == []


def test_consent_is_asked_again_when_a_held_action_is_due(given: Given) -> None:
    driver = given(on_viewed("{act: letter, delay: 1 hour}"))
    ada = ada_of(driver)
    driver.track(ada, "Product Viewed")
    driver.consent(ada, "letter", True, after="30 minutes")
    assert names(driver.advance("30 minutes")) == ["letter"]


def test_a_no_on_another_channel_does_not_drop_what_waits_for_its_yes(given: Given) -> None:
    driver = given(on_viewed("{act: letter, delay: 1 hour}"))
    driver.track("ada", "Product Viewed")
    driver.consent("ada", "phone", False, after="1 minute")
    driver.track("ada", "Message Bounced", {"channel": "phone"}, after="1 minute")
    ada = ada_of(driver)
    driver.consent(ada, "letter", True, after="1 minute")
    assert names(driver.advance("1 hour")) == ["letter"]


def test_a_hard_bounce_makes_the_channel_unreachable(given: Given) -> None:
    driver = given(on_viewed("act: receipt"))
    ada = ada_of(driver)
    driver.track(ada, "Message Bounced", {"channel": "letter"})
    assert driver.track(ada, "Product Viewed") == []
    assert last_reason(driver) == {"rule": "unreachable", "detail": "letter bounced on 2026-01-05T09:00:00.000Z"}


def test_a_soft_bounce_does_not(given: Given) -> None:
    driver = given(on_viewed("act: receipt"))
    ada = ada_of(driver)
    driver.track(ada, "Message Bounced", {"channel": "letter", "kind": "soft"})
    assert names(driver.track(ada, "Product Viewed")) == ["receipt"]


def test_a_bounce_on_another_channel_does_not(given: Given) -> None:
    driver = given(on_viewed("act: receipt"))
    ada = ada_of(driver)
    driver.track(ada, "Message Bounced", {"channel": "phone"})
    assert names(driver.track(ada, "Product Viewed")) == ["receipt"]


def test_a_new_address_is_reachable_until_it_bounces_itself(given: Given) -> None:
    driver = given(on_viewed("act: receipt"))
    ada = ada_of(driver)
    driver.track(ada, "Message Bounced", {"channel": "letter"})
    driver.identify(ada, {"email": "new@example.org"}, after="1 hour")
    assert names(driver.track(ada, "Product Viewed")) == ["receipt"]


def test_the_same_address_once_more_stays_unreachable(given: Given) -> None:
    driver = given(on_viewed("act: receipt"))
    ada = ada_of(driver)
    driver.track(ada, "Message Bounced", {"channel": "letter"})
    driver.identify(ada, {"email": "ada@example.org"}, after="1 hour")
    assert driver.track(ada, "Product Viewed") == []


def test_an_old_address_that_comes_late_makes_nothing_reachable(given: Given) -> None:
    driver = given(on_viewed("act: receipt"))
    driver.advance("2 hours")
    ada = ada_of(driver)
    driver.track(ada, "Message Bounced", {"channel": "letter"})
    driver.identify(ada, {"email": "former@example.org"}, timestamp="2026-01-05T10:00:00Z")
    assert driver.track(ada, "Product Viewed") == []


def test_quiet_holds_marketing_until_it_ends(given: Given) -> None:
    driver = given(on_viewed("quiet: {for: 2 hours}", "act: hello"))
    assert driver.track("ada", "Product Viewed") == []
    assert last_reason(driver)["rule"] == "quiet"
    assert driver.advance("119 minutes") == []
    assert names(driver.advance("1 minute")) == ["hello"]


def test_quiet_lets_service_pass(given: Given) -> None:
    driver = given(on_viewed("quiet: {for: 2 hours}", "act: answer"))
    assert names(driver.track("ada", "Product Viewed")) == ["answer"]


def test_quiet_holds_what_other_journeys_say(given: Given) -> None:
    driver = given(
        on_viewed("quiet: {for: 2 hours}") + "---\njourney: other\nentry: {on: Product Added}\nsteps: [{act: hello}]\n"
    )
    driver.track("ada", "Product Viewed")
    assert driver.track("ada", "Product Added", after="1 hour") == []
    (action,) = driver.advance("1 hour")
    assert action["decided_at"] == "2026-01-05T11:00:00.000Z"


def test_quiet_is_for_the_one_customer(given: Given) -> None:
    driver = given(
        on_viewed("quiet: {for: 2 hours}") + "---\njourney: other\nentry: {on: Product Added}\nsteps: [{act: hello}]\n"
    )
    driver.track("ada", "Product Viewed")
    assert names(driver.track("bo", "Product Added")) == ["hello"]


def test_quiet_for_another_purpose_holds_that_purpose(given: Given) -> None:
    driver = given(on_viewed("quiet: {purpose: service, for: 2 hours}", "act: answer", "act: hello"))
    assert names(driver.track("ada", "Product Viewed")) == ["hello"]
    assert names(driver.advance("2 hours")) == ["answer"]


def test_what_would_expire_before_quiet_ends_is_refused_at_once(given: Given) -> None:
    driver = given(on_viewed("quiet: {for: 1 hour}", "act: short-lived"))
    assert driver.track("ada", "Product Viewed") == []
    assert driver.decisions[-1]["outcome"] == "refused"
    assert last_reason(driver) == {
        "rule": "quiet",
        "detail": "quiet for marketing until 2026-01-05T10:00:00.000Z, but it expires at 2026-01-05T10:00:00.000Z",
    }
    assert driver.advance("1 week") == []


def test_what_expires_after_quiet_ends_is_held(given: Given) -> None:
    driver = given(on_viewed("quiet: {for: 59 minutes}", "act: short-lived"))
    driver.track("ada", "Product Viewed")
    assert names(driver.advance("1 hour")) == ["short-lived"]


def test_a_longer_quiet_is_not_cut_short_by_a_shorter_one(given: Given) -> None:
    driver = given(on_viewed("quiet: {for: 2 hours}", "quiet: {for: 1 hour}", "act: hello"))
    driver.track("ada", "Product Viewed")
    assert driver.advance("119 minutes") == []
    assert names(driver.advance("1 minute")) == ["hello"]


def test_a_delay_that_ends_in_a_quiet_time_is_held_on(given: Given) -> None:
    driver = given(on_viewed("{act: hello, delay: 1 hour}", "wait: 30 minutes", "quiet: {for: 1 hour}"))
    driver.track("ada", "Product Viewed")
    assert driver.advance("89 minutes") == []
    assert names(driver.advance("1 minute")) == ["hello"]
    assert [decision["outcome"] for decision in driver.decisions] == ["held", "held", "published"]


@pytest.mark.parametrize("word", ["Message Unsubscribed", "Unsubscribed", "Email Marked as Spam"])
def test_a_no_by_mail_is_heard_under_every_name_that_it_has(given: Given, word: str) -> None:
    driver = given(on_viewed("act: letter"))
    driver.consent(ada_of(driver), "letter")
    driver.track("ada", word, {"channel": "letter"})
    said = names(driver.track("ada", "Product Viewed"))
    assert said == ([] if word == "Message Unsubscribed" else ["letter"]), "Segment's names are of the channel email"


@pytest.mark.parametrize("name", ["Unsubscribed", "Email Marked as Spam"])
def test_segments_own_names_of_a_no_end_marketing_by_mail(given: Given, name: str) -> None:
    driver = given(on_viewed("act: hello"))
    driver.track("ada", name)
    customer = driver.customer("ada")
    assert customer is not None
    assert customer["consents"]["email/marketing"]["given"] is False


@pytest.mark.parametrize(("name", "channel"), [("Email Bounced", "email"), ("Push Notification Bounced", "push")])
def test_segments_own_names_of_a_bounce_say_the_channel(given: Given, name: str, channel: str) -> None:
    driver = given(on_viewed("act: hello"))
    driver.track("ada", name)
    customer = driver.customer("ada")
    assert customer is not None
    assert list(customer["bounced"]) == [channel]


@pytest.mark.parametrize(
    ("name", "ends"),
    [("Message Sent", False), ("Email Delivered", False), ("Order Shipped", False), ("Product Viewed", True)],
)
def test_an_absence_ends_by_what_the_customer_does_alone(given: Given, name: str, ends: bool) -> None:
    driver = given("journey: gone\nentry: {on: Order Completed}\nsteps: [{wait: {absence: 10 days}}, {act: hello}]\n")
    driver.track("ada", "Order Completed")
    driver.track("ada", name, after="9 days")
    assert names(driver.advance("2 days")) == ([] if ends else ["hello"])
