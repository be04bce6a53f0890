"""What follows when a customer comes to the site or goes, reads a message, and when a call begins or ends."""

from __future__ import annotations

from typing import Final

from orchestrator.engine.channel_policy import ChannelPolicy
from orchestrator.engine.presence import keep_call, keep_site, on_the_line
from orchestrator.engine.send_time import count_hour
from orchestrator.engine.turn import Turn
from orchestrator.events.engagement import OPENED
from orchestrator.events.event import Event
from orchestrator.events.visits import CALL_ENDED, CALL_STARTED, is_visit, leaves_site

_LONGEST_ID: Final = 64


def attend(turn: Turn, event: Event) -> None:
    """Takes in what an event says about where the customer is, and about the hours in which they read."""
    if turn.env.times_sends and event.name in OPENED:
        count_hour(turn, event)
    policy = turn.env.policy.channel
    if policy is None:
        return
    customer, at, name = turn.customer, min(event.timestamp, turn.now), event.name
    if is_visit(event):
        keep_site(customer, at)
    elif leaves_site(name):
        keep_site(customer, -at)
    elif name == CALL_STARTED:
        keep_call(customer, _call_of(event) or "", at)
    elif name in CALL_ENDED:
        _end_calls(turn, policy, _call_of(event), at)


def receive(turn: Turn, channel: str) -> None:
    """A channel of the site asks what to show: so the customer is there."""
    policy = turn.env.policy.channel
    if policy is not None and channel in policy.site:
        keep_site(turn.customer, turn.now)


def first_for_agents(turn: Turn) -> None:
    """Puts what agents read before all else that this turn says, while the customer is on the line."""
    policy = turn.env.policy.channel
    if policy is not None and on_the_line(turn.customer, policy, turn.now):
        agents = policy.agents
        turn.out.actions = sorted(turn.out.actions, key=lambda action: action.channel not in agents)


def _end_calls(turn: Turn, policy: ChannelPolicy, call: str | None, at: int) -> None:
    """Without an id, all calls that are open are meant."""
    customer = turn.customer
    ended = [call] if call is not None else [open_ for open_, since in customer.calls.items() if 0 < since <= at]
    for each in ended:
        since = customer.calls.get(each, 0)
        keep_call(customer, each, -at)
        if since > 0:
            _look_again(turn, policy, since + policy.longest_call_ms)


def _look_again(turn: Turn, policy: ChannelPolicy, held_until: int) -> None:
    """What the call has held comes back one by one, first what expires first."""
    held = [made for made in turn.customer.offers.values() if made.due == held_until]
    for number, made in enumerate(sorted(held, key=lambda made: (made.expires_at, made.id)), 1):
        made.due = min(turn.now + number * policy.after_call_ms, made.expires_at - 1)


def _call_of(event: Event) -> str | None:
    id_ = event.properties.get("call_id")
    return id_[:_LONGEST_ID] if isinstance(id_, str) and id_ else None
