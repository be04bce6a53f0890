"""``orchestrator schema``: JSON Schemas of a project's files, for completion and checks while they are written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from orchestrator.errors import UsageError

if TYPE_CHECKING:
    from orchestrator.journeys.model import Model

SCHEMAS: Final = "schemas"
_SETTINGS: Final = Path(".vscode") / "settings.json"
_KEY: Final = "yaml.schemas"
_FOLDER: Final = "Where they are written. Default: the folder of --project."


def command(
    context: typer.Context,
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help=_FOLDER, show_default=False)] = None,
) -> None:
    """Write JSON Schemas of all files of a project, so that editors complete and check them.

    They go to DIR/schemas. For VS Code with the YAML extension of Red Hat, DIR/.vscode/settings.json says which file
    has which; what stands there otherwise stays. Write them anew after an update.

    \b
    Examples:
      orchestrator schema
      orchestrator schema my-journeys
    """
    target = folder if folder is not None else context.find_root().params["project"]
    for path in write_schemas(target):
        typer.echo(f"  {path}")


def write_schemas(folder: Path) -> list[Path]:
    """Writes schemas and settings into a project's folder and returns the files.

    Raises:
        UsageError: if the folder cannot be written, or its settings are not JSON.
    """
    try:
        written = [_write(folder / SCHEMAS / f"{name}.json", text) for name, text in schema_texts()]
        return [*written, _write(folder / _SETTINGS, _settings(folder / _SETTINGS))]
    except OSError as error:
        raise UsageError(f"{folder} cannot be written ({error.strerror}): name another folder") from error


def schema_texts() -> Iterator[tuple[str, str]]:
    """The name and the text of each schema."""
    from pydantic import TypeAdapter

    from orchestrator.contracts.schemas import schema_text

    for name, model, _ in _files():
        text = schema_text(name, TypeAdapter(model))
        yield name, _merging(text) if name == "channels" else text


def _files() -> list[tuple[str, type[Model], str]]:
    """Each kind of file: the name of its schema, its model, and where such files are."""
    from orchestrator.journeys.action import ActionDefinition
    from orchestrator.journeys.brand import BrandDefinition
    from orchestrator.journeys.definition import ChannelsDefinition, JourneyDefinition
    from orchestrator.journeys.event_schemas import EventsDefinition
    from orchestrator.journeys.partners import PartnersDefinition
    from orchestrator.journeys.placements import PlacementsDefinition
    from orchestrator.journeys.policy import PolicyDefinition
    from orchestrator.journeys.segments import SegmentsDefinition
    from orchestrator.journeys.traits import TraitsDefinition
    from orchestrator.testing.cases import TestFile

    return [
        ("journey", JourneyDefinition, "journeys/**/*.yaml"),
        ("action", ActionDefinition, "actions/**/*.yaml"),
        ("channels", ChannelsDefinition, "channels.yaml"),
        ("events", EventsDefinition, "events.yaml"),
        ("traits", TraitsDefinition, "traits.yaml"),
        ("segments", SegmentsDefinition, "segments.yaml"),
        ("policy", PolicyDefinition, "policy.yaml"),
        ("partners", PartnersDefinition, "partners.yaml"),
        ("placements", PlacementsDefinition, "placements.yaml"),
        ("brand", BrandDefinition, "brand.yaml"),
        ("test", TestFile, "tests/**/*.yaml"),
    ]


def _merging(text: str) -> str:
    """What a project says of a channel of the package is only what is other there, so no key is needed."""
    schema: dict[str, Any] = json.loads(text)
    del schema["$defs"]["ChannelDefinition"]["required"]
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _settings(path: Path) -> str:
    schemas = {f"./{SCHEMAS}/{name}.json": place for name, _, place in _files()}
    settings: Any = {}
    if path.exists():
        try:
            settings = json.loads(path.read_text("utf-8"))
        except ValueError:
            settings = None
    if not isinstance(settings, dict) or not isinstance(settings.get(_KEY, {}), dict):
        shown = json.dumps({_KEY: schemas}, indent=2)
        raise UsageError(f"{path} is no JSON that can be added to: add this yourself\n{shown}")
    settings[_KEY] = {**settings.get(_KEY, {}), **schemas}
    return json.dumps(settings, indent=2, ensure_ascii=False) + "\n"


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path
