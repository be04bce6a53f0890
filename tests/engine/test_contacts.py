"""What was said to a customer is kept with them: by whom, when, and what became of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from orchestrator.engine.contacts import (
    CONTACTS_KEPT,
    KEPT_MS,
    MOST_KEPT,
    Contact,
    Contacts,
    bounded,
    heard,
    recorded,
    united,
)
from orchestrator.engine.customer import Customer, decode, encode
from orchestrator.events.engagement import outcome_of
from orchestrator.testing import JourneyTestDriver

Given = Callable[[str], JourneyTestDriver]

TALK = "journey: talk\nentry: {on: Product Viewed, reentry: after_exit}\nsteps: [{act: hello}]\n"
WORDS = ["published", "sent", "delivered", "failed", "dismissed", "opened", "clicked", "replied"]


def contact(number: int, at: int = 0, state: str = "published") -> Contact:
    return Contact(f"{number:032x}", "hello", "shoes", "sell", "note", "marketing", at, 50, "talk", state, at)


def kept(driver: JourneyTestDriver, user: str = "ada") -> list[Contact]:
    record = driver.customer(user)
    assert record is not None
    return list(Contacts(record.get("contacts", "")))


def test_what_is_published_is_kept_with_the_customer(given: Given) -> None:
    driver = given(TALK)
    (action,) = driver.track("ada", "Product Viewed")
    (said,) = kept(driver)
    assert (said.id, said.action, said.channel, said.purpose) == (action["action_id"], "hello", "note", "marketing")
    assert (said.journey, said.priority, said.state, said.counts) == ("talk", 50, "published", True)


def test_what_is_held_or_refused_was_not_said(given: Given) -> None:
    steps = "journey: talk\nentry: {on: Product Viewed}\nsteps: [{act: hello, delay: 1 hour}, {act: letter}]\n"
    driver = given(steps)
    driver.track("ada", "Product Viewed")
    assert kept(driver) == []
    driver.advance("1 hour")
    assert [said.action for said in kept(driver)] == ["hello"]


@pytest.mark.parametrize(
    ("names", "state"),
    [
        (["Message Sent"], "sent"),
        (["Message Sent", "Message Delivered"], "delivered"),
        (["Message Opened", "Message Sent"], "opened"),
        (["Email Link Clicked", "Email Opened"], "clicked"),
        (["Message Failed"], "failed"),
        (["Message Sent", "Message Bounced"], "failed"),
        (["Message Bounced", "Message Opened"], "opened"),
        (["Message Unsubscribed"], "published"),
    ],
)
def test_the_furthest_word_on_a_message_holds(given: Given, names: list[str], state: str) -> None:
    driver = given(TALK)
    (action,) = driver.track("ada", "Product Viewed")
    for name in names:
        driver.track("ada", name, {"action_id": action["action_id"], "channel": "other"}, after="1 minute")
    assert kept(driver)[0].state == state


@pytest.mark.parametrize("kind", [{"kind": "soft"}, {"bounce_type": "Transient"}, {"bounce_type": "soft"}])
def test_a_soft_bounce_is_not_the_last_word(kind: dict[str, str]) -> None:
    assert outcome_of("Message Bounced", {"action_id": "a", **kind}) is None
    assert outcome_of("Message Bounced", {"action_id": "a"}) == ("a", "failed")


def test_a_word_on_a_message_that_nobody_knows_is_nothing() -> None:
    before = Contacts.of([contact(1)])
    assert heard(before, contact(2).id, "opened", 1) == (before, None)
    assert heard(before, "", "opened", 1) == (before, None)
    assert outcome_of("Product Viewed", {"action_id": "a"}) is None
    assert outcome_of("Message Opened", {"action_id": 5}) is None


def test_whoever_hears_a_word_is_told_which_message_it_was_news_of() -> None:
    after, told = heard(Contacts.of([contact(1), contact(2)]), contact(2).id, "opened", 7)
    assert told is not None
    assert (told.id, told.state, told.state_at) == (contact(2).id, "opened", 7)
    assert heard(after, contact(2).id, "opened", 8) == (after, None)


def test_a_record_holds_the_newest_and_what_caps_ask_for() -> None:
    contacts = Contacts.of([contact(number, number) for number in range(CONTACTS_KEPT + 10)])
    assert bounded(contacts, 100, lambda kept: ()).all == contacts.all[10:]
    kept = bounded(contacts, 100, lambda kept: {contact(3).id})
    assert [each.at for each in kept] == [3, *range(11, CONTACTS_KEPT + 10)]


def test_what_is_old_is_forgotten_unless_caps_ask_for_it() -> None:
    contacts = Contacts.of([contact(1, 0), contact(2, KEPT_MS)])
    assert [each.at for each in bounded(contacts, KEPT_MS, lambda kept: ())] == [KEPT_MS]
    assert bounded(contacts, KEPT_MS, lambda kept: {contact(1).id}).all == contacts.all


def test_a_record_is_bounded_whatever_caps_ask_for() -> None:
    contacts = Contacts.of([contact(number, number) for number in range(MOST_KEPT + 10)])
    assert bounded(contacts, 1000, lambda kept: {each.id for each in kept}).all == contacts.all[10:]


def test_what_was_said_to_a_visitor_was_said_to_the_customer(given: Given) -> None:
    driver = given(TALK)
    driver.track(None, "Product Viewed", anonymous="laptop")
    driver.track("ada", "Product Viewed", after="1 minute")
    driver.identify("ada", anonymous="laptop", after="1 minute")
    assert [said.at % 3_600_000 for said in kept(driver)] == [0, 60_000]


def test_a_word_that_overtakes_a_merge_is_heard(given: Given) -> None:
    driver = given(TALK)
    (action,) = driver.track(None, "Product Viewed", anonymous="laptop")
    driver.identify("ada", anonymous="laptop", after="1 minute")
    driver.track(None, "Message Opened", {"action_id": action["action_id"]}, anonymous="laptop", after="1 minute")
    assert [said.state for said in kept(driver)] == ["opened"]


contacts_of = st.lists(
    st.builds(contact, st.integers(0, 9), st.integers(0, 3), st.sampled_from(WORDS)), max_size=8
).map(lambda found: Contacts.of({each.id: each for each in found}.values()))


@for_any(contacts_of)
def test_a_record_with_contacts_reads_as_it_was_written(contacts: Contacts) -> None:
    customer = Customer("u:ada", 0, 0, contacts=contacts)
    again = decode(encode(customer))
    assert isinstance(again, Customer)
    assert list(again.contacts) == list(contacts)
    assert encode(again) == encode(customer)


@for_any(contacts_of, contacts_of, contacts_of)
def test_two_records_unite_the_same_in_any_order_and_once(one: Contacts, two: Contacts, three: Contacts) -> None:
    def states(contacts: Contacts) -> list[tuple[str, str]]:
        return sorted((each.id, each.state) for each in contacts)

    assert states(united(united(one, two), two)) == states(united(one, two)) == states(united(two, one))
    assert states(united(united(one, two), three)) == states(united(one, united(two, three)))


@for_any(st.lists(st.integers(0, 5), max_size=12), st.booleans(), st.booleans(), st.integers(1, 5))
def test_one_more_is_recorded_as_if_all_were_written_anew(
    steps: list[int], parsed: bool, capped: bool, most: int
) -> None:
    found, expected, at = Contacts(), Contacts(), KEPT_MS
    for number, step in enumerate(steps):
        at += step * KEPT_MS // 8
        said = contact(number, at)
        found = recorded(Contacts(found.text) if parsed else found, said, at, (lambda _: ()) if capped else None, most)
        expected = Contacts.of([*(each for each in expected if each.at > at - KEPT_MS), said][-most:])
        assert found.text == expected.text
