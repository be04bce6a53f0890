"""The folder ``tests`` of a project: which YAML files are its tests, and whether they are right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from orchestrator.journeys.strays import TESTS

# Every pytest session with this package installed imports this file: what it needs comes when it is needed.
if TYPE_CHECKING:
    from orchestrator.errors import Problem
    from orchestrator.journeys.load import Known
    from orchestrator.testing.cases import PlacedTest

_SUFFIXES: Final = (".yaml", ".yml")


def project_of(path: Path) -> Path | None:
    """The project that a file is a YAML test of: it lies in its folder ``tests``; None for any other file.

    Files of another project within that folder, and hidden ones, are no tests of it.
    """
    if path.suffix not in _SUFFIXES or path.name.startswith("."):
        return None
    for folder in path.parents:
        if folder.name == TESTS and _is_project(folder.parent):
            return folder.parent
        if _is_project(folder) or folder.name.startswith("."):
            return None
    return None


def check_tests(project: Path, known: Known) -> Iterator[tuple[Path, list[Problem]]]:
    """The YAML tests of a project, each with what is wrong in it; none is played."""
    from orchestrator.errors import DefinitionError

    for path in sorted((project / TESTS).rglob("*")):
        if not path.is_file() or project_of(path) != project:
            continue
        try:
            read_known(path, known)
        except DefinitionError as error:
            yield path, list(error.problems)
        else:
            yield path, []


def read_known(path: Path, known: Known) -> list[PlacedTest]:
    """The tests of a file that names nothing but what there is.

    Raises:
        DefinitionError: with everything that is wrong in it.
    """
    from orchestrator.errors import DefinitionError
    from orchestrator.testing.cases import read_tests
    from orchestrator.testing.vocabulary import unknown_names

    tests = read_tests(path)
    first = tests[0]
    unknown = [first.source.problem(*found) for found in unknown_names(first.file, known)]
    if unknown:
        raise DefinitionError(unknown)
    return tests


def _is_project(folder: Path) -> bool:
    return any((folder / name).is_dir() for name in ("journeys", "actions"))
