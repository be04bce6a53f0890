"""Who put what in force, when and why, in lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from orchestrator.journeys.applied import Applied

_HEAD: Final = ("", "VERSION", "WHEN", "WHO", "WHAT", "COMMIT", "NOTE")
_COMMIT_LENGTH: Final = 10


def table_of(history: Sequence[Applied]) -> list[tuple[str, ...]]:
    """The newest first; the one in force has a star."""
    rows = [
        (
            "*" if applied is history[-1] else "",
            applied.version,
            applied.when[:19].replace("T", " "),
            applied.who,
            applied.what,
            commit_of(applied),
            applied.note,
        )
        for applied in reversed(history)
    ]
    return [_HEAD, *rows]


def commit_of(applied: Applied) -> str:
    """The commit, with a mark if the folder held more than that."""
    if applied.commit is None:
        return ""
    return applied.commit[:_COMMIT_LENGTH] + (" and more" if applied.dirty else "")
