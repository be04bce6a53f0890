"""A list of customers who are to enter a journey, as a CSV file has it: read whole or not at all."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any, Final, NamedTuple

from orchestrator.errors import BadRecord, DefinitionError, Problem
from orchestrator.events.identifiers import read_id

CUSTOMER: Final = "customer"
MOST_ROWS: Final = 100_000
MOST_PROBLEMS: Final = 100
MOST_BYTES: Final = 64 * 2**20
"""Of a file or a pipe, which may have no end."""

_EDIT: Final = "edit."


class Entrant(NamedTuple):
    """A customer's id, the data and the edits of their own, and the line that has them."""

    id: str
    data: dict[str, Any]
    edits: dict[str, str]
    line: int


def entrants_in(path: Path) -> list[Entrant]:
    """All customers of a file: who stands in it twice is asked for once, as the last row has it.

    Raises:
        DefinitionError: with every mistake and its line; of very many, the first.
    """
    text = _text(path)
    first = text.partition("\n")[0]
    rows = csv.reader(
        io.StringIO(text, newline=""), delimiter=";" if first.count(";") > first.count(",") else ",", strict=True
    )
    found: dict[str, Entrant] = {}
    problems: list[Problem] = []
    line = 1
    try:
        header = [name.strip() for name in next(rows, [])]
        problems += [Problem(path, line, wrong) for wrong in _wrong_header(header)]
        line = rows.line_num + 1
        for cells in rows if not problems else ():
            if any(cell.strip() for cell in cells):
                try:
                    entrant = _entrant(header, cells, line)
                    found[entrant.id] = entrant
                except BadRecord as bad:
                    problems.append(Problem(path, line, str(bad)))
            line = rows.line_num + 1
    except csv.Error as error:
        problems.append(Problem(path, line, f"is no CSV: {error}"))
    if not found and not problems:
        problems.append(Problem(path, 0, "has no customers"))
    if len(found) > MOST_ROWS:
        problems.append(Problem(path, 0, f"has more than {MOST_ROWS} customers: split it up"))
    refuse(path, problems)
    return list(found.values())


def refuse(path: Path, problems: list[Problem]) -> None:
    """Raises DefinitionError if anything is wrong."""
    if len(problems) > MOST_PROBLEMS:
        problems = [*problems[:MOST_PROBLEMS], Problem(path, 0, f"{len(problems) - MOST_PROBLEMS} more are wrong")]
    if problems:
        raise DefinitionError(problems)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            read = file.read(MOST_BYTES + 1)
        if len(read) > MOST_BYTES:
            raise DefinitionError([Problem(path, 0, f"has more than {MOST_BYTES:,} bytes: split it up")])
        return read.decode("utf-8-sig")
    except OSError as error:
        raise DefinitionError([Problem(path, 0, f"cannot be read: {error.strerror or error}")]) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise DefinitionError([Problem(path, line, "is not in UTF-8: save it as UTF-8")]) from None


def _wrong_header(header: list[str]) -> list[str]:
    if CUSTOMER not in header:
        return [f"the first line must name a column '{CUSTOMER}', which has the ids"]
    names = [name for name in dict.fromkeys(header) if name and header.count(name) > 1]
    return [f"the column '{name}' is there twice" for name in names]


def _entrant(header: list[str], cells: list[str], line: int) -> Entrant:
    """Raises BadRecord: it says what is wrong with the row."""
    if any(cell.strip() for cell in cells[len(header) :]):
        raise BadRecord("bad_row", "has more cells than the first line")
    told = {name: cell for name, cell in zip(header, cells, strict=False) if cell}
    if "" in told:
        raise BadRecord("bad_row", f"'{told[''][:80]}' stands in a column without a name: name it in the first line")
    id_ = read_id(CUSTOMER, told.pop(CUSTOMER, "").strip())
    if id_ is None:
        raise BadRecord("bad_row", f"has no {CUSTOMER}")
    edits = {name.removeprefix(_EDIT): told.pop(name) for name in list(told) if name.startswith(_EDIT)}
    return Entrant(id_, told, edits, line)
