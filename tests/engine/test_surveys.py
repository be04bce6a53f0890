"""The customer's own verdict: one click on a score is kept, logged with its journey, and seen by conditions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from orchestrator.events.scales import SCALES, group_of, groups_of
from orchestrator.events.surveys import token_of
from orchestrator.testing import JourneyTestDriver

HELP = """
channels:
  note: {address: id, consent: none, content: {text: {}}}
---
action: call-back
channel: note
purpose: service
content: {text: "{{ event.properties.score }}"}
---
action: news
channel: note
content: {text: news}
---
journey: unhappy
purpose: service
entry: {on: Survey Answered, if: event.properties.kind == 'nps' && event.properties.score <= 6}
steps:
  - quiet: {purpose: marketing, for: 30 days}
  - act: call-back
---
journey: praise
entry: {on: Page Viewed, if: customer.surveys.delivery.group == 'promoter'}
steps: [act: news]
---
journey: sell
entry: {on: Product Viewed}
steps: [act: news]
"""

NINE: dict[str, Any] = {"survey": "delivery", "kind": "nps", "score": 9}
TWO = NINE | {"score": 2}


@pytest.fixture
def driver() -> JourneyTestDriver:
    return JourneyTestDriver.of_text(HELP)


def answer(driver: JourneyTestDriver, answered: dict[str, Any], **fields: Any) -> list[dict[str, Any]]:
    return driver.track("ada", "Survey Answered", answered, **fields)


def kept(driver: JourneyTestDriver) -> Any:
    customer = driver.customer("ada")
    return (customer or {}).get("surveys", {})


def test_the_last_score_is_kept(driver: JourneyTestDriver) -> None:
    answer(driver, NINE)
    answer(driver, TWO, after="1 day")
    assert kept(driver)["delivery"][:2] == [2, "nps"]


def test_an_answer_that_comes_late_takes_the_place_of_none_that_is_newer(driver: JourneyTestDriver) -> None:
    answer(driver, TWO)
    answer(driver, NINE, timestamp="2026-01-04T09:00:00Z")
    assert kept(driver)["delivery"][0] == 2


def test_each_survey_has_a_score_of_its_own(driver: JourneyTestDriver) -> None:
    answer(driver, NINE)
    answer(driver, {"survey": "chat", "kind": "csat", "score": 3})
    assert set(kept(driver)) == {"chat", "delivery"}


def test_conditions_see_the_score(driver: JourneyTestDriver) -> None:
    assert driver.track("ada", "Page Viewed") == []
    answer(driver, NINE)
    (told,) = driver.track("ada", "Page Viewed")
    assert told["journey"] == "praise"


def test_a_low_score_opens_a_task_and_holds_sales(driver: JourneyTestDriver) -> None:
    (task,) = answer(driver, TWO)
    assert (task["action"], task["content"]) == ("call-back", {"text": "2"})
    assert driver.track("ada", "Product Viewed") == []
    assert driver.decisions[-1]["reasons"][0]["rule"] == "quiet"


def test_a_high_score_does_neither(driver: JourneyTestDriver) -> None:
    assert answer(driver, NINE) == []
    assert [said["action"] for said in driver.track("ada", "Product Viewed")] == ["news"]


def test_the_score_is_logged_with_the_journey_that_asked(driver: JourneyTestDriver) -> None:
    answer(driver, NINE | {"journey": "sell", "action_id": "0" * 32})
    (line,) = [line for line in driver.trace if line["kind"] == "survey"]
    told = line["journey"], line["survey"], line["survey_kind"], line["score"], line["group"], line["action_id"]
    assert told == ("sell", "delivery", "nps", 9, "promoter", "0" * 32)


def test_where_the_link_does_not_say_it_the_journey_is_that_of_the_open_message(driver: JourneyTestDriver) -> None:
    (said,) = driver.track("ada", "Product Viewed")
    answer(driver, NINE | {"action_id": said["action_id"]})
    (line,) = [line for line in driver.trace if line["kind"] == "survey"]
    assert line["journey"] == "sell"


def test_a_score_as_a_text_is_a_number(driver: JourneyTestDriver) -> None:
    answer(driver, NINE | {"score": "2"})
    assert kept(driver)["delivery"][0] == 2
    assert driver.actions[-1]["action"] == "call-back"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"score": 11}, "'properties.score' is the number 11: a score of nps is a whole number from 0 to 10"),
        ({"score": -1}, "'properties.score' is the number -1: a score of nps is a whole number from 0 to 10"),
        ({"score": True}, "'properties.score' is true: a score of nps is a whole number from 0 to 10"),
        ({"score": 4.5}, "'properties.score' is the number 4.5: a score of nps is a whole number from 0 to 10"),
        ({"kind": "csat"}, "'properties.score' is the number 9: a score of csat is a whole number from 1 to 5"),
        (
            {"kind": "ces", "score": 0},
            "'properties.score' is the number 0: a score of ces is a whole number from 1 to 7",
        ),
        ({"kind": "stars"}, "'properties.kind' is the text 'stars': write one of nps, csat, ces"),
        ({"survey": "How was it?"}, "'properties.survey' is the text 'How was it?': write the name of a survey"),
        ({"comment": ["fine"]}, "'properties.comment' is a list of 1: write a text of up to 4000"),
    ],
)
def test_a_bad_answer_goes_to_dead_letter_with_its_reason(
    driver: JourneyTestDriver, changes: dict[str, Any], reason: str
) -> None:
    answer(driver, NINE | changes)
    assert [(letter["code"], letter["reason"]) for letter in driver.dead_letters] == [("bad_survey", reason)]
    assert driver.customer("ada") is None


def test_a_visitors_answer_goes_along_to_the_customer(driver: JourneyTestDriver) -> None:
    driver.track(None, "Survey Answered", NINE, anonymous="laptop")
    driver.identify("ada", {}, anonymous="laptop")
    assert kept(driver)["delivery"][0] == 9


@pytest.mark.parametrize(
    ("kind", "of_scores"),
    [
        ("nps", "dddddddppPP"),
        ("csat", "ddnss"),
        ("ces", "hhhneee"),
    ],
)
def test_scores_fall_into_groups(kind: str, of_scores: str) -> None:
    words = {"d": ("detractor", "dissatisfied"), "p": ("passive",), "P": ("promoter",), "n": ("neutral",)}
    words |= {"s": ("satisfied",), "h": ("hard",), "e": ("easy",)}
    for score, word in zip(SCALES[kind], of_scores, strict=True):
        assert group_of(kind, score) in words[word]


@forall(st.sampled_from(sorted(SCALES)).flatmap(lambda kind: st.tuples(st.just(kind), st.sampled_from(SCALES[kind]))))
def test_every_score_has_a_group(scored: tuple[str, int]) -> None:
    kind, score = scored
    assert group_of(kind, score) in groups_of(kind)


@forall(st.lists(st.tuples(st.text(max_size=5), st.integers(0, 10)), min_size=2, max_size=2, unique=True))
def test_no_two_answers_have_the_same_token(answers: list[tuple[str, int]]) -> None:
    one, other = (token_of(b"key", "ada", action, "delivery", "nps", score, "") for action, score in answers)
    assert one != other
