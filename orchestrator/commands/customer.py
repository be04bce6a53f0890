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
    from orchestrator.engine.policy import Policy
    from orchestrator.settings import Settings


def customer(
    context: typer.Context,
    customer_id: Annotated[str, typer.Argument(metavar="ID", help="A userId, or an anonymousId.")],
) -> None:
    """Show all that is known of one customer, as JSON.

    Traits, segments, consents, where they stand in journeys, what is held for them, what was said to them, what counts
    against each cap now, and the pressure. An anonymous id that belongs to a
    user by now shows that user. Exit code 1 if nobody is known by the id.

    \b
    Examples:
      orchestrator customer user_0042
      orchestrator customer user_0042 | jq .instances
    """
    import orjson

    from orchestrator.console.lookup import look_up, shown
    from orchestrator.console.standing import counted
    from orchestrator.errors import OrchestratorError

    settings = settings_of(context)
    found = run(look_up(settings, bootstrap_of(settings), customer_id))
    if found is None:
        raise OrchestratorError(
            f"nobody is known as '{customer_id}': ids are exact, and a customer is known once a worker has decided "
            "one of their events"
        )
    audience, policy = _defined(settings)
    now = time.time_ns() // 1_000_000
    plain = shown(*found, audience, now) | counted(found[0], policy, now)
    sys.stdout.write(orjson.dumps(plain, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())


def _defined(settings: Settings) -> tuple[Audience, Policy]:
    """What the project computes and goes by; nothing if its definitions are wrong: a record can be seen without."""
    from orchestrator.engine.audience import Audience
    from orchestrator.engine.policy import DEFAULT_POLICY
    from orchestrator.errors import DefinitionError
    from orchestrator.journeys.audience import compile_audience
    from orchestrator.journeys.load import load
    from orchestrator.journeys.policy import compile_policy

    try:
        pack = load(settings.project)
    except DefinitionError:
        return Audience(), DEFAULT_POLICY
    return compile_audience(pack.traits, pack.segments), compile_policy(pack.policy, pack.suppressed)
