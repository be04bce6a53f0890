"""Who applies definitions, and from which git commit."""

from __future__ import annotations

import getpass
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.journeys.applied import Applied

_PATIENCE_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a change comes from; ``dirty`` if the folder held what was not committed.

    ``project`` is the name that the project has in its settings, empty if it has none.
    """

    who: str
    commit: str | None = None
    dirty: bool = False
    project: str = ""


def origin_of(folder: Path, who: str | None = None, project: str = "") -> Origin:
    """Of a project's folder, as it is now; ``who`` is user@host unless it is given."""
    commit = _git(folder, "rev-parse", "HEAD")
    changed = _git(folder, "status", "--porcelain", "--", ".") if commit else None
    return Origin(who or _user_at_host(), commit or None, bool(changed), project)


def origin_as(applied: Applied, who: str | None = None) -> Origin:
    """Of a change that keeps definitions or brings them back: the folder of whoever does it has no part in it."""
    return Origin(who or _user_at_host(), applied.commit, applied.dirty, applied.project)


def _user_at_host() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        # A container may run under a number that has no name.
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def _git(folder: Path, *arguments: str) -> str | None:
    """What git says; None if there is no git, no repository or no commit."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, timeout=_PATIENCE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else None
