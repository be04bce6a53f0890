"""Golden histories, replayed on every change: recorded events give the actions that they always gave."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.journeys.entries import ENTRY_KINDS
from orchestrator.journeys.outline import outline
from orchestrator.journeys.steps import (
    STEP_KINDS,
    AbsenceDefinition,
    WaitForDateDefinition,
    WaitForEventDefinition,
    WaitForOpenedDefinition,
    WaitUntilDefinition,
)
from tests.golden.history import FOLDER, History, histories


@pytest.mark.parametrize("path", histories(), ids=lambda path: path.stem)
def test_recorded_events_give_the_actions_that_they_gave(path: Path) -> None:
    history = History(path)
    assert history.replayed() == history.actions


JOURNEYS = [journey for path in histories() for pack in History(path).packs() for journey in pack.journeys.values()]
STEPS = [found.step for journey in JOURNEYS for found in outline(journey)]


def test_every_kind_of_entry_has_a_history() -> None:
    assert {journey.entry.kind for journey in JOURNEYS} == set(ENTRY_KINDS)


def test_every_kind_of_step_has_a_history() -> None:
    assert {step.kind for step in STEPS} == set(STEP_KINDS)


def test_every_kind_of_wait_has_a_history() -> None:
    waits = {type(step.wait) for step in STEPS if step.wait is not None}
    assert waits == {
        int,
        AbsenceDefinition,
        WaitForDateDefinition,
        WaitForEventDefinition,
        WaitForOpenedDefinition,
        WaitUntilDefinition,
    }


def test_every_way_to_choose_an_arm_has_a_history() -> None:
    arms = [arm for step in STEPS for arm in step.branch or ()]
    assert all(any(getattr(arm, way) is not None for arm in arms) for way in ("if_", "segment", "propensity"))


def test_goals_holdouts_exits_and_migrations_have_a_history() -> None:
    ways = ("goal", "holdout", "exit", "migrate")
    assert all(any(getattr(journey, way) for journey in JOURNEYS) for way in ways)


def test_recording_anew_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ids.yaml"
    before = (FOLDER / "ids.yaml").read_text("utf-8")
    path.write_text(before, "utf-8")
    History(path).record()
    assert path.read_text("utf-8") == before
