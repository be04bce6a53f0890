"""The clickstream as it was published: who did what when, session by session."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

_SAME_SECOND_MS = 20


class Row(NamedTuple):
    """One row of the source: an action and its time."""

    at_ms: int
    action: str


@dataclass(slots=True)
class Visit:
    """One session of one user on one kind of device."""

    id: str
    user_id: str
    platform: str
    acquisition_channel: str
    cohort: str
    lifecycle: str
    rows: list[Row] = field(default_factory=list)

    @property
    def start_ms(self) -> int:
        """The time of its first row."""
        return self.rows[0].at_ms

    @property
    def end_ms(self) -> int:
        """The time of its last row."""
        return self.rows[-1].at_ms


def read_visits(folder: Path) -> Iterator[list[Visit]]:
    """The visits of each user in turn, in order of time."""
    with gzip.open(folder / "data" / "ecom.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        for _, of_user in groupby(rows, key=lambda row: row[0]):
            yield [_visit(list(of_session)) for _, of_session in groupby(of_user, key=lambda row: row[1])]


def _visit(rows: list[list[str]]) -> Visit:
    user_id, session_id, _, _, platform, acquisition_channel, cohort, lifecycle = rows[0]
    visit = Visit(session_id, user_id, platform, acquisition_channel, cohort, lifecycle)
    for _, _, action, moment, *_ in rows:
        visit.rows.append(Row(_spread(_milliseconds(moment), visit.rows), action))
    return visit


def _milliseconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment + "+00:00").timestamp()) * 1000


def _spread(at_ms: int, before: list[Row]) -> int:
    """The source counts in seconds: what shares one keeps its order by a few milliseconds."""
    if before and before[-1].at_ms >= at_ms:
        return before[-1].at_ms + _SAME_SECOND_MS
    return at_ms
