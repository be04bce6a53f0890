"""When nobody is disturbed: quiet hours and free days, by the clock and the calendar where the customer is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from orchestrator.engine.calendar import moment_on, wall_of
from orchestrator.engine.contact_policy import ContactPolicy, FreeDays, Message, QuietHours
from orchestrator.engine.public_holidays import public_holidays
from orchestrator.engine.verdict import Verdict
from orchestrator.moments import format_moment

_LONGEST_ROW: Final = 64
"""How many quiet times in a row are looked through; what then still lasts is looked at again when it ends."""


Quiet = tuple[tuple[QuietHours, ...], tuple[FreeDays, ...]]
"""The rules that bind a message."""


def quiet_for(policy: ContactPolicy, message: Message) -> Quiet:
    """What may hold a message at some time."""
    hours = tuple(rule for rule in policy.quiet_hours if rule.scope.binds(message))
    return hours, tuple(rule for rule in policy.free_days if rule.scope.binds(message))


def undisturbed(quiet: Quiet, at: int, zone: ZoneInfo, whose: str) -> Verdict | None:
    """What does not let a message through at a moment, and when nothing does any more; None if it may go.

    Args:
        whose: the zone in words, for a person.
    """
    hours, days = quiet
    if not hours and not days:
        return None
    first = _first(hours, days, at, zone)
    if first is None:
        return None
    rule, reason, until = first
    for _ in range(_LONGEST_ROW):
        following = _first(hours, days, until, zone)
        if following is None:
            break
        until = following[2]
    scopes = [*(each.scope for each in hours), *(each.scope for each in days)]
    elsewhere = any(scope.names.channels for scope in scopes)
    return Verdict(rule, f"{reason} in {whose}: allowed again on {format_moment(until)}", until, elsewhere)


def _first(
    hours: Iterable[QuietHours], days: Iterable[FreeDays], at: int, zone: ZoneInfo
) -> tuple[str, str, int] | None:
    """What forbids a moment, the longest first: its rule, what it is, and its end."""
    found = [("quiet-hours", rule.label, end) for rule in hours for end in _quiet(rule, at, zone)]
    found += [("free-day", reason, end) for free in days for reason, end in _free(free, at, zone)]
    return max(found, key=lambda each: each[2], default=None)


def _quiet(rule: QuietHours, at: int, zone: ZoneInfo) -> Iterator[int]:
    today = wall_of(at, zone).date()
    for day in (today - timedelta(days=1), today):
        if day.weekday() in rule.weekdays:
            last = day if rule.until_ms > rule.from_ms else day + timedelta(days=1)
            begin, end = moment_on(day, rule.from_ms, zone), moment_on(last, rule.until_ms, zone)
            if begin <= at < end:
                yield end


def _free(rule: FreeDays, at: int, zone: ZoneInfo) -> Iterator[tuple[str, int]]:
    today = wall_of(at, zone).date()
    name = public_holidays(rule.country, rule.subdivision, today.year).get(today) if rule.country else None
    if today in rule.days or name is not None:
        said = f"{today} is a free day of '{rule.name}'" + (f", {name}," if name else "")
        yield said, moment_on(today + timedelta(days=1), 0, zone)
