"""Experiments: who gets which arm, that they keep it, and that it is logged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given as properties
from hypothesis import strategies as st

from orchestrator.engine.assignment import unite_experiments
from orchestrator.engine.customer import EXPERIMENTS_KEPT, Assignment, Customer
from orchestrator.engine.experiments import Arm, arms_of, chance, drawn
from orchestrator.testing import JourneyTestDriver

Given = Callable[[str], JourneyTestDriver]

MANY = [f"customer-{number}" for number in range(4_000)]
NAMES = st.text(min_size=1, max_size=12)


def arms(**weights: float) -> list[Arm]:
    return [Arm(name, weight) for name, weight in weights.items()]


def split_of(first: int, second: int, more: str = "") -> str:
    return f"""
        journey: trial
        entry: {{on: Product Added}}
        {more}
        steps:
          - split:
              experiment: greeting
              arms:
                - {{arm: plain, weight: {first}, control: true}}
                - {{arm: warm, weight: {second}, steps: [{{act: hello}}]}}
          - act: bye
    """


def said(actions: list[dict[str, Any]]) -> list[str]:
    return [action["action"] for action in actions]


def exposures(driver: JourneyTestDriver) -> list[dict[str, Any]]:
    return [line for line in driver.trace if line["kind"] == "exposure"]


def arm_of(driver: JourneyTestDriver, user: str) -> str:
    return str((driver.customer(user) or {})["experiments"]["greeting"]["arm"])


def redone(driver: JourneyTestDriver, other: JourneyTestDriver) -> None:
    """The other's definitions from now on."""
    other.env.pinned.update(driver.env.pinned)  # type: ignore[attr-defined]
    driver.env = other.env


# The hash.


def test_chances_are_even_and_never_at_an_end() -> None:
    found = [chance(name, "x") for name in MANY]
    assert 0 < min(found) < max(found) < 1
    assert abs(sum(found) / len(found) - 0.5) < 0.02


@pytest.mark.parametrize(
    "weights", [{"a": 50, "b": 50}, {"a": 10, "b": 90}, {"a": 33.3, "b": 33.3, "c": 33.4}, {"a": 1, "b": 9, "c": 90}]
)
def test_each_arm_has_its_share(weights: dict[str, float]) -> None:
    found = Counter(drawn(name, "x", arms(**weights)).name for name in MANY)  # type: ignore[union-attr]
    for name, weight in weights.items():
        assert abs(found[name] / len(MANY) - weight / 100) < 0.025


def test_two_experiments_know_nothing_of_each_other() -> None:
    both = arms(a=50, b=50)
    found = Counter((drawn(name, "x", both), drawn(name, "y", both)) for name in MANY)
    assert all(abs(count / len(MANY) - 0.25) < 0.025 for count in found.values())


@properties(NAMES, NAMES, st.permutations(arms(a=20, b=30, c=50)))
def test_the_order_of_the_arms_does_not_matter(customer: str, experiment: str, order: list[Arm]) -> None:
    assert drawn(customer, experiment, order) == drawn(customer, experiment, arms(a=20, b=30, c=50))


WEIGHTS = st.lists(st.integers(0, 100), min_size=3, max_size=3).filter(any)


@properties(NAMES, WEIGHTS, WEIGHTS)
def test_nobody_goes_to_an_arm_that_did_not_grow_against_theirs(
    customer: str, before: list[int], after: list[int]
) -> None:
    old = drawn(customer, "x", arms(**dict(zip("abc", before, strict=True))))
    new = drawn(customer, "x", arms(**dict(zip("abc", after, strict=True))))
    assert old is not None
    assert new is not None
    if old.name != new.name:
        from_, to = "abc".index(old.name), "abc".index(new.name)
        assert after[to] * before[from_] > after[from_] * before[to]


@pytest.mark.parametrize(
    ("before", "after", "least"),
    [
        ({"a": 50, "b": 50}, {"a": 60, "b": 40}, 0.10),
        ({"a": 95, "b": 5}, {"a": 50, "b": 50}, 0.45),
        ({"a": 50, "b": 50}, {"a": 45, "b": 45, "c": 10}, 0.10),
        ({"a": 40, "b": 40, "c": 20}, {"a": 50, "b": 50, "c": 0}, 0.20),
    ],
)
def test_no_more_customers_move_than_must(before: dict[str, float], after: dict[str, float], least: float) -> None:
    moved = [
        name
        for name in MANY
        if drawn(name, "x", arms(**before)).name != drawn(name, "x", arms(**after)).name  # type: ignore[union-attr]
    ]
    assert abs(len(moved) / len(MANY) - least) < 0.02


def test_without_an_open_arm_there_is_none() -> None:
    assert drawn("ada", "x", arms(a=0)) is None


# In a journey.


@pytest.mark.parametrize(("first", "second", "way"), [(100, 0, ["bye"]), (0, 100, ["hello", "bye"])])
def test_an_arm_takes_its_steps_and_the_journey_goes_on(given: Given, first: int, second: int, way: list[str]) -> None:
    assert said(given(split_of(first, second)).track("ada", "Product Added")) == way


def test_a_control_arm_may_have_steps(given: Given) -> None:
    driver = given(split_of(100, 0).replace("control: true", "control: true, steps: [{act: answer}]"))
    assert said(driver.track("ada", "Product Added")) == ["answer", "bye"]


def test_an_exposure_is_logged_each_time(given: Given) -> None:
    driver = given(split_of(100, 0))
    driver.track("ada", "Product Added")
    driver.track("ada", "Product Added", after="1 day")
    (first, second) = exposures(driver)
    assert (first["experiment"], first["arm"], first["control"], first["first"]) == ("greeting", "plain", True, True)
    assert (first["journey"], first["step"], first["customer_id"]) == ("trial", "split-1", "ada")
    assert (second["arm"], second["first"]) == ("plain", False)


def test_both_arms_have_customers(given: Given) -> None:
    driver = given(split_of(50, 50))
    for number in range(40):
        driver.track(f"user-{number}", "Product Added")
    assert {line["arm"] for line in exposures(driver)} == {"plain", "warm"}


@properties(st.integers(0, 10_000), st.integers(1, 99), st.integers(1, 99))
def test_whoever_has_an_arm_keeps_it_after_a_change_of_weights(number: int, before: int, after: int) -> None:
    customer = Customer(f"u:{number}", 0, 0)
    old, new = (arms(a=share, b=100 - share) for share in (before, after))
    given_first = drawn(customer.id, "x", old)
    assert given_first is not None
    customer.experiments["x"] = Assignment(given_first.name, 1)
    assert arms_of(customer, ["x"]) == {"x": given_first.name}
    assert next(arm for arm in new if arm.name == given_first.name).weight > 0


def test_a_change_of_weights_moves_nobody_who_is_known(given: Given) -> None:
    driver = given(split_of(50, 50))
    users = [f"user-{number}" for number in range(20)]
    for user in users:
        driver.track(user, "Product Added")
    before = [arm_of(driver, user) for user in users]
    redone(driver, given(split_of(1, 99)))
    for user in users:
        driver.track(user, "Product Added", after="1 minute")
    assert [arm_of(driver, user) for user in users] == before


def test_an_arm_of_weight_0_is_closed_even_for_those_who_had_it(given: Given) -> None:
    driver = given(split_of(100, 0))
    driver.track("ada", "Product Added")
    redone(driver, given(split_of(0, 100)))
    driver.track("ada", "Product Added")
    assert arm_of(driver, "ada") == "warm"
    assert [line["first"] for line in exposures(driver)] == [True, True]


def test_one_experiment_in_two_journeys_is_one(given: Given) -> None:
    driver = given(split_of(50, 50) + "---" + split_of(50, 50).replace("journey: trial", "journey: trial-2"))
    for number in range(20):
        driver.track(f"user-{number}", "Product Added")
    by_user: dict[str, set[str]] = {}
    for line in exposures(driver):
        by_user.setdefault(line["customer_id"], set()).add(line["arm"])
    assert {len(found) for found in by_user.values()} == {1}


# Merges.


def other_arm(arm: str) -> str:
    return {"plain": "warm", "warm": "plain"}[arm]


def test_a_visitor_who_logs_in_keeps_the_arm(given: Given) -> None:
    driver = given(split_of(50, 50))
    for number in range(12):
        driver.track(None, "Product Added", anonymous=f"a{number}")
        before = exposures(driver)[-1]["arm"]
        driver.identify(f"u{number}", anonymous=f"a{number}")
        driver.track(f"u{number}", "Product Added")
        assert exposures(driver)[-1]["arm"] == before


ASSIGNMENTS = st.dictionaries(
    st.sampled_from("xyz"), st.builds(Assignment, st.sampled_from("ab"), st.integers(0, 3)), max_size=3
)


@properties(ASSIGNMENTS, ASSIGNMENTS)
def test_of_two_the_older_word_wins_whichever_comes_first(
    one: dict[str, Assignment], other: dict[str, Assignment]
) -> None:
    left = Customer("u:1", 0, 0, experiments=dict(one))
    right = Customer("a:1", 0, 0, experiments=dict(other))
    unite_experiments(left, Customer("a:1", 0, 0, experiments=dict(other)))
    unite_experiments(right, Customer("u:1", 0, 0, experiments=dict(one)))
    assert left.experiments == right.experiments
    for name, kept in left.experiments.items():
        both = [found[name] for found in (one, other) if name in found]
        assert kept.at == min(assignment.at for assignment in both)


def test_of_too_many_the_oldest_are_forgotten() -> None:
    customer = Customer("u:1", 0, 0)
    many = {f"x{number}": Assignment("a", number) for number in range(EXPERIMENTS_KEPT + 9)}
    unite_experiments(customer, Customer("a:1", 0, 0, experiments=many))
    assert min(assignment.at for assignment in customer.experiments.values()) == 9


# Holdouts.


def holdouts(driver: JourneyTestDriver) -> list[dict[str, Any]]:
    return [line for line in driver.trace if line["kind"] == "holdout"]


def test_whoever_is_held_out_enters_nothing(given: Given) -> None:
    driver = given(split_of(0, 100, "holdout: 100"))
    assert driver.track("ada", "Product Added") == []
    assert driver.track("ada", "Product Added") == []
    (line,) = holdouts(driver)
    assert (line["journey"], line["scope"], line["held"]) == ("trial", "journey", True)
    assert exposures(driver) == []


def test_a_holdout_has_its_share_and_both_groups_are_logged_once(given: Given) -> None:
    driver = given(split_of(0, 100, "holdout: 30"))
    for number in range(300):
        driver.track(f"user-{number}", "Product Added")
        driver.track(f"user-{number}", "Product Added")
    held = [line["customer_id"] for line in holdouts(driver) if line["held"]]
    assert len(holdouts(driver)) == 300
    assert 60 < len(held) < 120
    assert not set(held) & {action["customer_id"] for action in driver.actions}


def test_a_holdout_that_ends_lets_all_in(given: Given) -> None:
    driver = given(split_of(0, 100, "holdout: 100"))
    driver.track("ada", "Product Added")
    redone(driver, given(split_of(0, 100)))
    assert said(driver.track("ada", "Product Added")) == ["hello", "bye"]


def test_only_who_could_enter_is_held_out(given: Given) -> None:
    driver = given(split_of(0, 100, "holdout: 100").replace("{on: Product Added}", "{on: Product Added, if: 'false'}"))
    driver.track("ada", "Product Added")
    assert holdouts(driver) == []


def test_the_holdout_of_the_policy_holds_for_all_journeys_but_service(given: Given) -> None:
    driver = given("""
        journey: one
        entry: {on: Product Added}
        steps: [{act: hello}]
        ---
        journey: two
        entry: {on: Product Added}
        steps: [{act: bye}]
        ---
        journey: help
        purpose: service
        entry: {on: Product Added}
        steps: [{act: answer}]
        ---
        holdout: {percent: 100}
    """)
    assert said(driver.track("ada", "Product Added")) == ["answer"]
    (line,) = holdouts(driver)
    assert (line["scope"], line["held"]) == ("all", True)


def test_a_holdout_stays_after_a_merge(given: Given) -> None:
    driver = given(split_of(0, 100, "holdout: 50"))
    for number in range(12):
        driver.track(None, "Product Added", anonymous=f"a{number}")
        held = holdouts(driver)[-1]["held"]
        driver.identify(f"u{number}", anonymous=f"a{number}")
        assert (driver.track(f"u{number}", "Product Added") == []) is held
    assert len(holdouts(driver)) == 12
