"""``orchestrator customer``: all that is known of one customer."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from orchestrator.commands.context import bootstrap_of, settings_of
from orchestrator.commands.running import run


def customer(
    context: typer.Context,
    customer_id: Annotated[str, typer.Argument(metavar="ID", help="A userId, or an anonymousId.")],
) -> None:
    """Show all that is known of one customer, as JSON.

    Traits, consents, where they stand in journeys, what is held for them. An anonymous id that belongs to a user by
    now shows that user. Exit code 1 if nobody is known by the id.

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
    sys.stdout.write(orjson.dumps(shown(*found), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())
