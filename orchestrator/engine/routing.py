"""Rules of this file: on which channel an action with several treatments goes out to one customer.

In order: the channel that policy.yaml fixes for its kind; the customer's own choice; where they are now; where they
read the last message; how often messages are read there at this hour; what it costs; which is named first. The first
of these that tells two channels apart decides. A channel that is shut to the customer gives way to the next one. While
an action is out on one channel, and not answered, it goes out on no other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from orchestrator.engine.action import Action
from orchestrator.engine.calendar import wall_of, zone_of
from orchestrator.engine.chain import answered, place_of
from orchestrator.engine.channel_policy import Kind
from orchestrator.engine.customer import Customer, Offer
from orchestrator.engine.presence import on_site
from orchestrator.engine.profile import PREFERRED
from orchestrator.engine.treatment import Treatment
from orchestrator.engine.verdict import Verdict
from orchestrator.moments import format_moment

if TYPE_CHECKING:
    from orchestrator.engine.turn import Turn

Gate = Callable[[Treatment], Verdict | None]
"""What keeps one treatment from going out now."""

_RULE: Final = "channel"
_NEVER: Final = 1_000
_NOTHING: Final[tuple[str, ...]] = ()


class Choice(NamedTuple):
    """The treatment to send, or the one for which ``verdict`` speaks if none may go now; ``reasons`` are for people."""

    treatment: Treatment
    verdict: Verdict | None
    reasons: tuple[dict[str, str], ...] = ()


class _Rank(NamedTuple):
    """What speaks for a treatment, the least is the best; in the order in which it counts."""

    preferred: int
    elsewhere: bool
    unread: bool
    response: float
    cost: float
    place: int


def route(turn: Turn, made: Offer, action: Action, gate: Gate) -> Choice:
    """On which channel an offer goes out now. That of a link of a chain is given, as it is where all speak together."""
    if action.together:
        treatment = action.on(made.channel)
        return Choice(treatment, off_site(turn, treatment) or gate(treatment))
    if action.chain:
        return _link(turn, made, action, gate)
    return choose(
        turn, action, lambda each: off_site(turn, each) or out_elsewhere(turn, each) or _in_time(made, gate(each))
    )


def _link(turn: Turn, made: Offer, action: Action, gate: Gate) -> Choice:
    customer, treatment = turn.customer, action.on(made.channel)
    chain = place_of(customer, made)
    if answered(customer, chain):
        return Choice(treatment, Verdict("withdrawn", "the customer has answered the message before it"))
    verdict = off_site(turn, treatment) or out_elsewhere(turn, treatment, chain.sent) or _in_time(made, gate(treatment))
    if verdict is not None and verdict.elsewhere and chain.number + 1 < len(action.chain):
        return Choice(treatment, replace(verdict, until=None))
    return Choice(treatment, verdict)


def _in_time(made: Offer, verdict: Verdict | None) -> Verdict | None:
    """A channel that opens only when the offer has expired is shut to it; another one may not be."""
    if verdict is None or verdict.until is None or verdict.answered or verdict.until < made.expires_at:
        return verdict
    detail = f"{verdict.detail}, but it expires at {format_moment(made.expires_at)}"
    return replace(verdict, detail=detail, until=None, elsewhere=True)


def choose(turn: Turn, action: Action, gate: Gate) -> Choice:
    """The best treatment that may go out now; without one, the first that may later, or why none ever may."""
    ranked, unfit = _ranked(turn, action)
    shut: list[dict[str, str]] = []
    waiting: tuple[Treatment, Verdict] | None = None
    for tried, (treatment, rank) in enumerate(ranked, 1):
        verdict = gate(treatment)
        if verdict is None or (verdict.until is not None and not verdict.elsewhere):
            rest = ranked[tried:]
            why = _more(rank, rest[0][1]) if rest else "the only one that is open"
            chosen = {"rule": _RULE, "detail": f"{treatment.channel.name}: {why}"}
            lost = [_not(other, _RULE, _less(rank, worse)) for other, worse in rest]
            return Choice(treatment, verdict, (chosen, *shut, *lost, *unfit))
        shut.append(_not(treatment, verdict.rule, verdict.detail))
        if verdict.until is not None and (waiting is None or verdict.until < (waiting[1].until or 0)):
            waiting = treatment, verdict
    if waiting is not None:
        return Choice(*waiting, (*shut, *unfit))
    return Choice(ranked[0][0], Verdict(_RULE, "no channel is open to the customer"), (*shut, *unfit))


def off_site(turn: Turn, treatment: Treatment) -> Verdict | None:
    """A channel of the site reaches nobody who is not there, as far as that is known."""
    policy = turn.env.policy.channel
    if policy is None or treatment.channel.name not in policy.site or on_site(turn.customer, policy, turn.now):
        return None
    return Verdict(_RULE, "the visitor is not on the site", elsewhere=True)


def out_elsewhere(turn: Turn, treatment: Treatment, before: Collection[str] = _NOTHING) -> Verdict | None:
    """Why the action may not go out on this channel: it is out on another one, and not answered.

    Args:
        before: the ids of the messages that this one follows. What was out already when the first of them went out is
            no hindrance either: of two runs of a chain the later one goes on.
    """
    contacts = turn.customer.contacts
    began = next(((contact.at, contact.id) for contact in contacts if contact.id in before), None) if before else None
    for contact in contacts:
        is_open = contact.counts and not contact.answered and contact.at + treatment.expires_ms > turn.now
        if (
            is_open
            and contact.action == treatment.name
            and contact.channel != treatment.channel.name
            and contact.id not in before
            and (began is None or (contact.at, contact.id) > began)
        ):
            until = format_moment(contact.at + treatment.expires_ms)
            return Verdict(_RULE, f"it is out on {contact.channel} until {until}", elsewhere=True)
    return None


def fixed(turn: Turn, action: Action) -> Kind | None:
    """What the policy fixes for the action's kind, if it fixes anything."""
    policy = turn.env.policy.channel
    return policy.kinds.get(action.kind) if policy is not None and action.kind is not None else None


def preferred(customer: Customer) -> list[str]:
    """The channels that the customer chose, the dearest first; other systems write them as SMS or Email."""
    said = customer.traits.get(PREFERRED)
    chosen = said if isinstance(said, list) else [said]
    return [each.strip().lower() for each in chosen if isinstance(each, str)]


def _ranked(turn: Turn, action: Action) -> tuple[list[tuple[Treatment, _Rank]], list[dict[str, str]]]:
    """The treatments that come into question, the best first, and why the others do not."""
    kind = fixed(turn, action)
    fit = [each for each in action.treatments if kind is None or each.channel.name == kind.channel]
    if not fit:
        fit = list(action.treatments)
    unfit = [
        _not(each, _RULE, f"messages of kind {action.kind} go by {fit[0].channel.name}")
        for each in action.treatments
        if each not in fit
    ]
    read = _last_read(turn.customer)
    ranked = [(each, _rank(turn, action, each, place, read)) for place, each in enumerate(fit)]
    return sorted(ranked, key=lambda found: found[1]), unfit


def _rank(turn: Turn, action: Action, treatment: Treatment, place: int, read: str | None) -> _Rank:
    customer, policy, channel = turn.customer, turn.env.policy.channel, treatment.channel.name
    chosen = preferred(customer)
    here = policy is not None and channel in policy.site and on_site(customer, policy, turn.now)
    hour = wall_of(turn.now, zone_of(customer, turn.env.policy.timezone)).hour
    return _Rank(
        chosen.index(channel) if channel in chosen else _NEVER,
        not here,
        channel != read,
        -round(turn.home.models.response(channel, hour), 2),
        _cost(treatment, policy.costs if policy is not None else {}),
        place,
    )


def _cost(treatment: Treatment, costs: Mapping[str, float]) -> float:
    """That of the treatment; of one that says nothing of its own, what the policy says of the channel.

    A cost that is an expression is worth what the policy says, for it is asked for before there is a message.
    """
    own = treatment.cost
    if treatment.costs_itself and isinstance(own, int | float):
        return own
    return costs.get(treatment.channel.name, own if isinstance(own, int | float) else 0.0)


def _last_read(customer: Customer) -> str | None:
    answered = [contact for contact in customer.contacts if contact.answered]
    return max(answered, key=lambda contact: (contact.state_at, contact.id)).channel if answered else None


def _more(rank: _Rank, worse: _Rank) -> str:
    if rank.preferred != worse.preferred:
        return "the customer chose it"
    if rank.elsewhere != worse.elsewhere:
        return "the visitor is on the site"
    if rank.unread != worse.unread:
        return "the customer read the last message there"
    if rank.response != worse.response:
        return f"{-rank.response:.0%} of messages there are read at this hour"
    return f"it costs {rank.cost:g}" if rank.cost != worse.cost else "it is named first"


def _less(rank: _Rank, worse: _Rank) -> str:
    if rank.preferred != worse.preferred:
        return "the customer chose another one"
    if rank.elsewhere != worse.elsewhere:
        return "the visitor is on the site now"
    if rank.unread != worse.unread:
        return "the customer read the last message elsewhere"
    if rank.response != worse.response:
        return f"{-worse.response:.0%} of messages there are read at this hour"
    return f"it costs {worse.cost:g}" if rank.cost != worse.cost else "it is named later"


def _not(treatment: Treatment, rule: str, detail: str) -> dict[str, str]:
    return {"rule": rule, "detail": f"not {treatment.channel.name}: {detail}"}
