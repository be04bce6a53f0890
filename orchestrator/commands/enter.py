"""``orchestrator enter``: asks that a customer, or each of a list, enters a journey."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.commands.context import bootstrap_of, settings_of
from orchestrator.commands.running import run

if TYPE_CHECKING:
    from orchestrator.console.entrants import Entrant
    from orchestrator.journeys.definition import JourneyDefinition
    from orchestrator.journeys.pack import Pack
    from orchestrator.settings import Settings

_CUSTOMER = "A userId, or with --anonymous an anonymousId."
_LIST = "CSV with a column customer; a column edit.BLOCK is an edit, any other goes into the data."
_DATA = "A JSON object; the journey sees it as event.properties.data."
_EDIT = "BLOCK=TEXT, or ACTION.BLOCK=TEXT: what a block of its messages is to say. May be given several times."
_BY = "The partner who asks, by the name in partners.yaml; it stands on all that is sent."
_ANONYMOUS = "The ids are anonymousIds."
_AT_ONCE = 1_000


def enter(
    context: typer.Context,
    journey: Annotated[str, typer.Argument(metavar="JOURNEY", help="Its entry must have 'api: true'.")],
    customer: Annotated[str | None, typer.Option(metavar="ID", help=_CUSTOMER, show_default=False)] = None,
    from_list: Annotated[
        Path | None, typer.Option("--list", metavar="FILE.csv", help=_LIST, show_default=False)
    ] = None,
    data: Annotated[str | None, typer.Option(metavar="JSON", help=_DATA, show_default=False)] = None,
    edit: Annotated[list[str] | None, typer.Option(metavar="BLOCK=TEXT", help=_EDIT, show_default=False)] = None,
    by: Annotated[str | None, typer.Option(metavar="PARTNER", help=_BY, show_default=False)] = None,
    anonymous: Annotated[bool, typer.Option("--anonymous", help=_ANONYMOUS)] = False,
) -> None:
    """Ask that a customer, or each of a list, enters a journey.

    It is an event, Journey Requested, and decided as any other: conditions, re-entry and caps of the journey hold. What
    became of it stands in the customer's story on the journey log. Exit code 2, and nobody is asked for, if there is no
    such journey, in the project or, without journeys in it, in force; if its entry has no 'api: true'; or if an edit is
    not allowed, or the partner may not.

    \b
    Examples:
      orchestrator enter callback --customer user_0042
      orchestrator enter callback --customer user_0042 --data '{"reason": "delivery was late"}'
      orchestrator enter invite --list customers.csv --edit "greeting=See you on Friday" --by bike-house
      orchestrator tail journey-log
    """
    from orchestrator.console.counting import counted
    from orchestrator.console.entrants import Entrant, entrants_in
    from orchestrator.errors import UsageError

    settings = settings_of(context)
    if (customer is None) == (from_list is None):
        raise UsageError("write --customer ID or --list FILE.csv: who is to enter")
    edits, told = edits_of(edit or []), _object(data)
    entrants = entrants_in(from_list) if from_list is not None else [Entrant(customer or "", {}, {}, 0)]
    events = [
        request(journey, id_, (told or {}) | own if own else told, anonymous=anonymous, by=by, edits=edits | changed)
        for id_, own, changed, _ in entrants
    ]
    pack = _pack(context, settings)
    check_requested(journey, pack.journeys if pack is not None else {})
    if pack is not None:
        check_allowed(pack, journey, events, from_list, entrants)
    run(_send(settings, bootstrap_of(settings), events))
    if customer is not None:
        typer.echo(f"asked: {customer} is to enter {journey} (event {events[0]['messageId']})", err=True)
    else:
        whoever = counted(len(events), "customer is", "customers are")
        typer.echo(f"asked: {whoever} to enter {journey}", err=True)


def request(
    journey: str,
    customer: str,
    data: dict[str, Any] | None,
    *,
    anonymous: bool,
    by: str | None = None,
    edits: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The event that asks for it, with an id of its own.

    Raises:
        UsageError: the name of the journey or the customer's id cannot be such.
    """
    from orchestrator.errors import BadRecord, UsageError
    from orchestrator.events.identifiers import NAME, read_id
    from orchestrator.events.requested import journey_requested

    if NAME.fullmatch(journey) is None:
        raise UsageError(f"'{journey}' is no name of a journey: these have lower case letters, digits and hyphens")
    try:
        identity = read_id("--customer", customer)
    except BadRecord as error:
        raise UsageError(str(error)) from None
    if identity is None:
        raise UsageError("--customer is empty: write an id")
    now, id_ = time.time_ns() // 1_000_000, f"enter-{uuid.uuid4().hex}"
    return journey_requested(journey, identity, data, anonymous=anonymous, id_=id_, at=now, by=by, edits=edits)


def edits_of(written: list[str]) -> dict[str, str]:
    """The edits of ``BLOCK=TEXT``. Raises UsageError."""
    from orchestrator.errors import UsageError

    edits = {}
    for each in written:
        name, sign, text = each.partition("=")
        if not sign or not name.strip():
            raise UsageError(f"--edit {each[:80]}: write BLOCK=TEXT, such as greeting='See you on Friday'")
        if name.strip() in edits:
            raise UsageError(f"--edit {name.strip()} is there twice: write it once")
        edits[name.strip()] = text
    return edits


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


def check_allowed(
    pack: Pack, journey: str, events: list[dict[str, Any]], path: Path | None = None, listed: Sequence[Entrant] = ()
) -> None:
    """Raises UsageError if a worker would refuse one of the requests, with its line in the list: before any is sent."""
    from orchestrator.console.entrants import refuse
    from orchestrator.engine.partners import check_request
    from orchestrator.errors import BadRecord, Problem, UsageError
    from orchestrator.journeys.compile import compile_journey
    from orchestrator.journeys.partners import compile_partners

    compiled, partners = compile_journey(pack, journey), compile_partners(pack.partners)
    problems: list[Problem] = []
    for number, event in enumerate(events):
        try:
            check_request(compiled, partners, event["properties"])
        except BadRecord as bad:
            if path is None:
                raise UsageError(str(bad)) from None
            problems.append(Problem(path, listed[number].line, str(bad)))
    if path is not None:
        refuse(path, problems)


def _pack(context: typer.Context, settings: Settings) -> Pack | None:
    """The definitions of the project's folder; if it has no journeys, those that are in force."""
    from orchestrator.commands.changing import Cluster
    from orchestrator.journeys.load import JOURNEYS, load

    if (settings.project / JOURNEYS).is_dir():
        own = load(settings.project)
        if own.journeys:
            return own
    catalogue = Cluster(context).catalogue()
    return catalogue.pack(catalogue.current) if catalogue.current is not None else None


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


async def _send(settings: Settings, bootstrap: str, events: list[dict[str, Any]]) -> None:
    import orjson

    from orchestrator.events.routing import key_of, topic_of
    from orchestrator.replay.recording import Recorded
    from orchestrator.replay.sender import Sender

    records = [Recorded(topic_of(event), key_of(event), orjson.dumps(event), None) for event in events]
    async with Sender(settings, bootstrap) as sender:
        for begin in range(0, len(records), _AT_ONCE):
            await sender.acknowledged(await sender.send(records[begin : begin + _AT_ONCE]))
