"""Rules of this file: the one way into the engine; pure, so the same input gives the same bytes.

A record goes in and is consumed: use the one in the result. What came is an event, a message of
another record, a request, or nothing at all when a timer fires or the definitions have changed.
"""

from __future__ import annotations

from typing import Any

from orchestrator.engine import answers, capacity, derived, identity, placing, seen
from orchestrator.engine.adapt import adapt
from orchestrator.engine.alarms import fire, next_due
from orchestrator.engine.attendance import attend, first_for_agents, receive
from orchestrator.engine.audience import EVERYTHING
from orchestrator.engine.browsing import browse
from orchestrator.engine.customer import Customer, Pointer, Record
from orchestrator.engine.entries import enter_all, enter_joined, tell_late
from orchestrator.engine.glance import is_unheard
from orchestrator.engine.home import Home
from orchestrator.engine.journey import Env
from orchestrator.engine.message import Absorb, Claim, Follow, Full, Granted, Place, ToCustomer
from orchestrator.engine.offering import decide_all, settle, withdraw_unwanted
from orchestrator.engine.partners import check_request
from orchestrator.engine.profile import learn
from orchestrator.engine.progress import hear
from orchestrator.engine.requests import Request, check, decided
from orchestrator.engine.standing import decide_standing
from orchestrator.engine.surveys import learn_answer
from orchestrator.engine.timetable import arm, notice
from orchestrator.engine.turn import Step, Turn
from orchestrator.engine.waits import follow
from orchestrator.errors import Bug
from orchestrator.events.engagement import SURVEY_ANSWERED
from orchestrator.events.event import IDENTIFIED, JOURNEY_REQUESTED, Event


def on_event(env: Env, record: Record | None, event: Event, now: int, key: str, home: Home | None = None) -> Step:
    """What one event does to the record under ``key``, which is at home here.

    Args:
        now: UTC milliseconds: the clock that expiry, lateness and publication are judged by.
        home: what the partition number has beside the record; without it there is nothing.

    Raises:
        BadRecord: it asks for what is not allowed; the record is as it was.
    """
    if isinstance(record, Pointer):
        return Step(record, forwards=[Follow(record.to)])
    customer = record if record is not None else Customer(key, event.timestamp, event.timestamp)
    remembered = seen.remember(customer.seen, event.id, now, env.dedupe_count, env.dedupe_window_ms)
    if remembered is None:
        return Step(customer, duplicate=True)
    if event.name == JOURNEY_REQUESTED:
        check_request(env.current.get(event.properties["journey"]), env.partners, event.properties)
    customer.seen = remembered
    turn = Turn(env, customer, event, now, home)
    if env.attends:
        attend(turn, event)
    if record is None:
        turn.changed.add(EVERYTHING)
    elif is_unheard(env, customer, event, now):
        learn(customer, event)
        enter_all(turn, event)
        return _done(turn) if turn.out.log else turn.out
    return _in_turn(turn, event)


def _in_turn(turn: Turn, event: Event) -> Step:
    """All that an event does, in order."""
    env, customer, now = turn.env, turn.customer, turn.now
    adapt(turn)
    if event.user_id is not None and customer.known:
        identity.tie(turn, event)
    if customer.claimed:
        identity.keep_unheard(turn, event)
    narrowed = learn(customer, event)
    if event.name in env.browsed:
        browse(turn, event)
    turn.profile_changed()
    if event.name == SURVEY_ANSWERED:
        learn_answer(turn, event)
    moved = derived.observe(turn, event)
    if customer.tickets:
        capacity.reopen(turn, event)
    if customer.offers or customer.contacts:
        settle(turn, event)
        if narrowed:
            withdraw_unwanted(turn)
    if customer.instances:
        if event.name == IDENTIFIED:
            follow(turn)
        hear(turn, event)
    late = turn.out.late = now - event.timestamp > env.late_after_ms
    if late:
        tell_late(turn, event)
    else:
        _begin(turn, event)
    notice(turn, event, late=late)
    if not late:
        derived.settle(turn, moved)
    return _done(turn)


def _begin(turn: Turn, event: Event) -> None:
    """Journeys and placements that an event begins or decides."""
    enter_all(turn, event)
    if turn.env.standing:
        decide_standing(turn, event)


def on_message(env: Env, record: Record | None, message: ToCustomer, now: int, home: Home | None = None) -> Step:
    """What a claim, or an answer to one, does to the record that it is addressed to."""
    if isinstance(message, Claim):
        return identity.claim(record, message, now, home if home is not None else Home())
    if isinstance(message, Place | Full):
        return _answer(env, record, message, now, home)
    if isinstance(record, Pointer):
        kind = type(message).__name__.lower()
        raise Bug(f"{kind} for {message.to}, which is owned by {record.to}: only anonymous ids can be owned")
    if isinstance(message, Absorb):
        return _absorb(env, record, message, now, home)
    if record is None:
        return Step(None)
    return identity.granted(record, message) if isinstance(message, Granted) else identity.release(record, message, now)


def on_timer(env: Env, customer: Customer, now: int, home: Home | None = None) -> Step:
    """What falls due by ``now`` for one customer."""
    turn = Turn(env, customer, None, now, home)
    adapt(turn)
    fire(turn)
    return _done(turn)


def on_sweep(env: Env, customer: Customer, now: int, home: Home | None = None) -> Step:
    """What a change of the definitions means for one customer whom nothing else has touched since."""
    turn = Turn(env, customer, None, now, home)
    adapt(turn)
    return _done(turn)


def on_request(
    env: Env, record: Customer | None, request: Request, now: int, home: Home | None = None
) -> tuple[Step | None, dict[str, Any]]:
    """What is answered, and what that does to the record under ``request.customer``, which is at home here.

    There is no step when the request was answered before: then nothing changes.

    Raises:
        RequestRefused: it asks for what there is not; nothing has changed.
    """
    home = home if home is not None else Home()
    known = answers.find(home.chunks, request, now)
    if known is not None:
        return None, known
    check(env, request)
    customer = record if record is not None else Customer(request.customer, now, now)
    turn = Turn(env, customer, None, now, home)
    if record is None:
        turn.changed.add(EVERYTHING)
    if env.attends:
        receive(turn, request.channel)
    adapt(turn)
    derived.settle(turn, [])
    answer = decided(turn, request)
    return _done(turn), answer


def _absorb(env: Env, customer: Customer | None, message: Absorb, now: int, home: Home | None) -> Step:
    seen_at = message.record["last_seen"]
    target = customer if customer is not None else Customer(message.to, seen_at, seen_at)
    turn = Turn(env, target, None, now, home)
    identity.absorb(turn, message)
    return _done(turn)


def _answer(env: Env, record: Record | None, message: Place | Full, now: int, home: Home | None) -> Step:
    if not isinstance(record, Customer):
        return placing.elsewhere(record, message)
    turn = Turn(env, record, None, now, home)
    if isinstance(message, Place):
        placing.placed(turn, message)
    else:
        placing.refused(turn, message)
    return _done(turn)


def _done(turn: Turn) -> Step:
    """What a turn comes to when its last word is said."""
    for _ in range(derived.MOST_ROUNDS):
        if not turn.joins:
            break
        enter_joined(turn)
        derived.settle(turn, [])
    if turn.pending:
        decide_all(turn)
    if turn.env.attends and len(turn.out.actions) > 1:
        first_for_agents(turn)
    arm(turn)
    if turn.customer.tickets:
        capacity.settle(turn)
    turn.customer.next_due = next_due(turn)
    return turn.out
