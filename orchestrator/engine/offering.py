"""Actions: held until they are due, checked again, published, refused or withdrawn, each with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from hashlib import blake2b
from typing import Any, Final

from orchestrator.engine import contact
from orchestrator.engine.action import Action
from orchestrator.engine.address import address
from orchestrator.engine.arbitration import Order, dear, order, propensity, unfit
from orchestrator.engine.attribution import credit, tell, tell_published
from orchestrator.engine.capacity import full, use, waited_for
from orchestrator.engine.chain import followers, following, heed, place_of, retry_id, waits_for
from orchestrator.engine.contacts import heard
from orchestrator.engine.content import Rendered
from orchestrator.engine.customer import OFFERS_KEPT, Customer, Instance, Offer
from orchestrator.engine.offers import act_of, action_of, stay_of
from orchestrator.engine.presence import hushed
from orchestrator.engine.reach import bounced, forbidden, too_early, unreachable
from orchestrator.engine.routing import Choice, out_elsewhere, route
from orchestrator.engine.send_time import later
from orchestrator.engine.steps import Act
from orchestrator.engine.treatment import CONSENT_FREE, Treatment
from orchestrator.engine.turn import Failed, Outgoing, Turn
from orchestrator.engine.verdict import Verdict
from orchestrator.engine.wording import worded
from orchestrator.errors import ContentError
from orchestrator.events.engagement import is_about_message, outcome_of
from orchestrator.events.event import JOURNEY_REQUESTED, Event
from orchestrator.moments import format_moment

_FREES_PLACE: Final = frozenset({"dismissed", "opened", "clicked", "replied"})
_BY_NOBODY: Final[dict[str, str]] = {}
_PASSED: Final[list[dict[str, str]]] = []

Reasons = Sequence[dict[str, str]]


def action_id(instance: Instance, step: str, attempt: int = 0) -> str:
    """32 hex digits that a replay and a merge give again.

    They are of the customer at entry, the journey, its version, the event that began it, the step and the attempt.
    """
    parts = (instance.origin, instance.journey, instance.version, str(instance.entry["id"]), step, str(attempt))
    return blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()


def offer(turn: Turn, instance: Instance, act: Act) -> None:
    """Takes an ``act`` step: publishes at once, or holds the action until it is due."""
    action, id_ = act.action, action_id(instance, act.id, instance.laps)
    if action.together:
        for number, treatment in enumerate(action.treatments):
            _offer(turn, instance, act, treatment, retry_id(id_, number) if number else id_)
    else:
        _offer(turn, instance, act, action.on(action.chain[0].channel) if action.chain else action.treatment, id_)


def _offer(turn: Turn, instance: Instance, act: Act, treatment: Treatment, id_: str) -> None:
    due = turn.at + act.delay_ms
    made = Offer(
        id=id_,
        instance=instance.key,
        journey=instance.journey,
        version=instance.version,
        step=act.id,
        action=treatment.name,
        channel=treatment.channel.name,
        purpose=treatment.purpose,
        customer_id=turn.customer_id,
        trigger=cause_of(turn, instance),
        expires_at=due + treatment.expires_ms,
        due=due,
        since=turn.now,
    )
    if act.awaited:
        _await(instance, act, made)
    if due > turn.now:
        _stop(turn, made, Verdict("delay", f"due at {format_moment(due)}", due))
    else:
        put(turn, made, instance)


def put(turn: Turn, made: Offer, instance: Instance) -> None:
    """Has a due offer decided when the turn is done, among all that are; until then it can be withdrawn."""
    turn.customer.offers[made.id] = made
    turn.pending[made.id] = turn, made, instance.copy()  # The stay goes on, and what is said sees it as it was.


def decide_all(turn: Turn) -> None:
    """Decides what is due in this turn, the most important first: what is bounded goes to what matters most."""
    pending = list(turn.pending.values())
    turn.pending.clear()
    if len(pending) > 1:
        pending.sort(key=_importance)
    for seen, made, instance in pending:
        if turn.customer.offers.get(made.id) is made:
            _decide(seen, made, instance)
            if made.id not in turn.customer.offers:
                _forget(turn, made)
                if made.placement:
                    _unplace(turn, made)


def _unplace(turn: Turn, made: Offer) -> None:
    """What did not go out does not stand in its placement; but what cannot be said is not tried again at once."""
    if any(failed.value["action_id"] == made.id for failed in turn.out.failed):
        return
    placed = turn.customer.placed
    placed[made.placement] = [row for row in placed.get(made.placement, ()) if row[1] != made.id]
    if not placed[made.placement]:
        del placed[made.placement]


def importance_of(turn: Turn, made: Offer) -> Order | None:
    """How important an offer is that waits, seen from here; None if nothing becomes of it."""
    action = action_of(turn, made)
    return None if action is None else order(action, action.on(made.channel), turn.sight(stay_of(turn, made)))


def _importance(due: tuple[Turn, Offer, Instance]) -> Order:
    turn, made, instance = due
    action = action_of(turn, made)
    return order(action, action.on(made.channel), turn.sight(instance)) if action is not None else (-1, 0.0, 0)


def _decide(turn: Turn, made: Offer, instance: Instance) -> None:
    """Checks a due action against expiry, its condition, quiet, consent and reach; then publishes or refuses it."""
    action = action_of(turn, made)
    turn.customer.offers.pop(made.id, None)
    if action is None:
        _stop(turn, made, Verdict("withdrawn", f"there is no action '{made.action}' any more"))
        return
    paused = "the journey is paused" if made.journey in turn.env.paused else contact.holding(turn, made)
    if paused is not None:
        _decision(turn, made, "held", [{"rule": "paused", "detail": paused}])
        _keep(turn, made)
        return
    verdict = _verdict(turn, made, action, instance)
    if verdict is not None:
        _stop(turn, made, verdict)
        return
    choice = _choice(turn, made, action, instance)
    if choice.verdict is not None:
        _stop(turn, made, choice.verdict, choice.reasons)
    else:
        _say(turn, made, choice, instance)
    if action.chain and not made.placement:
        _follow(turn, made, action, instance, choice.verdict)


def _choice(turn: Turn, made: Offer, action: Action, instance: Instance) -> Choice:
    """On which channel it goes out, if one is open now; what stands in a placement has its channel."""
    if not action.routed:
        return Choice(action.treatment, _shut(turn, made, action, action.treatment, instance))
    if made.placement:
        treatment = action.on(made.channel)
        return Choice(treatment, out_elsewhere(turn, treatment) or _shut(turn, made, action, treatment, instance))
    choice = route(turn, made, action, lambda each: _shut(turn, made, action, each, instance))
    made.channel = choice.treatment.channel.name
    return choice


def _say(turn: Turn, made: Offer, choice: Choice, instance: Instance) -> None:
    try:
        content = worded(turn, made, choice.treatment, instance)
    except ContentError as error:
        _decision(turn, made, "refused", [{"rule": "content", "detail": str(error)}, *choice.reasons])
        turn.fail(_failed(turn, made, str(error)))
    else:
        _publish(turn, made, choice, content, instance)


def _follow(turn: Turn, made: Offer, action: Action, instance: Instance, verdict: Verdict | None) -> None:
    """Lines up the next link of a chain: for later if this one went out, for now if its channel is shut."""
    customer = turn.customer
    if made.due is not None and made.id in customer.offers:
        return
    if verdict is not None and not verdict.elsewhere:
        customer.chains.pop(made.id, None)
        return
    link = action.chain[place_of(customer, made).number]
    sent = customer.contacts.get(made.id) is not None
    next_ = following(customer, action, made, sent=sent, now=turn.now)
    if next_ is None:
        return
    act, stay = act_of(turn, made), customer.instances.get(made.instance)
    if act is not None and act.awaited and stay is not None:
        _await(stay, act, next_)
    if sent:
        assert next_.due is not None
        _stop(turn, next_, Verdict("chain", waits_for(link), next_.due))
    else:
        _decide(turn, next_, instance)


def _await(instance: Instance, act: Act, made: Offer) -> None:
    """A step waits for the message to be opened, on whatever channel it comes."""
    before = instance.said.get(act.id)
    first = action_id(instance, act.id, instance.laps)
    instance.said[act.id] = f"{before},{made.id}" if before and first in before else made.id


def refuse(turn: Turn, made: Offer, verdict: Verdict) -> None:
    """Lets go of a held action for good."""
    _forget(turn, made)
    _stop(turn, made, verdict)


def withdraw(turn: Turn, made: Offer, reason: str) -> None:
    """Drops a held action; cancels a published one by a record with the same ``action_id``."""
    if made.due is None and made.expires_at > turn.now:
        value: dict[str, Any] = {
            "kind": "cancel",
            "action_id": made.id,
            "customer_id": made.customer_id,
            "channel": made.channel,
            "action": made.action,
            "journey": made.journey or None,
            "journey_version": made.version or None,
            **({"placement": made.placement} if made.placement else {}),
            "reason": reason,
            "decided_at": format_moment(turn.now),
            "trigger": turn.trigger(),
        }
        traceparent = turn.event.traceparent if turn.event is not None else None
        turn.act(Outgoing(made.channel, made.customer_id, value, traceparent))
    _decision(turn, made, "cancelled", [{"rule": "withdrawn", "detail": reason}])
    _forget(turn, made)


def withdraw_unwanted(turn: Turn) -> None:
    """After a no or a bounce: withdraws what may not be said any more. What is only not allowed yet waits on."""
    for made in list(turn.customer.offers.values()):
        action = action_of(turn, made)
        if action is None:
            continue
        if made.id not in turn.customer.offers or (made.due is not None and action.routed and not action.together):
            continue  # What waits may go out on another channel.
        treatment = action.on(made.channel)
        verdict = (
            forbidden(turn.customer, treatment)
            or bounced(turn.customer, treatment)
            or contact.suppresses(turn, treatment, made)
        )
        if verdict is not None:
            withdraw(turn, made, verdict.detail)
            for follower in followers(turn.customer, made):
                withdraw(turn, follower, verdict.detail)


def settle(turn: Turn, event: Event) -> None:
    """A sender's word of what became of an action, or the customer's answer: nothing is left to withdraw.

    A purchase is an answer too, if it is put down to something.
    """
    credit(turn, event)
    if not is_about_message(event.name):
        return
    customer, told = turn.customer, outcome_of(event.name, event.properties)
    if told is not None:
        was = customer.contacts.get(told[0])
        customer.contacts, news = heard(customer.contacts, *told, event.timestamp)
        if customer.placed and told[1] in _FREES_PLACE:
            _leave_place(customer, told[0])
        if news is not None and was is not None and turn.env.attribution is not None:
            tell(turn, news, was, event.timestamp)
    if customer.chains:
        for waiting, reason in heed(customer, event, turn.now):
            withdraw(turn, waiting, reason)
    made = customer.offers.get(str(event.properties.get("action_id")))
    if made is not None and made.due is None:
        _forget(turn, made)


def _leave_place(customer: Customer, id_: str) -> None:
    """What was answered stands no longer; its row says so until it expires."""
    for name, rows in customer.placed.items():
        if any(row[1] == id_ for row in rows):
            customer.placed[name] = [[*row[:4], True] if row[1] == id_ else row for row in rows]


def _forget(turn: Turn, made: Offer) -> None:
    """Nobody watches over the offer any more, nor over a finished stay that had no other."""
    customer = turn.customer
    customer.offers.pop(made.id, None)
    customer.chains.pop(made.id, None)
    instance = customer.instances.get(made.instance)
    finished = instance is not None and instance.step is None and instance.due is None
    if finished and not any(other.instance == made.instance for other in customer.offers.values()):
        del customer.instances[made.instance]


def _verdict(turn: Turn, made: Offer, action: Action, instance: Instance) -> Verdict | None:
    """What the first gate says that does not let the offer through, whatever the channel."""
    return (
        _expired(turn, made)
        or _unmet(turn, made, instance)
        or (None if action.asks_nothing else unfit(action, turn.sight(instance)))
    )


def _shut(turn: Turn, made: Offer, action: Action, treatment: Treatment, instance: Instance) -> Verdict | None:
    """What the first gate of a channel says that does not let the offer through there."""
    return (
        (None if action.asks_nothing else dear(action, treatment, turn.sight(instance)))
        or unreachable(turn.customer, treatment)
        or too_early(turn.customer, treatment, turn.now)
        or (not_now(turn, treatment) if turn.env.attends else None)
        or quiet(turn, made.purpose)
        or contact.allows(turn, treatment, made, partial(importance_of, turn))
        or (_later(turn, made, action, treatment) if turn.env.times_sends else None)
        or (_full(turn, made, action, treatment, instance) if turn.env.capacities else None)
    )


def _expired(turn: Turn, made: Offer) -> Verdict | None:
    if made.expires_at > turn.now:
        return None
    waited = waited_for(turn.customer, made)
    meanwhile = f" while it waited for a place of {waited}" if waited is not None else ""
    return Verdict("expired", f"it expired at {format_moment(made.expires_at)}{meanwhile}")


def _unmet(turn: Turn, made: Offer, instance: Instance) -> Verdict | None:
    act = act_of(turn, made)
    if act is None or act.condition is None:
        return None
    holds, unmet = turn.holds(act.condition, instance)
    return None if holds else Verdict("condition", unmet or f"not true: {act.condition.source}")


def quiet(turn: Turn, purpose: str) -> Verdict | None:
    """Why what has this purpose has to wait for the end of a quiet that a journey asked for."""
    until = turn.customer.quiet.get(purpose, 0)
    if until <= turn.now:
        return None
    return Verdict("quiet", f"quiet for {purpose} until {format_moment(until)}", until)


def not_now(turn: Turn, treatment: Treatment) -> Verdict | None:
    """Why a treatment has to wait for where the customer is now."""
    policy = turn.env.policy.channel
    if policy is None or policy.is_urgent(treatment.kind):
        return None
    return hushed(turn.customer, policy, treatment, turn.now)


def _later(turn: Turn, made: Offer, action: Action, treatment: Treatment) -> Verdict | None:
    act = act_of(turn, made)
    own = act.send_within_ms if act is not None else None
    within_ms = action.send_within_ms if own is None else own
    return later(turn, made, treatment, within_ms, partial(contact.allowed_from, turn, treatment, made.journey))


def _full(turn: Turn, made: Offer, action: Action, treatment: Treatment, instance: Instance) -> Verdict | None:
    return full(turn, made, treatment, lambda: order(action, treatment, turn.sight(instance)))


def _stop(turn: Turn, made: Offer, verdict: Verdict, besides: Reasons = ()) -> None:
    """Refuses the offer, or holds it until it is looked at again."""
    if verdict.until is None:
        _decision(turn, made, "refused", [{"rule": verdict.rule, "detail": verdict.detail}, *besides])
    elif verdict.until >= made.expires_at and not verdict.answered:
        detail = f"{verdict.detail}, but it expires at {format_moment(made.expires_at)}"
        _decision(turn, made, "refused", [{"rule": verdict.rule, "detail": detail}, *besides])
    else:
        made.due = verdict.until
        _decision(turn, made, "held", [{"rule": verdict.rule, "detail": verdict.detail}, *besides])
        _keep(turn, made)


def _keep(turn: Turn, made: Offer) -> None:
    turn.customer.offers[made.id] = made
    bound_offers(turn)


def bound_offers(turn: Turn) -> None:
    """Lets go of the offers that are too many: published ones first, of each kind those that expire first."""
    offers = turn.customer.offers
    while len(offers) > OFFERS_KEPT:
        oldest = min(offers.values(), key=lambda open_: (open_.due is not None, open_.expires_at, open_.id))
        if oldest.due is not None:
            _decision(
                turn,
                oldest,
                "refused",
                [{"rule": "bound", "detail": f"more than {OFFERS_KEPT} actions are open for this customer"}],
            )
        _forget(turn, oldest)


def _where(made: Offer) -> dict[str, Any]:
    """The step that it came from, or the placement in which it stands."""
    if not made.placement:
        return {"journey": made.journey, "journey_version": made.version, "step": made.step}
    return {"journey": None, "journey_version": None, "step": None, "placement": made.placement, "place": made.place}


def _of(treatment: Treatment) -> dict[str, Any]:
    """What the business calls it, where it says so."""
    return {name: value for name, value in (("goal", treatment.goal), ("group", treatment.group)) if value}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _failed(turn: Turn, made: Offer, error: str) -> Failed:
    value = {
        "kind": "failed_action",
        "action_id": made.id,
        "customer_id": turn.customer_id,
        "channel": made.channel,
        "action": made.action,
        **_where(made),
        "instance": made.instance or None,
        "error": error,
        "decided_at": format_moment(turn.now),
        "trigger": made.trigger,
    }
    return Failed(made.channel, turn.customer_id, value, error)


def _publish(turn: Turn, made: Offer, choice: Choice, content: Rendered, instance: Instance) -> None:
    customer, now, treatment = turn.customer, format_moment(turn.now), choice.treatment
    made.customer_id = turn.customer_id
    value: dict[str, Any] = {
        "kind": "action",
        "action_id": made.id,
        "customer_id": turn.customer_id,
        "anonymous": not customer.known,
        "recipient": {
            "address": address(turn.customer, treatment),
            "locale": _text(customer.traits.get("locale")),
            "timezone": _text(customer.traits.get("timezone")),
        },
        "purpose": made.purpose,
        "channel": made.channel,
        "action": made.action,
        "content": content.fields,
        **_where(made),
        **_of(treatment),
        "decided_at": now,
        "expires_at": format_moment(made.expires_at),
        "trigger": made.trigger,
        "priority": treatment.priority,
        **_by(turn, made),
    }
    if customer.chains and (chain := customer.chains.get(made.id)) is not None and chain.sent:
        value["follows"] = next(reversed(chain.sent))
    event = turn.event
    traceparent = event.traceparent if event is not None else (instance.last or instance.entry).get("traceparent")
    turn.act(Outgoing(made.channel, turn.customer_id, value, traceparent))
    recorded = contact.record(turn, made, treatment)
    if turn.env.attribution is not None:
        action = action_of(turn, made)
        known = propensity(action, treatment, turn.sight(instance))[0] if action is not None else None
        tell_published(turn, recorded, known)
    use(turn, made, treatment)
    fallbacks = [{"rule": "fallback", "detail": reason} for reason in content.fallbacks]
    fallbacks += contact.supposed(turn, treatment, made.journey)
    _decision(turn, made, "published", [*choice.reasons, *fallbacks] if choice.reasons else fallbacks or _PASSED)
    if _can_be_withdrawn(turn, made):
        made.due = None
        _keep(turn, made)


def _can_be_withdrawn(turn: Turn, made: Offer) -> bool:
    if not made.journey:
        return True
    journey = turn.journey(made.journey, made.version)
    return made.purpose not in CONSENT_FREE or bool(journey.exits or journey.goals)


def cause_of(turn: Turn, instance: Instance) -> dict[str, Any]:
    """The event under work in short, or the last one of the stay."""
    now = turn.trigger()
    if now is not None:
        return now
    kept = instance.last or instance.entry
    return {"event_id": kept["id"], "type": kept["name"], "timestamp": format_moment(kept["timestamp"])}


def _by(turn: Turn, made: Offer) -> dict[str, str]:
    """Who asked that the customer entered, if it was a partner."""
    instance = turn.customer.instances.get(made.instance)
    if instance is None or instance.entry["name"] != JOURNEY_REQUESTED:
        return _BY_NOBODY
    by = instance.entry["properties"].get("by")
    return {"by": by} if by is not None else _BY_NOBODY


def _decision(turn: Turn, made: Offer, outcome: str, reasons: list[dict[str, str]]) -> None:
    turn.decide(
        {
            "kind": "decision",
            "customer_id": turn.customer_id,
            "decided_at": format_moment(turn.now),
            **_where(made),
            "instance": made.instance or None,
            "action": made.action,
            "channel": made.channel,
            "action_id": made.id,
            "outcome": outcome,
            "reasons": reasons,
            "trigger": turn.trigger(),
            **_by(turn, made),
        }
    )
