"""Answers that nobody made up: the links of surveys are signed, and what is not by its link is refused."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson
import pytest

from orchestrator.content.survey import Survey
from orchestrator.engine.policy import Policy
from orchestrator.errors import BadRecord
from orchestrator.events.event import Event
from orchestrator.events.intake import Intake, Limits

KEY = b"a key that is long enough"
NOW = 1_767_323_045_000
POLICY = Policy(survey_link="https://shop.example.com/survey?from=mail", survey_key=KEY)


def intake(key: bytes = KEY) -> Intake:
    return Intake(Limits(262_144, 10**12, 10**8, event_clock=True, strict={}, survey_key=key))


def answer(told: dict[str, Any], key: bytes = KEY) -> Event:
    """What a page publishes that hands on what its address says."""
    ids = {name: told[name] for name in ("userId", "anonymousId") if name in told}
    properties = {name: value for name, value in told.items() if name not in ids}
    call = {"type": "track", "event": "Survey Answered", "messageId": "m", "timestamp": NOW, "properties": properties}
    return intake(key).read("events.engagement", 0, 0, orjson.dumps(call | ids), (), NOW, NOW)


def link(score: int = 9, policy: Policy = POLICY, **customer: Any) -> dict[str, Any]:
    """What stands in the link of a score."""
    survey = Survey("delivery", "nps", "How likely are you to recommend us?")
    shown = survey.shown("0" * 32, {"id": "ada", "known": True, **customer}, {"name": "order-care"}, policy)
    return dict(parse_qsl(urlsplit(shown["choices"][score]["link"]).query))


def test_a_click_on_a_score_is_an_answer() -> None:
    event = answer(link())
    assert (event.user_id, event.properties["score"], event.properties["journey"]) == ("ada", 9, "order-care")


def test_a_visitors_link_has_their_own_id() -> None:
    assert answer(link(id="laptop", known=False)).anonymous_id == "laptop"


def test_who_logged_in_since_still_answers_as_the_visitor_who_was_asked() -> None:
    told = link(id="laptop", known=False)
    assert answer({**told, "userId": "ada"}).user_id == "ada"


def test_a_link_keeps_what_the_page_wants_to_know() -> None:
    assert link()["from"] == "mail"


@pytest.mark.parametrize(
    "changes",
    [
        {"score": "10"},
        {"userId": "bo"},
        {"action_id": "1" * 32},
        {"journey": "win-back"},
        {"survey": "chat"},
        {"token": "0" * 32},
        {"token": "é"},
    ],
)
def test_an_answer_that_was_made_up_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(BadRecord, match="does not belong to this answer: send what stands in the survey's link") as bad:
        answer({**link(), **changes})
    assert bad.value.code == "bad_signature"


def test_an_answer_without_a_token_is_refused() -> None:
    told = link()
    del told["token"]
    with pytest.raises(BadRecord, match=r"'properties.token' is missing"):
        answer(told)


def test_a_link_of_another_key_is_refused() -> None:
    with pytest.raises(BadRecord):
        answer(link(), key=b"another key, long enough")


def test_without_a_secret_links_are_not_signed_and_answers_need_not_be() -> None:
    told = link(policy=Policy(survey_link="https://shop.example.com/survey"))
    assert "token" not in told
    assert answer(told, key=b"").properties["score"] == 9
