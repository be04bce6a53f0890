"""``orchestrator simulate``: what the journeys would do to recorded events."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.commands.context import bootstrap_of, settings_of
from orchestrator.commands.running import interruptible, run

if TYPE_CHECKING:
    from orchestrator.proof.simulation import Past, Simulation
    from orchestrator.settings import Settings

SOURCE = (
    "JSON Lines, perhaps gzipped, in order of time: Segment calls, or CloudEvents in JSON; - is the standard input; "
    "shop is half a year of the example shop. Without it, the topics from --from on are read."
)
SINCE = "Read the input topics from then on: 2026-03-01, 2026-03-01T10:00:00Z, or how long ago, such as '7 days'."
TO = "Read them up to then. Default: now."
UNTIL = "Let so much time pass after the last event, for waits to end, for example '14 days'."
KNOWN = "With --from: customers have the traits and consents that they had then, as far as the workers know."
_JSON = "All numbers as JSON."
_EVERY = 500


def simulate(
    context: typer.Context,
    source: Annotated[str | None, typer.Argument(metavar="[SOURCE]", help=SOURCE, show_default=False)] = None,
    since: Annotated[str | None, typer.Option("--from", metavar="WHEN", help=SINCE, show_default=False)] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="WHEN", help=TO, show_default=False)] = None,
    until: Annotated[str | None, typer.Option(metavar="DURATION", help=UNTIL, show_default=False)] = None,
    known: Annotated[bool, typer.Option("--known", help=KNOWN)] = False,
    as_json: Annotated[bool, typer.Option("--json", help=_JSON)] = False,
) -> None:
    """Show what the journeys of the project would do, before a customer sees it. Nothing is sent.

    Events are decided as a worker decides them, in their own time: waits of days take no time. Told are who would
    enter, what would be sent when and where, how many come to each step, go on and wait, and what is refused by which
    rule. A file needs no Kafka. From topics only committed records are read, without a group, so nobody notices.

    Mind that customers are unknown at the beginning: what they said before, such as a consent, counts only if it is
    in the events, or with --known.

    \b
    Examples:
      orchestrator simulate shop --until "60 days"
      orchestrator --project my-journeys simulate events.jsonl.gz --until "14 days"
      orchestrator simulate --from "7 days" --known
      orchestrator simulate events.jsonl --json | jq '.journeys[] | {journey, entered}'
    """
    import orjson

    from orchestrator.journeys.load import load
    from orchestrator.proof.report import report
    from orchestrator.proof.simulation import Simulation
    from orchestrator.proof.tally import Tally

    settings = settings_of(context)
    over = Recorded(settings, source, since, to, until, known=known)
    tally = Tally()
    simulation = Simulation(load(settings.project), settings, [tally], event_clock=over.event_clock)
    tally.attend(simulation)
    began = time.monotonic()
    with interruptible():
        over.show_to([simulation])
    seconds = time.monotonic() - began
    outcome = tally.outcome(simulation)
    if as_json:
        sys.stdout.write(orjson.dumps(outcome, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())
        return
    for line in report(outcome):
        typer.echo(line)
    rate = f"{simulation.events / seconds:,.0f}/s" if seconds > 0 else "at once"
    typer.echo(f"\n{seconds:.1f} s ({rate})", err=True)
    if not over.until_ms and any(step["waiting"] for each in outcome["journeys"] for step in each["steps"]):
        typer.echo("note: some still wait; --until '14 days' lets time pass for them", err=True)


class Recorded:
    """What a command is to be shown, as its options say.

    Raises:
        UsageError: the options contradict each other.
    """

    def __init__(
        self,
        settings: Settings,
        source: str | None,
        since: str | None,
        to: str | None,
        until: str | None,
        *,
        known: bool = False,
    ) -> None:
        from orchestrator.errors import UsageError
        from orchestrator.proof.recordings import read_when

        if source is None and since is None:
            raise UsageError("say what to read: a file, 'shop', or a time range of the topics with --from")
        if source is not None and (since is not None or to is not None or known):
            raise UsageError("--from, --to and --known are for the topics, and a file is named too: choose one")
        self.settings = settings
        self._source = source
        self._since = read_when("--from", since, _wall_ms) if since is not None else None
        self._to = read_when("--to", to, _wall_ms) if to is not None else None
        self._known = known
        self.until_ms = duration("--until", until)

    @property
    def event_clock(self) -> bool:
        """Whether events count when they say, as in a file, or when the topics got them, as the settings say."""
        return self._source is not None or self.settings.clock == "event"

    def show_to(self, simulations: list[Simulation]) -> None:
        """Shows it all to one or more simulations, one after the other."""
        from orchestrator.proof.simulation import simulate

        if self._source is None:
            run(self._show_topics(simulations))
            return
        # What comes through a pipe comes once.
        kept = list(self._read()) if len(simulations) > 1 and self._source == "-" else None
        for simulation in simulations:
            simulate(simulation, with_progress(kept if kept is not None else self._read()), self.until_ms)

    def _read(self) -> Iterator[Past]:
        from orchestrator.proof.recordings import recorded

        assert self._source is not None
        return recorded(self._source)

    async def _show_topics(self, simulations: list[Simulation]) -> None:
        from orchestrator.proof.profiles import known_before
        from orchestrator.proof.recordings import of_topics

        bootstrap = bootstrap_of(self.settings)
        if self._known and self._since is not None:
            async for record in known_before(self.settings, bootstrap, self._since):
                for simulation in simulations:
                    simulation.know(record, self._since)
        async for past in of_topics(self.settings, bootstrap, self._since, self._to):
            for simulation in simulations:
                simulation.take(past)
        for simulation in simulations:
            simulation.finish(self.until_ms)


def duration(flag: str, text: str | None) -> int:
    """Milliseconds of an option; 0 if it was not given. Raises UsageError."""
    from orchestrator.durations import parse_duration
    from orchestrator.errors import UsageError

    try:
        return parse_duration(text) if text is not None else 0
    except ValueError as error:
        raise UsageError(f"{flag}: {error}") from error


def with_progress(past: Iterable[Past]) -> Iterator[Past]:
    """The same, with a line on a terminal that tells how far it is."""
    if not sys.stderr.isatty():
        yield from past
        return
    from rich.console import Console

    from orchestrator.moments import format_moment

    count = 0
    with Console(stderr=True).status("reading") as status:
        for each in past:
            yield each
            count += 1
            if not count % _EVERY:
                date = format_moment(each.at)[:10] if each.at is not None else ""
                status.update(f"{count:,} events, {date}")


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000
