"""``orchestrator scores``: what customers say of each journey."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from orchestrator.commands.context import bootstrap_of, settings_of
from orchestrator.commands.running import run

_FROM = "How far back: beginning, or a duration such as '30 days'."
_JSON = "One JSON object a line for each."


def scores(
    context: typer.Context,
    origin: Annotated[str, typer.Option("--from", metavar="WHEN", help=_FROM)] = "beginning",
    as_json: Annotated[bool, typer.Option("--json", help=_JSON)] = False,
) -> None:
    """Show the scores of each journey's surveys: NPS, CSAT, CES.

    NPS is the percentage of promoters (9 or 10) less that of detractors (0 to 6), CSAT that of the satisfied (4 or 5 of
    5), CES the mean of 1 to 7. Of each message to a customer the last answer counts.

    \b
    Examples:
      orchestrator scores
      orchestrator scores --from "30 days" --json
    """
    import orjson

    from orchestrator.commands.topics import print_table
    from orchestrator.console.follow import BEGINNING
    from orchestrator.console.scores import read_scores, table_of
    from orchestrator.durations import parse_duration
    from orchestrator.errors import UsageError

    settings = settings_of(context)
    try:
        since = BEGINNING if origin == BEGINNING else parse_duration(origin)
    except ValueError as error:
        raise UsageError(f"--from: write beginning or a duration: {error}") from error
    found = run(read_scores(settings, bootstrap_of(settings), since))
    if as_json:
        for score in found:
            sys.stdout.write(orjson.dumps(score.to_json(), option=orjson.OPT_APPEND_NEWLINE).decode())
    elif found:
        print_table(table_of(found))
    else:
        typer.echo("no survey was answered yet")
