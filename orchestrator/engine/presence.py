"""Where a customer is now, as far as events tell: on the site, or on the line with an agent.

The newest word counts, whatever the order of arrival: what is over is kept with a minus, so that a beginning that comes
after its end begins nothing.
"""

from __future__ import annotations

from typing import Final

from orchestrator.engine.channel_policy import ChannelPolicy
from orchestrator.engine.customer import Customer
from orchestrator.engine.treatment import CONSENT_FREE, Treatment
from orchestrator.engine.verdict import Verdict
from orchestrator.moments import format_moment

CALLS_KEPT: Final = 4


def on_site(customer: Customer, policy: ChannelPolicy, now: int) -> bool:
    """Whether the last click is no older than the policy allows."""
    return customer.site > 0 and now - customer.site < policy.on_site_for_ms


def line_until(customer: Customer, policy: ChannelPolicy, now: int) -> int | None:
    """Until when a call that is open now lasts at most, in UTC milliseconds; None if there is no such call."""
    started = max(customer.calls.values(), default=0)
    until = started + policy.longest_call_ms
    return until if started > 0 and until > now else None


def on_the_line(customer: Customer, policy: ChannelPolicy, now: int) -> bool:
    """Whether the customer speaks with an agent."""
    return line_until(customer, policy, now) is not None


def hushed(customer: Customer, policy: ChannelPolicy, treatment: Treatment, now: int) -> Verdict | None:
    """Holds marketing while the customer is on the line, but for what the agent reads."""
    if not policy.holds_on_the_line or treatment.purpose in CONSENT_FREE or treatment.channel.name in policy.agents:
        return None
    until = line_until(customer, policy, now)
    if until is None:
        return None
    since = format_moment(until - policy.longest_call_ms)
    return Verdict("on-the-line", f"the customer is on the line since {since}", until)


def keep_site(customer: Customer, at: int) -> None:
    """Keeps the newer word on when the customer was last on the site, or left."""
    if _rank(at) > _rank(customer.site):
        customer.site = at


def keep_call(customer: Customer, call: str, at: int) -> None:
    """Keeps the newer word on a call; of more calls than are kept, the oldest are forgotten."""
    calls = customer.calls
    if _rank(at) <= _rank(calls.get(call, 0)):
        return
    calls[call] = at
    while len(calls) > CALLS_KEPT:
        del calls[min(calls, key=lambda name: (_rank(calls[name]), name))]


def unite_presence(customer: Customer, other: Customer) -> None:
    """What another record of the same customer knows of it."""
    keep_site(customer, other.site)
    for call, at in other.calls.items():
        keep_call(customer, call, at)


def _rank(at: int) -> tuple[int, bool]:
    return abs(at), at < 0
