"""``orchestrator models``: what was learned from what customers did."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.commands.context import bootstrap_of, settings_of
from orchestrator.commands.running import run

if TYPE_CHECKING:
    from orchestrator.engine.models import Counted
    from orchestrator.settings import Settings

_JSON = "All of it as JSON."


def models(context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help=_JSON)] = False) -> None:
    """Show what was learned: for each action in each channel, how many customers follow it, and when they read.

    \b
    Examples:
      orchestrator models
      orchestrator models --json | jq '.actions[] | select(.channel == "email")'
    """
    from orchestrator.commands.topics import print_table
    from orchestrator.console.learned import actions_table, channel_rows, channels_table
    from orchestrator.learning.snapshot import table

    learned = run(learned_of(settings_of(context)))
    actions, channels = table(learned), channel_rows(learned)
    if as_json:
        sys.stdout.write(json.dumps({"actions": actions, "channels": channels}, indent=2) + "\n")
    elif actions:
        print_table(actions_table(actions))
        typer.echo()
        print_table(channels_table(channels))
    else:
        typer.echo("nothing was learned yet: that needs 'attribution' in policy.yaml, and what customers do")


async def learned_of(settings: Settings) -> Counted:
    """What stands on the topic now. Raises SettingsError, InfrastructureError."""
    from aiokafka.errors import KafkaError

    from orchestrator.errors import InfrastructureError
    from orchestrator.kafka.client import client_options
    from orchestrator.kafka.topics import check_models
    from orchestrator.learning.learner import read_parts
    from orchestrator.learning.snapshot import snapshot

    bootstrap = bootstrap_of(settings)
    await check_models(settings, bootstrap)
    try:
        return snapshot(await read_parts(client_options(settings, bootstrap), settings), version=0)
    except KafkaError as error:
        raise InfrastructureError(f"the models cannot be read: {error}") from error
