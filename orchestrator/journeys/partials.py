"""partials/*.j2 of a project: parts of templates that several actions use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from orchestrator.content.partials import check_partials
from orchestrator.errors import DefinitionError, Problem
from orchestrator.journeys.model import NAME_PATTERN
from orchestrator.journeys.source import read_text
from orchestrator.journeys.strays import stray

PARTIALS: Final = "partials"
ENDING: Final = ".j2"
MOST_PARTIALS: Final = 500

_NAME: Final = re.compile(NAME_PATTERN)


class PartialFiles:
    """The partials of a project: ``texts`` of those that could be read, the names of those that are ``wrong``."""

    def __init__(self) -> None:
        self.files: list[Path] = []
        self.texts: dict[str, str] = {}
        self.wrong: set[str] = set()

    def path(self, name: str) -> Path:
        """The file of a partial that was read."""
        return next(file for file in self.files if file.stem == name)

    def read(self, folder: Path) -> Iterator[Problem]:
        """Reads all of a project; what is wrong with them."""
        for path in sorted(folder.iterdir()):
            if path.name.startswith("."):
                continue
            sentence = stray(path) if path.suffix != ENDING or path.is_dir() else None
            if sentence is None and path.is_dir():
                sentence = f"is a folder: put its files into {PARTIALS} itself"
            if sentence is not None:
                yield Problem(path, 0, sentence)
                continue
            if path.suffix != ENDING:
                yield Problem(path, 0, f"is not read: name it {path.name.split('.')[0]}{ENDING}")
                continue
            self.files.append(path)
            yield from self._read(path)
        if len(self.texts) > MOST_PARTIALS:
            yield Problem(folder, 0, f"has {len(self.texts)} partials, and at most {MOST_PARTIALS} are allowed")
            return
        for problem in check_partials(self.texts):
            self.wrong.add(problem.name)
            yield Problem(folder / f"{problem.name}{ENDING}", problem.line, problem.message)

    def _read(self, path: Path) -> Iterator[Problem]:
        name = path.name.removesuffix(ENDING)
        if not _NAME.match(name):
            self.wrong.add(name)
            yield Problem(path, 0, "is no name of a partial: write lower case letters, digits and hyphens")
            return
        try:
            self.texts[name] = read_text(path)
        except DefinitionError as error:
            self.wrong.add(name)
            yield from error.problems
