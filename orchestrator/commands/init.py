"""``orchestrator init``: a project of one's own, ready to run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.commands.schema import write_schemas
from orchestrator.errors import UsageError

_SUFFIX = ".template"
_MAY_BE_THERE = {".git"}
_NAME = "@PROJECT_NAME@"
_LONGEST_NAME = 100


def command(folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")]) -> None:
    """Make a project of your own.

    It has two journeys, their messages, and a test; and schemas, by which editors complete and check its files.

    \b
    Example:
      orchestrator init my-journeys
    """
    made = init(folder)
    for path in made:
        typer.echo(f"  {path}")
    typer.echo(f"{len(made)} files. Go on with:")
    typer.echo(f"  orchestrator --project {folder} demo      your journeys, on the customers of an example shop")
    typer.echo(f"  orchestrator --project {folder} worker    your journeys, on your own events")


def init(folder: Path) -> list[Path]:
    """Writes a new project and returns its files.

    Raises:
        UsageError: when the folder holds something already, or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(entry.name not in _MAY_BE_THERE for entry in folder.iterdir()):
            raise UsageError(f"{folder} is not empty: name a new folder, for example 'orchestrator init my-journeys'")
        project_name = folder.resolve().name[:_LONGEST_NAME]
        made = [
            _write(template, folder / name, project_name)
            for name, template in _templates(files("orchestrator.scaffold"))
        ]
        return sorted([*made, *write_schemas(folder)])
    except OSError as error:
        raise UsageError(f"{folder} cannot be written ({error.strerror}): name another folder") from error


def _templates(place: Traversable, prefix: str = "") -> Iterator[tuple[str, Traversable]]:
    for entry in place.iterdir():
        if entry.is_dir():
            yield from _templates(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(_SUFFIX):
            yield prefix + entry.name.removesuffix(_SUFFIX), entry


def _write(template: Traversable, path: Path, project_name: str) -> Path:
    from orchestrator.settings import FILE_NAME

    path.parent.mkdir(exist_ok=True)
    text = template.read_text("utf-8")
    path.write_text(text.replace(_NAME, json.dumps(project_name)) if path.name == FILE_NAME else text, "utf-8")
    return path
