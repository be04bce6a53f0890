"""A made-up customer and event, for those who want to see an action before there is anybody to send it to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from orchestrator.cel.value_types import BOOL, DATE, NUMBERS, TIME_TEXT, Choice, Fields, ListOf, Type
from orchestrator.engine.customer import USER, Customer
from orchestrator.engine.customer_view import computed_view
from orchestrator.events.view import View
from orchestrator.journeys.audience import compile_audience
from orchestrator.journeys.event_schemas import EVENTS, EventSchemas, default_schemas, schemas_of
from orchestrator.journeys.model import ANY_EVENT
from orchestrator.journeys.outline import actions_of
from orchestrator.journeys.pack import Pack
from orchestrator.journeys.source import read_source

TRAITS: Final[Mapping[str, Any]] = {
    "first_name": "Ada",
    "last_name": "Lovelace",
    "email": "ada@example.com",
    "phone": "+491701234567",
    "city": "London",
}
"""What the sample customer has in any project."""

_BY_NAME: Final[Mapping[str, Any]] = {
    **TRAITS,
    "name": "Blue mug",
    "brand": "Holt",
    "category": "Kitchen",
    "currency": "EUR",
    "url": "https://www.example.com/blue-mug",
    "image_url": "https://www.example.com/blue-mug.jpg",
    "price": 9.9,
    "quantity": 2,
    "discount": 0.1,
    "total": 19.8,
    "revenue": 19.8,
}
_MOMENT: Final = "2026-01-31T09:30:00Z"


def sample_event(pack: Pack, action: str, schemas: EventSchemas) -> dict[str, Any]:
    """The event that begins the first journey which uses the action, its properties made of their types."""
    users = [journey for journey in pack.journeys.values() if action in {name for _, name in actions_of(journey)}]
    names = users[0].entry.seen if users else ()
    name = names[0] if names and names[0] != ANY_EVENT else "Order Completed"
    properties = schemas.event([name]).fields["properties"]
    made = _value("properties", properties)
    return {"name": name, "properties": made if isinstance(made, dict) else {}}


def sample_customer(pack: Pack, now: int, given: Mapping[str, Any]) -> View:
    """A customer who has what is given, and what a new one has of all else."""
    traits = {name: _value(name, type_) for name, type_ in pack.traits.given.items()} | dict(TRAITS)
    customer = Customer(USER + str(given.get("id", "sample")), now, now)
    computed = computed_view(compile_audience(pack.traits, pack.segments), customer, now)
    for name, value in dict(given.get("computed", {})).items():
        computed[name] = value
    nothing: dict[str, Any] = {"segments": [], "consents": {}, "surveys": {}, "campaign": {}}
    fields = {"known": True, **nothing, **given, "id": customer.id, "computed": computed}
    return View({**fields, "traits": {**traits, **given.get("traits", {})}}, {"first_seen": now, "last_seen": now})


def schemas_in(project: Path) -> EventSchemas:
    """The events of a project that is right."""
    path = project / EVENTS
    return schemas_of(read_source(path).value) if path.exists() else default_schemas()


def _value(name: str, type_: Type) -> Any:
    if isinstance(type_, ListOf):
        return [_value(name, type_.item)] * 2
    if isinstance(type_, Fields):
        return {key: _value(key, inner) for key, inner in type_.fields.items()}
    if isinstance(type_, Choice):
        return min(type_.options)
    known = _BY_NAME.get(name)
    if type_ in NUMBERS:
        return known if isinstance(known, int | float) else 3
    if type_ == BOOL:
        return True
    if type_ in (DATE, TIME_TEXT):
        return _MOMENT[:10] if type_ == DATE else _MOMENT
    return known if known is not None else f"{name.replace('_', '-')}-1"
