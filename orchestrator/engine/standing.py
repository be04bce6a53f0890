"""Rules of this file: what stands in a placement for one customer, and what an ``offer`` step chooses.

A placement is decided anew at its events and whenever somebody asks. What stays in the answer stays where it stands: it
is not said again. What is out of it is withdrawn, and what is new takes the places that are free, the best first. What
the customer has answered leaves its place, and does not come back before it would have expired.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from typing import Any, Final

from orchestrator.engine.arbitration import dear
from orchestrator.engine.chain import retry_id
from orchestrator.engine.contact import Gate
from orchestrator.engine.customer import Instance, Offer
from orchestrator.engine.journey import ANY
from orchestrator.engine.offering import action_id, cause_of, importance_of, not_now, put, quiet, withdraw
from orchestrator.engine.offers import no_stay
from orchestrator.engine.placement import Candidate, Placement
from orchestrator.engine.ranking import Ask, Ranking, explained, rank
from orchestrator.engine.reach import too_early, unreachable
from orchestrator.engine.routing import fixed
from orchestrator.engine.sight import Sight
from orchestrator.engine.steps import Choose
from orchestrator.engine.turn import Turn, remember
from orchestrator.engine.verdict import Verdict
from orchestrator.events.event import Event
from orchestrator.moments import format_moment

_Row = list[Any]
"""What stands in a place: action, action_id, place, and when it expires; a fifth field, if it was answered."""

_ANSWERED: Final = Verdict("answered", "the customer has answered it, and it has not expired yet")


def decide_standing(turn: Turn, event: Event) -> None:
    """Decides the placements that listen to an event."""
    standing = turn.env.standing
    for placement in (*standing.get(event.name, ()), *standing.get(ANY, ())):
        if placement.condition is None or turn.holds(placement.condition, None)[0]:
            fill(turn, placement, no_stay(turn, remember(event)))


def choose(turn: Turn, instance: Instance, step: Choose) -> str | None:
    """Takes an ``offer`` step: has its placement decided, or offers the best of its own actions; gives the next one."""
    if step.placement is not None:
        _fill_named(turn, instance, step.id, step.placement)
        return step.next
    sight, ask = turn.sight(instance), gate(turn)
    open_now = replace(step, candidates=tuple(_open(turn, each, sight, ask) for each in step.candidates))
    ranking = _ranked(turn, open_now, sight, ask)
    made = []
    for candidate in ranking.best:
        first, *beside = _offers(turn, candidate, step.id, instance)
        made.append(first)
        for each in (first, *beside):
            put(turn, each, instance)
    turn.note("offered", instance, step.id, ", ".join(each.action for each in made) or "nothing")
    _trace(turn, ranking, sight, made, {"journey": instance.journey, "step": step.id})
    return step.next


def _open(turn: Turn, candidate: Candidate, sight: Sight, ask: Ask) -> Candidate:
    """An action with several channels competes on the first of them that is open to the customer now."""
    action = candidate.action
    if not action.routed:
        return candidate
    kind = fixed(turn, action)
    ways = [Candidate(action, each) for each in action.treatments if kind is None or each.channel.name == kind.channel]
    return next((each for each in ways if ask(each) is None and dear(*each, sight) is None), candidate)


def _offers(turn: Turn, candidate: Candidate, step: str, instance: Instance) -> list[Offer]:
    """What the step says of an action first: on all channels that speak together, the first of a chain, or the best."""
    action = candidate.action
    treatments = action.treatments if action.together else (candidate.treatment,)
    if action.chain:
        treatments = (action.on(action.chain[0].channel),)
    id_ = action_id(instance, f"{step}/{action.name}", instance.laps)
    made = []
    for number, treatment in enumerate(treatments):
        made.append(_offer(turn, Candidate(action, treatment), retry_id(id_, number) if number else id_, instance))
        made[-1].step = step
    return made


def fill(turn: Turn, placement: Placement, stay: Instance) -> Ranking:
    """Decides a placement; what changes in it is published and withdrawn, what stays is not."""
    customer, sight = turn.customer, turn.sight(stay)
    former = {row[0]: row for row in standing_in(turn, placement)}
    ranking = rank_placement(turn, placement, sight)
    chosen = {candidate.action.name for candidate in ranking.best}
    if former.keys() == chosen:
        return ranking
    for made in [customer.offers.get(row[1]) for name, row in former.items() if name not in chosen]:
        if made is not None:
            withdraw(turn, made, f"something else stands in {placement.name} now")
    rows = [row for name, row in former.items() if name in chosen]
    free = iter(sorted(set(range(1, placement.places + 1)) - {row[2] for row in rows}))
    new = [candidate for candidate in ranking.best if candidate.action.name not in former]
    offers = [_offer(turn, candidate, _id(turn, placement, candidate, stay), stay) for candidate in new]
    for made in offers:
        made.placement, made.place, made.cause = placement.name, next(free), stay.entry
        rows.append([made.action, made.id, made.place, made.expires_at])
        put(turn, made, stay)
    rows += _answered_in(turn, placement)
    if rows:
        customer.placed[placement.name] = rows
    else:
        customer.placed.pop(placement.name, None)
    _trace(turn, ranking, sight, offers, {"placement": placement.name})
    return ranking


def rank_placement(turn: Turn, placement: Placement, sight: Sight) -> Ranking:
    """The best for a placement now; what stands there already needs no leave of the contact policy to stay."""
    stands, answered = ({row[0] for row in rows(turn, placement)} for rows in (standing_in, _answered_in))
    ask = gate(turn, stands)
    if not answered:
        return _ranked(turn, placement, sight, ask)
    return _ranked(turn, placement, sight, lambda other: _ANSWERED if other.action.name in answered else ask(other))


def _ranked(turn: Turn, among: Placement | Choose, sight: Sight, ask: Ask) -> Ranking:
    ranking = rank(among.candidates, sight, among.places, among.per_group, ask)
    if not turn.env.tells_all:
        return ranking
    return replace(ranking, told_all=tuple(explained(among.candidates, sight, ask)))


def standing_in(turn: Turn, placement: Placement) -> list[_Row]:
    """What stands in a placement for the customer: it was not answered and has not expired."""
    return [row for row in turn.customer.placed.get(placement.name, ()) if row[3] > turn.now and len(row) == 4]


def _answered_in(turn: Turn, placement: Placement) -> list[_Row]:
    """What stood there until the customer answered it, as long as it would have stood."""
    return [row for row in turn.customer.placed.get(placement.name, ()) if row[3] > turn.now and len(row) > 4]


def gate(turn: Turn, stands: Container[str] = ()) -> Ask:
    """What keeps actions from being said to the customer now, asked once for those that it is the same for."""
    asked: dict[tuple[str, str, str | None], Verdict | None] = {}
    contact = Gate(turn, partial(importance_of, turn))

    def reach(candidate: Candidate) -> Verdict | None:
        treatment = candidate.treatment
        key = treatment.channel.name, treatment.purpose, treatment.kind
        try:
            return asked[key]
        except KeyError:
            verdict = asked[key] = (
                unreachable(turn.customer, treatment)
                or too_early(turn.customer, treatment, turn.now)
                or (not_now(turn, treatment) if turn.env.attends else None)
                or quiet(turn, treatment.purpose)
            )
            return verdict

    def ask(candidate: Candidate) -> Verdict | None:
        verdict = reach(candidate)
        if verdict is not None or candidate.action.name in stands:
            return verdict
        return contact.allows(candidate.treatment)

    return ask if contact.says_something else reach


def _fill_named(turn: Turn, instance: Instance, step: str, name: str) -> None:
    placement = turn.env.placements.get(name)
    if placement is None:
        turn.note("refused", instance, step, f"there is no placement {name} any more")
        return
    kept = remember(turn.event) if turn.event is not None else instance.last or instance.entry
    fill(turn, placement, no_stay(turn, kept))
    names = [str(row[0]) for row in standing_in(turn, placement)]
    turn.note("offered", instance, step, f"in {name}: {', '.join(names) or 'nothing'}")


def _offer(turn: Turn, candidate: Candidate, id_: str, stay: Instance) -> Offer:
    action, treatment = candidate
    return Offer(
        id=id_,
        instance=stay.key,
        journey=stay.journey,
        version=stay.version,
        step="",
        action=action.name,
        channel=treatment.channel.name,
        purpose=treatment.purpose,
        customer_id=turn.customer_id,
        trigger=cause_of(turn, stay),
        expires_at=turn.at + treatment.expires_ms,
        due=turn.at,
    )


def _id(turn: Turn, placement: Placement, candidate: Candidate, stay: Instance) -> str:
    """32 hex digits that a replay gives again: of the customer, the placement, the event and the action."""
    parts = (turn.customer.key, "placement", placement.name, str(stay.entry["id"]), candidate.action.name)
    return blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()


def _trace(turn: Turn, ranking: Ranking, sight: Sight, made: Sequence[Offer], where: dict[str, Any]) -> None:
    """Writes down what was chosen and by what factors, what came after it, and how many were excluded by what."""
    ids = {offer.action: offer.id for offer in made}
    turn.decide(
        {
            "kind": "arbitration",
            "customer_id": turn.customer_id,
            "decided_at": format_moment(turn.now),
            "placement": None,
            "journey": None,
            "step": None,
            **where,
            "chosen": [{**told, "action_id": ids.get(told["action"])} for told in ranking.told(sight, ranking.best)],
            "next": ranking.told(sight, ranking.next),
            "excluded": ranking.excluded,
            "candidates": ranking.candidates,
            "trigger": turn.trigger(),
            **({"all": list(ranking.told_all)} if ranking.told_all else {}),
        }
    )
