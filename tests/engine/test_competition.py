"""Journeys compete: what is due in one turn is decided in order of what matters, so bounds favour the important."""

from collections.abc import Callable

import pytest

from orchestrator.testing import JourneyTestDriver

CHANNELS = "channels:\n  note: {address: id, consent: none, content: {text: {}}}\n"


def two(first: str, second: str, policy: str = "") -> JourneyTestDriver:
    """Two journeys that begin with the same event and say one thing each; a comes first by name."""
    parts = [CHANNELS, policy] if policy else [CHANNELS]
    for name, fields in (("a", first), ("b", second)):
        parts.append(f"action: {name}\nchannel: note\ncontent: {{text: hi}}\n{fields}\n")
        parts.append(f"journey: {name}\nentry: {{on: Order Completed}}\nsteps: [{{act: {name}}}]\n")
    return JourneyTestDriver.of_text("---\n".join(parts))


def said(driver: JourneyTestDriver) -> list[str]:
    return [action["action"] for action in driver.track("ada", "Order Completed")]


def test_service_comes_before_sales_whatever_sales_are_worth() -> None:
    assert said(two("goal: sell\nvalue: 1000", "goal: serve")) == ["b", "a"]


def test_what_solves_comes_after_service_and_before_all_else() -> None:
    assert said(two("goal: retain\nvalue: 1000", "goal: solve")) == ["b", "a"]
    assert said(two("goal: solve\nvalue: 1000", "goal: serve")) == ["b", "a"]


def test_an_action_that_names_no_goal_serves_if_its_purpose_needs_no_consent() -> None:
    assert said(two("value: 1000", "purpose: transactional")) == ["b", "a"]


def test_the_policy_says_what_comes_first() -> None:
    policy = "arbitration: {first: [sell]}\n"
    assert said(two("goal: serve\nvalue: 1000", "goal: sell", policy)) == ["b", "a"]


@pytest.mark.parametrize(
    "better",
    [
        "value: 2",
        "value: event.properties.total",
        "propensity: 0.9",
        "lever: 10",
        "weights: [{name: bought-much, if: event.name == 'Order Completed', weight: 10}]",
        "priority: 60",
    ],
)
def test_of_one_goal_the_higher_priority_comes_first(better: str) -> None:
    driver = two("", better)
    done = driver.track("ada", "Order Completed", {"total": 99.0})
    assert [action["action"] for action in done] == ["b", "a"]


def test_of_the_same_weight_the_order_is_that_of_the_journeys() -> None:
    assert said(two("", "")) == ["a", "b"]


RULES = {
    "eligibility": ("eligibility: customer.traits.age >= 18", "customer.traits has no 'age'"),
    "applicability": ("applicability: [{name: big, if: event.properties.total > 10.0}]", "big: "),
    "suitability": ("suitability: event.name != 'Order Completed'", "not true: event.name != 'Order Completed'"),
    "validity": ("from: 2030-01-01", "it is said from 2030-01-01T00:00:00.000Z on"),
    "cost": ("cost: 2", "it costs 2 and is worth 1"),
}


@pytest.mark.parametrize(("rule", "fields", "detail"), [(rule, *told) for rule, told in RULES.items()])
def test_an_act_asks_the_rules_of_its_action(rule: str, fields: str, detail: str) -> None:
    driver = two(fields, "")
    assert said(driver) == ["b"]
    refused = next(decision for decision in driver.decisions if decision["outcome"] == "refused")
    (reason,) = refused["reasons"]
    assert reason["rule"] == rule
    assert detail in reason["detail"]


def test_what_was_said_before_a_pause_is_not_held_by_it(given: Callable[..., JourneyTestDriver]) -> None:
    driver = given("""
        journey: j
        entry: {on: Order Completed}
        steps: [{act: hello}, {quiet: {for: 1 day}}, {act: bye}]
    """)
    assert said(driver) == ["hello"]


def test_what_was_said_before_a_change_does_not_see_it() -> None:
    driver = JourneyTestDriver.of_text(f"""
{CHANNELS}
---
action: hi
channel: note
content: {{text: "{{{{ customer.traits.city }}}}"}}
---
journey: j
entry: {{on: Order Completed}}
steps: [{{act: hi}}, {{update: {{traits: {{city: "'Rome'"}}}}}}, {{act: hi}}]
""")
    driver.identify("ada", {"city": "Oslo"})
    texts = [action["content"]["text"] for action in driver.track("ada", "Order Completed")]
    assert texts == ["Oslo", "Rome"]
