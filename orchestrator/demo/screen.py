"""What a demo shows while it runs: a live picture on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from rich.bar import Bar
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from orchestrator.console.sentences import action
from orchestrator.demo.tally import Tally
from orchestrator.moments import format_moment
from orchestrator.replay.player import Progress

_REFRESH_S: Final = 0.3
_LINE_S: Final = 5.0
_RATE_OVER_S: Final = 2.0
_BAR: Final = 40


class Screen:
    """Shows progress and tally until it is cancelled.

    ``phase`` says what happens once all events are sent.
    """

    def __init__(self, console: Console, progress: Progress, tally: Tally, total: int, notice: list[str]) -> None:
        self.phase = ""
        self._console = console
        self._progress = progress
        self._tally = tally
        self._total = total
        self._notice = notice
        self._began = time.monotonic()
        self._rate = 0.0
        self._measured = (self._began, 0)

    async def show(self) -> None:
        """Goes on for ever."""
        if not self._console.is_terminal:
            while True:
                await asyncio.sleep(_LINE_S)
                self._measure()
                self._console.print(self._line(), soft_wrap=True, highlight=False)
        with Live(self._picture(), console=self._console, auto_refresh=False, transient=True) as live:
            while True:
                self._measure()
                live.update(self._picture(), refresh=True)
                await asyncio.sleep(_REFRESH_S)

    def _measure(self) -> None:
        now, (then, before) = time.monotonic(), self._measured
        if now - then >= _RATE_OVER_S:
            self._rate = (self._progress.lines - before) / (now - then)
            self._measured = (now, self._progress.lines)

    def _line(self) -> str:
        channels = ", ".join(f"{channel} {count}" for channel, count in sorted(self._tally.by_channel().items()))
        actions = f"{self._tally.total():,} actions ({channels})" if channels else "no action yet"
        return (
            f"{time.monotonic() - self._began:3.0f} s  {self._progress.lines:,} of {self._total:,} events "
            f"({self._rate:,.0f}/s)  {self._date()}  {actions}  {self._latency()}  {self.phase}"
        ).rstrip()

    def _picture(self) -> RenderableType:
        return Group(
            Text("Holt & Harrow, an example shop: its clicks, calls, orders and messages", style="bold"),
            self._bar(),
            Text(f"{self._rate:,.0f} events/s   {self._latency()}   {self.phase}"),
            Text(),
            self._channels(),
            Text(),
            *(Text.from_ansi(action(value), no_wrap=True, overflow="ellipsis") for value in self._tally.latest),
            Text(),
            *(Text(line, style="dim", no_wrap=True, overflow="ellipsis") for line in self._notice),
        )

    def _bar(self) -> RenderableType:
        row = Table.grid(padding=(0, 1))
        share = Bar(max(1, self._total), 0, self._progress.lines, width=_BAR, color="cyan", bgcolor="bright_black")
        row.add_row(
            share, Text(f"{self._progress.lines:,} of {self._total:,} events"), Text(self._date(), style="bold")
        )
        return row

    def _channels(self) -> RenderableType:
        table = Table.grid(padding=(0, 1))
        counts, cancels = self._tally.by_channel(), self._tally.by_channel("cancel")
        most = max(counts.values(), default=1)
        for channel, count in sorted(counts.items()):
            withdrawn = f"{cancels[channel]:,} withdrawn" if cancels[channel] else ""
            bar = Bar(most, 0, count, width=_BAR // 2, color="green")
            table.add_row(
                Text(channel, style="cyan"), Text(f"{count:,}", justify="right"), bar, Text(withdrawn, style="dim")
            )
        return table

    def _date(self) -> str:
        at = self._progress.at
        return format_moment(at)[:10] if at is not None else ""

    def _latency(self) -> str:
        latency = self._tally.latency
        half, nearly_all = latency.percentile_ms(0.5), latency.percentile_ms(0.99)
        if half is None or nearly_all is None:
            return "event to action: not measured yet"
        return f"event to action: p50 {half:.0f} ms, p99 {nearly_all:.0f} ms"
