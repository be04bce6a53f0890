"""The demo's last table, made without Kafka: the same events without and with the policy, and live."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import Any

import pytest

from orchestrator.demo.comparison import Comparison, compare, table, without_policy
from orchestrator.journeys.load import load
from orchestrator.proof.simulation import Past, Simulation, Watcher, simulate
from orchestrator.settings import Settings
from orchestrator.shop.clickstream import events
from orchestrator.shop.folder import shop_folder

EVENTS = 3_500
UNTIL_MS = 10 * 86_400_000


class Told(Watcher):
    """What the worker would have written, by customer."""

    def __init__(self) -> None:
        self.by_customer: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)

    def action(self, value: dict[str, Any]) -> None:
        self.by_customer[value["customer_id"]].append(value)

    decision = arbitration = line = action


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    settings, pack, told = Settings(project=shop_folder()), load(shop_folder()), Told()
    lines = list(islice(events(7), EVENTS))
    past = (Past(line.topic, line.key, line.value, line.timestamp_ms) for line in lines)
    simulate(Simulation(pack, settings, [told]), past, UNTIL_MS)
    return compare(pack, settings, lines, told.by_customer, UNTIL_MS)


def test_with_the_policy_nobody_is_written_to_at_night_or_too_often(comparison: Comparison) -> None:
    before, after = comparison.before.figures(), comparison.after.figures()
    assert before.at_night > 0
    assert (after.at_night, after.crowded, after.same_day) == (0, 0, 0)
    assert after.marketing < before.marketing


def test_service_is_said_as_often_as_without_and_more_often_first(comparison: Comparison) -> None:
    before, after = comparison.before, comparison.after
    for (goal, channel), count in before.by_goal().items():
        if goal in ("serve", "solve"):
            assert after.by_goal()[goal, channel] >= count
    assert len(after.outranked) > len(before.outranked) == 0


def test_marketing_gives_way_to_service_with_the_policy_alone(comparison: Comparison) -> None:
    assert (len(comparison.before.withheld), comparison.before.hushed) == (0, 0)
    assert comparison.after.withheld


def test_what_the_same_engine_did_live_is_the_same(comparison: Comparison) -> None:
    assert comparison.live.figures() == comparison.after.figures()
    assert comparison.live.withheld == comparison.after.withheld


def test_the_table_fits_a_terminal_and_tells_one_conflict(comparison: Comparison) -> None:
    lines = list(table(comparison))
    assert max(map(len, lines)) <= 100
    told = lines[lines.index("  One of them, line by line:") + 1 :]
    assert any("which asks for quiet" in line for line in told)
    assert any("is due and" in line for line in told)


def test_what_is_not_wanted_any_more_ends() -> None:
    pack, settings = load(shop_folder()), Settings(project=shop_folder())
    comparison = compare(pack, settings, islice(events(7), EVENTS), {}, UNTIL_MS, wanted=lambda: False)
    assert not comparison.after.said


def test_without_the_policy_all_journeys_and_actions_are_there() -> None:
    pack = load(shop_folder())
    plain = without_policy(pack)
    assert (plain.journeys.keys(), plain.actions) == (pack.journeys.keys(), pack.actions)
    assert (plain.policy.contact, plain.policy.arbitration.first) == (None, ())
    assert plain.policy.recommendations == pack.policy.recommendations
