"""When to send: in the hour of the customer's day in which they read most.

Of the hours that are left, the one with the greatest share wins, the earliest of equals. A share is the mean of the
posterior of a Dirichlet distribution: ``(own + PRIOR_READS * general) / (all own + PRIOR_READS)``, with the customer's
own reads in that hour and the hours of all customers of the channel as the prior (Gelman et al., Bayesian Data
Analysis, 3.4). Who is on the site or on the line is told now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from orchestrator.engine.calendar import wall_of, zone_of
from orchestrator.engine.customer import Customer, Offer
from orchestrator.engine.presence import on_site, on_the_line
from orchestrator.engine.treatment import CONSENT_FREE, Treatment
from orchestrator.engine.verdict import Verdict
from orchestrator.events.event import Event
from orchestrator.moments import format_moment

if TYPE_CHECKING:
    from orchestrator.engine.turn import Turn

HOURS: Final = 24
PRIOR_READS: Final = 10.0
"""After so many messages a customer's own hours count as much as those of all others."""

READS_KEPT: Final = 200
"""When more are counted, all counts are halved: what a customer did long ago counts less."""

Allowed = Callable[[int], int]
"""The first moment, from one on, at which a customer may be disturbed; both in UTC milliseconds."""

_HOUR_MS: Final = 3_600_000
_MINUTE_MS: Final = 60_000
_SEARCHED_MS: Final = 7 * 24 * _HOUR_MS


def at_any_time(moment: int) -> int:
    """Nobody minds."""
    return moment


def count_hour(turn: Turn, event: Event) -> None:
    """Counts the hour, on the customer's clock, in which they read a message for the first time."""
    customer = turn.customer
    contact = customer.contacts.get(str(event.properties.get("action_id")))
    if contact is not None and contact.answered:
        return
    hour = wall_of(event.timestamp, zone_of(customer, turn.env.policy.timezone)).hour
    hours = customer.hours or [0] * HOURS
    hours[hour] += 1
    customer.hours = _bounded(hours)


def unite_hours(customer: Customer, other: Customer) -> None:
    """What two records of one customer have counted."""
    if other.hours:
        mine = customer.hours or [0] * HOURS
        customer.hours = _bounded([own + more for own, more in zip(mine, other.hours, strict=True)])


def later(
    turn: Turn, made: Offer, treatment: Treatment, within_ms: int | None, allowed: Allowed = at_any_time
) -> Verdict | None:
    """Holds the offer for the customer's best hour, if that is not now.

    Args:
        within_ms: what step or action say of it: 0 is now; None leaves it to the policy.
        allowed: when the customer may be disturbed; now they may.
    """
    customer, policy, now = turn.customer, turn.env.policy.channel, turn.now
    if policy is not None:
        if within_ms is None and treatment.purpose not in CONSENT_FREE:
            within_ms = policy.send_within_ms.get(treatment.channel.name)
        here = on_site(customer, policy, now) or on_the_line(customer, policy, now)
        if here or policy.is_urgent(treatment.kind):
            return None
    if not within_ms:
        return None
    was_due = made.expires_at - treatment.expires_ms
    moment, hour = best_moment(turn, made, treatment, min(was_due + within_ms, made.expires_at), allowed)
    if moment <= now:
        return None
    return Verdict("send-time", f"the customer reads most at {hour:02}: sent at {format_moment(moment)}", moment)


def best_moment(
    turn: Turn, made: Offer, treatment: Treatment, end: int, allowed: Allowed = at_any_time
) -> tuple[int, int]:
    """The best moment before ``end`` and its hour; in the hour that goes on already, it is now.

    Others get a minute of their own, by the offer's id, so that not all are sent on the stroke of the hour.
    """
    zone = zone_of(turn.customer, turn.env.policy.timezone)
    shares = shares_of(turn, treatment.channel.name)
    best, best_hour = turn.now, wall_of(turn.now, zone).hour
    spread_ms = int(made.id[:8], 16) % 60 * _MINUTE_MS
    for hour, start, stop in _slots(turn.now, min(end, turn.now + _SEARCHED_MS), zone):
        if shares[hour] <= shares[best_hour]:
            continue
        moments = (allowed(aim) for aim in (start + spread_ms, start) if aim < stop)
        moment = next((moment for moment in moments if moment < stop), None)
        if moment is not None:
            best, best_hour = moment, hour
    return best, best_hour


def shares_of(turn: Turn, channel: str) -> list[float]:
    """By hour of the customer's day, which share of their messages they are supposed to read then."""
    own, general = turn.customer.hours or [0] * HOURS, turn.home.models.opening_hours(channel)
    whole = sum(own) + PRIOR_READS
    return [(mine + PRIOR_READS * share) / whole for mine, share in zip(own, general, strict=True)]


def _slots(start: int, end: int, zone: ZoneInfo) -> Iterator[tuple[int, int, int]]:
    """The hours of the clock there between two moments: which, from when, until when."""
    while start < end:
        wall = wall_of(start, zone)
        passed = (wall.minute * 60 + wall.second) * 1000 + wall.microsecond // 1000
        stop = start + _HOUR_MS - passed
        yield wall.hour, start, min(stop, end)
        start = stop


def _bounded(hours: list[int]) -> list[int]:
    return [count // 2 for count in hours] if sum(hours) > READS_KEPT else hours
