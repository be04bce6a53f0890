"""The part ``contact`` of policy.yaml as people write it: whether a message may go to a customer now."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StrictInt, WithJsonSchema, model_validator

from orchestrator.daytimes import DaytimeMs, format_daytime
from orchestrator.durations import PATTERN, DurationMs, format_duration, parse_duration
from orchestrator.engine.contact_policy import (
    ALWAYS_PASSES,
    FREE,
    Calendar,
    Cap,
    ContactPolicy,
    FreeDays,
    Names,
    Pause,
    Pressure,
    QuietHours,
    Scope,
    Suppression,
)
from orchestrator.engine.suppression import digests_in
from orchestrator.journeys.action import GOALS, GoalName
from orchestrator.journeys.holidays import check_country
from orchestrator.journeys.model import NAME_PATTERN, Model, Name, Or, OrOne, at_key, listed, one_or_more
from orchestrator.journeys.steps import WEEKDAYS, Weekdays

CALENDARS: Final[tuple[Calendar, ...]] = ("day", "week", "month")
MOST_OF_A_CAP: Final = 100
"""Each message that a cap counts is kept in the customer's record."""

_DAY: Final[dict[str, Any]] = {"type": "string", "format": "date"}
_DAY_TEXT: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_NAMED: Final = one_or_more({"type": "string", "pattern": NAME_PATTERN})
NamesOrOne = Annotated[tuple[Name, ...], BeforeValidator(listed), Field(min_length=1), _NAMED]
GoalsOrOne = Annotated[
    tuple[GoalName, ...], BeforeValidator(listed), Field(min_length=1), one_or_more({"enum": list(GOALS)})
]
Amount = Annotated[float, Field(strict=True, ge=0, le=1_000_000, allow_inf_nan=False)]


def _purposes(found: tuple[str, ...]) -> tuple[str, ...]:
    if ALWAYS_PASSES in found:
        raise ValueError(f"{ALWAYS_PASSES} messages always pass: give what is to be bound another purpose")
    return found


Purposes = Annotated[NamesOrOne, AfterValidator(_purposes), _NAMED]


def _per(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError(f"write a window with its unit, for example '7 days', or one of {', '.join(CALENDARS)}")
    try:
        nothing = value not in CALENDARS and parse_duration(value) == 0
    except ValueError as error:
        raise ValueError(f"{error}; or one of the calendar: {', '.join(CALENDARS)}") from None
    if nothing:
        raise ValueError("a window must be longer than nothing")
    return value


def _day(value: Any) -> date:
    if isinstance(value, str) and _DAY_TEXT.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise ValueError(f"'{value}' is no day: {error}") from None
    raise ValueError(f"'{value}' is no day: write year, month and day, for example 2026-12-24")


Per = Annotated[
    str,
    BeforeValidator(_per),
    WithJsonSchema({"anyOf": [{"enum": list(CALENDARS)}, {"type": "string", "pattern": PATTERN}]}),
]


class BesidesDefinition(Model):
    """Messages that a rule is not about: those of any of these."""

    purpose: NamesOrOne = Field((), description="purposes, such as surveys")
    channel: NamesOrOne = Field((), description="channels, such as web")
    goal: GoalsOrOne = Field((), description="goals of actions, such as serve")
    group: NamesOrOne = Field((), description="groups of actions")
    action: NamesOrOne = Field((), description="names of actions")


class ScopeDefinition(Model):
    """Which messages a rule is about: of all that is named here; without a purpose, all but the unbound ones."""

    purpose: Purposes = Field((), description="such as marketing; a purpose that is unbound is bound if it is named")
    channel: NamesOrOne = Field((), description="such as email, or [sms, push]")
    goal: GoalsOrOne = Field((), description="inform, solve, anticipate, sell, retain or serve")
    group: NamesOrOne = Field((), description="groups of actions")
    action: NamesOrOne = Field((), description="names of actions")
    except_: BesidesDefinition | None = Field(None, alias="except", description="what the rule is not about")


class ContactCapDefinition(ScopeDefinition):
    """At most so many messages."""

    most: Annotated[StrictInt, Field(ge=1, le=MOST_OF_A_CAP)] = Field(description="how many messages at most")
    per: Per = Field(
        description="within which time: a sliding window such as 7 days; or a day, week or month of the calendar "
        "where the customer is"
    )
    each: Literal["action", "group", "goal", "channel", "journey"] | None = Field(
        None, description="so many of each action, group and so on; without it, of all together"
    )
    when_full: Literal["refuse", "wait"] = Field(
        "refuse", description="what becomes of one more: it is refused, or waits for a place until it expires"
    )


class QuietHoursDefinition(ScopeDefinition):
    """No message from one time of day to another; it is held until the end of that time."""

    from_: DaytimeMs = Field(alias="from", description="a time of day in the customer's time zone, such as 21:00")
    until: DaytimeMs = Field(description="a time of day; if it is not later, that of the day after")
    days: Weekdays | None = Field(None, description="the weekdays on which it begins; every day if not given")


class FreeDaysDefinition(ScopeDefinition):
    """Days without messages; they are held until the day after."""

    days: tuple[Annotated[date, BeforeValidator(_day)], ...] = Field((), description="days such as 2026-12-24")
    country: str | None = Field(None, description="the public holidays of a country, such as DE")
    subdivision: str | None = Field(None, description="of a part of it, such as BY")

    @model_validator(mode="after")
    def _country_is_known(self) -> FreeDaysDefinition:
        if self.country is None and self.subdivision is not None:
            raise at_key("subdivision", "'subdivision' is a part of a country: name that too")
        if self.country is None and not self.days:
            raise at_key("days", "'days' or 'country' is missing: no day would be free")
        if self.country is not None:
            check_country(self.country, self.subdivision)
        return self


class PressureDefinition(ScopeDefinition):
    """How much a customer bears: each message weighs on them, and the less with time."""

    limit: Annotated[float, Field(strict=True, gt=0, le=1_000_000)] = Field(
        description="how much the messages of late may weigh, the next one included"
    )
    half_life: DurationMs = Field(description="after which time a message weighs half as much")
    weights: dict[Name, Amount] = Field({}, description="how much a message weighs, by channel; 1 if it is not named")
    ignored_after: DurationMs = Field(
        2 * 86_400_000,
        validate_default=False,
        description="after which time a message without an answer is ignored",
        json_schema_extra={"default": "2 days"},
    )
    growth: Amount = Field(
        0.5, description="how much more a message weighs for each one in a row that was ignored before it"
    )
    when_above: Literal["refuse", "wait"] = Field(
        "refuse", description="what becomes of a message that is too much: it is refused, or waits until it expires"
    )

    @model_validator(mode="after")
    def _half_life_is_long(self) -> PressureDefinition:
        if self.half_life == 0:
            raise at_key("half_life", "a half-life must be longer than nothing")
        return self


class SuppressionDefinition(ScopeDefinition):
    """Files with those who are not to be contacted."""

    list: str = Field(min_length=1, description="files of the project, such as lists/*.csv")


class PauseDefinition(ScopeDefinition):
    """What is not said for now."""

    then: Literal["hold", "refuse"] = Field("hold", description="hold: until it goes on; refuse: never")


def _of_list(value: Any) -> Any:
    return {"list": value} if isinstance(value, str) else value


def _of_days(value: Any) -> Any:
    return {"days": value} if isinstance(value, list | tuple) else value


def _many(value: Any) -> Any:
    return (value,) if isinstance(value, str | Mapping) else value


def _pauses(value: Any) -> Any:
    if value is not None and not isinstance(value, bool | Mapping | list | tuple):
        raise ValueError("a pause is true, false, or says of what, for example {channel: email}")
    return ({},) if value is True else () if value is False else _many(value)


class ContactPolicyDefinition(Model):
    """Whether a message may go to a customer now: how often, when not, to whom never.

    Rules bind all purposes but the unbound ones, or those that they name; transactional messages always pass.
    """

    unbound: Annotated[NamesOrOne, _NAMED] = Field(
        ("service",), description="purposes that a rule binds only where it names them, beside transactional"
    )
    caps: Annotated[tuple[ContactCapDefinition, ...], BeforeValidator(_many), OrOne()] = Field(
        (), description="how many messages at most"
    )
    quiet_hours: Annotated[tuple[QuietHoursDefinition, ...], BeforeValidator(_many), OrOne()] = Field(
        (), description="times of day without messages"
    )
    calendars: dict[
        Name, Annotated[FreeDaysDefinition, BeforeValidator(_of_days), Or({"type": "array", "items": _DAY})]
    ] = Field({}, description="days without messages, by name: {holidays: {country: DE}} or {closed: [2026-12-24]}")
    pressure: Annotated[tuple[PressureDefinition, ...], BeforeValidator(_many), OrOne()] = Field(
        (), description="how much a customer bears"
    )
    suppression: Annotated[
        tuple[Annotated[SuppressionDefinition, BeforeValidator(_of_list), Or({"type": "string"})], ...],
        BeforeValidator(_many),
        OrOne(),
    ] = Field((), description="files with those who are not to be contacted")
    pause: Annotated[tuple[PauseDefinition, ...], BeforeValidator(_pauses), OrOne(), Or({"type": "boolean"})] = Field(
        (), description="what is not said for now: true is all that rules bind"
    )


def compile_contact_policy(definition: ContactPolicyDefinition, lists: Mapping[str, str]) -> ContactPolicy:
    """What the engine goes by; ``lists`` has the digests of each list, one after the other."""
    free = frozenset(definition.unbound) | {ALWAYS_PASSES}
    return ContactPolicy(
        caps=tuple(_cap(cap, free) for cap in definition.caps),
        quiet_hours=tuple(_quiet(rule, free) for rule in definition.quiet_hours),
        free_days=tuple(_free_days(name, rule, free) for name, rule in definition.calendars.items()),
        pressure=tuple(_pressure(rule, free) for rule in definition.pressure),
        suppressions=tuple(
            Suppression(scope_of(rule, free), rule.list, digests_in(lists.get(rule.list, "")))
            for rule in definition.suppression
        ),
        suppressed=Scope(free=free),
        pauses=compile_pauses(definition.pause, definition),
    )


def compile_pauses(pauses: Iterable[PauseDefinition], policy: ContactPolicyDefinition | None) -> tuple[Pause, ...]:
    """What is paused; ``policy`` says which purposes are unbound."""
    free = frozenset(policy.unbound) | {ALWAYS_PASSES} if policy is not None else FREE
    return tuple(Pause(scope_of(pause, free), pause.then == "refuse") for pause in pauses)


def scope_of(rule: ScopeDefinition, free: frozenset[str] = FREE) -> Scope:
    """Which messages a rule is about, and how it is said."""
    names = Names(*map(frozenset, (rule.purpose, rule.channel, rule.goal, rule.group, rule.action)))
    but = rule.except_ or BesidesDefinition()
    besides = Names(*map(frozenset, (but.purpose, but.channel, but.goal, but.group, but.action)))
    return Scope(names, besides, free, _label(rule))


def _label(rule: ScopeDefinition) -> str:
    said = [*([_alternatives(rule.purpose)] if rule.purpose else []), "messages"]
    parts = (("on", rule.channel), ("to", rule.goal), ("of group", rule.group), ("of action", rule.action))
    return " ".join([*said, *(f"{word} {_alternatives(names)}" for word, names in parts if names)])


def _alternatives(names: tuple[str, ...]) -> str:
    return " or ".join(names)


def _cap(cap: ContactCapDefinition, free: frozenset[str]) -> Cap:
    calendar = next((name for name in CALENDARS if name == cap.per), None)
    per_ms = parse_duration(cap.per) if calendar is None else None
    span = f"within {format_duration(per_ms)}" if per_ms is not None else f"this {calendar}"
    return Cap(scope_of(cap, free), cap.most, per_ms, calendar, cap.each, cap.when_full == "wait", span)


def _quiet(rule: QuietHoursDefinition, free: frozenset[str]) -> QuietHours:
    weekdays = frozenset(WEEKDAYS.index(day) for day in rule.days or WEEKDAYS)
    label = f"quiet hours from {format_daytime(rule.from_)} until {format_daytime(rule.until)}"
    return QuietHours(scope_of(rule, free), rule.from_, rule.until, weekdays, label)


def _free_days(name: str, rule: FreeDaysDefinition, free: frozenset[str]) -> FreeDays:
    return FreeDays(scope_of(rule, free), name, frozenset(rule.days), rule.country, rule.subdivision)


def _pressure(rule: PressureDefinition, free: frozenset[str]) -> Pressure:
    return Pressure(
        scope=scope_of(rule, free),
        limit=rule.limit,
        half_life_ms=rule.half_life,
        weights=rule.weights,
        growth=rule.growth,
        ignored_after_ms=rule.ignored_after,
        waits=rule.when_above == "wait",
    )
