"""Content said to one customer: short names for what the tests of content do all the time."""

from collections.abc import Mapping
from typing import Any

import pytest

from orchestrator.content.action import ActionContent, check_action, compile_action
from orchestrator.content.templates import FieldProblem
from orchestrator.engine.policy import DEFAULT_POLICY, Policy
from orchestrator.errors import ContentError
from orchestrator.events.view import View
from orchestrator.journeys.action import TreatmentDefinition
from orchestrator.journeys.definition import ChannelDefinition

CHANNEL = ChannelDefinition.model_validate(
    {
        "address": "traits.email",
        "content": {
            "text": {"required": False},
            "html": {"type": "html", "required": False},
            "link": {"type": "link", "required": False},
            "due": {"type": "time", "required": False},
            "fields": {"type": "map", "required": False},
            "title": {"required": False, "max_length": 10},
            "operation": {"required": False, "one_of": ["add", "remove"]},
        },
    }
)
EVENT = View(
    {
        "name": "Product Added",
        "properties": {
            "name": "Mug <b>",
            "total": 19.9,
            "items": 3,
            "nothing": None,
            "gift": True,
            "url": "javascript:alert(1)",
            "products": [{"name": "Mug", "price": 8}, {"name": "Pot", "price": 11.9, "brand": "Holt"}],
        },
    },
    {"timestamp": 1_700_000_000_000},
)
CUSTOMER = View({"id": "u1", "known": True, "traits": {"first_name": "Ada"}}, {})
JOURNEY = View({"name": "cart", "entry": EVENT}, {"entered_at": 1_700_000_000_000})
NOW = 1_700_086_400_000
"""A day after the event."""


def action(fields: Mapping[str, Any], **others: Any) -> TreatmentDefinition:
    """What an action says on a channel."""
    return TreatmentDefinition.model_validate({"content": fields, **others})


def saying(
    fields: Mapping[str, Any],
    channel: ChannelDefinition = CHANNEL,
    partials: Mapping[str, str] | None = None,
    **others: Any,
) -> ActionContent:
    """The content of an action, compiled."""
    return compile_action(action(fields, **others), channel, partials or {})


def say(
    content: ActionContent,
    event: Any = EVENT,
    traits: Mapping[str, Any] | None = None,
    policy: Policy = DEFAULT_POLICY,
) -> dict[str, Any]:
    """What it says to one customer."""
    customer = CUSTOMER if traits is None else View({"id": "u1", "known": True, "traits": traits}, {})
    return content.render(event, customer, JOURNEY, policy, NOW).fields


def render(fields: Mapping[str, Any], event: Any = EVENT) -> dict[str, Any]:
    """What fields become."""
    return say(saying(fields), event)


def text(template: str, **traits: Any) -> Any:
    """What a template becomes as a text, for a customer of such traits if some are given."""
    return say(saying({"text": template}), traits=traits or None).get("text")


def html(template: str) -> Any:
    """What a template becomes as HTML."""
    return render({"html": template}).get("html")


def refusal(fields: Mapping[str, Any], **others: Any) -> str:
    """Why a content is refused for this customer, though it compiles."""
    content = saying(fields, **others)
    with pytest.raises(ContentError) as caught:
        say(content)
    return str(caught.value)


def problems_of(
    fields: Mapping[str, Any],
    channel: ChannelDefinition = CHANNEL,
    partials: Mapping[str, str] | None = None,
    **others: Any,
) -> list[FieldProblem]:
    """All that is wrong with an action before there is a customer."""
    return list(check_action(action(fields, **others), channel, partials or {}))


def problem(
    fields: Mapping[str, Any], partials: Mapping[str, str] | None = None, **others: Any
) -> tuple[tuple[str | int, ...], int, str]:
    """The one thing that is wrong; of the content, its location is in the content."""
    (found,) = problems_of(fields, partials=partials, **others)
    with pytest.raises(ContentError):
        saying(fields, partials=partials, **others)
    location = found.location[1:] if found.location[0] == "content" else found.location
    return location, found.line, found.message
