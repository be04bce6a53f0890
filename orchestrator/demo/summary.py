"""What a demo tells in the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from orchestrator.console.counting import counted
from orchestrator.demo.story import Story
from orchestrator.demo.tally import Tally
from orchestrator.durations import format_duration
from orchestrator.moments import format_moment
from orchestrator.replay.player import Progress


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that the summary is made of.

    ``sent`` counts records by topic, ``metrics`` are the worker's, ``seconds`` is how long the events took.
    """

    sent: Mapping[str, int]
    progress: Progress
    tally: Tally
    metrics: Mapping[str, float]
    story: Story | None
    until_ms: int
    seconds: float


def summary(outcome: Outcome) -> Iterator[str]:
    """The lines, the first of each part at the margin."""
    yield from _events(outcome)
    yield from _actions(outcome.tally)
    yield from _latency(outcome.tally)
    yield from _refused(outcome)
    if outcome.story is not None:
        yield ""
        yield f"One customer: {outcome.story.customer_id}"
        yield from (f"  {line}" for line in outcome.story.lines())


def _events(outcome: Outcome) -> Iterator[str]:
    total = sum(outcome.sent.values())
    progress = outcome.progress
    yield f"{total:,} events in {outcome.seconds:.0f} s ({total / max(outcome.seconds, 0.001):,.0f}/s)"
    yield "  " + ", ".join(f"{topic} {count:,}" for topic, count in sorted(outcome.sent.items()))
    if progress.first_at is not None and progress.at is not None:
        after = f", and {format_duration(outcome.until_ms)} more for what still waited" if outcome.until_ms else ""
        yield f"  from {format_moment(progress.first_at)[:10]} to {format_moment(progress.at)[:10]}{after}"
        yield "  in such fast motion what goes from one partition to another, as a visitor's clicks at login, comes"
        yield "  hours later in the data's time: two runs differ a little"


def _actions(tally: Tally) -> Iterator[str]:
    yield ""
    yield f"{tally.total():,} actions, {tally.total('cancel'):,} of them withdrawn in time"
    rows = sorted({(journey, channel) for journey, channel, _ in tally.actions})
    width = max((len(journey) for journey, _ in rows), default=0)
    for journey, channel in rows:
        cancels = tally.actions[journey, channel, "cancel"]
        withdrawn = f"  {cancels:,} withdrawn" if cancels else ""
        yield f"  {journey:<{width}}  {channel:<6} {tally.actions[journey, channel, 'action']:>6,}{withdrawn}"
    refused, held = tally.outcomes["refused"], tally.outcomes["held"]
    yield f"  {refused:,} more were not sent (no consent, no address, expired), {held:,} held for a while"


def _latency(tally: Tally) -> Iterator[str]:
    latency = tally.latency
    half, most, nearly_all = (latency.percentile_ms(share) for share in (0.5, 0.9, 0.99))
    yield ""
    if half is None or most is None or nearly_all is None:
        yield "Event to action: nothing to measure"
        return
    yield f"Event to action: p50 {half:.0f} ms, p90 {most:.0f} ms, p99 {nearly_all:.0f} ms"
    yield f"  from sending an event until a reader of committed records has the action: {latency.count:,} actions that"
    yield "  an event caused at once; up to 30 ms of it is the replay's, which tells the data's time so often"


def _refused(outcome: Outcome) -> Iterator[str]:
    tally, metrics = outcome.tally, outcome.metrics
    yield ""
    yield (
        f"{counted(int(metrics.get('orchestrator_duplicate_events_total', 0)), 'event')} came twice and counted once, "
        f"{counted(tally.merges, 'visitor')} became known"
    )
    yield f"{counted(sum(tally.dead_letters.values()), 'record')} of no use, on dead-letter"
    for code, count in sorted(tally.dead_letters.items()):
        yield f"  {count:>4}  {code}, such as: {tally.reasons[code]}"
