"""``orchestrator enter``: asks that a customer enters a journey."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.commands.context import bootstrap_of, settings_of
from orchestrator.commands.running import run

if TYPE_CHECKING:
    from orchestrator.journeys.definition import JourneyDefinition
    from orchestrator.settings import Settings

_DATA = "A JSON object; the journey sees it as event.properties.data."
_ANONYMOUS = "The id is an anonymousId."


def enter(
    context: typer.Context,
    journey: Annotated[str, typer.Argument(metavar="JOURNEY", help="Its entry must have 'api: true'.")],
    customer: Annotated[str, typer.Option(metavar="ID", help="A userId, or with --anonymous an anonymousId.")],
    data: Annotated[str | None, typer.Option(metavar="JSON", help=_DATA, show_default=False)] = None,
    anonymous: Annotated[bool, typer.Option("--anonymous", help=_ANONYMOUS)] = False,
) -> None:
    """Ask that a customer enters a journey.

    It is an event, Journey Requested, and decided as any other: conditions, re-entry and caps of the journey hold. What
    became of it stands in the customer's story on the journey log. Exit code 2 if there is no such journey, in the
    project or, without journeys in it, in force; or if its entry has no 'api: true'.

    \b
    Examples:
      orchestrator enter callback --customer user_0042
      orchestrator enter callback --customer user_0042 --data '{"reason": "delivery was late"}'
      orchestrator tail journey-log
    """
    settings = settings_of(context)
    event = request(journey, customer, _object(data), anonymous=anonymous)
    check_requested(journey, _journeys(context, settings))
    run(_send(settings, bootstrap_of(settings), event))
    typer.echo(f"asked: {customer} is to enter {journey} (event {event['messageId']})", err=True)


def request(journey: str, customer: str, data: dict[str, Any] | None, *, anonymous: bool) -> dict[str, Any]:
    """The event that asks for it, with an id of its own.

    Raises:
        UsageError: the name of the journey or the customer's id cannot be such.
    """
    from orchestrator.errors import BadRecord, UsageError
    from orchestrator.events.event import JOURNEY_NAME
    from orchestrator.events.identifiers import read_id
    from orchestrator.events.requested import journey_requested

    if JOURNEY_NAME.fullmatch(journey) is None:
        raise UsageError(f"'{journey}' is no name of a journey: these have lower case letters, digits and hyphens")
    try:
        identity = read_id("--customer", customer)
    except BadRecord as error:
        raise UsageError(str(error)) from None
    if identity is None:
        raise UsageError("--customer is empty: write an id")
    now = time.time_ns() // 1_000_000
    return journey_requested(journey, identity, data, anonymous=anonymous, id_=f"enter-{uuid.uuid4().hex}", at=now)


def check_requested(journey: str, journeys: Mapping[str, JourneyDefinition]) -> None:
    """Raises UsageError if none of these journeys has the name, or the one that has is not entered on request."""
    from orchestrator.errors import UsageError
    from orchestrator.nearest import hint

    if not journeys:
        raise UsageError("there is no journey: write one into the folder journeys, or bring some into force by 'apply'")
    if journey not in journeys:
        raise UsageError(f"there is no journey '{journey}': {hint(journey, journeys)}")
    entry = journeys[journey].entry
    if not entry.api:
        remedy = (
            f"give its entry 'api: true' in place of that, or write a journey with it and the step 'join: {journey}'"
        )
        raise UsageError(f"the journey '{journey}' is entered by '{entry.kind}', and not on request: {remedy}")


def _journeys(context: typer.Context, settings: Settings) -> Mapping[str, JourneyDefinition]:
    """Those of the project's folder; if it has none, those that are in force."""
    from orchestrator.commands.changing import Cluster
    from orchestrator.journeys.load import JOURNEYS, load

    if (settings.project / JOURNEYS).is_dir():
        own = load(settings.project).journeys
        if own:
            return own
    catalogue = Cluster(context).catalogue()
    return catalogue.pack(catalogue.current).journeys if catalogue.current is not None else {}


def _object(text: str | None) -> dict[str, Any] | None:
    import orjson

    from orchestrator.errors import UsageError

    if text is None:
        return None
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise UsageError(f"--data is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise UsageError('--data must be an object, such as {"reason": "delivery was late"}')
    return found


async def _send(settings: Settings, bootstrap: str, event: dict[str, Any]) -> None:
    import orjson

    from orchestrator.events.routing import key_of, topic_of
    from orchestrator.replay.recording import Recorded
    from orchestrator.replay.sender import Sender

    record = Recorded(topic_of(event), key_of(event), orjson.dumps(event), None)
    async with Sender(settings, bootstrap) as sender:
        await sender.acknowledged(await sender.send([record]))
