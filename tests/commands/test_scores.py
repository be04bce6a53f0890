"""What customers say of journeys, as numbers."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.console.scores import scores_of, table_of
from orchestrator.events.scales import group_of


def line(score: int, kind: str = "nps", customer: str = "ada", action: str | None = None, **others: Any) -> Any:
    """A line of the journey log."""
    told = {"journey": "care", "survey": "liked", "survey_kind": kind, "score": score, "group": group_of(kind, score)}
    return {
        "customer_id": customer,
        "action_id": action,
        "trigger": {"event_id": f"{customer}-{score}"},
        **told,
        **others,
    }


@pytest.mark.parametrize(
    ("kind", "answers", "value"),
    [
        ("nps", [10, 9, 7, 0], 25.0),
        ("nps", [10, 9], 100.0),
        ("nps", [0, 6], -100.0),
        ("csat", [5, 4, 3, 1], 50.0),
        ("ces", [7, 6, 2], 5.0),
    ],
)
def test_a_score_is_what_the_trade_means_by_it(kind: str, answers: list[int], value: float) -> None:
    (score,) = scores_of(line(answer, kind, customer=f"c{number}") for number, answer in enumerate(answers))
    assert score.value == value
    assert score.answers == len(answers)


def test_each_journey_has_a_score_of_its_own() -> None:
    scores = scores_of([line(9), line(2, journey="chat"), line(2, journey=None)])
    assert [(score.journey, score.value) for score in scores] == [("(unknown)", -100), ("care", 100), ("chat", -100)]


def test_who_changes_their_mind_about_a_message_counts_once() -> None:
    (score,) = scores_of([line(2, action="a" * 32), line(9, action="a" * 32)])
    assert (score.answers, score.value) == (1, 100)


def test_the_answers_to_two_messages_count_both() -> None:
    (score,) = scores_of([line(2, action="a" * 32), line(9, action="b" * 32)])
    assert (score.answers, score.value) == (2, 0)


def test_people_read_it_in_a_table() -> None:
    table = table_of(scores_of([line(9), line(2, "csat", customer="bo"), line(6, "ces", customer="cy")]))
    assert [row[2:5] for row in table[1:]] == [("ces", "1", "6.0 of 7"), ("csat", "1", "0 %"), ("nps", "1", "+100")]
    assert table[3][5:] == ("100 % promoter", "0 % passive", "0 % detractor")
