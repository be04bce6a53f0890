"""What a check finds, before it has its place in a file."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.journeys.source import Location


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, and where; ``line`` and ``column`` are places within the text there, if not 0.

    ``partial`` is the one that is wrong itself, if it is one.
    """

    location: Location
    message: str
    line: int = 0
    column: int = 1
    partial: str | None = None
