"""``orchestrator topics``: create what is declared, list what is there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import typer

from orchestrator.commands.context import bootstrap_of, settings_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.kafka.topics import TopicRow
    from orchestrator.settings import Settings

app = typer.Typer(no_args_is_help=True, help="The Kafka topics of this project: create them, list them.")


def project_channels(settings: Settings) -> tuple[str, ...]:
    """The names of the project's channels."""
    from orchestrator.journeys.load import ACTIONS, JOURNEYS, default_channels, load

    if any((settings.project / folder).is_dir() for folder in (JOURNEYS, ACTIONS)):
        return tuple(load(settings.project).channels)
    return tuple(default_channels())


@app.command()
def apply(context: typer.Context) -> None:
    """Create the topics that are missing; what exists is never altered, only reported.

    \b
    Examples:
      orchestrator topics apply
      ORCHESTRATOR_KAFKA=kafka-1:9092 ORCHESTRATOR_REPLICATION_FACTOR=3 orchestrator topics apply
    """
    from orchestrator.kafka.topics import apply as apply_topics

    settings = settings_of(context)
    changes = asyncio.run(apply_topics(settings, bootstrap_of(settings), project_channels(settings)))
    print_table((change.kind, change.topic.name, change.detail) for change in changes)


@app.command(name="list")
def list_(context: typer.Context) -> None:
    """List the topics: name, role, partitions, copies, cleanup, and records (offsets, for compacted ones).

    \b
    Example:
      orchestrator topics list
    """
    from orchestrator.kafka.topics import listing

    settings = settings_of(context)
    rows = asyncio.run(listing(settings, bootstrap_of(settings), project_channels(settings)))
    print_table(
        [
            ("NAME", "ROLE", "PARTITIONS", "COPIES", "CLEANUP", "RECORDS"),
            *map(_cells, rows),
        ]
    )


def _cells(row: TopicRow) -> tuple[str, ...]:
    if row.state is None or row.state.hidden:
        return (row.topic.name, row.topic.role, "hidden" if row.state else "missing", "", "", "")
    copies, records = str(row.state.replication_factor), str(row.records)
    return (row.topic.name, row.topic.role, str(row.state.partitions), copies, row.cleanup, records)


def print_table(rows: Iterable[tuple[str, ...]]) -> None:
    """Prints rows in columns."""
    lines = list(rows)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
