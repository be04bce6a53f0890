"""What conditions and templates see, and of which types: the counterpart of the engine's views."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from orchestrator.cel.checker import type_of
from orchestrator.cel.expression import CelError
from orchestrator.cel.value_types import (
    ANY_FIELDS,
    BOOL,
    DOUBLE,
    DYN,
    INT,
    TEXT,
    TIME,
    Choice,
    Fields,
    ListOf,
    Type,
    settled,
)
from orchestrator.engine.visit import CAMPAIGN
from orchestrator.events.engagement import OPENED
from orchestrator.events.scales import SCALES
from orchestrator.journeys.action import ActionDefinition
from orchestrator.journeys.audience import EVENT_VARIABLES
from orchestrator.journeys.definition import JourneyDefinition
from orchestrator.journeys.event_schemas import EventSchemas, default_schemas
from orchestrator.journeys.expressions import expression
from orchestrator.journeys.marked import Listened, listened
from orchestrator.journeys.outline import walk
from orchestrator.journeys.product_types import CATALOG, RECOMMENDED
from orchestrator.journeys.steps import WaitForOpenedDefinition
from orchestrator.journeys.traits import ComputedDefinition, TraitsDefinition

Variables = Mapping[str, Type]

_CONSENT: Final = Fields(
    MappingProxyType({"given": BOOL, "at": TIME, "source": TEXT}), whose="a consent", remedy="there is no other"
)
_ANSWER: Final = Fields(
    MappingProxyType({"score": INT, "kind": Choice(frozenset(SCALES), "kind"), "group": TEXT, "at": TIME}),
    whose="an answer to a survey",
    remedy="there is no other",
)
_CHOICE: Final = Fields(MappingProxyType({"score": INT, "group": TEXT, "link": TEXT}), whose="a choice of a survey")
_SURVEY: Final = Fields(
    MappingProxyType({"name": TEXT, "kind": TEXT, "question": TEXT, "choices": ListOf(_CHOICE)}), whose="a survey"
)
_NO_SURVEY: Final = Fields(what="field of a survey", lack="not there: the action has no 'survey'")
_CAMPAIGN: Final = Fields(
    MappingProxyType({**dict.fromkeys(CAMPAIGN, TEXT), "at": TIME}), whose="a campaign", remedy="there is no other"
)
_ANY_EVENT_AT_ALL: Final = Fields(
    MappingProxyType(
        {
            "id": TEXT,
            "name": TEXT,
            "timestamp": TIME,
            "properties": ANY_FIELDS,
            "traits": ANY_FIELDS,
            "context": ANY_FIELDS,
        }
    ),
    whose="an event",
)
LEARNT: Final = ("locale", "timezone")
"""Traits that are taken from the context of events, whatever producers give."""


@dataclass(frozen=True, slots=True)
class Scopes:
    """The types of a project.

    ``given`` are the declared traits, None if none are declared: then there may be any. ``computed``, ``segments`` and
    ``surveys`` are None where it is not known what there is.
    ``presence``: it is known who is on the site and who is on the line; None where it may not be asked.
    ``recommends``: templates may ask for recommendations.
    """

    schemas: EventSchemas = field(default_factory=default_schemas)
    given: Mapping[str, Type] | None = None
    computed: Mapping[str, Type] | None = None
    segments: tuple[str, ...] | None = None
    channels: tuple[str, ...] = ()
    surveys: tuple[str, ...] | None = None
    presence: bool | None = None
    recommends: bool = True

    def at_entry(self, events: Iterable[str] | None) -> Variables:
        """What conditions of an entry see, and all others outside of a stay; without events, any may be there."""
        return {"event": self._event(events), "customer": self.customer(), **self._sold()}

    def in_journey(self, journey: JourneyDefinition) -> Variables:
        """What conditions and templates of a stay see that do not say themselves for which events they are."""
        entry = journey.entry.seen
        waited = _waited_events(list(listened(journey))) + _opening_events(journey)
        event = self._event((*entry, *waited))
        stay = self._stay(entry, waited)
        return {"event": event, "customer": self.customer(), "journey": stay, **self._sold()}

    def hearing(self, variables: Variables, events: Iterable[str]) -> Variables:
        """The same where only these events are heard."""
        return {**variables, "event": self._event(events)}

    def of_action(self, action: ActionDefinition) -> Variables:
        """What templates see that belongs to their action alone."""
        lack = f"not in 'editable' of the action '{action.action}'"
        blocks = dict.fromkeys(action.editable, TEXT)
        return {
            "edit": Fields(MappingProxyType(blocks), what="block", lack=lack),
            "survey": _SURVEY if action.survey is not None else _NO_SURVEY,
        }

    def anywhere(self) -> Variables:
        """What a template sees that no journey uses yet."""
        stay = self._stay(None, ())
        return {"event": _ANY_EVENT_AT_ALL, "customer": self.customer(), "journey": stay, **self._sold()}

    def _sold(self) -> Variables:
        return {"catalog": CATALOG, **({"recommend": RECOMMENDED} if self.recommends else {})}

    def customer(self) -> Fields:
        """The customer."""
        fields: dict[str, Type] = {
            "id": TEXT,
            "known": BOOL,
            "traits": self.traits(),
            "computed": self._computed(),
            "segments": ListOf(self._segment()),
            "consents": Fields(dict.fromkeys(self._consents(), _CONSENT), _CONSENT),
            "surveys": self._surveys(),
            "campaign": _CAMPAIGN,
            "recommended": RECOMMENDED,
            "first_seen": TIME,
            "last_seen": TIME,
        }
        if self.presence:
            fields |= {"on_site": BOOL, "on_the_line": BOOL}
        remedy = "a part 'channel' in policy.yaml adds on_site and on_the_line" if self.presence is False else ""
        return Fields(MappingProxyType(fields), whose="a customer", remedy=remedy)

    def traits(self) -> Fields:
        """What producers tell of the customer."""
        if self.given is None:
            return ANY_FIELDS
        types = {**dict.fromkeys(LEARNT, TEXT), **self.given}
        remedy = "declare it in traits.yaml"
        traits = {name: settled(type_, None, remedy) for name, type_ in types.items()}
        return Fields(MappingProxyType(traits), what="trait", lack="not in traits.yaml, under 'given'")

    def _computed(self) -> Type:
        if self.computed is None:
            return ANY_FIELDS
        return Fields(self.computed, what="computed trait", lack="not in traits.yaml")

    def _segment(self) -> Type:
        return DYN if self.segments is None else Choice(frozenset(self.segments), "segment", "not in segments.yaml")

    def _surveys(self) -> Type:
        if self.surveys is None:
            return Fields(rest=_ANSWER)
        lack = "that of no action: give an action 'survey' with this name"
        return Fields(MappingProxyType(dict.fromkeys(self.surveys, _ANSWER)), what="survey", lack=lack)

    def _consents(self) -> list[str]:
        return [f"{channel}/marketing" for channel in ("*", *self.channels)]

    def _event(self, events: Iterable[str] | None) -> Fields:
        return _ANY_EVENT_AT_ALL if events is None else self.schemas.event(events, self.traits())

    def _stay(self, entry: tuple[str, ...] | None, waited: tuple[str, ...]) -> Fields:
        fields: dict[str, Type] = {
            "name": TEXT,
            "version": TEXT,
            "key": TEXT,
            "step": TEXT,
            "entered_at": TIME,
            "entry": self._event(entry),
            "last": self._event(waited or None),
        }
        return Fields(MappingProxyType(fields), whose="a stay in a journey")


def computed_types(traits: TraitsDefinition, schemas: EventSchemas) -> dict[str, Type]:
    """The types of computed traits; of what is taken from events, as far as it is known."""
    return {name: _computed_type(computed, schemas) for name, computed in traits.computed.items()}


def _computed_type(computed: ComputedDefinition, schemas: EventSchemas) -> Type:
    if computed.funnel is not None:
        return Choice(frozenset(stage.stage for stage in computed.funnel), "stage")
    if computed.kind not in ("first", "last"):
        return _OF_KINDS[computed.kind]
    if computed.of is None:
        return TIME
    try:
        expression(computed.of, EVENT_VARIABLES)
    except CelError:
        return DYN
    return type_of(computed.of, {"event": schemas.event(computed.first or computed.last or ())})


_OF_KINDS: Final[Mapping[str, Type]] = {
    "count": INT,
    "distinct": INT,
    "sum": DOUBLE,
    "min": DOUBLE,
    "max": DOUBLE,
    "rate": DOUBLE,
    "rfm": Fields(
        MappingProxyType({"recency": INT, "frequency": INT, "monetary": DOUBLE, "last": TIME}), whose="an rfm trait"
    ),
    "favourite": TEXT,
}


def _waited_events(heard: list[Listened]) -> tuple[str, ...]:
    return tuple(name for found in heard if found.location[0] == "steps" for name in found.events)


def _opening_events(journey: JourneyDefinition) -> tuple[str, ...]:
    waits = (step.wait for _, step in walk(journey.steps, ()))
    return tuple(sorted(OPENED)) if any(isinstance(wait, WaitForOpenedDefinition) for wait in waits) else ()
