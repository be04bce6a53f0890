"""``orchestrator replay``: recorded events, through the real topics once more."""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from orchestrator.commands.context import bootstrap_of, settings_of
from orchestrator.commands.running import run

if TYPE_CHECKING:
    from orchestrator.replay.feed import Feed
    from orchestrator.replay.pace import Pace
    from orchestrator.replay.player import Player, Progress
    from orchestrator.replay.recording import Recording
    from orchestrator.replay.sender import Sender
    from orchestrator.settings import Settings

_log = logging.getLogger(__name__)

_FILE = "JSON Lines, perhaps gzipped: Segment calls, or CloudEvents in JSON; - is the standard input."
_SPEED = "60 for sixty times as fast as it happened, 900/s for events a second, max (or 0) for as fast as it goes."
_CLOCK = "event keeps the time stamps, wall moves them to now. Default: the setting clock."
_UNTIL = "With event time: let so much time pass after the last line, for waits to end, for example '14 days'."
_WAIT = "With event time: return only when the workers have decided everything."


def replay(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=_FILE)],
    speed: Annotated[str, typer.Option(metavar="SPEED", help=_SPEED)] = "max",
    clock: Annotated[Literal["wall", "event"] | None, typer.Option(help=_CLOCK, show_default=False)] = None,
    until: Annotated[str | None, typer.Option(metavar="DURATION", help=_UNTIL, show_default=False)] = None,
    wait: Annotated[bool, typer.Option("--wait", help=_WAIT)] = False,
) -> None:
    """Send recorded events once more.

    Their names say on which topics they belong: clicks, calls, purchases, engagement, profiles. Lines in order of time
    give the right result. A line that is no JSON is sent all the same, since such things come in real life too: it ends
    on the dead-letter topic. A message id that was seen within dedupe_window counts once.

    With event time, which the workers need as well (worker --clock event), waits pass in the data's time: half a year
    in a minute. Mind that at such a speed a visitor's clicks around a login, which go to another partition then, may
    come a day later in the data's time; a lower --speed brings them closer. With wall time the first line is now, and
    the others follow as --speed says.

    \b
    Examples:
      orchestrator replay events.jsonl --speed 60
      orchestrator replay events.jsonl.gz --clock event --until "14 days"
      python -m orchestrator.shop.clickstream | orchestrator replay - --clock event --speed 900/s
      grep user_0042 events.jsonl | orchestrator replay - --clock wall
    """
    from orchestrator.durations import parse_duration
    from orchestrator.errors import UsageError
    from orchestrator.replay.pace import Pace

    settings = settings_of(context, clock=clock)
    pace = Pace.parse(speed)
    if settings.clock == "wall" and (until is not None or wait):
        raise UsageError("--until and --wait need the data's time: add --clock event (here and at the workers)")
    try:
        until_ms = parse_duration(until) if until is not None else None
    except ValueError as error:
        raise UsageError(f"--until: {error}") from error
    bootstrap = bootstrap_of(settings)
    run(_replay(settings, bootstrap, file, pace, until_ms, wait or until is not None))


async def _replay(
    settings: Settings, bootstrap: str, file: Path, pace: Pace, until_ms: int | None, waits: bool
) -> None:
    from orchestrator.replay.clock import check_clock
    from orchestrator.replay.feed import Listed, Piped
    from orchestrator.replay.player import Player
    from orchestrator.replay.recording import Recording
    from orchestrator.replay.sender import Sender

    async with Sender(settings, bootstrap) as sender:
        warning = await check_clock(settings, bootstrap)
        if warning:
            typer.echo(f"note: {warning}", err=True)
        recording = Recording(file)
        feed: Feed = Piped(iter(recording)) if recording.live else Listed(recording)
        event_time = settings.clock == "event"
        player = Player(sender, pace, event_time=event_time, late_after_ms=settings.late_after)
        began = time.monotonic()
        try:
            await _shown(player, feed, recording)
        finally:
            _report(player.progress, sender, time.monotonic() - began)
        if waits:
            await _settle(settings, bootstrap, player, sender, until_ms or 0)


async def _shown(player: Player, feed: Feed, recording: Recording) -> None:
    """Plays, with a progress bar on a terminal."""
    if not sys.stderr.isatty():
        await player.play(feed)
        return
    from orchestrator.console.progress import with_progress

    await with_progress(player, feed, recording)


async def _settle(settings: Settings, bootstrap: str, player: Player, sender: Sender, until_ms: int) -> None:
    from orchestrator.durations import format_duration
    from orchestrator.replay.settling import settle, workers_run

    at = player.progress.at
    if at is None:
        return
    if not await workers_run(settings, bootstrap):
        await sender.mark(at + until_ms)
        typer.echo("note: no worker runs; the events wait in Kafka for one", err=True)
        return
    await settle(settings, bootstrap, sender, at)
    if until_ms:
        await settle(settings, bootstrap, sender, at + until_ms)
    passed = f", and {format_duration(until_ms)} after it have passed" if until_ms else ""
    typer.echo(f"all is decided{passed}", err=True)


def _report(progress: Progress, sender: Sender, seconds: float) -> None:
    sent = sum(sender.sent.values())
    rate = f"{sent / seconds:,.0f}/s" if seconds > 0 else "at once"
    typer.echo(f"{sent:,} events sent in {seconds:.1f} s ({rate})", err=True)
    for topic, count in sorted(sender.sent.items()):
        typer.echo(f"  {count:>9,}  {topic}", err=True)
    odd = (
        (progress.unreadable, "of them no JSON object: see 'orchestrator tail dead-letter'"),
        (progress.too_large, "left out: larger than Kafka takes"),
        (progress.late, "late and out of order, so that they begin no journey: sort the file by time"),
    )
    for count, what in odd:
        if count:
            typer.echo(f"  {count:>9,}  {what}", err=True)
