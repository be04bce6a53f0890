"""Rules of this file: whether an event does nothing beyond what is learnt from it, at less than the price of a turn.

Most events begin nothing, end nothing and are waited for by nobody. What is in doubt is left to the turn: a glance may
see something where there is nothing, never the other way.
"""

from __future__ import annotations

from typing import Final

from orchestrator.engine.customer import Customer
from orchestrator.engine.journey import ANY, Env
from orchestrator.engine.profile import OF_PERMISSION
from orchestrator.events.engagement import SURVEY_ANSWERED, is_about_message
from orchestrator.events.event import ALIASED, IDENTIFIED, JOURNEY_REQUESTED, Event
from orchestrator.events.visits import OF_CALLS

_ALWAYS_HEARD: Final = OF_PERMISSION | {ALIASED, IDENTIFIED, JOURNEY_REQUESTED, SURVEY_ANSWERED}


def is_unheard(env: Env, customer: Customer, event: Event, now: int) -> bool:
    """Whether an event means nothing for a customer who exists, unless a journey begins with it."""
    name = event.name
    return not (
        env.derives
        or customer.adapted != env.adaption
        or customer.armed
        or customer.claimed
        or name in _ALWAYS_HEARD
        or name in env.browsed
        or (customer.instances and (name in env.heard or ANY in env.heard))
        or ((customer.offers or customer.contacts or customer.tickets) and is_about_message(name))
        or (customer.contacts and name in env.credited)
        or (env.standing and (name in env.standing or ANY in env.standing))
        or (event.anonymous_id is not None and customer.known and event.anonymous_id not in customer.aliases)
        or (env.attends and name in OF_CALLS)
        or now - event.timestamp > env.late_after_ms
    )
