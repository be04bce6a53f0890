"""What a pool's home answers to an offer that asked for a place, and what becomes of the offer then."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.engine.adapt import adapt
from orchestrator.engine.capacity import NOWHERE, divert
from orchestrator.engine.customer import Pointer, Record, Ticket
from orchestrator.engine.message import Full, GiveBack, Place
from orchestrator.engine.offering import put, refuse
from orchestrator.engine.offers import action_of, stay_of
from orchestrator.engine.pool import POOL
from orchestrator.engine.progress import forget_expired
from orchestrator.engine.turn import Step, Turn
from orchestrator.engine.verdict import Verdict


def elsewhere(record: Record | None, message: Place | Full) -> Step:
    """Where no customer is: the answer follows them, or the place goes back."""
    if isinstance(record, Pointer):
        return Step(record, forwards=[replace(message, to=record.to)])
    return Step(record, forwards=[_returned(message)] if isinstance(message, Place) else [])


def placed(turn: Turn, message: Place) -> None:
    """There is a place: the offer goes out if all else still allows it."""
    adapt(turn)
    customer = turn.customer
    ticket, made = customer.tickets.get(message.action_id), customer.offers.get(message.action_id)
    if not _is_asked(ticket, message) or made is None or made.due is None:
        if ticket is None or not ticket.used or ticket.asked_at != message.asked_at:
            turn.send(_returned(message))
        return
    assert ticket is not None
    ticket.window, ticket.until = message.window, message.until
    made.due = turn.now
    put(turn, made, stay_of(turn, made))
    forget_expired(turn)


def refused(turn: Turn, message: Full) -> None:
    """There is none: the offer goes the way that is declared for the surplus."""
    adapt(turn)
    customer = turn.customer
    if not _is_asked(customer.tickets.get(message.action_id), message):
        return
    del customer.tickets[message.action_id]
    made, capacity = customer.offers.get(message.action_id), turn.env.capacities.get(message.pool)
    if made is None or made.due is None:
        return
    instead, action = capacity.instead if capacity is not None else "", action_of(turn, made)
    in_chain = action is not None and bool(action.chain)
    if not instead and not in_chain:
        refuse(turn, made, Verdict("capacity", message.detail))
        return
    divert(turn, made, NOWHERE if in_chain else instead)  # Of a chain the next link follows.
    made.due = turn.now
    put(turn, made, stay_of(turn, made))
    forget_expired(turn)


def _is_asked(ticket: Ticket | None, message: Place | Full) -> bool:
    """Whether the answer is to what was asked last."""
    if ticket is None or ticket.until is not None:
        return False
    return ticket.pool == message.pool and ticket.asked_at == message.asked_at


def _returned(message: Place) -> GiveBack:
    return GiveBack(POOL + message.pool, message.action_id, [], message.asked_at, message.window)
