"""How a journey's entry is written: who enters, on what, when again, and how many at most."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StrictBool,
    StrictInt,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from orchestrator.daytimes import DaytimeMs
from orchestrator.durations import DurationMs, OffsetMs, parse_duration
from orchestrator.events.event import JOURNEY_REQUESTED, LOCATION_CHANGED
from orchestrator.journeys.model import Cel, EventNames, Model, Name, OrOne, at_key
from orchestrator.journeys.schedules import check_schedule

M = TypeVar("M", bound=Model)

ENTRY_KINDS: Final = ("on", "segment", "schedule", "absence", "date", "place", "api", "broadcast")
MOST_OF_ONE_CUSTOMER: Final = 100
"""Each entry that counts for a customer's cap is kept in their record."""

_KINDS_SAID: Final = f"{', '.join(ENTRY_KINDS[:-1])} or {ENTRY_KINDS[-1]}"
_REENTRY: Final = re.compile(r"^after (?=\d)(.+)$")
_ATTRIBUTE: Final = re.compile(r"customer\.traits\.([A-Za-z_]\w*)")
_DAY_ALONE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


def read_written(text: str, *, end: bool = False) -> datetime:
    """A moment as it is written; without an offset it is wall time. A day alone is its beginning, or its end.

    Raises:
        ValueError: with what is allowed.
    """
    try:
        written = datetime.fromisoformat(text)
        return written + timedelta(days=1) if end and _DAY_ALONE.fullmatch(text) else written
    except (ValueError, OverflowError):
        raise ValueError(
            f"'{text}' is no moment: write a day such as 2026-12-01, a time such as 2026-12-01T09:00, "
            "or one with its offset such as 2026-12-01T09:00:00Z"
        ) from None


def _is_moment(text: str) -> str:
    read_written(text)
    return text


def _is_attribute(text: str) -> str:
    if _ATTRIBUTE.fullmatch(text) is None:
        raise ValueError(f"'{text}' is no trait: write it as customer.traits.birthday")
    return text


def _dated(value: Any) -> Any:
    return {"attribute": value, "yearly": True} if isinstance(value, str) else value


def _capped(value: Any) -> Any:
    return (value,) if isinstance(value, Mapping | CapDefinition) else value


class _OrTrait:
    """In the schema for editors: the name of a trait will do as well."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string", "pattern": f"^{_ATTRIBUTE.pattern}$"}, handler(schema)]}


Moment = Annotated[str, AfterValidator(_is_moment)]
Schedule = Annotated[str, AfterValidator(check_schedule)]


class SegmentEntryDefinition(Model):
    """Enter when the customer enters or leaves a segment."""

    entered: Name | None = Field(None, description="the segment that the customer enters")
    left: Name | None = Field(None, description="the segment that the customer leaves")

    @model_validator(mode="after")
    def _is_one(self) -> SegmentEntryDefinition:
        return _exactly_one(self, ("entered", "left"))


class AbsenceEntryDefinition(Model):
    """Enter when none of these events has come for a time, since the last one.

    Of customers who were there before the journey, the last one is known if the history keeps it: see traits.yaml.
    """

    of: EventNames
    for_: DurationMs = Field(alias="for", gt=0, description="how long after the last one")


class DateEntryDefinition(Model):
    """Enter on a date that is known of the customer, or some days before or after it.

    The date is ISO 8601, such as 1990-02-28. If it changes, what is to come changes with it. What is no date is told in
    the story of the customer, and does nothing.
    """

    attribute: Annotated[str, AfterValidator(_is_attribute)] = Field(
        description="the trait with the date", examples=["customer.traits.birthday"]
    )
    offset: OffsetMs = Field(
        0,
        validate_default=False,
        description="how many days after it, or with a minus before it",
        json_schema_extra={"default": "0 seconds"},
    )
    at: DaytimeMs | None = Field(
        None, description="the time of that day in the customer's time zone; else that of the date, midnight if none"
    )
    yearly: StrictBool = Field(False, description="on that day of each year; else once, if it is to come")
    leap_day: Literal["feb 28", "mar 1"] = Field(
        "feb 28", description="for yearly: when it is for those of 29 February, in years without it"
    )

    @model_validator(mode="after")
    def _offset_is_of_days(self) -> DateEntryDefinition:
        if self.offset % 86_400_000:
            raise at_key("offset", "the offset of a date is of whole days: write the time of day as 'at'")
        return self

    @property
    def trait(self) -> str:
        """The name of the trait."""
        return self.attribute.rpartition(".")[2]


class PlaceEntryDefinition(Model):
    """Enter by where the customer is, as events "Location Changed" tell by ``latitude`` and ``longitude``."""

    latitude: float = Field(ge=-90, le=90, strict=True, description="of the middle, in degrees")
    longitude: float = Field(ge=-180, le=180, strict=True, description="of the middle, in degrees")
    radius_m: float = Field(gt=0, le=20_000_000, strict=True, description="in metres")
    when: Literal["inside", "left", "dwell"] = Field(
        "inside", description="inside: on coming in; left: on going out; dwell: after staying in for a time"
    )
    for_: DurationMs | None = Field(None, alias="for", description="for dwell: how long the customer stays")

    @model_validator(mode="after")
    def _stays_for_a_time(self) -> PlaceEntryDefinition:
        if self.when == "dwell" and not self.for_:
            raise at_key("when", "dwell needs 'for': how long the customer stays, for example '10 minutes'")
        if self.when != "dwell" and self.for_ is not None:
            raise at_key("for", f"'for' belongs to dwell, not to {self.when}")
        return self


class BroadcastDefinition(Model):
    """Let in all customers, or those of a segment, at one moment or again and again."""

    at: Moment | None = Field(
        None, description="once: a moment; without an offset it is the project's time zone, see policy.yaml"
    )
    every: Schedule | None = Field(
        None, description="again and again: a cron schedule in the project's time zone", examples=["0 9 1 * *"]
    )
    segment: Name | None = Field(None, description="customers in this segment, then and when it is their turn")
    per_minute: Annotated[StrictInt, Field(ge=1)] | None = Field(
        None, description="at most so many enter in a minute, over all partitions"
    )

    @model_validator(mode="after")
    def _is_once_or_recurring(self) -> BroadcastDefinition:
        return _exactly_one(self, ("at", "every"))


class CapDefinition(Model):
    """How many may enter: in all, or one customer."""

    most: Annotated[StrictInt, Field(ge=1)] | None = Field(
        None, description="in all; each partition has its share of it, so a small cap may not be used up"
    )
    most_per_customer: Annotated[StrictInt, Field(ge=1, le=MOST_OF_ONE_CUSTOMER)] | None = Field(
        None, description="how often one customer may enter"
    )
    per: DurationMs | None = Field(None, gt=0, description="within such a time, whenever it begins; else ever")

    @model_validator(mode="after")
    def _is_one(self) -> CapDefinition:
        return _exactly_one(self, ("most", "most_per_customer"))


class EntryDefinition(Model):
    """Who enters a journey: on exactly one kind of occasion."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [kind]} for kind in ENTRY_KINDS]})

    on: EventNames | None = Field(None, description="one event name or a list of them; '*' is any event")
    segment: SegmentEntryDefinition | None = Field(None, description="the customer enters or leaves a segment")
    schedule: Schedule | None = Field(
        None,
        description="a cron schedule (minute, hour, day, month, weekday) in the customer's time zone",
        examples=["0 9 * * mon"],
    )
    absence: AbsenceEntryDefinition | None = Field(None, description="an event has not come for a time")
    date: (
        Annotated[
            DateEntryDefinition,
            BeforeValidator(_dated),
            _OrTrait(),
        ]
        | None
    ) = Field(None, description="a date of the customer; customer.traits.birthday alone means each year on that day")
    place: PlaceEntryDefinition | None = Field(None, description="where the customer is")
    api: Literal[True] | None = Field(
        None, description="somebody asks for it: 'orchestrator enter', or an event Journey Requested"
    )
    broadcast: BroadcastDefinition | None = Field(None, description="many customers at a moment")
    if_: Cel | None = Field(None, alias="if", description="who of them enters, in CEL over event and customer")
    key: Cel | None = Field(
        None,
        description="customers are in the journey once for each value of this CEL, such as event.properties.cart_id",
    )
    reentry: str = Field(
        "after_exit",
        description="when the same customer may enter again: never, after_exit, for example 'after 7 days', "
        "or many: at once, for each value of the key",
        examples=["never", "after_exit", "after 7 days", "many"],
    )
    cap: Annotated[
        tuple[CapDefinition, ...],
        BeforeValidator(_capped),
        OrOne(),
        Field(description="how many may enter: {most, per} in all, {most_per_customer, per} for one; or a list"),
    ] = ()

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> EntryDefinition:
        given = [kind for kind in ENTRY_KINDS if kind in self.model_fields_set]
        if not given:
            raise PydanticCustomError("entry_kind", f"an entry needs one of {_KINDS_SAID}")
        if len(given) > 1:
            raise at_key(given[1], f"an entry is one of {' and '.join(given)}, not both: make a journey of each")
        if getattr(self, given[0]) is None:
            raise at_key(given[0], f"'{given[0]}' has no value")
        return self

    @model_validator(mode="after")
    def _reentry_is_known(self) -> EntryDefinition:
        try:
            self.reentry_ms()
        except ValueError as error:
            raise at_key("reentry", str(error)) from None
        if self.reentry == "many" and self.key is None:
            raise at_key("reentry", "many at once are told apart by a key: write one, such as event.properties.cart_id")
        return self

    @property
    def kind(self) -> str:
        """On what the customer enters: on, segment, schedule, absence, date, place, api or broadcast."""
        return next(kind for kind in ENTRY_KINDS if getattr(self, kind) is not None)

    @property
    def events(self) -> tuple[str, ...]:
        """The events that the entry names as its occasion; none for other kinds."""
        return self.on or ()

    @property
    def seen(self) -> tuple[str, ...]:
        """The events of which conditions of the entry see one as ``event``."""
        if self.segment is not None:
            return ("Segment Entered",) if self.segment.entered is not None else ("Segment Left",)
        if self.place is not None:
            return ("Dwell Due",) if self.place.when == "dwell" else (LOCATION_CHANGED,)
        return self.on or (JOURNEY_REQUESTED if self.api else f"{self.kind.capitalize()} Due",)

    def reentry_ms(self) -> int | None:
        """The time after entry that must pass, in milliseconds; 0 for after_exit and many, None for never."""
        if self.reentry == "never":
            return None
        if self.reentry in ("after_exit", "many"):
            return 0
        match = _REENTRY.match(self.reentry)
        if match is None:
            raise ValueError(
                f"reentry '{self.reentry}' is unknown: write never, after_exit, many, or for example 'after 7 days'"
            )
        return parse_duration(match.group(1))


def _exactly_one(model: M, names: tuple[str, ...]) -> M:
    given = [name for name in names if name in model.model_fields_set]
    if not given:
        raise PydanticCustomError("entry_kind", f"write one of {' and '.join(names)}")
    if len(given) > 1:
        raise at_key(given[1], f"write one of {' and '.join(names)}, not both")
    if getattr(model, given[0]) is None:
        raise at_key(given[0], f"'{given[0]}' has no value")
    return model
