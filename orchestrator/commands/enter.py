"""``orchestrator enter``: asks that a customer enters a journey."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.commands.context import bootstrap_of, settings_of
from orchestrator.commands.running import run

if TYPE_CHECKING:
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
    became of it stands in the customer's story on the journey log.

    \b
    Examples:
      orchestrator enter callback --customer user_0042
      orchestrator enter callback --customer user_0042 --data '{"reason": "delivery was late"}'
      orchestrator tail journey-log
    """
    settings = settings_of(context)
    event = request(journey, customer, _object(data), anonymous=anonymous)
    run(_send(settings, bootstrap_of(settings), event))
    typer.echo(f"asked: {customer} is to enter {journey} (event {event['messageId']})", err=True)


def request(journey: str, customer: str, data: dict[str, Any] | None, *, anonymous: bool) -> dict[str, Any]:
    """The event that asks for it, with an id of its own.

    Raises:
        UsageError: the name of the journey or the customer's id cannot be such.
    """
    from orchestrator.errors import BadRecord, UsageError
    from orchestrator.events.event import JOURNEY_NAME, JOURNEY_REQUESTED
    from orchestrator.events.identifiers import read_id

    if JOURNEY_NAME.fullmatch(journey) is None:
        raise UsageError(f"'{journey}' is no name of a journey: these have lower case letters, digits and hyphens")
    try:
        identity = read_id("--customer", customer)
    except BadRecord as error:
        raise UsageError(str(error)) from None
    if identity is None:
        raise UsageError("--customer is empty: write an id")
    return {
        "type": "track",
        "event": JOURNEY_REQUESTED,
        "messageId": f"enter-{uuid.uuid4().hex}",
        "anonymousId" if anonymous else "userId": identity,
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "properties": {"journey": journey, **({"data": data} if data is not None else {})},
    }


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
