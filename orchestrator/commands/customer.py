"""``orchestrator customer``: all that is known of one customer."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.commands.context import bootstrap_of, settings_of
from orchestrator.commands.running import run

if TYPE_CHECKING:
    from orchestrator.engine.audience import Audience
    from orchestrator.settings import Settings


def customer(
    context: typer.Context,
    customer_id: Annotated[str, typer.Argument(metavar="ID", help="A userId, or an anonymousId.")],
) -> None:
    """Show all that is known of one customer, as JSON.

    Traits, segments, consents, where they stand in journeys, what is held for them. An anonymous id that belongs to a
    user by now shows that user. Exit code 1 if nobody is known by the id.

    \b
    Examples:
      orchestrator customer user_0042
      orchestrator customer user_0042 | jq .instances
    """
    import orjson

    from orchestrator.console.lookup import look_up, shown
    from orchestrator.errors import OrchestratorError

    settings = settings_of(context)
    found = run(look_up(settings, bootstrap_of(settings), customer_id))
    if found is None:
        raise OrchestratorError(
            f"nobody is known as '{customer_id}': ids are exact, and a customer is known once a worker has decided "
            "one of their events"
        )
    plain = shown(*found, _audience(settings), time.time_ns() // 1_000_000)
    sys.stdout.write(orjson.dumps(plain, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())


def _audience(settings: Settings) -> Audience:
    """What the project computes; nothing where it has no definitions, or wrong ones: a record can be seen without."""
    from orchestrator.engine.audience import Audience
    from orchestrator.errors import DefinitionError
    from orchestrator.journeys.audience import compile_audience
    from orchestrator.journeys.load import load

    try:
        pack = load(settings.project)
    except DefinitionError:
        return Audience()
    return compile_audience(pack.traits, pack.segments)
