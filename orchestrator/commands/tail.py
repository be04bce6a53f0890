"""``orchestrator tail``: what the orchestrator says, as it says it."""

from __future__ import annotations

import sys
from base64 import b64encode
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.commands.context import bootstrap_of, settings_of
from orchestrator.commands.running import run
from orchestrator.commands.topics import project_channels

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from orchestrator.console.follow import Follower, Found
    from orchestrator.settings import Settings


class Stream(StrEnum):
    """What can be followed."""

    ACTIONS = "actions"
    DECISIONS = "decisions"
    DEAD_LETTER = "dead-letter"
    JOURNEY_LOG = "journey-log"


_STREAM = "What to read."
_CUSTOMER = "Only of this customer."
_FROM = "beginning, end (only what comes), or how long ago, for example '10 minutes'."
_COUNT = "End after so many."
_FOLLOW = "Go on with what comes, until Ctrl-C."
_JSON = "JSON Lines, as when the output is no terminal."
_CHANNEL = "Only actions of this channel, for example email."
_ALL = "Also the journal, which is there to do the same steps again."


def tail(
    context: typer.Context,
    stream: Annotated[Stream, typer.Argument(help=_STREAM)],
    customer: Annotated[str | None, typer.Option(metavar="ID", help=_CUSTOMER, show_default=False)] = None,
    origin: Annotated[str, typer.Option("--from", metavar="WHEN", help=_FROM)] = "end",
    count: Annotated[int | None, typer.Option(min=1, metavar="N", help=_COUNT, show_default=False)] = None,
    follow: Annotated[bool, typer.Option(help=_FOLLOW)] = True,
    as_json: Annotated[bool, typer.Option("--json", help=_JSON)] = False,
    channel: Annotated[str | None, typer.Option(metavar="NAME", help=_CHANNEL, show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help=_ALL)] = False,
) -> None:
    """Read what is decided, as it comes: a line for each.

    Actions, the decisions behind them, dead letters, or the log of all steps in journeys; committed ones only.

    \b
    Examples:
      orchestrator tail actions
      orchestrator tail actions --channel email --from "1 hour"
      orchestrator tail decisions --customer user_0042 --from beginning --no-follow
      orchestrator tail dead-letter --from beginning --count 10
      orchestrator tail journey-log --json > steps.jsonl
    """
    settings = settings_of(context)
    start, topics = _start(origin), _topics(settings, stream, channel)
    plain = as_json or not sys.stdout.isatty()
    lines = _Lines(plain, customer, everything, count)
    run(_tail(settings, bootstrap_of(settings), topics, start, follow, lines), interrupted=0)


def _start(origin: str) -> str | int:
    from orchestrator.console.follow import BEGINNING, END
    from orchestrator.durations import parse_duration
    from orchestrator.errors import UsageError

    if origin in (BEGINNING, END):
        return origin
    try:
        return parse_duration(origin)
    except ValueError as error:
        raise UsageError(f"--from: write beginning, end or a duration: {error}") from error


def _topics(settings: Settings, stream: Stream, channel: str | None) -> list[str]:
    from orchestrator.errors import UsageError
    from orchestrator.kafka.names import action_topic

    if stream is not Stream.ACTIONS:
        if channel is not None:
            raise UsageError(f"--channel is for actions; '{stream.value}' has all channels together")
        return [stream.value]
    channels = project_channels(settings)
    if channel is not None and channel not in channels:
        raise UsageError(f"--channel {channel}: the project has {', '.join(channels)}")
    return [action_topic(name) for name in channels if channel in (None, name)]


async def _tail(
    settings: Settings, bootstrap: str, topics: list[str], start: str | int, follow: bool, lines: _Lines
) -> None:
    from orchestrator.console.follow import Follower

    # A dead letter is where its producer put it, all else at its customer's home.
    at_home_of = lines.customer if topics != [Stream.DEAD_LETTER.value] else None
    async with Follower(settings, bootstrap, topics, at_home_of) as follower:
        await follower.seek(start)
        async for found in _found(follower, follow):
            lines.show(found)
            if lines.left == 0:
                return


async def _found(follower: Follower, follow: bool) -> AsyncIterator[Found]:
    async for found in follower.past():
        yield found
    if follow:
        async for found in follower.coming():
            yield found


class _Lines:
    """What is shown of what is found; ``left`` counts down to 0, if there is a count."""

    def __init__(self, plain: bool, customer: str | None, everything: bool, count: int | None) -> None:
        self.customer = customer
        self.left = count
        self._plain = plain
        self._everything = everything

    def show(self, found: Found) -> None:
        """Writes the line, unless it is of somebody else or of the journal."""
        from orchestrator.console.sentences import is_journal, sentence

        record = found.record
        value = _value(found)
        if is_journal(value) and not self._everything:
            return
        if self.customer is not None and self.customer not in (
            _customer(value),
            (record.key or b"").decode("utf-8", "replace"),
        ):
            return
        if self._plain:
            sys.stdout.write(_json_line(found, value))
        else:
            typer.echo(sentence(found.topic, value, record))
        sys.stdout.flush()
        if self.left is not None:
            self.left -= 1


def _value(found: Found) -> Any:
    import orjson

    if found.topic == Stream.DEAD_LETTER:
        return None
    try:
        return orjson.loads(found.record.value or b"null")
    except orjson.JSONDecodeError:
        return None


def _exactly(name: str, data: bytes | None) -> dict[str, str | None]:
    """The bytes as text, or in base64 under a name that says so: JSON holds no other bytes, and none may be lost."""
    try:
        return {name: data.decode() if data is not None else None}
    except UnicodeDecodeError:
        return {f"{name}_base64": b64encode(data or b"").decode()}


def _customer(value: Any) -> Any:
    return value.get("customer_id") if isinstance(value, dict) else None


def _json_line(found: Found, value: Any) -> str:
    import orjson

    from orchestrator.console.sentences import dead_letter_headers

    if found.topic == Stream.DEAD_LETTER:
        record = found.record
        value = {**dead_letter_headers(record), **_exactly("key", record.key), **_exactly("value", record.value)}
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE).decode()
