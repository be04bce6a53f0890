"""Runs a sender of one's own."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from orchestrator import logs
from orchestrator.channels.courier import Courier
from orchestrator.channels.sender import Sender
from orchestrator.channels.settings import SenderSettings, load_own
from orchestrator.errors import OrchestratorError, UsageError
from orchestrator.kafka.cluster import bootstrap_of
from orchestrator.settings import Settings


def serve(name: str, sender: Sender, project: str | Path = ".") -> None:
    """Sends the actions of a channel until Ctrl-C or SIGTERM; ends the process with a sentence if it can't.

    Args:
        name: The channel, and the table ``[senders.NAME]`` of ``orchestrator.toml``, which may have all settings that
            senders have in common. It may also be missing.
        sender: What hands the actions on.
        project: The folder with ``orchestrator.toml``.
    """
    try:
        settings = Settings.load(Path(project))
        logs.configure(settings.log_format, settings.log_level)
        options = load_own(settings, name)
        bootstrap = bootstrap_of(settings)
        asyncio.run(_run(settings, bootstrap, options, sender))
    except OrchestratorError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(2 if isinstance(error, UsageError) else 1)


async def _run(settings: Settings, bootstrap: str, options: SenderSettings, sender: Sender) -> None:
    # Within a loop: what Kafka's clients are made of belongs to one.
    await Courier(settings, bootstrap, options, sender).run()
