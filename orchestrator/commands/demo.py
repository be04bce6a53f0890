"""``orchestrator demo``: everything at once, to be watched."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.commands.context import settings_of
from orchestrator.commands.running import interruptible, run

_SERVE = "Stay up afterwards, to look around, until Ctrl-C."
_SPEED = "As of 'replay'. Default: half a year in about 40 s."
_SEED = "Another number makes other people, carts and logins around the same clicks."
_DAYS = "Only the first so many days of the data."
_UNTIL = "How long time runs on after the last event, for waits to end."


def demo(
    context: typer.Context,
    serve: Annotated[bool, typer.Option("--serve", help=_SERVE)] = False,
    speed: Annotated[str | None, typer.Option(metavar="SPEED", help=_SPEED, show_default=False)] = None,
    seed: Annotated[int, typer.Option(metavar="N", help=_SEED)] = 7,
    days: Annotated[int | None, typer.Option(min=1, metavar="N", help=_DAYS, show_default=False)] = None,
    until: Annotated[str, typer.Option(metavar="DURATION", help=_UNTIL)] = "60 days",
) -> None:
    """Play half a year of an example shop on a real Kafka.

    The journeys are those of the project, or the shop's own where there are none. Kafka and a worker are started for
    it, in .orchestrator/demo of the project, and stopped again; nothing else is touched, whatever cluster the settings
    name. It takes about a minute; the first time Kafka is downloaded before (46 MB).

    \b
    Examples:
      orchestrator demo
      orchestrator --project my-journeys demo --serve
      orchestrator demo --days 60 --speed max
    """
    from rich.console import Console

    from orchestrator.demo.play import PACE, Demo, Options
    from orchestrator.durations import parse_duration
    from orchestrator.errors import UsageError
    from orchestrator.replay.pace import Pace

    settings = settings_of(context)
    try:
        until_ms = parse_duration(until)
    except ValueError as error:
        raise UsageError(f"--until: {error}") from error
    pace = Pace.parse(speed) if speed is not None else PACE
    with interruptible():
        Demo(settings, Options(seed, pace, days, until_ms, serve), Console()).run(run)
