"""``orchestrator capacity``: how much of what channels and queues take is used, and how many wait."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.commands.context import bootstrap_of, settings_of
from orchestrator.commands.running import run


def capacity(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, one line for each channel or queue.")] = False,
) -> None:
    """Show what channels and queues with a capacity have given of it, and how many wait for a place.

    Declared is what the project's channels.yaml says now; given and waiting are read from the workers' changelog,
    whether they run or not.

    \b
    Examples:
      orchestrator capacity
      orchestrator capacity --json | jq 'select(.waiting > 0)'
    """
    import orjson

    from orchestrator.console.capacity import read_usage, table
    from orchestrator.journeys.capacities import capacities_of
    from orchestrator.journeys.load import load

    settings = settings_of(context)
    pack = load(settings.project)
    capacities = capacities_of(pack.channels, pack.policy.timezone)
    if not capacities:
        typer.echo("no channel has a capacity or opening hours: see 'capacity' and 'open' in channels.yaml", err=True)
        return
    found = run(read_usage(settings, bootstrap_of(settings), capacities))
    for line in [orjson.dumps(each.to_json()).decode() for each in found] if as_json else table(found):
        typer.echo(line)
