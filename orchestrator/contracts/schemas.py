"""The JSON Schemas of the contracts, in a form that changes only when a contract does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from orchestrator.contracts.actions import Action, ActionHeaders, Cancel
from orchestrator.contracts.catalog import CatalogProduct
from orchestrator.contracts.content import action_model
from orchestrator.contracts.dead_letters import DeadLetterHeaders, FailedAction
from orchestrator.contracts.decisions import Decisions
from orchestrator.contracts.definitions import Clock, Definitions
from orchestrator.contracts.events import InputEvent
from orchestrator.contracts.journey_log import JourneyLog
from orchestrator.contracts.known_events import (
    CallEnded,
    CallStarted,
    ConsentChanged,
    CustomerSuppressed,
    JourneyRequested,
    LocationChanged,
    MessageBounced,
    MessageFailed,
    MessageReaction,
    MessageUnsubscribed,
    SurveyAnswered,
)
from orchestrator.journeys.applied import Applied
from orchestrator.journeys.definition import ChannelDefinition

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

FIXED: Final[Mapping[str, Any]] = {
    "event": InputEvent,
    "call-started": CallStarted,
    "call-ended": CallEnded,
    "message-reaction": MessageReaction,
    "message-bounced": MessageBounced,
    "message-failed": MessageFailed,
    "message-unsubscribed": MessageUnsubscribed,
    "survey-answered": SurveyAnswered,
    "consent-changed": ConsentChanged,
    "suppressed": CustomerSuppressed,
    "journey-requested": JourneyRequested,
    "location-changed": LocationChanged,
    "action": Action,
    "cancel": Cancel,
    "action-headers": ActionHeaders,
    "decision": Decisions,
    "journey-log": JourneyLog,
    "dead-letter-headers": DeadLetterHeaders,
    "failed-action": FailedAction,
    "definitions": Definitions,
    "applied": Applied,
    "clock": Clock,
    "catalog-product": CatalogProduct,
}
"""The contracts that every project has, by the name of their schema."""


def contracts(channels: Mapping[str, ChannelDefinition]) -> dict[str, TypeAdapter[Any]]:
    """All contracts of a project by the name of their schema: the fixed ones, and what each channel's topic holds."""
    found: dict[str, TypeAdapter[Any]] = {name: TypeAdapter(model) for name, model in FIXED.items()}
    for name, definition in channels.items():
        records: Any = Annotated[action_model(name, definition) | Cancel, Field(discriminator="kind")]
        found[action_schema(name)] = TypeAdapter(records)
    return found


def action_schema(channel: str) -> str:
    """The name of the schema of a channel's topic."""
    return f"actions.{channel}"


def schema_text(name: str, contract: TypeAdapter[Any]) -> str:
    """The text of a schema's file: JSON Schema 2020-12, whose ``$id`` names no host, so it is the same anywhere."""
    schema = contract.json_schema(by_alias=True, schema_generator=_Plain)
    last = {"$defs": schema.pop("$defs")} if "$defs" in schema else {}
    first: dict[str, Any] = {"$schema": _DIALECT, "$id": f"orchestrator:{name}"}
    first |= {key: schema[key] for key in ("title", "description") if key in schema}
    return json.dumps({**first, **schema, **last}, indent=2, ensure_ascii=False) + "\n"


class _Plain(GenerateJsonSchema):
    """Without what JSON Schema does not know, titles that repeat a field's name, and nulls for what may be missing."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        made = super().default_schema(schema)
        if made.get("default", ...) is None:
            del made["default"]
        return made

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> JsonSchemaValue:
        made = super().tagged_union_schema(schema)
        made.pop("discriminator", None)
        return made

    def generate(self, schema: CoreSchema, mode: Any = "validation") -> JsonSchemaValue:
        made = super().generate(schema, mode)
        for text in _described(made):
            text["description"] = " ".join(text["description"].replace("``", "").split())
        return made


def _described(part: Any) -> list[dict[str, Any]]:
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    found = [text for each in inner for text in _described(each)]
    return [part, *found] if isinstance(part, dict) and isinstance(part.get("description"), str) else found
