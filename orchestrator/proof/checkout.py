"""A project as it is in a folder, or as it was in a git commit."""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from orchestrator.errors import UsageError


@contextmanager
def project_at(name: str, project: Path) -> Iterator[Path]:
    """The folder of a project: ``name`` itself if it is one, else ``project`` as that commit, branch or tag has it.

    Raises:
        UsageError: it is neither.
    """
    if Path(name).is_dir():
        yield Path(name)
        return
    with TemporaryDirectory(prefix="orchestrator-") as folder:
        _extract(_archive(name, project), Path(folder))
        yield Path(folder)


def _archive(revision: str, project: Path) -> bytes:
    """The project's files in that commit, as a tar file."""
    if revision.startswith("-"):
        raise UsageError(f"'{revision}' is no commit")
    prefix = _git(project, "rev-parse", "--show-prefix", what="is in no git repository").decode().strip().rstrip("/")
    top = _git(project, "rev-parse", "--show-toplevel", what="is in no git repository").decode().strip()
    unknown = f"has no commit '{revision}', and there is no such folder"
    found = _git(project, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", what=unknown)
    commit = found.decode().strip()
    tree = f"{commit}:{prefix}" if prefix else commit
    # From the top: below it git looks for the path in the working tree, too.
    return _git(Path(top), "archive", "--format=tar", tree, what=f"has no {prefix or 'files'} in '{revision}'")


def _git(project: Path, *arguments: str, what: str) -> bytes:
    try:
        result = subprocess.run(["git", "-C", str(project), *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        raise UsageError("git is missing, which reads the project as it was: install it, or name two folders") from None
    if result.returncode:
        said = result.stderr.decode("utf-8", "replace").strip().splitlines()
        raise UsageError(f"{project} {what}{f' ({said[0]})' if said else ''}")
    return result.stdout


def _extract(archive: bytes, folder: Path) -> None:
    with tarfile.open(fileobj=BytesIO(archive)) as files:
        # Only what lies within the folder, and only files: a repository may hold links to anywhere.
        arguments: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        files.extractall(folder, members=[each for each in files if each.isfile() or each.isdir()], **arguments)  # noqa: S202
