"""``orchestrator segment``: who belongs to a segment, before it is launched and after."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.commands.context import bootstrap_of, settings_of
from orchestrator.commands.running import run

if TYPE_CHECKING:
    from orchestrator.console.census import Census, Progress

app = typer.Typer(
    no_args_is_help=True,
    help="Who belongs to a segment, as the project's files have it now: count them, see some, export all.",
)

_NAME = "A segment of segments.yaml; it needs not be applied yet."
_TO = "The file; what it is called decides between .jsonl and .csv. Standard output if it is not given."
_COUNT = "How many."
_JSON = "As JSON."
_FORMAT = "jsonl or csv, whatever the file is called."

SegmentName = Annotated[str, typer.Argument(metavar="NAME", help=_NAME)]


class Format(StrEnum):
    """How customers are written."""

    JSONL = "jsonl"
    CSV = "csv"


@app.command()
def count(
    context: typer.Context,
    name: SegmentName,
    as_json: Annotated[bool, typer.Option("--json", help=_JSON)] = False,
) -> None:
    """Count the customers in a segment.

    Their records are read, whether workers run or not. Computed traits that are new in the files are computed of the
    history that is kept; without a history they begin at nothing.

    \b
    Examples:
      orchestrator segment count loyal
      orchestrator segment count loyal --json | jq .members
    """
    import orjson

    counted = _census(context, name).count()
    if as_json:
        found = {
            "segment": name,
            "members": counted.members,
            "anonymous": counted.anonymous,
            "customers": counted.customers,
        }
        typer.echo(orjson.dumps(found).decode())
        return
    share = f" ({counted.members / counted.customers:.1%})" if counted.customers else ""
    anonymous = f", {counted.anonymous:,} of them anonymous" if counted.anonymous else ""
    typer.echo(f"{name}: {counted.members:,} of {counted.customers:,} customers{share}{anonymous}")


@app.command()
def sample(
    context: typer.Context,
    name: SegmentName,
    number: Annotated[int, typer.Option("--count", min=1, max=10_000, metavar="N", help=_COUNT)] = 10,
) -> None:
    """Show some customers of a segment, one line of JSON for each.

    They are picked by chance, and the same ones each time, as long as they belong to it.

    \b
    Examples:
      orchestrator segment sample loyal
      orchestrator segment sample loyal --count 3 | jq .traits
    """
    from orchestrator.console import census

    census.write_jsonl(census.sample(_census(context, name).members(), number), sys.stdout)


@app.command()
def export(
    context: typer.Context,
    name: SegmentName,
    to: Annotated[Path | None, typer.Option(metavar="FILE", help=_TO, show_default=False)] = None,
    form: Annotated[Format | None, typer.Option("--format", help=_FORMAT, show_default=False)] = None,
) -> None:
    """Write all customers of a segment: id, traits and computed traits.

    \b
    Examples:
      orchestrator segment export loyal --to loyal.csv
      orchestrator segment export loyal --format jsonl | gzip > loyal.jsonl.gz
    """
    from orchestrator.console import census

    form = form or (Format.CSV if to is not None and to.suffix == ".csv" else Format.JSONL)
    write = census.write_csv if form is Format.CSV else census.write_jsonl
    members = _census(context, name).members()
    if to is None:
        write(members, sys.stdout)
        return
    with to.open("w", encoding="utf-8", newline="") as file:
        written = write(members, file)
    typer.echo(f"{to}: {written:,} customers", err=True)


def _census(context: typer.Context, name: str) -> Census:
    from orchestrator.console.census import take_census
    from orchestrator.journeys.compile import compile_env
    from orchestrator.journeys.load import load

    settings = settings_of(context)
    env = compile_env(
        load(settings.project),
        dedupe_count=settings.dedupe_count,
        dedupe_window_ms=settings.dedupe_window,
        late_after_ms=settings.late_after,
    )
    with _shown() as progress:
        return run(take_census(settings, bootstrap_of(settings), env, name, progress))


@contextmanager
def _shown() -> Iterator[Progress]:
    """A bar on standard error, if that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("reading customers"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task("", total=None)
        yield lambda done, whole: bars.update(task, completed=done, total=whole)
