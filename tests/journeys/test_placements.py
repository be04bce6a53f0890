"""placements.yaml: what is wrong in it is told in its own words."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import DefinitionError
from orchestrator.journeys.load import load

LAMP = "action: lamp\nchannel: web\ncontent: {slot: top, content: <p>Lamp</p>}\n"
BAD = {
    "no action": ("actions: []", "'actions' must not be empty"),
    "a number for actions": ("actions: 7", "'actions' must be a list, not the number 7"),
    "an action that there is not": ("actions: [lamp, lmap]", "the action 'lmap' is unknown: did you mean 'lamp'?"),
    "a group without actions": ("actions: {group: locks}", "nothing can stand here: none of these actions says"),
    "a goal that there is not": ("actions: {goal: [sel]}", "an item of 'goal' must be inform, solve, anticipate, sell"),
    "no place": ("places: 0", "'places' must be at least 1, not the number 0"),
    "a million places": ("places: 1000000", "'places' must be at most 100, not the number 1000000"),
    "an event that there is not": (
        "on: Page Veiwed",
        "the event 'Page Veiwed' is unknown: did you mean 'Page Viewed'?",
    ),
}


@pytest.mark.parametrize(("line", "message"), BAD.values(), ids=BAD.keys())
def test_what_is_wrong_is_told_with_what_is_allowed(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "actions").mkdir()
    (tmp_path / "actions" / "lamp.yaml").write_text(LAMP)
    (tmp_path / "events.yaml").write_text("events: {Lamp Lit: {properties: {}}}\n")
    (tmp_path / "placements.yaml").write_text(f"placements:\n  home:\n    channel: web\n    {line}\n")

    with pytest.raises(DefinitionError) as caught:
        load(tmp_path)

    assert f"placements.yaml:4: {message}" in str(caught.value)
