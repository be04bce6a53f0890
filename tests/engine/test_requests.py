"""What a program is answered that asks what to say to a customer now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from orchestrator.engine import answers
from orchestrator.errors import RequestRefused
from orchestrator.journeys.contact_policy import PauseDefinition
from orchestrator.testing import JourneyTestDriver
from tests.engine.conftest import WORLD

Given = Callable[[str], JourneyTestDriver]

SHOP = """
journey: hello
entry: {on: Page Viewed}
exit: [{on: Order Completed}]
steps: [{act: hello}]
---
journey: bye
priority: 90
entry: {on: Cart Viewed}
exit: [{on: Order Completed}]
steps: [{act: bye}]
"""


def shown(answer: dict[str, Any]) -> list[str]:
    return [action["action"] for action in answer["actions"]]


def test_what_stands_open_on_the_channel_is_answered_with_its_content(given: Given) -> None:
    driver = given(SHOP)
    (published,) = driver.track("ada", "Page Viewed")
    answer = driver.decide("ada", "note")
    assert answer["customer"] == {"id": "ada", "known": True}
    (action,) = answer["actions"]
    assert (action["rank"], action["action_id"]) == (1, published["action_id"])
    assert action["content"] == published["content"] == {"text": "hello"}


def test_nothing_is_open_for_who_is_in_no_journey(given: Given) -> None:
    assert given(SHOP).decide("ada", "note")["actions"] == []


def test_the_most_important_comes_first_and_as_many_as_there_are_places(given: Given) -> None:
    driver = given(SHOP)
    driver.track("ada", "Page Viewed")
    driver.track("ada", "Cart Viewed")
    assert shown(driver.decide("ada", "note", places=3)) == ["bye", "hello"]
    assert shown(driver.decide("ada", "note")) == ["bye"]


def test_what_is_on_another_channel_is_not_answered(given: Given) -> None:
    driver = given(SHOP)
    driver.track("ada", "Page Viewed")
    assert shown(driver.decide("ada", "letter")) == []


def test_what_was_withdrawn_or_has_run_out_is_not_answered(given: Given) -> None:
    driver = given(
        SHOP + "---\n" + SHOP.split("---")[0].replace("act: hello", "act: short-lived").replace("hello", "h")
    )
    driver.track("ada", "Page Viewed")
    assert shown(driver.decide("ada", "note", places=3)) == ["short-lived", "hello"]
    driver.advance("2 hours")
    assert shown(driver.decide("ada", "note", places=3)) == ["hello"]
    driver.track("ada", "Order Completed")
    assert shown(driver.decide("ada", "note", places=3)) == []


def test_while_a_purpose_is_quiet_nothing_of_it_is_answered(given: Given) -> None:
    driver = given(SHOP + "---\njourney: call\nentry: {on: Call Started}\nsteps: [{quiet: {for: 1 hour}}]\n")
    driver.track("ada", "Page Viewed")
    driver.track("ada", "Call Started")
    answer = driver.decide("ada", "note")
    assert (shown(answer), answer["excluded"]) == ([], {"quiet": 1})
    driver.advance("2 hours")
    assert shown(driver.decide("ada", "note")) == ["hello"]


def test_what_an_action_s_own_rules_speak_against_by_now_is_not_answered(given: Given) -> None:
    ruled = "action: tip\nchannel: note\nsuitability: \"!('vexed' in customer.traits)\"\ncontent: {text: tip}\n"
    driver = given(f"{SHOP.split('---')[0].replace('act: hello', 'act: tip')}---\n{ruled}")
    driver.track("ada", "Page Viewed")
    assert shown(driver.decide("ada", "note")) == ["tip"]
    driver.identify("ada", {"vexed": True})
    answer = driver.decide("ada", "note")
    assert (shown(answer), answer["excluded"]) == ([], {"suitability": 1})


def test_a_visitor_is_answered_as_the_customer_whose_the_id_is(given: Given) -> None:
    driver = given(SHOP)
    driver.track("ada", "Page Viewed", anonymous="phone")
    assert driver.decide(None, "note", anonymous="phone")["customer"] == {"id": "ada", "known": True}


def test_somebody_new_is_known_from_then_on(given: Given) -> None:
    driver = given(SHOP)
    driver.decide(None, "note", anonymous="stranger")
    known = driver.customer(anonymous="stranger")
    assert known is not None
    assert known["first_seen"] == driver.now


def test_the_story_tells_who_asked_and_what_they_were_told(given: Given) -> None:
    driver = given(SHOP)
    driver.track("ada", "Page Viewed")
    answer = driver.decide("ada", "note")
    line = driver.trace[-1]
    assert (line["kind"], line["customer_id"], line["caller"]) == ("answer", "ada", "test")
    assert line["decision_id"] == answer["decision_id"]
    assert [action["action"] for action in line["actions"]] == ["hello"]


def test_what_is_shown_again_leaves_no_action_again(given: Given) -> None:
    driver = given(SHOP)
    driver.track("ada", "Page Viewed")
    driver.decide("ada", "note")
    assert len(driver.actions) == 1


def test_the_same_request_gets_the_same_answer(given: Given) -> None:
    driver = given(SHOP)
    driver.track("ada", "Page Viewed")
    first = driver.decide("ada", "note", key="k")
    driver.track("ada", "Order Completed")
    driver.advance("1 hour")
    lines = len(driver.trace)
    assert driver.decide("ada", "note", key="k") == first
    assert len(driver.trace) == lines
    assert driver.decide("ada", "note", key="other")["actions"] == []


def test_the_same_key_for_something_else_is_refused(given: Given) -> None:
    driver = given(SHOP)
    driver.decide("ada", "note", key="k")
    with pytest.raises(RequestRefused, match="was used for another request") as refused:
        driver.decide("ada", "note", key="k", places=2)
    assert refused.value.code == "idempotency-conflict"


def test_a_key_is_the_callers_and_the_customers_own(given: Given) -> None:
    driver = given(SHOP)
    ada, bo = (driver.decide(user, "note", key="k") for user in ("ada", "bo"))
    assert ada["decision_id"] != bo["decision_id"]


def test_answers_to_a_visitor_go_along_to_the_customer(given: Given) -> None:
    driver = given(SHOP)
    driver.track(None, "Page Viewed", anonymous="phone")
    before = driver.decide(None, "note", anonymous="phone", key="k")
    driver.identify("ada", anonymous="phone", after="1 minute")
    assert driver.decide(None, "note", anonymous="phone", key="k") == before
    assert driver.decide("ada", "note", key="k") == before


def test_answers_are_forgotten_after_a_day(given: Given) -> None:
    driver = given(SHOP)
    driver.decide("ada", "note", key="k")
    driver.advance("12 hours")
    driver.decide("ada", "note", key="l")
    driver.advance("13 hours")
    driver.decide("ada", "note", key="k", places=2)
    driver.advance("2 days")
    record = driver.customer("ada")
    assert record is not None
    assert "alarms" not in record


def test_only_the_last_answers_are_kept(given: Given) -> None:
    driver = given(SHOP)
    for number in range(answers.KEPT + 1):
        driver.decide("ada", "note", key=f"k{number}")
    driver.decide("ada", "note", key="k0", places=2)
    with pytest.raises(RequestRefused):
        driver.decide("ada", "note", key=f"k{answers.KEPT}", places=2)


def test_an_unknown_channel_is_refused_with_the_nearest_one(given: Given) -> None:
    with pytest.raises(RequestRefused, match="there is no channel 'nte': did you mean 'note'") as refused:
        given(SHOP).decide("ada", "nte")
    assert refused.value.code == "unknown-channel"


def test_an_unknown_placement_is_refused(given: Given) -> None:
    with pytest.raises(RequestRefused, match="there is no placement 'home-page'") as refused:
        given(SHOP).decide("ada", "note", placement="home-page")
    assert refused.value.code == "unknown-placement"


HOME = """
placements:
  home: {channel: note, places: 2, actions: [hello, bye, dear], on: Page Viewed}
---
action: dear
channel: note
value: 50
applicability: event.context.page.path == "/"
content: {text: "{{ event.properties.seen | default('nothing') }}"}
---
journey: call
entry: {on: Call Started}
exit: [{on: Call Ended}]
steps: [{act: short-lived}]
"""
FRONT = {"page": {"path": "/"}}


def test_the_best_for_a_placement_stand_there_from_then_on(given: Given) -> None:
    driver = given(HOME)
    answer = driver.decide("ada", "note", placement="home", context=FRONT, properties={"seen": "shoes"})
    assert shown(answer) == ["dear", "bye"]
    assert [action["placement"] for action in answer["actions"]] == ["home", "home"]
    assert answer["actions"][0]["content"] == {"text": "shoes"}
    assert {action["action_id"] for action in driver.actions} == {one["action_id"] for one in answer["actions"]}


def test_conditions_of_standing_actions_see_what_is_asked_with(given: Given) -> None:
    answer = given(HOME).decide("ada", "note", placement="home", context={"page": {"path": "/help"}})
    assert shown(answer) == ["bye", "hello"]
    assert answer["excluded"] == {"applicability": 1}


def test_what_stands_already_is_not_said_again(given: Given) -> None:
    driver = given(HOME)
    first = driver.decide("ada", "note", placement="home", context=FRONT)
    again = driver.decide("ada", "note", placement="home", context=FRONT)
    assert [one["action_id"] for one in again["actions"]] == [one["action_id"] for one in first["actions"]]
    assert len(driver.actions) == 2


def test_what_was_delivered_still_stands(given: Given) -> None:
    driver = given(HOME)
    (best, _) = driver.decide("ada", "note", placement="home", context=FRONT)["actions"]
    driver.track("ada", "Message Delivered", {"action_id": best["action_id"], "channel": "note"})
    assert shown(driver.decide("ada", "note", placement="home", context=FRONT)) == ["dear", "bye"]


def test_offers_of_journeys_compete_for_the_same_places(given: Given) -> None:
    driver = given(HOME)
    driver.track("ada", "Call Started")
    answer = driver.decide("ada", "note", placement="home", places=3, context=FRONT)
    assert [(action["action"], action["journey"]) for action in answer["actions"]] == [
        ("dear", None),
        ("short-lived", "call"),
        ("bye", None),
    ]


def test_a_placement_is_asked_for_on_its_own_channel(given: Given) -> None:
    with pytest.raises(RequestRefused, match="is on the channel 'note'"):
        given(HOME).decide("ada", "letter", placement="home")


def test_what_is_refused_leaves_no_trace(given: Given) -> None:
    driver = given(SHOP)
    with pytest.raises(RequestRefused):
        driver.decide("ada", "nte", key="k")
    assert driver.customer("ada") is None
    assert driver.decide("ada", "note", key="k")["actions"] == []


def test_content_that_cannot_be_made_any_more_is_left_out(given: Given) -> None:
    driver = given(SHOP.split("---")[0].replace("act: hello", "act: named"))
    driver.identify("ada", {"first_name": "Ada"})
    driver.track("ada", "Page Viewed")
    assert shown(driver.decide("ada", "note")) == ["named"]
    driver.identify("ada", {"first_name": None}, after="1 minute")
    assert driver.decide("ada", "note")["excluded"] == {"content": 1}


IDS = {"ada": ("ada", None), "phone": (None, "phone")}
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("decide"), st.sampled_from(["k", "l"]), st.sampled_from(sorted(IDS))),
        st.tuples(st.just("event"), st.sampled_from(["Page Viewed", "Order Completed", "Cart Viewed"]), st.just("ada")),
        st.tuples(st.just("event"), st.sampled_from(["Page Viewed", "Cart Viewed"]), st.just("phone")),
        st.tuples(st.just("login"), st.just(""), st.just("")),
        st.tuples(st.just("time"), st.sampled_from(["1 minute", "1 hour"]), st.just("")),
    ),
    max_size=15,
)


@drawn(STEPS, st.sampled_from([1, 3]))
def test_whatever_happens_between_the_same_key_gets_the_same_answer(
    steps: list[tuple[str, str, str]], partitions: int
) -> None:
    driver = JourneyTestDriver.of_text(f"{WORLD}\n---\n{SHOP}", partitions=partitions)
    answered: dict[tuple[str, str], dict[str, Any]] = {}
    for what, name, who in steps:
        if what == "decide":
            user, anonymous = IDS[who]
            answer = driver.decide(user, "note", anonymous=anonymous, key=f"{who}-{name}", places=2)
            assert answer == answered.setdefault((who, name), answer)
        elif what == "event":
            driver.track(*IDS[who][:1], name, anonymous=IDS[who][1])
        elif what == "login":
            driver.identify("ada", anonymous="phone")
        else:
            driver.advance(name)


def test_what_waits_for_a_place_of_its_channel_is_not_answered() -> None:
    world = WORLD.replace("note: {address", "note: {capacity: {most: 1, per: day}, address")
    home = "placements:\n  home: {channel: note, places: 1, actions: [hello]}\n"
    driver = JourneyTestDriver.of_text(f"{home}---\n{world}", start="2026-01-05T23:59:59Z")
    for user in ("ada", "bo"):
        driver.decide(user, "note", placement="home")
        driver.track(user, "Page Viewed")
    assert shown(driver.decide("ada", "note", placement="home")) == ["hello"]
    answer = driver.decide("bo", "note", placement="home")
    assert (shown(answer), answer["excluded"]) == ([], {"held": 1})
    driver.advance("1 second")
    assert shown(driver.decide("bo", "note", placement="home")) == ["hello"]


def test_what_is_on_a_paused_channel_is_not_answered(given: Given) -> None:
    driver = given(HOME)
    driver.apply(WORLD + "---\n" + HOME, pauses=[PauseDefinition(channel=("note",))])
    assert shown(driver.decide("ada", "note", placement="home", context=FRONT)) == []
