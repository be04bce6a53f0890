"""Products in a file, CSV or JSON lines: read whole or not at all, every mistake with its line and column."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import orjson
from pydantic import ValidationError

from orchestrator.contracts.catalog import CatalogProduct, told
from orchestrator.engine.catalogue import NO_CATALOGUE, Catalogue
from orchestrator.errors import DefinitionError, Problem
from orchestrator.nearest import hint

MOST_PROBLEMS: Final = 100
FILE: Final = "catalog.csv"
"""Where a project has what it sells, if it keeps that in a file."""

_ATTRIBUTE: Final = "attributes."
_SEPARATOR: Final = ";"
_WHOLE: Final = frozenset({"stock", "repeat_days"})
_NUMBERS: Final = frozenset({"price", "margin", "popularity"})
_LONGEST_CELL: Final = 131_072
_COLUMNS: Final = tuple(name for name in CatalogProduct.model_fields if name != "attributes")


def products_in(project: Path) -> list[CatalogProduct]:
    """Those of a project's folder, for whoever plays its journeys without a broker; none if it has no such file.

    Raises:
        DefinitionError: as ``read_products``.
    """
    path = project / FILE
    return read_products(path) if path.is_file() else []


def catalogue_in(project: Path) -> Catalogue:
    """The same as the engine has it."""
    products = products_in(project)
    return NO_CATALOGUE.changed({product.id: product.product() for product in products}, len(products))


def read_products(path: Path) -> list[CatalogProduct]:
    """The products of a file.

    Raises:
        DefinitionError: with every mistake; of very many, the first.
    """
    rows = _lines(path) if path.suffix.lower() in (".jsonl", ".ndjson") else _rows(path)
    found: dict[str, tuple[int, CatalogProduct]] = {}
    problems: list[Problem] = []
    for line, plain, wrong in rows:
        problems += [Problem(path, line, message) for message in wrong]
        if plain is not None and not wrong:
            problems += [Problem(path, line, message) for message in _add(found, line, plain)]
        if len(problems) > MOST_PROBLEMS:
            problems = [*problems[:MOST_PROBLEMS], Problem(path, line, "there is more wrong from here on")]
            break
    if not found and not problems:
        problems.append(Problem(path, 0, "has no products"))
    if problems:
        raise DefinitionError(problems)
    return [product for _, product in found.values()]


def _add(found: dict[str, tuple[int, CatalogProduct]], line: int, plain: Mapping[str, Any]) -> list[str]:
    try:
        product = CatalogProduct.model_validate(plain)
    except ValidationError as error:
        return told(error)
    if product.id in found:
        return [f"'id': the product '{product.id}' is in line {found[product.id][0]} already"]
    found[product.id] = line, product
    return []


_Row = tuple[int, dict[str, Any] | None, list[str]]


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DefinitionError([Problem(path, 0, f"cannot be read: {error.strerror or error}")]) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise DefinitionError([Problem(path, line, "is not in UTF-8: save it as UTF-8")]) from None


def _lines(path: Path) -> Iterator[_Row]:
    for number, text in enumerate(_text(path).splitlines(), 1):
        if not text.strip():
            continue
        try:
            plain = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            yield number, None, [f"is no JSON: {error}"]
            continue
        if isinstance(plain, dict):
            yield number, plain, []
        else:
            yield number, None, ["a product is an object of fields, such as id, name, price and currency"]


def _rows(path: Path) -> Iterator[_Row]:
    text = _text(path)
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if first.count(";") > first.count(",") else ",")
    csv.field_size_limit(_LONGEST_CELL)
    header: list[str] | None = None
    line = 1
    try:
        for cells in reader:
            if header is None:
                header = [cell.strip() for cell in cells]
                yield line, None, _wrong_header(header)
            elif any(cell.strip() for cell in cells):
                yield _row(line, header, cells)
            line = reader.line_num + 1
    except csv.Error as error:
        yield line, None, [f"is no CSV: {error}"]


def _wrong_header(header: list[str]) -> list[str]:
    wrong = [
        f"column {number}: there is no field '{name}': {hint(name, _COLUMNS)}, or {_ATTRIBUTE}{name or 'name'}"
        for number, name in enumerate(header, 1)
        if name not in _COLUMNS and not (name.startswith(_ATTRIBUTE) and name != _ATTRIBUTE)
    ]
    wrong += [f"the column '{name}' is there twice" for name in dict.fromkeys(header) if header.count(name) > 1]
    needed = [name for name, field in CatalogProduct.model_fields.items() if field.is_required()]
    return wrong + [f"the column '{name}' is missing" for name in needed if name not in header]


def _row(line: int, header: list[str], cells: list[str]) -> _Row:
    if len(cells) != len(header):
        count = f"has {len(cells)} cells, and the first line {len(header)}"
        return line, None, [f"{count}: put texts with a comma in quotes"]
    plain: dict[str, Any] = {}
    attributes: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for name, cell in zip(header, map(str.strip, cells), strict=True):
        if not cell:
            continue
        try:
            if name.startswith(_ATTRIBUTE):
                attributes[name.removeprefix(_ATTRIBUTE)] = cell
            else:
                plain[name] = _value(name, cell)
        except ValueError as error:
            wrong[name] = f"'{name}': {error}"
    if wrong:
        others = _wrong_values(plain)
        return line, None, [*wrong.values(), *(text for text in others if not text.startswith(_begin(wrong)))]
    return line, plain | ({"attributes": attributes} if attributes else {}), []


def _begin(fields: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(f"'{field}'" for field in fields)


def _wrong_values(plain: Mapping[str, Any]) -> list[str]:
    try:
        CatalogProduct.model_validate(plain)
    except ValidationError as error:
        return told(error)
    return []


def _value(name: str, cell: str) -> Any:
    if name == "belongs_with":
        return [part.strip() for part in cell.split(_SEPARATOR) if part.strip()]
    if name in _WHOLE:
        if not cell.removeprefix("-").isdecimal() or len(cell) > 18:
            raise ValueError(f"'{cell[:60]}' is no whole number: write digits alone, such as 12")
        return int(cell)
    if name in _NUMBERS:
        try:
            return float(cell)
        except ValueError:
            raise ValueError(f"'{cell[:60]}' is no number: write it with a dot, such as 12.5") from None
    return cell
