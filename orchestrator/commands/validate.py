"""``orchestrator validate``: whether the journeys are right."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

_FOLDERS = {"journeys": "journey", "actions": "action", "tests": "test file"}
_PATH = "A project's folder, a folder in it, or one file. Default: the folder of --project."


def validate(
    context: typer.Context,
    path: Annotated[Path | None, typer.Argument(metavar="[PATH]", help=_PATH, show_default=False)] = None,
) -> None:
    """Check journeys, actions and channels, and whether tests in YAML are right.

    Each problem is a line with file, line and what is allowed. No Kafka is needed, and no test is run. Exit code 2 if
    anything is wrong.

    \b
    Examples:
      orchestrator validate
      orchestrator validate journeys/cart-rescue.yaml
      orchestrator validate examples/shop && git commit
    """
    from orchestrator.journeys.load import validate as validate_definitions
    from orchestrator.testing.folder import check_tests

    wanted: Path = path if path is not None else context.find_root().params["project"]
    files = validate_definitions(wanted, check_tests)
    typer.echo(f"all is right: {_counted(Counter(map(_kind, files)), len(files))}")


def _kind(file: Path) -> str:
    return next((part for part in reversed(file.parts[:-1]) if part in _FOLDERS), "")


def _counted(folders: Counter[str], count: int) -> str:
    kinds = [(folders[folder], kind) for folder, kind in _FOLDERS.items()]
    parts = [f"{number} {name}{'s' if number > 1 else ''}" for number, name in kinds if number]
    others = count - sum(number for number, _ in kinds)
    if others:
        parts.append(f"{others} other file{'s' if others > 1 else ''}")
    return ", ".join(parts)
