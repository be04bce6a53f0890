"""Playing journey tests: what passes, and what is told of what does not."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from orchestrator.testing import JourneyTestDriver
from orchestrator.testing.cases import read_tests
from orchestrator.testing.play import Unexpected, play

WORLD = """
    action: letter
    channel: email
    content: {subject: "Your {{ event.properties.name | default('cart') }}", html: <p>Hello</p>, text: Hello}
    ---
    action: note
    channel: crm
    purpose: service
    content: {object: note, fields: {text: hi}}
    ---
    journey: cart
    entry: {on: Product Added}
    exit: [{on: Order Completed}]
    steps:
      - {id: away, wait: 1 hour}
      - act: letter
      - wait: 1 day
    ---
    journey: help
    entry: {on: Payment Failed}
    steps:
      - act: note
      - {act: letter, delay: 2 hours}
"""

ADA = "ada: {traits: {email: ada@example.org}, consents: [email]}"


def played(tmp_path: Path, steps: str, customers: str = ADA, more: str = "", world: str = WORLD) -> None:
    path = tmp_path / "first.yaml"
    text = f"customers:\n  {customers}\n{more}\ntests:\n  - test: one\n    steps:\n"
    path.write_text(text + "\n".join(f"      {line}" for line in dedent(steps).strip().splitlines()), "utf-8")
    (test,) = read_tests(path)
    play(test, JourneyTestDriver.of_text(world))


def told(tmp_path: Path, steps: str, customers: str = ADA, more: str = "") -> list[str]:
    with pytest.raises(Unexpected) as caught:
        played(tmp_path, steps, customers, more)
    return f"{caught.value.line}: {caught.value}".splitlines()


@pytest.mark.parametrize(
    "steps",
    [
        "- {event: Product Added}\n- {after: 1 hour, expect: {action: letter, channel: email, customer: ada}}",
        "- {event: Product Added}\n- {after: 1 hour, expect: {action: letter, content: {subject: Your cart}}}",
        "- {event: Product Added}\n- {after: 1 hour, expect: {action: letter, content: {subject: {contains: cart}}}}",
        "- {event: Product Added}\n- {after: 1 hour, expect: {action: letter, at: 2026-01-05T10:00:00Z}}",
        "- {event: Product Added}\n- {at: 2026-01-05T10:00:00Z, expect: {action: letter}}",
        "- {event: Product Added}\n- {after: 1 hour, expect: [{in: cart, step: wait-1}, {action: letter}]}",
        "- {event: Product Added, expect: [{entered: cart}, {in: cart}, {not_in: help}]}",
        "- {event: Product Added}\n- {event: Order Completed, expect: [{left: cart, reason: Order Completed came}]}",
        """
        - {event: Product Added}
        - {after: 1 hour, expect: {action: letter}}
        - {event: Order Completed, expect: {cancel: letter}}
        """,
        """
        - {event: Payment Failed, expect: [{action: note}, {held: letter, rule: delay}, {left: help}]}
        - {consent: {channel: email, given: false}}
        - {after: 1 day, expect: none}
        """,
        """
        - {send: {type: track, event: Payment Failed, userId: bo}, expect: {action: note, customer: bo}}
        - {after: 2 hours, expect: {refused: letter, rule: consent, customer: bo}}
        """,
        """
        - {anonymous: tab, event: Product Added}
        - {anonymous: tab, customer: bo, identify: {email: b@x.de}}
        - {customer: bo, consent: {channel: email}}
        - {after: 1 hour, expect: {action: letter, customer: bo}}
        """,
        "- {expect: {no_segment: vip}}",
    ],
)
def test_what_is_so_passes(tmp_path: Path, steps: str) -> None:
    played(tmp_path, steps)


def test_an_action_that_is_missing_is_told_with_the_reason(tmp_path: Path) -> None:
    steps = "- {event: Product Added}\n- {after: 1 hour, expect: {action: letter}}"
    assert told(tmp_path, steps, "ada: {traits: {email: ada@example.org}}") == [
        "8: 2026-01-05T10:00:00.000Z, after 1 hour: expected 1 action, found no actions",
        "  expected  letter",
        "  found     nothing",
        "  why       letter was refused: consent: no consent to marketing on email",
    ]


def test_another_action_is_told(tmp_path: Path) -> None:
    lines = told(tmp_path, "- {event: Payment Failed, expect: {action: letter}}")
    assert lines[0] == "7: 2026-01-05T09:00:00.000Z: expected 1 action, found 1 action"
    assert lines[1] == "  expected  letter"
    assert lines[2].startswith("  found     note on crm for ada at 2026-01-05T09:00:00.000Z, by help: ")
    assert lines[3] == "  differs   it is an action of note"


def test_what_differs_is_told_part_by_part(tmp_path: Path) -> None:
    expected = "{action: letter, channel: web, at: 2026-01-05T11:00:00Z, content: {subject: Your hat, text: Hello}}"
    lines = told(tmp_path, "- {event: Product Added}\n- {after: 1 hour, expect: " + expected + "}")
    assert [line for line in lines if "differs" in line] == [
        '  differs   channel: expected "web", found "email"',
        '  differs   at: expected "2026-01-05T11:00:00.000Z", found "2026-01-05T10:00:00.000Z"',
        '  differs   content.subject: expected "Your hat", found "Your cart"',
    ]


def test_each_expectation_of_a_list_has_its_line(tmp_path: Path) -> None:
    steps = """
        - event: Payment Failed
          expect:
            - action: note
            - action: letter
    """
    assert told(tmp_path, steps)[0].startswith("10: ")


@pytest.mark.parametrize("expect", ["none", "[{action: note}]"])
def test_one_action_too_many_is_told(tmp_path: Path, expect: str) -> None:
    steps = "- {event: Payment Failed}\n- {after: 2 hours, expect: " + expect + "}"
    assert "  found     letter on email" in "\n".join(told(tmp_path, steps))


def test_actions_that_nothing_expects_are_told(tmp_path: Path) -> None:
    lines = told(tmp_path, "- {event: Payment Failed, expect: {in: help}}")
    assert lines[0].startswith("7: 2026-01-05T09:00:00.000Z: ada is not in help")
    lines = told(tmp_path, "- {event: Payment Failed}")
    assert lines[0].startswith("5: at the end there is 1 action that nothing expected")


def test_what_other_journeys_do_may_be_left_aside(tmp_path: Path) -> None:
    played(tmp_path, "- {event: Payment Failed}\n- {after: 1 day, expect: none}", more="journeys: [cart]")


@pytest.mark.parametrize(
    ("expect", "problem"),
    [
        ("{in: help}", "ada is not in help"),
        ("{not_in: cart}", "ada is in cart, at away"),
        ("{in: cart, step: wait-1}", "ada is in cart at away, expected at wait-1"),
        ("{left: cart}", "ada has not left cart; since the last look: entered away, waiting away"),
        ("{entered: help}", "ada has not entered help; since the last look: nothing"),
        ("{segment: vip}", "ada is in no segment, expected vip"),
        ("{refused: letter}", "expected letter to be refused, it was not decided on"),
    ],
)
def test_what_is_not_so_is_told(tmp_path: Path, expect: str, problem: str) -> None:
    (line,) = told(tmp_path, "- {event: Product Added, expect: " + expect + "}")
    assert line == f"7: 2026-01-05T09:00:00.000Z: {problem}"


def test_a_refusal_by_another_rule_is_told(tmp_path: Path) -> None:
    lines = told(tmp_path, "- {event: Payment Failed, expect: [{action: note}, {held: letter, rule: quiet}]}")
    assert lines[0].endswith("expected letter to be held by the rule quiet, it was held (delay)")


def test_a_useless_event_is_told(tmp_path: Path) -> None:
    (line,) = told(tmp_path, "- {send: {type: track, userId: ada}}")
    assert line.startswith("7: the event would go to the dead-letter topic: ")


def test_nobody_is_no_customer(tmp_path: Path) -> None:
    (line,) = told(tmp_path, "- {event: Product Added}", customers="{}")
    assert line == "7: nobody does this: name a customer, here or in 'customers'"


def test_time_does_not_run_back(tmp_path: Path) -> None:
    (line,) = told(tmp_path, "- {after: 1 day}\n- {at: 2026-01-05T10:00:00Z, expect: none}")
    assert line == "8: time does not run back: it is 2026-01-06T09:00:00.000Z already"


def test_what_is_due_at_once_is_over_on_the_line_of_the_event(tmp_path: Path) -> None:
    world = WORLD.replace("wait: 1 hour", "wait: {date: customer.traits.contract_end}")
    customers = "ada: {traits: {email: ada@example.org, contract_end: 2020-01-01}, consents: [email]}"
    steps = "- {event: Product Added, expect: [{action: letter}, {in: cart, step: wait-1}]}"
    played(tmp_path, steps, customers, world=world)
