"""Golden histories, replayed on every change: recorded events give the actions that they always gave."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.golden.history import FOLDER, History, histories


@pytest.mark.parametrize("path", histories(), ids=lambda path: path.stem)
def test_recorded_events_give_the_actions_that_they_gave(path: Path) -> None:
    history = History(path)
    assert history.replayed() == history.actions


def test_there_are_histories() -> None:
    assert len(histories()) >= 6


def test_recording_anew_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ids.yaml"
    before = (FOLDER / "ids.yaml").read_text("utf-8")
    path.write_text(before, "utf-8")
    History(path).record()
    assert path.read_text("utf-8") == before
