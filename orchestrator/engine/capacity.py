"""What an offer needs of a channel or a queue that takes only so many: a ticket with a place.

The places are given at the home of the channel's name, see ``engine/allotment.py``. The offer asks for one when all
else allows it, and is held until the answer comes; then all is asked again. Whatever became of the offer meanwhile, a
ticket that it does not use is given back at the end of the turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from orchestrator.engine.calendar import DAY_MS
from orchestrator.engine.customer import Customer, Offer, Ticket
from orchestrator.engine.message import Bid, GiveBack
from orchestrator.engine.pool import POOL
from orchestrator.engine.treatment import Treatment
from orchestrator.engine.verdict import Verdict
from orchestrator.events.event import Event
from orchestrator.moments import format_moment

if TYPE_CHECKING:
    from orchestrator.engine.turn import Turn
    from orchestrator.engine.window import Capacity

USED_KEPT: Final = 32
"""Of so many last messages the place can still be given back."""
NOWHERE: Final = "-"
"""The surplus expires: no channel has that name."""
_FAILED: Final = "Message Failed"


def capacity_of(turn: Turn, treatment: Treatment) -> Capacity | None:
    """What the treatment's queue takes, or else its channel; None if nothing is said of either."""
    capacities = turn.env.capacities
    channel = treatment.channel.name
    return capacities.get(f"{channel}/{treatment.queue}") or capacities.get(channel)


def full(turn: Turn, made: Offer, treatment: Treatment, rank: Callable[[], Iterable[float]]) -> Verdict | None:
    """Why the offer has to wait for its channel: closed, or no place yet. The first time it asks for one.

    Args:
        rank: what it is worth against all others who wait, in the order of arbitration.
    """
    ticket, capacity = turn.customer.tickets.get(made.id), capacity_of(turn, treatment)
    if ticket is not None and ticket.only and ticket.only != treatment.channel.name:
        return Verdict("capacity", _none_left(capacity, ticket.only), elsewhere=True)
    if capacity is None:
        return None
    if capacity.most is None:
        return _closed(turn, capacity)
    if ticket is not None and ticket.until is not None and ticket.pool == capacity.name and turn.now < ticket.until:
        early = turn.now < ticket.window
        return (
            Verdict("capacity", f"its place is from {format_moment(ticket.window)} on", ticket.window)
            if early
            else None
        )
    closed = _closed(turn, capacity)
    if closed is not None and (closed.until is None or closed.until >= made.expires_at):
        return closed
    if ticket is None or ticket.pool != capacity.name or ticket.until is not None:
        _ask(turn, made, capacity, list(rank()))
    detail = f"it waits for a place: {capacity.said}"
    words = detail if closed is None else f"{closed.detail}; {detail}"
    return Verdict("capacity", words, made.expires_at, answered=True)


def use(turn: Turn, made: Offer, treatment: Treatment) -> None:
    """The offer went out: its place is taken, unless the sender says that it failed."""
    ticket = turn.customer.tickets.get(made.id)
    if ticket is not None and ticket.until is not None:
        capacity = capacity_of(turn, treatment)
        ticket.used = capacity is not None and capacity.name == ticket.pool


def divert(turn: Turn, made: Offer, channel: str) -> None:
    """From now on the offer may go out on that channel only, or ``NOWHERE``."""
    turn.customer.tickets[made.id] = Ticket("", [], turn.now, only=channel)


def waited_for(customer: Customer, made: Offer) -> str | None:
    """The channel or queue of which an offer still waits for a place."""
    ticket = customer.tickets.get(made.id)
    return ticket.pool or None if ticket is not None and ticket.until is None else None


def reopen(turn: Turn, event: Event) -> None:
    """A sender's word that nothing was sent: the place is free for another."""
    id_ = str(event.properties.get("action_id"))
    ticket = turn.customer.tickets.get(id_) if event.name == _FAILED else None
    if ticket is not None and ticket.used:
        del turn.customer.tickets[id_]
        give_back(turn, id_, ticket)


def settle(turn: Turn) -> None:
    """Gives back what no offer needs any more; keeps what was used, as long as a sender may say that it failed."""
    customer = turn.customer
    for id_, ticket in list(customer.tickets.items()):
        if ticket.used:
            needed = ticket.until is not None and ticket.until + DAY_MS > turn.now
        else:
            made = customer.offers.get(id_)
            held = made is not None and made.due is not None
            needed = held and (ticket.until is None or turn.now < ticket.window)
        if not needed:
            del customer.tickets[id_]
            if ticket.pool and not ticket.used:
                give_back(turn, id_, ticket)
    used = [id_ for id_, ticket in customer.tickets.items() if ticket.used]
    for id_ in used[:-USED_KEPT]:
        del customer.tickets[id_]


def give_back(turn: Turn, action_id: str, ticket: Ticket) -> None:
    """Tells the pool's home that the offer needs its ticket no more."""
    window = None if ticket.until is None else ticket.window
    turn.send(GiveBack(POOL + ticket.pool, action_id, ticket.rank, ticket.asked_at, window))


def unite_tickets(customer: Customer, other: Customer) -> None:
    """Tickets come along with the offers of a record that becomes part of this one."""
    for id_, ticket in other.tickets.items():
        customer.tickets.setdefault(id_, replace(ticket))


def _ask(turn: Turn, made: Offer, capacity: Capacity, rank: list[float]) -> None:
    customer = turn.customer
    former = customer.tickets.pop(made.id, None)
    if former is not None and former.pool:
        give_back(turn, made.id, former)
    only = former.only if former is not None else ""
    customer.tickets[made.id] = Ticket(capacity.name, rank, turn.now, only=only)
    turn.send(Bid(POOL + capacity.name, customer.key, made.id, rank, turn.now, made.expires_at))


def _none_left(capacity: Capacity | None, instead: str) -> str:
    said = "there is no place left" if capacity is None else f"there is no place left: {capacity.said}"
    return said if instead == NOWHERE else f"{said}; the surplus goes out on {instead}"


def _closed(turn: Turn, capacity: Capacity) -> Verdict | None:
    if capacity.hours.always:
        return None
    opens = capacity.hours.opens(turn.now)
    if opens is None:
        return Verdict("closed", f"{capacity.name} never opens again", elsewhere=True)
    return (
        None
        if opens == turn.now
        else Verdict("closed", f"{capacity.name} is closed until {format_moment(opens)}", opens)
    )
