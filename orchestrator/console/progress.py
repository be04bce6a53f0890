"""The progress bar of a replay."""

from __future__ import annotations

import asyncio

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from orchestrator.moments import format_moment
from orchestrator.replay.feed import Feed
from orchestrator.replay.player import Player
from orchestrator.replay.recording import Recording
from orchestrator.together import together

_REFRESH_S = 0.2


async def with_progress(player: Player, feed: Feed, recording: Recording) -> None:
    """Plays the feed and shows how far it is: lines, lines a second, the data's date."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[lines]:,} lines"),
        TextColumn("{task.fields[date]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), auto_refresh=False) as bars:
        task = bars.add_task(str(recording.path), total=None, lines=0, date="")
        done = asyncio.Event()

        def show() -> None:
            at = player.progress.at
            date = format_moment(at)[:16].replace("T", " ") if at is not None else ""
            share = recording.share()
            total = 1.0 if share is not None else None
            bars.update(task, total=total, completed=share or 0, lines=player.progress.lines, date=date)
            bars.refresh()

        async def play() -> None:
            await player.play(feed)
            done.set()

        async def refresh() -> None:
            while not done.is_set():
                show()
                await asyncio.sleep(_REFRESH_S)

        await together(play(), refresh())
        show()
