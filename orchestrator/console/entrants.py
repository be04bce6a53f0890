"""A list of customers who are to enter a journey, as a CSV file has it."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, Final

from orchestrator.errors import UsageError

CUSTOMER: Final = "customer"
MOST_ROWS: Final = 100_000
_EDIT: Final = "edit."

Entrant = tuple[str, dict[str, Any], dict[str, str]]
"""A customer's id, the data of their own, and the edits of their own."""


def entrants_in(path: Path) -> list[Entrant]:
    """All customers of a file: who stands in it twice is asked for once, as the last row has it.

    Raises:
        UsageError: it cannot be read, or a row has no customer; with the line.
    """
    found: dict[str, Entrant] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            if CUSTOMER not in (rows.fieldnames or ()):
                raise UsageError(f"{path}: the first line must name a column '{CUSTOMER}', which has the ids")
            for row in rows:
                id_ = (row[CUSTOMER] or "").strip()
                if not id_ or None in row:
                    what = "has more cells than the first line" if None in row else f"has no {CUSTOMER}"
                    raise UsageError(f"{path}:{rows.line_num}: {what}")
                found[id_] = _entrant(id_, row)
                if len(found) > MOST_ROWS:
                    raise UsageError(f"{path}: has more than {MOST_ROWS} customers: split it up")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from None
    if not found:
        raise UsageError(f"{path}: has no customers")
    return list(found.values())


def _entrant(id_: str, row: dict[str, Any]) -> Entrant:
    told = {name: value for name, value in row.items() if name != CUSTOMER and value not in (None, "")}
    edits = {name.removeprefix(_EDIT): value for name, value in told.items() if name.startswith(_EDIT)}
    return id_, {name: value for name, value in told.items() if not name.startswith(_EDIT)}, edits
