"""Rules of this file: one customer brought up to the definitions in force, once for each change that matters to them.

It runs when a customer is touched, and in a sweep over all of them; a second time it finds nothing to do.
"""

from __future__ import annotations

from orchestrator.engine.turn import Turn


def adapt(turn: Turn) -> None:
    """Does what a change of the definitions asks for customers who were there before it."""
    customer, adaption = turn.customer, turn.env.adaption
    if customer.adapted == adaption:
        return
    customer.adapted = adaption
