"""What an action says, for each channel: made of the channel's definition, so that there is one truth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, create_model

from orchestrator.contracts.actions import ACTION, Action
from orchestrator.contracts.form import Sent, example
from orchestrator.journeys.definition import ChannelDefinition, FieldDefinition

_MOMENT = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$"
_PATTERNS: Mapping[str, str] = {"time": _MOMENT, "line": r"^[^\r\n]*$"}
_DESCRIPTIONS = {
    "text": "plain text",
    "line": "plain text in one line",
    "html": "HTML in which all that came from outside is escaped",
    "link": "an http, https, mailto or tel link, or a place on the same site",
    "time": "ISO 8601 in UTC",
    "map": "values by name",
}

_EXAMPLES: Mapping[str, Any] = {
    "text": "Hello",
    "line": "Hello",
    "html": "<p>Hello</p>",
    "link": "https://www.example.com/",
    "time": "2026-01-02T09:00:00Z",
    "map": {},
}
_FORMS: Mapping[str, dict[str, JsonValue]] = {
    "html": {"contentMediaType": "text/html"},
    "link": {"format": "uri-reference"},
}


def content_model(channel: str, definition: ChannelDefinition) -> type[Sent]:
    """The model of the content that actions of a channel have. A field that is not required may be left out."""
    # The names are the project's: as aliases they cannot clash with those that a model has itself.
    fields = {f"field_{number}": _field(name, field) for number, (name, field) in enumerate(definition.content.items())}
    return create_model(f"{_camel(channel)}Content", __base__=Sent, __doc__=definition.description, **fields)


def action_model(channel: str, definition: ChannelDefinition) -> type[Action]:
    """The model of the actions of a channel."""
    fields: dict[str, Any] = {
        "channel": (Literal[channel], ...),
        "content": (content_model(channel, definition), ...),
    }
    content = {name: _example(field) for name, field in definition.content.items() if field.required}
    return create_model(
        f"{_camel(channel)}Action",
        __base__=Action,
        __doc__=f"An action for the channel {channel}.",
        __cls_kwargs__={"json_schema_extra": example(**{**ACTION, "channel": channel, "content": content})},
        **fields,
    )


def _example(definition: FieldDefinition) -> Any:
    if definition.one_of is not None:
        return definition.one_of[0]
    return _EXAMPLES[definition.type]


def _field(name: str, definition: FieldDefinition) -> Any:
    description = "; ".join(part for part in (definition.description, _DESCRIPTIONS[definition.type]) if part)
    default = ... if definition.required else None
    form = _FORMS.get(definition.type)
    return _type(definition), Field(default, alias=name, description=description, json_schema_extra=form)


def _type(definition: FieldDefinition) -> Any:
    if definition.type == "map":
        return dict[str, Any]
    if definition.one_of is not None:
        return Literal[definition.one_of]
    pattern = _PATTERNS.get(definition.type)
    return Annotated[str, Field(min_length=1, max_length=definition.max_length, pattern=pattern)]


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))
