"""Which events there are, and what they carry: ``events.yaml`` of the package, and of a project over it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import Field, StrictBool

from orchestrator.cel.value_types import (
    ANY_FIELDS,
    DYN,
    MOST_FIELDS,
    TEXT,
    TIME,
    Choice,
    Fields,
    Type,
    ValueType,
    joined,
    settled,
)
from orchestrator.events.event import GROUPED, IDENTIFIED, JOURNEY_REQUESTED
from orchestrator.journeys.model import ANY_EVENT, Model
from orchestrator.journeys.source import read_source

EVENTS: Final = "events.yaml"
_PACKAGE: Final = Path(__file__).with_name(EVENTS)
_REMEDY: Final = "declare it in events.yaml"
_REQUESTED: Final = "what was handed over is in event.properties.data"
_MOST_NAMED: Final = 3
_MOST_EVENTS: Final = 5_000
_NO_TRAITS: Final = Fields(remedy=f"only {IDENTIFIED} and {GROUPED} have traits, write customer.traits")

EventName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"[^\s*]")]
PropertyName = Annotated[str, Field(min_length=1, max_length=200)]


class EventDefinition(Model):
    """One event: what its properties are."""

    description: str = Field("", description="what happened, in a sentence")
    properties: dict[PropertyName, ValueType] = Field(
        {}, max_length=MOST_FIELDS, description="each property with its type"
    )
    open: StrictBool = Field(False, description="whether it may have properties that are not named")


class EventsDefinition(Model):
    """events.yaml: events of the project's own, or other properties for the ones that come with the package."""

    events: dict[EventName, EventDefinition] = Field(max_length=_MOST_EVENTS, description="the events, by name")


class EventSchemas:
    """The events of a project, those of the package included.

    ``strict`` is a project that has an events.yaml: there, what is not declared does not exist. Without one, events
    and properties may be called anything, and only what can be nothing but a slip of a declared name is one.
    """

    def __init__(self, events: Mapping[str, EventDefinition], *, strict: bool) -> None:
        self.events = events
        self.strict = strict
        self._properties = {name: self._settled(name, definition) for name, definition in events.items()}
        self._united: dict[tuple[str, ...], Type] = {}

    def knows(self, name: str) -> bool:
        """Whether journeys may listen to an event of this name."""
        return not self.strict or name == ANY_EVENT or name in self.events

    def event(self, names: Iterable[str], traits: Type = DYN) -> Fields:
        """What conditions and templates see of an event that has one of these names; ``traits`` are the customer's."""
        wanted = tuple(sorted(set(names)))
        name = self._name(wanted)
        if ANY_EVENT in wanted or not wanted:
            wanted = tuple(sorted(self.events)) if self.strict else ()
        fields = {
            "id": TEXT,
            "name": name,
            "timestamp": TIME,
            "properties": self._properties_of(wanted),
            "traits": self._traits(wanted, traits),
            "context": ANY_FIELDS,
        }
        return Fields(MappingProxyType(fields), whose="an event")

    def _name(self, heard: tuple[str, ...]) -> Type:
        if heard and ANY_EVENT not in heard:
            return Choice(frozenset(heard), "event", "not one of those that are heard here")
        return Choice(frozenset(self.events), "event", "unknown", open=not self.strict)

    def _properties_of(self, names: tuple[str, ...]) -> Type:
        if names not in self._united:
            whole = joined(self._properties.get(name, DYN) for name in names)
            if isinstance(whole, Fields) and len(names) <= _MOST_NAMED:
                whole = replace(whole, whose=" or ".join(names))
            self._united[names] = whole
        return self._united[names]

    def _traits(self, names: tuple[str, ...], traits: Type) -> Type:
        if GROUPED in names or not self.strict:
            return DYN
        return traits if IDENTIFIED in names else _NO_TRAITS

    def _settled(self, name: str, definition: EventDefinition) -> Type:
        inner = None if self.strict or name == JOURNEY_REQUESTED else DYN
        remedy = _REQUESTED if name == JOURNEY_REQUESTED else _REMEDY
        properties = {key: settled(type_, inner, remedy) for key, type_ in definition.properties.items()}
        return Fields(MappingProxyType(properties), DYN if definition.open else inner, name, remedy)


@cache
def package_events() -> dict[str, Any]:
    """What the package's own events.yaml says of each event."""
    value: dict[str, Any] = read_source(_PACKAGE).value["events"]
    return value


def default_schemas() -> EventSchemas:
    """The events that come with the package, for a project that declares none."""
    return EventSchemas(_events(package_events()), strict=False)


def schemas_of(own: dict[str, Any]) -> EventSchemas:
    """The events of a project whose events.yaml says this; a key of an event replaces the package's.

    Raises:
        ValidationError: if the file is wrong.
    """
    events = own.get("events")
    if not isinstance(events, dict):
        return EventSchemas(EventsDefinition.model_validate(own).events, strict=True)
    package = package_events()
    changed = {
        name: {**package[name], **event} if name in package and isinstance(event, dict) else event
        for name, event in events.items()
    }
    merged = {**own, "events": changed}
    definition = EventsDefinition.model_validate(merged, by_alias=True, by_name=False)
    return EventSchemas({**_events(package), **definition.events}, strict=True)


def _events(written: dict[str, Any]) -> dict[str, EventDefinition]:
    return EventsDefinition.model_validate({"events": written}, by_alias=True, by_name=False).events
