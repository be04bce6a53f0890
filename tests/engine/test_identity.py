"""Who is who: visitors who become users, devices that are shared, and what comes along."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orchestrator import engine
from orchestrator.engine import Absorb, Claim, Customer, Follow, Granted, Pointer, Release
from orchestrator.engine.customer import encode as encode_record
from orchestrator.engine.message import decode, encode
from orchestrator.events.event import Event
from orchestrator.testing import JourneyTestDriver

Given = Callable[[str], JourneyTestDriver]

CART = """
journey: cart
entry: {on: Product Added, key: event.properties.cart, reentry: never}
exit: [{on: Order Completed, if: event.properties.cart == journey.entry.properties.cart}]
steps:
  - wait: {absence: 1 hour}
  - {act: hello, if: customer.known}
  - wait: 1 day
"""
WELCOME = """
journey: welcome
entry: {on: Page Viewed, reentry: never}
steps: [{act: hello}, {wait: 1 day}, {act: bye}]
"""


def names(actions: list[dict[str, Any]]) -> list[str]:
    return [action["action"] for action in actions]


def known_as(driver: JourneyTestDriver, anonymous: str) -> str:
    """The key of the record that an anonymous id leads to."""
    customer = driver.customer(anonymous=anonymous)
    assert customer is not None
    key: str = customer["key"]
    return key


# Visitors who become users.


def test_a_visitors_cart_goes_along_at_the_login(given: Given) -> None:
    driver = given(CART)
    driver.track(None, "Product Added", {"cart": "c1"}, anonymous="laptop")
    driver.identify("ada", anonymous="laptop")
    (action,) = driver.advance("1 hour")
    assert (action["action"], action["customer_id"]) == ("hello", "ada")


def test_any_event_with_both_ids_is_a_login(given: Given) -> None:
    driver = given(CART)
    driver.track(None, "Product Added", {"cart": "c1"}, anonymous="laptop")
    driver.track("ada", "Page Viewed", anonymous="laptop")
    assert names(driver.advance("1 hour")) == ["hello"]


def test_an_alias_call_is_one_too(given: Given) -> None:
    driver = given(CART)
    driver.track(None, "Product Added", {"cart": "c1"}, anonymous="laptop")
    driver.alias("laptop", "ada")
    assert names(driver.advance("1 hour")) == ["hello"]


def test_what_comes_under_the_old_id_later_belongs_to_the_user(given: Given) -> None:
    driver = given(CART)
    driver.identify("ada", anonymous="laptop")
    driver.track(None, "Product Added", {"cart": "c1"}, anonymous="laptop")
    (action,) = driver.advance("1 hour")
    assert action["customer_id"] == "ada"


def test_a_purchase_as_user_ends_the_visitors_cart(given: Given) -> None:
    driver = given(CART)
    driver.track(None, "Product Added", {"cart": "c1"}, anonymous="laptop")
    driver.identify("ada", anonymous="laptop")
    driver.track("ada", "Order Completed", {"cart": "c1"})
    assert driver.advance("1 week") == []


def test_a_purchase_that_is_itself_the_login_ends_the_visitors_cart(given: Given) -> None:
    driver = given(CART)
    driver.track(None, "Product Added", {"cart": "c1"}, anonymous="laptop")
    driver.track("ada", "Order Completed", {"cart": "c1"}, anonymous="laptop")
    assert driver.advance("1 week") == []


def test_a_login_that_was_waited_for_ends_the_visitors_wait(given: Given) -> None:
    driver = given("""
        journey: greet
        entry: {on: Product Added}
        steps: [{wait: {event: Signed In, timeout: 1 hour, received: [{act: hello}], timed_out: [{act: bye}]}}]
    """)
    driver.track(None, "Product Added", anonymous="laptop")
    assert names(driver.track("ada", "Signed In", anonymous="laptop")) == ["hello"]


def test_an_action_that_a_visitor_was_promised_is_held_on(given: Given) -> None:
    driver = given("journey: talk\nentry: {on: Page Viewed}\nsteps: [{act: hello, delay: 1 hour}]\n")
    driver.track(None, "Page Viewed", anonymous="laptop")
    driver.identify("ada", anonymous="laptop", after="30 minutes")
    assert driver.advance("29 minutes") == []
    (action,) = driver.advance("1 minute")
    assert action["customer_id"] == "ada"


def test_what_a_visitor_was_told_can_still_be_withdrawn(given: Given) -> None:
    driver = given(
        "journey: talk\nentry: {on: Page Viewed}\nexit: [{on: Order Completed}]\nsteps: [{act: hello}, {wait: 1 day}]\n"
    )
    (published,) = driver.track(None, "Page Viewed", anonymous="laptop")
    driver.identify("ada", anonymous="laptop")
    (cancel,) = driver.track("ada", "Order Completed")
    assert (cancel["action_id"], cancel["customer_id"]) == (published["action_id"], "laptop")


def test_timers_move_and_fire_once(given: Given) -> None:
    driver = given(CART)
    driver.track(None, "Product Added", {"cart": "c1"}, anonymous="laptop")
    driver.identify("ada", anonymous="laptop")
    assert [customer for _, customer in driver.timers] == ["ada"]
    assert len(driver.advance("1 week")) == 1


def test_a_known_tie_is_told_once(given: Given) -> None:
    driver = given(CART)
    for _ in range(3):
        driver.track("ada", "Page Viewed", anonymous="laptop")
    assert [line["happened"] for line in driver.trace if line["kind"] == "identity"] == []
    driver.track(None, "Page Viewed", anonymous="phone")
    for _ in range(3):
        driver.track("ada", "Page Viewed", anonymous="phone")
    assert [line["happened"] for line in driver.trace if line["kind"] == "identity"] == ["claimed", "merged"]


def test_many_devices_become_one_customer(given: Given) -> None:
    driver = given(CART)
    for device in ("laptop", "phone", "tablet"):
        driver.track(None, "Product Added", {"cart": device}, anonymous=device)
        driver.identify("ada", anonymous=device)
    assert [action["customer_id"] for action in driver.advance("1 week")] == ["ada"] * 3


# What of two is united.


def test_of_two_stays_in_one_journey_the_older_goes_on(given: Given) -> None:
    driver = given("journey: talk\nentry: {on: Page Viewed}\nsteps: [{wait: 1 hour}, {act: hello}]\n")
    driver.track(None, "Page Viewed", anonymous="laptop")
    driver.track("ada", "Page Viewed", after="20 minutes")
    driver.identify("ada", anonymous="laptop", after="20 minutes")
    assert names(driver.advance("20 minutes")) == ["hello"]
    assert driver.advance("1 week") == []


def test_and_what_the_younger_held_is_dropped_aloud(given: Given) -> None:
    driver = given("journey: talk\nentry: {on: Page Viewed}\nsteps: [{act: hello, delay: 1 hour}, {wait: 1 day}]\n")
    driver.track("ada", "Page Viewed")
    driver.track(None, "Page Viewed", anonymous="laptop", after="20 minutes")
    driver.identify("ada", anonymous="laptop")
    assert len(driver.advance("1 week")) == 1
    (dropped,) = [decision for decision in driver.decisions if decision["outcome"] == "cancelled"]
    assert dropped["reasons"][0]["detail"] == "the same journey was open under another id of this customer"


def test_a_journey_that_may_never_be_had_again_ends_when_the_visitor_turns_out_to_have_had_it(given: Given) -> None:
    driver = given(WELCOME)
    driver.send({"type": "page", "userId": "ada"})
    driver.advance("1 week")
    driver.send({"type": "page", "anonymousId": "new phone"})
    driver.identify("ada", anonymous="new phone", after="1 minute")
    assert "bye" not in names(driver.advance("1 week"))


def test_and_one_that_the_user_has_not_had_goes_on(given: Given) -> None:
    driver = given(WELCOME)
    driver.send({"type": "page", "anonymousId": "new phone"})
    driver.identify("ada", anonymous="new phone", after="1 minute")
    assert names(driver.advance("1 week")) == ["bye"]


def test_a_visitors_past_counts_for_the_user(given: Given) -> None:
    driver = given(WELCOME)
    driver.send({"type": "page", "anonymousId": "laptop"})
    driver.advance("1 week")
    driver.identify("ada", anonymous="laptop")
    assert driver.send({"type": "page", "userId": "ada"}) == []


def test_the_newer_trait_of_both_wins(given: Given) -> None:
    driver = given(CART)
    visitor = {"type": "identify", "anonymousId": "laptop"}
    driver.identify("ada", {"old": "user", "new": "user"}, timestamp="2026-01-05T08:30:00Z")
    driver.send(visitor | {"traits": {"old": "visitor", "own": "visitor"}, "timestamp": "2026-01-05T08:00:00Z"})
    driver.send(visitor | {"traits": {"new": "visitor"}, "timestamp": "2026-01-05T08:45:00Z"})
    driver.track("ada", "Page Viewed", anonymous="laptop")
    customer = driver.customer("ada")
    assert customer is not None
    assert customer["traits"] == {"old": "user", "new": "visitor", "own": "visitor"}


@pytest.mark.parametrize("user_removes", [True, False])
def test_a_removed_trait_stays_removed_whoever_removed_it(given: Given, user_removes: bool) -> None:
    driver = given(CART)
    values = {"user": None if user_removes else "x", "visitor": "x" if user_removes else None}
    times = {"user": "08:30" if user_removes else "08:00", "visitor": "08:00" if user_removes else "08:30"}
    for who, ids in (("user", {"userId": "ada"}), ("visitor", {"anonymousId": "laptop"})):
        traits = {"fax": values[who]}
        driver.send({"type": "identify", **ids, "traits": traits, "timestamp": f"2026-01-05T{times[who]}:00Z"})
    driver.track("ada", "Page Viewed", anonymous="laptop")
    customer = driver.customer("ada")
    assert customer is not None
    assert "traits" not in customer


def test_a_no_that_a_visitor_said_withdraws_what_the_user_was_told(given: Given) -> None:
    driver = given("journey: talk\nentry: {on: Page Viewed}\nsteps: [{act: letter}, {wait: 1 day}]\n")
    driver.identify("ada", {"email": "ada@example.org"})
    driver.consent("ada", "letter")
    (published,) = driver.send({"type": "page", "userId": "ada"})
    driver.track(None, "Message Unsubscribed", anonymous="laptop", after="1 minute")
    (cancel,) = driver.track("ada", "Signed In", anonymous="laptop", after="1 minute")
    assert (cancel["kind"], cancel["action_id"]) == ("cancel", published["action_id"])


def test_an_older_no_of_a_visitor_does_not(given: Given) -> None:
    driver = given("journey: talk\nentry: {on: Page Viewed}\nsteps: [{act: letter}, {wait: 1 day}]\n")
    driver.track(None, "Message Unsubscribed", anonymous="laptop")
    driver.identify("ada", {"email": "ada@example.org"}, after="1 minute")
    driver.consent("ada", "letter")
    driver.send({"type": "page", "userId": "ada"})
    assert driver.track("ada", "Signed In", anonymous="laptop", after="1 minute") == []


def test_quiet_comes_along(given: Given) -> None:
    driver = given("""
        journey: silence
        entry: {on: Call Started}
        steps: [{quiet: {for: 2 hours}}]
        ---
        journey: talk
        entry: {on: Product Viewed}
        steps: [{act: hello}]
    """)
    driver.track(None, "Call Started", anonymous="laptop")
    driver.identify("ada", anonymous="laptop")
    assert driver.track("ada", "Product Viewed") == []
    assert names(driver.advance("2 hours")) == ["hello"]


def test_an_absence_is_one_from_both(given: Given) -> None:
    driver = given("journey: gone\nentry: {on: Product Added}\nsteps: [{wait: {absence: 1 hour}}, {act: hello}]\n")
    driver.track(None, "Product Added", anonymous="laptop")
    driver.track("ada", "Product Viewed", after="50 minutes")
    driver.track("ada", "Signed In", anonymous="laptop", timestamp="2026-01-05T09:00:00Z")
    assert driver.advance("59 minutes") == []
    assert names(driver.advance("1 minute")) == ["hello"]


# Shared devices, users that look like visitors, and circles.


def test_a_shared_device_belongs_to_whoever_was_seen_with_it_last(given: Given) -> None:
    driver = given(CART)
    for user in ("ada", "bo", "ada", "bo"):
        driver.track(user, "Signed In", anonymous="family tablet", after="1 hour")
        assert known_as(driver, "family tablet") == f"u:{user}"


def test_a_visit_on_a_shared_device_belongs_to_its_present_owner(given: Given) -> None:
    driver = given(CART)
    for user in ("ada", "bo"):
        driver.track(user, "Signed In", anonymous="family tablet", after="1 hour")
        driver.track(None, "Product Added", {"cart": user}, anonymous="family tablet", after="1 minute")
    driver.advance("2 hours")
    assert [action["customer_id"] for action in driver.actions] == ["ada", "bo"]


def test_what_came_before_stays_where_it_went(given: Given) -> None:
    driver = given(CART)
    driver.track(None, "Product Added", {"cart": "c1"}, anonymous="family tablet")
    driver.track("ada", "Signed In", anonymous="family tablet")
    driver.track("bo", "Signed In", anonymous="family tablet", after="1 minute")
    (action,) = driver.advance("1 hour")
    assert action["customer_id"] == "ada"


def test_an_older_claim_that_comes_late_does_not_take_the_device_away(given: Given) -> None:
    driver = given(CART)
    driver.track("ada", "Signed In", anonymous="family tablet")
    driver.track("bo", "Signed In", anonymous="family tablet", timestamp="2026-01-05T08:00:00Z")
    assert known_as(driver, "family tablet") == "u:ada"


def test_two_users_at_the_same_moment_are_told_apart_by_name(given: Given) -> None:
    for users in (("ada", "bo"), ("bo", "ada")):
        driver = given(CART)
        for user in users:
            driver.track(user, "Signed In", anonymous="family tablet")
        assert known_as(driver, "family tablet") == "u:bo"


def test_two_users_are_never_made_one(given: Given) -> None:
    driver = given(CART)
    driver.track("ada", "Product Added", {"cart": "c1"})
    driver.alias("ada", "bo")
    driver.alias("bo", "ada")
    driver.track("bo", "Product Added", {"cart": "c2"})
    assert sorted(action["customer_id"] for action in driver.advance("1 day")) == ["ada", "bo"]


def test_an_alias_of_oneself_changes_nothing(given: Given) -> None:
    driver = given(CART)
    driver.track("ada", "Product Added", {"cart": "c1"})
    driver.alias("ada", "ada")
    assert len(driver.advance("1 day")) == 1


def test_a_user_whose_anonymous_id_is_the_user_id_takes_the_visit_along(given: Given) -> None:
    driver = given(CART)
    driver.track(None, "Product Added", {"cart": "c1"}, anonymous="ada")
    driver.track("ada", "Signed In", anonymous="ada")
    (action,) = driver.advance("1 day")
    assert action["customer_id"] == "ada"


def test_a_user_and_a_visitor_of_the_same_id_who_were_never_seen_together_stay_two(given: Given) -> None:
    driver = given(CART)
    driver.track(None, "Product Added", {"cart": "c1"}, anonymous="42")
    driver.track("42", "Product Added", {"cart": "c2"})
    assert len(driver.timers) == 2


# Messages between records, each for itself.


def event(name: str, at: int, ident: str, user: str | None, anonymous: str | None, **properties: Any) -> Event:
    return Event(ident, name, at, at, user, anonymous, None, properties, {}, {})


def customer_of(step: engine.Step) -> Customer:
    assert isinstance(step.record, Customer)
    return step.record


def handed_over(env: engine.Env, visitor: engine.Record, claim: object) -> Absorb:
    """The visitor's record as it arrives at the user's home."""
    assert isinstance(claim, Claim)
    (absorb,) = engine.on_message(env, visitor, claim, claim.at).forwards
    assert isinstance(absorb, Absorb)
    arrived = decode(encode(absorb))
    assert isinstance(arrived, Absorb)
    return arrived


def test_a_claim_on_an_unknown_id_leaves_a_pointer_and_is_granted(given: Given) -> None:
    step = engine.on_message(given(CART).env, None, Claim("a:laptop", "u:ada", 5), 10)
    assert step.record == Pointer("a:laptop", "u:ada", 5)
    assert list(step.forwards) == [Granted("u:ada", "laptop")]


def test_a_claim_on_a_visitor_hands_the_record_over(given: Given) -> None:
    env = given(CART).env
    visitor = customer_of(engine.on_event(env, None, event("Page Viewed", 1, "m1", None, "laptop"), 1, "a:laptop"))
    step = engine.on_message(env, visitor, Claim("a:laptop", "u:ada", 5), 10)
    (absorb,) = step.forwards
    assert step.record == Pointer("a:laptop", "u:ada", 5)
    assert isinstance(absorb, Absorb)
    assert (absorb.to, absorb.record["key"]) == ("u:ada", "a:laptop")


@pytest.mark.parametrize(
    ("claim", "owner", "answers"),
    [
        (Claim("a:x", "u:ada", 3), Pointer("a:x", "u:ada", 5), [Granted("u:ada", "x")]),
        (Claim("a:x", "u:ada", 7), Pointer("a:x", "u:ada", 7), [Granted("u:ada", "x")]),
        (Claim("a:x", "u:bo", 7), Pointer("a:x", "u:bo", 7), [Release("u:ada", "x", 7), Granted("u:bo", "x")]),
        (Claim("a:x", "u:bo", 3), Pointer("a:x", "u:ada", 5), [Release("u:bo", "x", 5)]),
        (Claim("a:x", "u:bo", 5), Pointer("a:x", "u:bo", 5), [Release("u:ada", "x", 5), Granted("u:bo", "x")]),
        (Claim("a:x", "u:aa", 5), Pointer("a:x", "u:ada", 5), [Release("u:aa", "x", 5)]),
    ],
)
def test_every_claim_is_answered_and_the_newest_owns(
    given: Given, claim: Claim, owner: Pointer, answers: list[object]
) -> None:
    step = engine.on_message(given(CART).env, Pointer("a:x", "u:ada", 5), claim, 10)
    assert step.record == owner
    assert list(step.forwards) == answers


def test_an_event_at_a_pointer_follows_it(given: Given) -> None:
    pointer = Pointer("a:laptop", "u:ada", 5)
    step = engine.on_event(given(CART).env, pointer, event("Page Viewed", 9, "m1", None, "laptop"), 9, "a:laptop")
    assert list(step.forwards) == [Follow("u:ada")]
    assert step.record == pointer


def test_a_purchase_that_overtakes_the_visitors_record_ends_the_cart_that_is_on_its_way(given: Given) -> None:
    env = given(CART).env
    visitor = customer_of(
        engine.on_event(env, None, event("Product Added", 1, "m1", None, "laptop", cart="c1"), 1, "a:laptop")
    )
    login = engine.on_event(env, None, event("Signed In", 2, "m2", "ada", "laptop"), 2, "u:ada")
    user = customer_of(
        engine.on_event(env, login.record, event("Order Completed", 3, "m3", "ada", None, cart="c1"), 3, "u:ada")
    )
    united = engine.on_message(env, user, handed_over(env, visitor, *login.forwards), 5)
    assert customer_of(united).instances == {}
    assert [line["reason"] for line in united.log if line.get("happened") == "exited"] == ["Order Completed came"]


def test_what_the_user_did_before_the_login_does_not_end_it(given: Given) -> None:
    env = given(CART).env
    visitor = customer_of(
        engine.on_event(env, None, event("Product Added", 1, "m1", None, "laptop", cart="c1"), 1, "a:laptop")
    )
    record = engine.on_event(env, None, event("Signed In", 1, "m0", "ada", "phone"), 1, "u:ada").record
    record = engine.on_event(env, record, event("Order Completed", 2, "m2", "ada", None, cart="c1"), 2, "u:ada").record
    login = engine.on_event(env, record, event("Signed In", 3, "m3", "ada", "laptop"), 3, "u:ada")
    assert login.record is not None
    united = engine.on_message(env, login.record, handed_over(env, visitor, *login.forwards), 5)
    assert len(customer_of(united).instances) == 1


@pytest.mark.parametrize(
    "answer", [Granted("u:ada", "laptop"), Release("u:ada", "laptop", 9), Release("u:ada", "laptop", 1)]
)
def test_once_a_claim_is_answered_nothing_is_kept_for_it(given: Given, answer: Granted | Release) -> None:
    env = given(CART).env
    record = engine.on_event(env, None, event("Signed In", 2, "m1", "ada", "laptop"), 2, "u:ada").record
    record = engine.on_event(env, record, event("Order Completed", 3, "m2", "ada", None), 3, "u:ada").record
    user = customer_of(engine.on_message(env, record, answer, 4))
    assert (user.claimed, user.unheard) == ({}, [])


def test_as_long_as_one_is_not_answered_it_is_kept(given: Given) -> None:
    env = given(CART).env
    record = engine.on_event(env, None, event("Signed In", 2, "m1", "ada", "laptop"), 2, "u:ada").record
    record = engine.on_event(env, record, event("Signed In", 3, "m2", "ada", "phone"), 3, "u:ada").record
    user = customer_of(engine.on_message(env, record, Granted("u:ada", "laptop"), 4))
    assert user.claimed == {"phone": "m2"}
    assert [kept["id"] for kept in user.unheard] == ["m1", "m2"]


def test_a_record_is_absorbed_once(given: Given) -> None:
    env = given(CART).env
    visitor = customer_of(
        engine.on_event(env, None, event("Product Added", 1, "m1", None, "laptop", cart="c1"), 1, "a:laptop")
    )
    login = engine.on_event(env, None, event("Signed In", 2, "m2", "ada", "laptop"), 2, "u:ada")
    absorb = handed_over(env, visitor, *login.forwards)
    once = customer_of(engine.on_message(env, login.record, absorb, 3))
    before = encode_record(once)
    again = engine.on_message(env, once, absorb, 4)
    assert encode_record(customer_of(again)) == before
    assert not again.log


def test_a_released_id_is_claimed_anew_by_the_next_event_with_both(given: Given) -> None:
    env = given(CART).env
    record = engine.on_event(env, None, event("Signed In", 2, "m1", "ada", "tablet"), 2, "u:ada").record
    record = engine.on_message(env, record, Release("u:ada", "tablet", 5), 6).record
    step = engine.on_event(env, record, event("Page Viewed", 7, "m2", "ada", "tablet"), 7, "u:ada")
    assert list(step.forwards) == [Claim("a:tablet", "u:ada", 7)]


def test_a_release_that_is_older_than_the_tie_is_ignored(given: Given) -> None:
    env = given(CART).env
    record = engine.on_event(env, None, event("Signed In", 9, "m1", "ada", "tablet"), 9, "u:ada").record
    user = customer_of(engine.on_message(env, record, Release("u:ada", "tablet", 5), 10))
    assert user.aliases == {"tablet": 9}
