"""What all models of the language are made of: names, conditions, lists that may be one text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, StrictInt, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError


def listed(value: Any) -> Any:
    """One text as a list of it."""
    return (value,) if isinstance(value, str) else value


def one_or_more(item: dict[str, Any]) -> WithJsonSchema:
    """The schema of an item or a list of them."""
    return WithJsonSchema({"anyOf": [item, {"type": "array", "items": item, "minItems": 1}]})


class OrOne:
    """In the schema for editors: one item stands for a list of it."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        several = handler(schema)
        return {"anyOf": [several["items"], several]}


@dataclass(frozen=True, slots=True)
class Or:
    """In the schema for editors: something shorter stands for the whole."""

    other: dict[str, Any]

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [self.other, handler(schema)]}


def as_cel(value: Any) -> Any:
    """What YAML reads as true, null or a number is the same in CEL."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return repr(value) if isinstance(value, int | float) else value


NAME_PATTERN = r"^[a-z0-9][a-z0-9-]{0,62}$"
ANY_EVENT = "*"

CEL: Final = object()
"""Marks what is an expression, so that all of them are found wherever a model has them."""

EVENTS: Final = object()
"""Marks names of events that something listens to: what expressions beside them see."""

Name = Annotated[str, Field(pattern=NAME_PATTERN, description="lower case letters, digits and hyphens")]
EventName = Annotated[str, Field(min_length=1, max_length=200)]
EventNames = Annotated[
    tuple[EventName, ...],
    BeforeValidator(listed),
    Field(min_length=1, description="one event name or a list of them; '*' is any event"),
    one_or_more({"type": "string", "minLength": 1, "maxLength": 200}),
    EVENTS,
]
Cel = Annotated[
    str, Field(min_length=1, max_length=4000, description="a condition in CEL over event, customer and journey"), CEL
]
CelValue = Annotated[
    str,
    BeforeValidator(as_cel),
    Field(min_length=1, max_length=4000, description="a value in CEL over event, customer and journey"),
    WithJsonSchema({"type": ["string", "number", "boolean", "null"], "minLength": 1, "maxLength": 4000}),
    CEL,
]
Priority = Annotated[StrictInt, Field(ge=0, le=1000)]
Percent = Annotated[float, Field(strict=True, ge=0, le=100, allow_inf_nan=False)]


class Model(BaseModel):
    """Unknown keys are refused: a misspelt key must not be a silent nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def at_key(key: str, message: str) -> PydanticCustomError:
    """An error that belongs to one key of the model, not to the model as a whole."""
    return PydanticCustomError("at_key", "{message}", {"key": key, "message": message})
