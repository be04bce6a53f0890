"""Entries in words, for pictures and tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from orchestrator.daytimes import format_daytime
from orchestrator.durations import format_duration
from orchestrator.engine.entry import (
    AtPlace,
    Entry,
    Occasion,
    OnAbsence,
    OnBroadcast,
    OnDate,
    OnRequest,
    OnSchedule,
    OnSegment,
    Whereabouts,
)


def entry_title(entry: Entry) -> str:
    """On what customers enter, in a few words."""
    return f"on {_listed(entry.events)}" if entry.occasion is None else _title(entry.occasion)


def bounds(entry: Entry) -> Iterator[str]:
    """When it is open, and how many may enter."""
    if entry.starts is not None:
        yield f"from {_moment(entry.starts)}"
    if entry.ends is not None:
        yield f"until {_moment(entry.ends)}"
    for cap in entry.caps:
        whose = "for each customer" if cap.each else "in all"
        yield f"at most {cap.most} {whose}" + (f" within {format_duration(cap.per_ms)}" if cap.per_ms else "")


def _title(occasion: Occasion) -> str:
    match occasion:
        case OnSegment(segment, entered):
            return f"{'enters' if entered else 'leaves'} segment {segment}"
        case OnSchedule(cron):
            return f"schedule {cron}"
        case OnAbsence(events, for_ms):
            return f"no {_listed(events)} for {format_duration(for_ms)}"
        case OnDate():
            return _date(occasion)
        case AtPlace(latitude, longitude, radius_m, when, for_ms):
            stays = f" for {format_duration(for_ms)}" if when is Whereabouts.DWELL else ""
            words = {Whereabouts.INSIDE: "comes into", Whereabouts.LEFT: "leaves", Whereabouts.DWELL: "stays in"}
            return f"{words[when]} {radius_m:g} m around {latitude:g}, {longitude:g}{stays}"
        case OnRequest():
            return "on request"
        case OnBroadcast(at, every, segment, per_minute):
            when_ = f"on {_moment(at)}" if at is not None else f"by {every}"
            rate = f", {per_minute} a minute" if per_minute else ""
            return f"broadcast to {f'segment {segment}' if segment else 'all'} {when_}{rate}"


def _date(date: OnDate) -> str:
    days = abs(date.offset_days)
    beside = f"{days} day{'s' if days > 1 else ''} {'before' if date.offset_days < 0 else 'after'} " if days else ""
    at = f" at {format_daytime(date.daytime_ms)}" if date.daytime_ms is not None else ""
    return f"{beside}{date.trait}{', each year' if date.yearly else ''}{at}"


def _moment(moment: datetime) -> str:
    return moment.isoformat(" ", "minutes")


def _listed(events: frozenset[str]) -> str:
    return " or ".join(sorted(events)) if events != {"*"} else "any event"
