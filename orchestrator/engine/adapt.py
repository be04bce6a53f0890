"""Rules of this file: one customer brought up to the definitions in force, once for each change that matters to them.

It runs when a customer is touched, and in a sweep over all of them; a second time it finds nothing to do.
"""

from __future__ import annotations

from orchestrator.engine import derived
from orchestrator.engine.migration import migrate
from orchestrator.engine.progress import leave
from orchestrator.engine.turn import Turn


def adapt(turn: Turn) -> None:
    """Does what a change of the definitions asks for customers who were there before it."""
    customer, adaption = turn.customer, turn.env.adaption
    if customer.adapted == adaption:
        return
    for instance in list(customer.instances.values()):
        if instance.journey in turn.env.ended:
            leave(turn, instance, "the journey was stopped for all")
        else:
            migrate(turn, instance)
    customer.adapted = adaption
    derived.backfill(turn)
