"""Writes ``topics/`` from the models, or says what there is out of date."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from orchestrator.contracts.schemas import contracts, schema_text
from orchestrator.contracts.topics import topics_text
from orchestrator.journeys.load import default_channels


def files() -> dict[str, str]:
    """All generated files: path below ``topics/`` and text."""
    channels = default_channels()
    schemas = {f"schemas/{name}.json": schema_text(name, contract) for name, contract in contracts(channels).items()}
    return {"topics.yaml": topics_text(channels)} | schemas


def differences(folder: Path) -> list[str]:
    """The generated files that the folder does not hold as they should be, and schemas that nothing generates."""
    wanted = files()
    found = {path.relative_to(folder).as_posix() for path in folder.glob("schemas/*.json")}
    changed = [name for name, text in wanted.items() if _text(folder / name) != text]
    return sorted({*changed, *found.difference(wanted)})


def write(folder: Path) -> list[str]:
    """Brings the folder up to date; the files that were written or removed."""
    changed, wanted = differences(folder), files()
    for name in changed:
        path = folder / name
        if name not in wanted:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[name], "utf-8")
    return changed


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 1 if ``--check`` found something out of date."""
    parser = argparse.ArgumentParser(prog="python -m orchestrator.contracts", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", type=Path, metavar="FOLDER", help="bring the folder up to date")
    what.add_argument("--check", type=Path, metavar="FOLDER", help="only compare")
    options = parser.parse_args(arguments)
    if options.write is not None:
        for name in write(options.write):
            sys.stdout.write(f"{options.write / name}\n")
        return 0
    stale = differences(options.check)
    for name in stale:
        sys.stderr.write(f"{options.check / name} is out of date: run 'make schemas'\n")
    return 1 if stale else 0


def _text(path: Path) -> str | None:
    return path.read_text("utf-8") if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main())
