"""Compiled entries: who may enter a journey, on what, and when again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from orchestrator.engine.condition import Condition

LeapDay = Literal["feb 28", "mar 1"]
"""Where 29 February goes in a year without it."""


class Reentry(StrEnum):
    """When a customer may enter a journey again."""

    NEVER = "never"
    AFTER_EXIT = "after_exit"
    AFTER_TIME = "after_time"


@dataclass(frozen=True, slots=True)
class OnSegment:
    """On entering a segment, or on leaving it."""

    segment: str
    entered: bool


@dataclass(frozen=True, slots=True)
class OnSchedule:
    """By a cron schedule in the customer's zone."""

    cron: str


@dataclass(frozen=True, slots=True)
class OnAbsence:
    """When none of ``events`` has come for ``for_ms`` since the last one."""

    events: frozenset[str]
    for_ms: int


@dataclass(frozen=True, slots=True)
class OnDate:
    """``offset_days`` after the date in a trait, at ``daytime_ms`` of that day if it is given."""

    trait: str
    offset_days: int
    daytime_ms: int | None
    yearly: bool
    leap_day: LeapDay


class Whereabouts(StrEnum):
    """What of a place lets in."""

    INSIDE = "inside"
    LEFT = "left"
    DWELL = "dwell"


@dataclass(frozen=True, slots=True)
class AtPlace:
    """On coming into a circle, on going out of it, or ``for_ms`` after coming in."""

    latitude: float
    longitude: float
    radius_m: float
    when: Whereabouts
    for_ms: int

    @property
    def key(self) -> str:
        """The place's name in a customer's record: of two journeys with the same circle it is the same."""
        return f"{self.latitude:g},{self.longitude:g},{self.radius_m:g}"


@dataclass(frozen=True, slots=True)
class OnRequest:
    """When somebody asks for it."""


@dataclass(frozen=True, slots=True)
class OnBroadcast:
    """All customers, or those of ``segment``, once ``at`` a moment or ``every`` time of a cron schedule."""

    at: datetime | None
    every: str | None
    segment: str | None
    per_minute: int | None


Occasion = OnSegment | OnSchedule | OnAbsence | OnDate | AtPlace | OnRequest | OnBroadcast


@dataclass(frozen=True, slots=True)
class Cap:
    """How many may enter within ``per_ms``, or ever: in all, or each customer."""

    most: int
    each: bool
    per_ms: int | None


@dataclass(frozen=True, slots=True)
class Entry:
    """Who enters: on one of ``events`` or another occasion, if ``condition`` holds, one at a time for each ``key``.

    From ``starts`` on and before ``ends``; where these have no zone, they are wall time of the policy's.
    """

    events: frozenset[str]
    condition: Condition | None
    key: Condition | None
    reentry: Reentry
    reentry_ms: int
    occasion: Occasion | None = None
    caps: tuple[Cap, ...] = ()
    starts: datetime | None = None
    ends: datetime | None = None
