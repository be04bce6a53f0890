"""attribution in policy.yaml: what it says, and each thing that can be wrong in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import DefinitionError
from orchestrator.journeys.load import load
from orchestrator.journeys.pack import Pack
from orchestrator.testing import JourneyTestDriver

JOURNEY = "journey: a\nentry: {on: Order Completed}\nsteps:\n  - wait: 1 hour\n"


def driver(policy: str) -> JourneyTestDriver:
    return JourneyTestDriver.of_text(f"{policy}\n---\n{JOURNEY}")


def test_without_it_nothing_is_put_down_to_anything() -> None:
    env = driver("timezone: UTC").env

    assert env.attribution is None
    assert env.credited == frozenset()


def test_an_empty_one_means_orders_within_a_week() -> None:
    attribution = driver("attribution: {}").env.attribution

    assert attribution is not None
    assert (attribution.window_ms, attribution.events, attribution.value) == (
        7 * 86_400_000,
        frozenset({"Order Completed"}),
        None,
    )


def test_it_is_part_of_the_version() -> None:
    versions = {driver(f"attribution: {{window: {days} days}}").env.version for days in (7, 8)}

    assert len(versions | {driver("attribution: {}").env.version, driver("timezone: UTC").env.version}) == 3


WRONG = {
    "attribution: {events: '*'}": "policy.yaml:1: '*' is any event, and not each is a purchase: name those that are",
    "attribution: {window: 31 days}": "policy.yaml:1: a window is at most 30 days",
    "attribution: {window: 0 days}": "policy.yaml:1: a window is at most 30 days",
    "attribution:\n  value: event.": "policy.yaml:2: 'value' is no condition: ",
    "attribution:\n  value: journey.name": "policy.yaml:2: 'value' is no condition: ",
    "attribution:\n  value: event.properties.totl": "policy.yaml:2: ",
    "attribution: {windw: 1 day}": "policy.yaml:1: 'windw' is unknown here: did you mean 'window'?",
}


@pytest.mark.parametrize(("text", "problem"), WRONG.items(), ids=WRONG.keys())
def test_what_is_wrong(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "journeys").mkdir()
    (tmp_path / "journeys/a.yaml").write_text(JOURNEY, "utf-8")
    (tmp_path / "policy.yaml").write_text(text, "utf-8")

    with pytest.raises(DefinitionError) as caught:
        load(tmp_path)

    [found] = [str(each).removeprefix(f"{tmp_path}/") for each in caught.value.problems]
    assert found.startswith(problem)


def test_it_travels_with_the_pack(tmp_path: Path) -> None:
    (tmp_path / "journeys").mkdir()
    (tmp_path / "journeys/a.yaml").write_text(JOURNEY, "utf-8")
    (tmp_path / "policy.yaml").write_text("attribution: {value: event.properties.total}", "utf-8")
    pack = load(tmp_path)

    assert Pack.from_json(pack.to_json()) == pack
