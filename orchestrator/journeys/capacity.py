"""What a channel or a queue takes, as people write it in channels.yaml: so many places, at these hours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StrictInt, WithJsonSchema, model_validator

from orchestrator.daytimes import parse_daytime
from orchestrator.engine.calendar import DAY_MS
from orchestrator.engine.hours import Span
from orchestrator.journeys.holidays import HolidaysDefinition
from orchestrator.journeys.model import Model, Name, at_key, listed
from orchestrator.journeys.steps import WEEKDAYS
from orchestrator.nearest import hint
from orchestrator.zones import zone

MOST_PLACES: Final = 100_000_000
_SPAN: Final = re.compile(r"\s*(\d\d:\d\d)\s*-\s*(\d\d:\d\d)\s*")
_END_OF_DAY: Final = "24:00"


def spans_of(text: str) -> tuple[Span, ...]:
    """Hours such as ``09:00-12:00, 13:00-17:00``, in milliseconds since midnight. Raises ValueError."""
    found = [_span(part) for part in text.split(",")]
    for (begins, ends), (next_begins, next_ends) in pairwise(sorted(found)):
        if next_begins < ends:
            shown = f"{_shown(begins)}-{_shown(ends)} and {_shown(next_begins)}-{_shown(next_ends)}"
            raise ValueError(f"{shown} overlap: write each hour once")
    return tuple(sorted(found))


def weekdays_of(text: str) -> tuple[str, ...]:
    """Weekdays such as ``mon-fri`` or ``sat, sun``. Raises ValueError."""
    days: list[str] = []
    for part in text.split(","):
        first, dash, last = (each.strip() for each in part.partition("-"))
        for day in (first, last) if dash else (first,):
            if day not in WEEKDAYS:
                raise ValueError(f"'{day[:20]}' is no weekday: {hint(day, WEEKDAYS)}")
        begins, ends = WEEKDAYS.index(first), WEEKDAYS.index(last if dash else first)
        if ends < begins:
            raise ValueError(f"'{part.strip()}' ends before it begins: the week goes from mon to sun")
        days += WEEKDAYS[begins : ends + 1]
    return tuple(days)


def _span(text: str) -> Span:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text.strip()[:40]}' are no hours: write them as '09:00-17:00'")
    begins = parse_daytime(match[1])
    ends = DAY_MS if match[2] == _END_OF_DAY else parse_daytime(match[2])
    if 0 < ends < begins:
        parts = f"write '{match[1]}-24:00' for this day and '00:00-{match[2]}' for the next"
        raise ValueError(f"'{text.strip()}' crosses midnight: {parts}")
    if ends <= begins:
        raise ValueError(f"'{text.strip()}' has no time in it: write the end of a day as 24:00")
    return begins, ends


def _shown(daytime_ms: int) -> str:
    minutes = daytime_ms // 60_000
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _open(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise ValueError(
            "write opening hours by weekdays, such as open: {mon-fri: \"09:00-17:00\"}, or leave 'open' out"
        )
    for days, hours in value.items():
        weekdays_of(str(days))
        if isinstance(hours, list | tuple):
            raise ValueError(f"write the hours of '{days}' in one text, such as \"09:00-12:00, 13:00-17:00\"")
        if hours in (None, "", "closed"):
            raise ValueError(f"'{days}' has no hours: leave out a day on which it is closed")
        spans_of(str(hours))
    _once([day for days in value for day in weekdays_of(str(days))])
    return value


def _capacity(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise ValueError("write a capacity as {most: 200, per: day}, or leave 'capacity' out where there is no limit")
    return value


def _surplus(value: Any) -> Any:
    if value is not None and not isinstance(value, Mapping | Model) and value not in ("wait", "expire"):
        raise ValueError(f"a surplus is 'wait', 'expire' or {{channel: email}}, not '{str(value)[:40]}'")
    return value


def _once(days: list[str]) -> None:
    for day in days:
        if days.count(day) > 1:
            raise ValueError(f"'{day}' is in it twice: write all of its hours in one line")


def _zone(name: str) -> str:
    zone(name)
    return name


def _day(value: Any) -> Any:
    if isinstance(value, str):
        try:
            date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"'{value[:40]}' is no day: write it as 2026-12-24") from None
    return value


Day = Annotated[str, BeforeValidator(_day)]
Zone = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_zone)]


class CapacityDefinition(Model):
    """So many places in each minute, hour or day, by priority across all customers."""

    most: Annotated[StrictInt, Field(ge=1)] = Field(description="so many, in all partitions together")
    per: Literal["minute", "hour", "day"] = Field(
        description="a day is one of the calendar in the time zone; they come evenly over the hours that are open"
    )
    reserve: Annotated[StrictInt, Field(ge=1)] | None = Field(
        None,
        description="so many of them are kept for what the policy puts first, service before sales, until the last "
        "sixtieth of the time",
    )

    @model_validator(mode="after")
    def _numbers_fit(self) -> CapacityDefinition:
        if self.most > MOST_PLACES:
            raise at_key("most", f"{self.most:,} is no limit: leave the capacity out where there is none")
        if self.reserve is not None and self.reserve > self.most:
            raise at_key("reserve", f"the reserve of {self.reserve} is more than there is: {self.most}")
        return self


class InsteadDefinition(Model):
    """What there is no place for goes out on another channel, if the action speaks there."""

    channel: Name = Field(description="the channel")


class LimitedDefinition(Model):
    """What takes only so many, or is not always open."""

    capacity: Annotated[CapacityDefinition | None, BeforeValidator(_capacity)] = Field(
        None, description="how many it takes"
    )
    open: Annotated[dict[str, str] | None, BeforeValidator(_open)] = Field(
        None,
        min_length=1,
        description='opening hours by weekdays, such as mon-fri: "09:00-12:00, 13:00-17:00"; always, if not given',
    )
    timezone: Zone | None = Field(None, description="whose clock the hours and days go by; else the project's")
    closed: Annotated[
        tuple[Day, ...],
        BeforeValidator(listed),
        WithJsonSchema(
            {"anyOf": [{"type": "string", "format": "date"}, {"type": "array", "items": {"type": "string"}}]}
        ),
    ] = Field((), description="days on which it is closed, such as 2026-12-24")
    holidays: HolidaysDefinition | None = Field(None, description="public holidays, on which it is closed too")
    surplus: Annotated[Literal["wait", "expire"] | InsteadDefinition | None, BeforeValidator(_surplus)] = Field(
        None,
        description="what becomes of those for whom this minute, hour or day has no place: they wait (until the action "
        "expires), their offer expires at once, or it goes out on another channel; wait, if not given",
    )


class QueueDefinition(LimitedDefinition):
    """One of those who work off a channel's actions; what it does not say of hours and surplus, its channel says."""

    description: str = ""
