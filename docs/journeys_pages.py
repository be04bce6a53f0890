"""Writes the tables of docs/journeys/*.md anew from the models: ``python docs/journeys_pages.py docs/journeys``.

A page is written by hand, but for what stands between two marks:

    <!-- fields: WaitUntilDefinition -->              a table of a model's fields; or of some, by name
    <!-- fields: StepDefinition act if delay id -->
    <!-- pages: step- -->                             a list of the pages whose names begin so
    <!-- filters -->                                  the filters of templates, with their arguments
    <!-- end -->
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Final

from pydantic import BaseModel

from orchestrator import journeys
from orchestrator.content.formats import FORMATS
from orchestrator.journeys import model

_MODULES: Final = tuple(import_module(f"{journeys.__name__}.{each.name}") for each in iter_modules(journeys.__path__))
_MARKED: Final = re.compile(r"(<!-- (fields|pages|filters):? ?([^\n]*?) ?-->\n).*?(<!-- end -->)", re.DOTALL)
_STEPS: Final = "StepDefinition"
_IN_CEL: Final = re.compile(r"\bin CEL\b|\bcondition in CEL\b")
_BY_EXAMPLE: Final = {"30 minutes": "duration", "-30 days": "duration, perhaps with a minus", "09:00": "time of day"}
_PLAIN: Final = {"string": "text", "number": "number", "integer": "whole number", "boolean": "true or false"}

Schema = Mapping[str, Any]


def refreshed(text: str, folder: Path) -> str:
    """The page with all that is generated in it made anew."""

    def made(found: re.Match[str]) -> str:
        head, kind, rest, end = found.groups()
        lines = _filters() if kind == "filters" else _pages(folder, rest) if kind == "pages" else _fields(rest)
        return f"{head}\n{chr(10).join(lines)}\n\n{end}"

    return _MARKED.sub(made, text)


def title(page: str) -> str:
    """What the page is about: its first line."""
    return page.split("\n", 1)[0].removeprefix("# ")


def _fields(words: str) -> list[str]:
    name, *wanted = words.split()
    schema = _model(name).model_json_schema(by_alias=True)
    whole = schema["$defs"][name] if "$ref" in schema else schema
    properties, required = whole["properties"], whole.get("required", [])
    lines = ["| field | value | default | meaning |", "|---|---|---|---|"]
    for key in wanted or properties:
        part = properties[key]
        default = "required" if key in required else _default(part.get("default"))
        meaning = part.get("description") or _described(part, schema)
        lines.append(f"| `{key}` | {_type(part, schema)} | {default} | {_cell(meaning)} |")
    return lines


def _model(name: str) -> type[BaseModel]:
    for module in _MODULES:
        found = getattr(module, name, None)
        if isinstance(found, type) and issubclass(found, model.Model):
            return found
    raise LookupError(f"there is no model {name}")


def _described(part: Schema, schema: Schema) -> str:
    """What the value's own type says, where the field says nothing."""
    for inner in part.get("anyOf", [part]):
        known = schema["$defs"][inner["$ref"].rpartition("/")[2]] if "$ref" in inner else inner
        if "description" in known:
            return str(known["description"]).split("\n", 1)[0].rstrip(".")
    return ""


def _default(value: Any) -> str:
    if value is None or value in ([], {}, ""):
        return ""
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _type(part: Schema, schema: Schema) -> str:
    if "$ref" in part:
        return _keys(part["$ref"], schema)
    if "const" in part:
        return f"`{str(part['const']).lower()}`"
    if "enum" in part:
        return ", ".join(f"`{value}`" for value in part["enum"])
    for several in ("anyOf", "oneOf"):
        if several in part:
            return _one_of(part[several], schema, part)
    if part.get("type") == "array":
        return f"list of {_type(part['items'], schema).replace('map (', 'maps (')}" if part.get("items") else "list"
    if part.get("type") == "object":
        return "map"
    return _scalar(part)


def _one_of(parts: list[Schema], schema: Schema, whole: Schema) -> str:
    description = {"description": whole["description"]} if "description" in whole else {}
    there = [part for part in parts if part.get("type") != "null"]
    items = [part for part in there if part.get("type") == "array"]
    if len(there) == 2 and items and items[0].get("items") == next(part for part in there if part not in items):
        return f"{_type(there[0], schema)}, or a list"
    return " or ".join(dict.fromkeys(_type({**description, **part}, schema) for part in there))


def _scalar(part: Schema) -> str:
    if _IN_CEL.search(part.get("description", "")):
        return "CEL"
    example = (part.get("examples") or [""])[0]
    if example in _BY_EXAMPLE:
        return _BY_EXAMPLE[example]
    if part.get("pattern") == model.NAME_PATTERN:
        return "name"
    kind = part.get("type", "")
    if isinstance(kind, list):
        return "text, number, true, false or null"
    low, high = part.get("minimum", part.get("exclusiveMinimum")), part.get("maximum")
    bounds = f" from {low} to {high}" if None not in (low, high) else f", at least {low}" if low is not None else ""
    return _PLAIN.get(kind, "any value") + bounds


def _keys(reference: str, schema: Schema) -> str:
    name = reference.rpartition("/")[2]
    if name == _STEPS:
        return "steps"
    return f"map ({', '.join(f'`{key}`' for key in schema['$defs'][name].get('properties', {}))})"


def _pages(folder: Path, prefix: str) -> list[str]:
    found = []
    for path in sorted(folder.glob(f"{prefix}*.md")):
        text = path.read_text("utf-8")
        first = " ".join(text.split("\n\n", 2)[1].split()).split(". ")[0].rstrip(".")
        found.append(f"- [{title(text)}]({path.name}): {first}")
    return found


def _filters() -> list[str]:
    lines = ["| filter | arguments | what it gives |", "|---|---|---|"]
    for name, function in FORMATS.items():
        plain: Callable[..., str] = inspect.unwrap(function)
        arguments = list(inspect.signature(plain).parameters.values())[2:]
        shown = ", ".join(
            f"`{each.name}`" if each.default in (None, each.empty) else f"`{each.name}={each.default}`"
            for each in arguments
        )
        lines.append(f"| `{name}` | {shown} | {_cell((plain.__doc__ or '').split(chr(10), 1)[0])} |")
    return lines


def _cell(text: str) -> str:
    return " ".join(text.replace("``", "`").replace("|", "\\|").split())


if __name__ == "__main__":
    pages = Path(sys.argv[1])
    for _ in range(2):  # the list of pages has their titles
        for page in sorted(pages.glob("*.md")):
            page.write_text(refreshed(page.read_text("utf-8"), pages), "utf-8")
