"""What is wrong with the ways between steps, and between journeys: each with its line and its sentence."""

from __future__ import annotations

import re

import pytest

from orchestrator.errors import DefinitionError
from orchestrator.journeys.paths import path, paths_of, reached
from orchestrator.testing.texts import pack_of

ACTION = """\
---
action: mail
channel: email
content: {subject: Hello, html: Hello}
"""


def found(text: str) -> list[str]:
    """The problems of a text, each with its line."""
    with pytest.raises(DefinitionError) as caught:
        pack_of(text + ACTION)
    return [re.sub(r"^.*?\.yaml:", "", str(problem)) for problem in caught.value.problems]


def head(steps: str) -> str:
    """A journey whose steps begin on line 4."""
    return f"journey: a\nentry: {{on: X}}\nsteps:\n{steps}"


def other(steps: str) -> str:
    """The same of another journey; after another part its steps begin on line 5."""
    return head(steps).replace("journey: a", "journey: b")


OTHER = "action: other\nchannel: email\ncontent: {{subject: a, html: b}}\npropensity: {}\n"
ROUND = "the steps may go round without a wait: "
REMEDY = ": add a wait for some time or until a time of day"

WRONG = {
    "a loop without a wait": (
        head("- {act: mail, id: top}\n- goto: top\n"),
        [f"5: {ROUND}top → goto-1 → top{REMEDY}"],
    ),
    "a goto to itself": (head("- {goto: top, id: top}\n"), [f"4: {ROUND}top → top{REMEDY}"]),
    "a loop through a branch": (
        head("- wait: 1 day\n- {act: mail, id: top}\n- branch:\n  - {if: customer.known, steps: [{goto: top}]}\n"),
        [f"7: {ROUND}top → branch-1 → goto-1 → top{REMEDY}"],
    ),
    "a loop that jumps over its wait": (
        head("- {act: mail, id: top}\n- branch: [{if: customer.known, steps: [{wait: 1 day}]}]\n- goto: top\n"),
        [f"6: {ROUND}top → branch-1 → goto-1 → top{REMEDY}"],
    ),
    "a loop with a wait of no time": (
        head("- {wait: 0 seconds, id: top}\n- goto: top\n"),
        [f"5: {ROUND}top → goto-1 → top, for top may be over at once{REMEDY}"],
    ),
    "a loop with an absence": (
        head("- {wait: {absence: 1 day}, id: top}\n- act: mail\n- goto: top\n"),
        [f"6: {ROUND}top → act-mail → goto-1 → top, for top may be over at once{REMEDY}"],
    ),
    "a loop with a date": (
        head("- {wait: {date: customer.traits.day}, id: top}\n- goto: top\n"),
        [f"5: {ROUND}top → goto-1 → top, for top may be over at once{REMEDY}"],
    ),
    "a loop with an opened message": (
        head("- act: mail\n- {wait: {opened: act-mail, timeout: 1 day}, id: top}\n- goto: top\n"),
        [f"5: {ROUND}goto-1 → top → goto-1, for top may be over at once{REMEDY}"],
    ),
    "a step after a goto": (
        head("- {wait: 1 day, id: top}\n- goto: top\n- act: mail\n"),
        ["6: this step cannot be reached: the one before it always goes on elsewhere or ends the journey"],
    ),
    "a step after a split whose arms all end": (
        head("- split:\n    experiment: e\n    arms: [{arm: a, weight: 100, steps: [{end: true}]}]\n- act: mail\n"),
        ["7: this step cannot be reached: the one before it always ends the journey"],
    ),
    "a goto to nowhere": (
        head("- {wait: 1 day, id: pause}\n- goto: puase\n"),
        ["5: there is no step 'puase': did you mean 'pause'?"],
    ),
    "an opened step that is none": (
        head("- {act: mail, id: letter}\n- wait: {opened: leter, timeout: 1 day}\n"),
        ["5: 'leter' is no step, so it sends no message: did you mean 'letter'?"],
    ),
    "an opened step that does not speak": (
        head("- act: mail\n- {wait: 1 day, id: pause}\n- wait: {opened: pause, timeout: 1 day}\n"),
        ["6: 'pause' is no act step, so it sends no message: there are act-mail"],
    ),
    "an opened step that comes too late": (
        head("- wait: {opened: act-mail, timeout: 1 day}\n- act: mail\n"),
        ["4: the message of 'act-mail' is never sent before this step"],
    ),
    "an opened step in another arm": (
        head(
            "- branch:\n  - {if: customer.known, steps: [{act: mail}]}\n"
            "  - steps: [{wait: {opened: act-mail, timeout: 1 day}}]\n"
        ),
        ["6: the message of 'act-mail' is never sent before this step"],
    ),
    "weights that do not sum to 100": (
        head("- split:\n    experiment: e\n    arms: [{arm: a, weight: 50}, {arm: b, weight: 40.5}]\n"),
        ["6: the weights sum to 90.5, and they must sum to 100"],
    ),
    "two arms of one name": (
        head("- split:\n    experiment: e\n    arms:\n    - {arm: a, weight: 50}\n    - {arm: a, weight: 50}\n"),
        ["8: another arm is named 'a' already"],
    ),
    "two control arms": (
        head(
            "- split:\n    experiment: e\n    arms:\n"
            "    - {arm: a, weight: 50, control: true}\n    - {arm: b, weight: 50, control: true}\n"
        ),
        ["8: 'a' is the control arm already"],
    ),
    "a weight that is none": (
        head("- split:\n    experiment: e\n    arms: [{arm: a, weight: many}]\n"),
        ["6: 'weight' must be a number, not 'many'"],
    ),
    "a weight above all": (
        head("- split:\n    experiment: e\n    arms: [{arm: a, weight: 101}]\n"),
        ["6: 'weight' must be at most 100, not the number 101"],
    ),
    "one experiment twice, with other arms": (
        head(
            "- split: {experiment: e, arms: [{arm: a, weight: 100}]}\n"
            "- split: {experiment: e, arms: [{arm: b, weight: 100}]}\n"
        ),
        ["5: the experiment 'e' has other arms in step 'split-1': give it another name"],
    ),
    "one experiment in two journeys, with other weights": (
        head("- split: {experiment: e, arms: [{arm: a, weight: 50}, {arm: b, weight: 50}]}\n")
        + "---\n"
        + other("- split: {experiment: e, arms: [{arm: a, weight: 60}, {arm: b, weight: 40}]}\n"),
        ["5: the experiment 'e' has other arms in step 'split-1' of journey 'a': give it another name"],
    ),
    "a journey that joins itself": (
        head("- wait: 1 day\n- join: a\n"),
        ["5: a journey does not join itself: to go back to a step of it, write goto"],
    ),
    "an unknown journey": (
        head("- join: rescu\n") + "---\n" + head("- act: mail\n").replace(": a\n", ": rescue\n"),
        ["4: the journey 'rescu' is unknown: did you mean 'rescue'?"],
    ),
    "journeys that join each other at once": (
        head("- act: mail\n- join: b\n") + "---\n" + other("- join: a\n"),
        [
            "5: the journeys join each other without a wait: a → b → a: add a wait step",
            "5: the journeys join each other without a wait: b → a → b: add a wait step",
        ],
    ),
    "an arm with two tests": (
        head("- branch: [{if: customer.known, segment: vip}]\n"),
        ["4: an arm goes by one of if and segment, not both: write one in an 'if'"],
    ),
    "an arm after one that takes all": (
        head("- branch: [{steps: []}, {segment: vip}]\n---\nsegments: {vip: {if: customer.known}}\n"),
        ["4: this arm cannot be reached: the one before it has no 'if', so it takes all others"],
    ),
    "an unknown segment": (
        head("- branch: [{segment: vop}]\n---\nsegments: {vip: {if: customer.known}}\n"),
        ["4: the segment 'vop' is not in segments.yaml: did you mean 'vip'?"],
    ),
    "an update of a trait that is not declared": (
        head("- update: {traits: {stgae: 1}}\n---\ngiven: {stage: text}\n"),
        ["4: the trait 'stgae' is not in traits.yaml, under 'given': did you mean 'stage'?"],
    ),
    "a propensity of an unknown action": (
        head("- branch:\n  - propensity: {action: mial, above: 0.5}\n"),
        ["5: the action 'mial' is unknown: did you mean 'mail'?"],
    ),
    "a bound that is none": (
        head("- branch: [{propensity: {action: mail, above: 30}}]\n"),
        ["4: 'above' must be at most 1, not the number 30"],
    ),
    "a propensity that is none": (
        head("- act: mail\n---\n") + OTHER.format("7"),
        ["5: a propensity is a number from 0 to 1, or CEL that gives one"],
    ),
    "a propensity that is no CEL": (
        head("- act: mail\n---\n") + OTHER.format("customer."),
        ["5: 'propensity' is no condition: the expression is not complete"],
    ),
    "a time of day that is none": (
        head("- wait: {until: 25:00}\n"),
        ["4: '25:00' is no time of day: write hours and minutes, for example '09:00' or '17:30'"],
    ),
    "a number for a time of day": (
        head("- wait: {until: 9}\n"),
        ["4: write a time of day with hours and minutes, for example '09:00' or '17:30'"],
    ),
    "a weekday that is none": (
        head("- wait: {until: '09:00', on: [monday]}\n"),
        ["4: an item of 'on' must be mon, tue, wed, thu, fri, sat or sun, not 'monday'"],
    ),
    "a key of another wait": (
        head("- wait: {until: '09:00', timeout: 1 day}\n"),
        ["4: 'timeout' is unknown here: write until or on"],
    ),
    "an offset that is none": (
        head("- wait: {date: customer.traits.day, offset: 3}\n"),
        ["4: write a duration with its unit, with a minus for what is before, for example '-30 days'"],
    ),
    "two goals of one name": (
        head("- wait: 1 day\n") + "goal:\n- {name: g, on: A}\n- {name: g, on: B}\n",
        ["7: another goal is named 'g' already"],
    ),
    "a goal that takes what is waited for": (
        head("- wait: {event: B, timeout: 1 day, received: [{act: mail}]}\n") + "goal: [{on: B}]\n",
        ["4: 'received' cannot be reached: the exit or goal on the same event ends the journey first"],
    ),
    "a holdout above all": (
        head("- act: mail\n") + "holdout: 101\n",
        ["5: 'holdout' must be at most 100, not the number 101"],
    ),
}


@pytest.mark.parametrize(("text", "problems"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_refused(text: str, problems: list[str]) -> None:
    assert found(text) == problems


RIGHT = {
    "a loop with a wait": head("- {act: mail, id: top}\n- wait: 1 day\n- goto: top\n"),
    "a loop until a time of day": head("- {act: mail, id: top}\n- wait: {until: '09:00'}\n- goto: top\n"),
    "a loop with an event": head("- {act: mail, id: top}\n- wait: {event: Y, timeout: 1 day}\n- goto: top\n"),
    "a loop that sends what it waits for": head(
        "- {act: mail, id: top}\n- wait: {opened: top, timeout: 1 day}\n- goto: top\n"
    ),
    "a step after a goto that another leads to": head(
        "- branch: [{if: customer.known, steps: [{goto: last}]}]\n"
        "- {wait: 1 day, id: top}\n- goto: top\n- {act: mail, id: last}\n"
    ),
    "a goto into an arm": head(
        "- branch: [{if: customer.known, steps: [{goto: in}]}]\n- wait: 1 day\n"
        "- branch: [{if: customer.known, steps: [{act: mail, id: in}]}]\n"
    ),
    "one experiment twice with the same arms": head(
        "- split: {experiment: e, arms: [{arm: a, weight: 100}]}\n"
        "- split: {experiment: e, arms: [{arm: a, weight: 100, steps: [{act: mail}]}]}\n"
    ),
    "thirds": head(
        "- split: {experiment: e, arms: [{arm: a, weight: 33.3}, {arm: b, weight: 33.3}, {arm: c, weight: 33.4}]}\n"
    ),
    "journeys that join each other with a wait": head("- act: mail\n- join: b\n")
    + "---\n"
    + other("- wait: 1 day\n- join: a\n"),
}


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT.keys())
def test_what_is_right_is_taken(text: str) -> None:
    assert pack_of(text + ACTION).journeys


def test_a_path_is_a_shortest_one() -> None:
    ways = {"a": ("b", "c"), "b": ("d",), "c": ("b",), "d": ("a",)}
    assert path("a", "d", ways) == ["a", "b", "d"]
    assert path("a", "a", ways) == ["a"]
    assert path("a", "d", ways, without=("b",)) is None
    assert reached("c", ways) == {"a", "b", "c", "d"}


def test_the_paths_of_a_journey() -> None:
    text = head("- {act: mail, id: top}\n- wait: {opened: top, timeout: 1 day, received: [{end: true}]}\n- goto: top\n")
    paths = paths_of(pack_of(text + ACTION).journeys["a"])
    assert paths.first == "top"
    assert paths.ways == {"top": ("wait-1",), "wait-1": ("end-1", "goto-1"), "end-1": (), "goto-1": ("top",)}
    assert paths.quick["wait-1"] == ()
    assert paths.opened == {"wait-1": ("end-1",)}
