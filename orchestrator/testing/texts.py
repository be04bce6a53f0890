"""Definitions in a text instead of files, for tests that show the journey beside what it does."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent
from typing import Final

from orchestrator.journeys.event_schemas import EVENTS
from orchestrator.journeys.load import (
    ACTIONS,
    BRAND,
    CHANNELS,
    JOURNEYS,
    PARTNERS,
    PLACEMENTS,
    POLICY,
    SEGMENTS,
    TRAITS,
    load,
)
from orchestrator.journeys.pack import Pack
from orchestrator.journeys.partials import ENDING, PARTIALS
from orchestrator.journeys.policy import PolicyDefinition

_BETWEEN: Final = re.compile(r"^---\s*$", re.MULTILINE)
_PARTIAL: Final = re.compile(r"\s*partial: *(\S+)\n")
_FOLDERS: Final = {"journey": JOURNEYS, "action": ACTIONS}
_FILES: Final = {
    "channels": CHANNELS,
    **dict.fromkeys(("given", "computed", "history"), TRAITS),
    "segments": SEGMENTS,
    "partners": PARTNERS,
    "placements": PLACEMENTS,
    "locked": BRAND,
    **dict.fromkeys(PolicyDefinition.model_fields, POLICY),
    "events": EVENTS,
}
_KIND: Final = re.compile(rf"^({'|'.join([*_FOLDERS, *_FILES])}):", re.MULTILINE)


@lru_cache(maxsize=256)
def pack_of(text: str) -> Pack:
    """The pack of a text that holds what the files of a project would say, with ``---`` between them.

    A partial is a line ``partial: its-name``, and from the next line on its text.

    Raises:
        DefinitionError: as for files; their names are made up.
    """
    with TemporaryDirectory() as root:
        folder = Path(root)
        for name in (*_FOLDERS.values(), PARTIALS):
            (folder / name).mkdir()
        for number, part in enumerate(map(dedent, filter(str.strip, _BETWEEN.split(dedent(text))))):
            partial = _PARTIAL.match(part)
            place = Path(PARTIALS, partial[1] + ENDING) if partial else _place(number, part)
            (folder / place).write_text(part[partial.end() :] if partial else part, encoding="utf-8")
        return load(folder)


def _place(number: int, text: str) -> Path:
    found = _KIND.search(text)
    kind = found[1] if found else "journey"
    return Path(_FILES[kind]) if kind in _FILES else Path(_FOLDERS[kind]) / f"{number}.yaml"
