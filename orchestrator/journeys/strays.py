"""What lies in a project's folder and is neither a file nor a folder of it: it would be passed over without a word."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from orchestrator.errors import Problem

TESTS: Final = "tests"
_ENDING: Final = ".yaml"


def stray(path: Path) -> str | None:
    """Why nothing is read there, in a sentence; None for a file, a folder, and what its name hides."""
    if path.name.startswith("."):
        return None
    if path.is_symlink() and not path.exists():
        return "is a link that leads nowhere: remove it, or let it lead to a file"
    if path.is_dir():
        if path.suffix == _ENDING:
            return f"is a folder: name it without {_ENDING}"
        linked = "is a link to a folder, and is not followed: put the folder itself here"
        return linked if path.is_symlink() else None
    return None if path.is_file() else "is no file with something in it, such as a pipe or a device: remove it"


def strays_in_tests(project: Path) -> Iterator[Problem]:
    """All of them in the tests of a project, which are read by others."""
    folder = project / TESTS
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        sentence = None if _hidden(path, folder) else stray(path)
        if sentence is not None:
            yield Problem(path, 0, sentence)


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)
