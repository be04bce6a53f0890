"""``orchestrator preview``: what an action says, before a customer reads it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from orchestrator.engine.catalogue import Catalogue
    from orchestrator.engine.content import Rendered
    from orchestrator.journeys.definition import ChannelDefinition
    from orchestrator.journeys.event_schemas import EventSchemas
    from orchestrator.journeys.pack import Pack

_ACTION = "The action's name."
_CUSTOMER = "A JSON file, or JSON itself: traits, or an object with id, traits, computed, segments. Default: a sample."
_EVENT = "A JSON file, or JSON itself: properties, or a Segment call. Default: a sample of the journey's first event."
_LOCALE = "As for a customer of this locale, such as de or pt-BR."
_CHANNEL = "Of an action with several, the channel. Default: its first."
_HTML = "Write the HTML to this file, to look at it in a browser."


def preview(
    context: typer.Context,
    action: Annotated[str, typer.Argument(metavar="ACTION", help=_ACTION)],
    customer: Annotated[str | None, typer.Option(metavar="FILE|JSON", help=_CUSTOMER, show_default=False)] = None,
    event: Annotated[str | None, typer.Option(metavar="FILE|JSON", help=_EVENT, show_default=False)] = None,
    locale: Annotated[str | None, typer.Option(metavar="LOCALE", help=_LOCALE, show_default=False)] = None,
    channel: Annotated[str | None, typer.Option(metavar="CHANNEL", help=_CHANNEL, show_default=False)] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help=_HTML, show_default=False)] = None,
) -> None:
    """Show what an action says to a customer. Nothing is sent, and no Kafka is needed.

    Exit code 1 if a template fails for this customer and there is no fallback: a worker would put the action on the
    dead-letter topic.

    \b
    Examples:
      orchestrator preview order-mail
      orchestrator preview order-mail --locale de --html mail.html
      orchestrator preview order-mail --customer '{"first_name": "Grace", "locale": "fr"}'
      orchestrator preview order-mail --event order.json
      orchestrator preview news --channel sms
    """
    from orchestrator.contracts.product_file import catalogue_in
    from orchestrator.errors import UsageError
    from orchestrator.journeys.load import load
    from orchestrator.journeys.sample import schemas_in
    from orchestrator.nearest import hint

    project: Path = context.find_root().params["project"]
    pack = load(project)
    if action not in pack.actions:
        raise UsageError(f"the action '{action}' is unknown: {hint(action, pack.actions)}")
    reader = _customer(customer)
    if locale is not None:
        reader["traits"] = {**reader["traits"], "locale": _known(locale)}
    said = pack.actions[action].by_channel
    if channel is not None and channel not in said:
        raise UsageError(f"--channel: '{action}' says nothing on '{channel}': {hint(channel, said)}")
    name = channel if channel is not None else next(iter(said))
    rendered = _rendered(pack, action, name, schemas_in(project), reader, _event(event), catalogue_in(project))
    definition = pack.channels[name]
    sys.stdout.write("".join(_lines(rendered, definition)))
    if html is not None:
        html.write_text(_page(rendered, definition, reader["traits"].get("locale")), "utf-8")


def _rendered(
    pack: Pack,
    action: str,
    channel: str,
    schemas: EventSchemas,
    reader: dict[str, Any],
    event: dict[str, Any],
    sold: Catalogue,
) -> Rendered:
    from orchestrator.content.action import compile_action
    from orchestrator.engine.content import Shelf
    from orchestrator.engine.cooccurrence import NOTHING_LEARNT
    from orchestrator.engine.recommendations import Recommender
    from orchestrator.errors import ContentError, OrchestratorError
    from orchestrator.events.view import View
    from orchestrator.journeys.policy import compile_policy
    from orchestrator.journeys.sample import sample_customer, sample_event

    now = time.time_ns() // 1_000_000
    happened = sample_event(pack, action, schemas) | event
    seen = View({"id": "sample", "traits": {}, "context": {}, **happened}, {"timestamp": now})
    stay = View({"name": "preview", "version": "", "key": "", "step": "", "entry": seen}, {"entered_at": now})
    content = compile_action(pack.actions[action].by_channel[channel], pack.channels[channel], pack.partials)
    policy = compile_policy(pack.policy)
    recommender = Recommender(sold, NOTHING_LEARNT, {}, now, policy.recommending)
    try:
        return content.render(
            seen, sample_customer(pack, now, reader), stay, policy, now, Shelf(sold.view, recommender)
        )
    except ContentError as error:
        remedy = "if the event or the customer has it, give them by --event or --customer"
        raise OrchestratorError(f"{error}; {remedy}") from None


def _known(name: str) -> str:
    from orchestrator.content.locales import normal
    from orchestrator.errors import UsageError

    try:
        return normal(name)
    except ValueError as error:
        raise UsageError(f"--locale: {error}") from None


def _customer(given: str | None) -> dict[str, Any]:
    value = _json("--customer", given)
    return value if isinstance(value.get("traits"), dict) else {"traits": value}


def _event(given: str | None) -> dict[str, Any]:
    value = _json("--event", given)
    if isinstance(value.get("properties"), dict):
        name = value.get("event", value.get("name"))
        return {"properties": value["properties"]} | ({"name": name} if isinstance(name, str) else {})
    return {"properties": value} if value else {}


def _json(option: str, given: str | None) -> dict[str, Any]:
    import orjson

    from orchestrator.errors import UsageError

    if given is None:
        return {}
    try:
        text = given if given.lstrip().startswith("{") else Path(given).read_text("utf-8")
        value = orjson.loads(text)
    except OSError as error:
        raise UsageError(f"{option}: {given} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"{option} is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise UsageError(f'{option} must be a JSON object, such as {{"first_name": "Ada"}}')
    return value


def _lines(rendered: Rendered, channel: ChannelDefinition) -> Iterator[str]:
    import orjson

    from orchestrator.content import sms

    for name, value in rendered.fields.items():
        text = value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
        parts = f" ({sms.parts(text)} of {most} parts)" if (most := channel.content[name].max_parts) else ""
        yield f"{name}{parts}:\n"
        yield "".join(f"  {line}".rstrip() + "\n" for line in text.splitlines())
    for reason in rendered.fallbacks:
        yield f"from the fallback, for {reason}\n"


def _page(rendered: Rendered, channel: ChannelDefinition, locale: Any) -> str:
    from html import escape

    from orchestrator.content.locales import nearest

    found = nearest(locale) if isinstance(locale, str) else None
    language = f' lang="{str(found).replace("_", "-")}" dir="{found.text_direction}"' if found is not None else ""
    fields = rendered.fields
    title = escape(str(fields.get("subject", fields.get("title", ""))))
    bodies = [str(fields[name]) for name, field in channel.content.items() if field.type == "html" and name in fields]
    body = "\n<hr>\n".join(bodies) or f"<pre>{escape(''.join(_lines(rendered, channel)))}</pre>"
    return f'<!doctype html>\n<html{language}>\n<meta charset="utf-8">\n<title>{title}</title>\n{body}\n</html>\n'
