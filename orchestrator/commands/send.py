"""``orchestrator send``: hands actions of a channel on to whoever carries them, until it is stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from orchestrator.commands.context import bootstrap_of, settings_of
from orchestrator.commands.running import run

if TYPE_CHECKING:
    from orchestrator.channels.settings import SenderSettings
    from orchestrator.settings import Settings

_CHANNEL = "The sender: its table [senders.NAME] in orchestrator.toml, by default with the channel's name."
_HTTP_PORT = "Port of /metrics and /health; 0 means any free one. Default: the setting http_port."
_LOG_LEVEL = "What is logged. Default: the setting log_level."


def send(
    context: typer.Context,
    channel: Annotated[str, typer.Option(metavar="NAME", help=_CHANNEL)],
    http_port: Annotated[int | None, typer.Option(metavar="PORT", help=_HTTP_PORT, show_default=False)] = None,
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"] | None, typer.Option(help=_LOG_LEVEL, show_default=False)
    ] = None,
) -> None:
    """Send the actions of a channel: by SMTP, to a webhook, or to the console.

    What became of each goes back as an event on events.engagement. Ctrl-C or SIGTERM ends it after what is being sent.
    Start as many as you like, on as many machines: they share the partitions. docs/senders.md says what holds when one
    dies, and how to write a sender of your own.

    \b
    Examples:
      orchestrator send --channel email
      orchestrator send --channel email --http-port 0      a second one on this machine
      ORCHESTRATOR_SENDERS__EMAIL__PASSWORD=… orchestrator send --channel email
    """
    from orchestrator import logs
    from orchestrator.channels.settings import load

    settings = settings_of(context, http_port=http_port, log_level=log_level)
    options = load(settings, channel)
    level = "debug" if context.find_root().params["debug"] else settings.log_level
    logs.configure(settings.log_format, level)
    run(_send(settings, bootstrap_of(settings), options), interrupted=0)


async def _send(settings: Settings, bootstrap: str, options: SenderSettings) -> None:
    from orchestrator.channels.courier import Courier, wall_ms
    from orchestrator.channels.kinds import make

    await Courier(settings, bootstrap, options, make(options, wall_ms)).run()
