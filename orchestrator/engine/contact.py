"""Rules of this file: whether the contact policy lets a message through to one customer now, and if not, why.

In order: pauses, suppression, quiet hours and free days, caps, pressure. What is transactional always passes. A message
that waits keeps its place under each cap against all that matter less, and against those that matter the same and were
decided about later; it takes none from what matters more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from orchestrator.engine.address import address
from orchestrator.engine.calendar import DAY_MS, zone_of
from orchestrator.engine.contact_policy import ALWAYS_PASSES, NO_CONTACT_POLICY, Cap, ContactPolicy, Message, Scope
from orchestrator.engine.contacts import CONTACTS_KEPT, FEW_KEPT, MOST_KEPT, Contact, Contacts, bounded, recorded
from orchestrator.engine.customer import Offer
from orchestrator.engine.frequency import fits, free_from, taken
from orchestrator.engine.offers import action_of
from orchestrator.engine.pressure import HALF_LIVES, too_much
from orchestrator.engine.quiet_hours import quiet_for, undisturbed
from orchestrator.engine.suppression import suppressed
from orchestrator.engine.treatment import Treatment
from orchestrator.engine.verdict import Verdict
from orchestrator.moments import format_moment
from orchestrator.zones import is_zone

if TYPE_CHECKING:
    from orchestrator.engine.turn import Turn

Importance = tuple[int, float, int]
"""What goes before is less: see ``arbitration.order``."""

OrderOf = Callable[[Offer], Importance | None]
"""How important a message is that waits; None if nothing becomes of it any more."""

LEAST: Final[Importance] = (1_000_000, 0.0, 0)
_LONGEST_MS: Final = {"day": 2 * DAY_MS, "week": 8 * DAY_MS, "month": 32 * DAY_MS}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message that may be said, as rules see it."""

    action: str
    group: str
    goal: str
    channel: str
    purpose: str
    journey: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that waits, and goes before all of a greater ``rank``: its importance, and since when it is wanted."""

    rank: tuple[Importance, int]
    due: int
    message: Candidate


class Gate:
    """The contact policy as one customer stands under it at one moment, for as many messages as there are.

    It changes nothing, and says the same until something is said or held.
    """

    __slots__ = (
        "_alike",
        "_contacts",
        "_full_for",
        "_order_of",
        "_places",
        "_policy",
        "_quiet",
        "_turn",
        "_waiting",
        "_zone",
    )

    def __init__(self, turn: Turn, order_of: OrderOf) -> None:
        self._turn = turn
        self._order_of = order_of
        self._policy = turn.env.policy.contact
        self._alike: dict[tuple[str | None, ...], tuple[Verdict | None, list[Cap]]] = {}
        self._full_for: dict[tuple[int, str], Verdict | None] = {}
        self._places: dict[int, tuple[dict[str, list[int]], dict[str, list[Waiting]]]] = {}
        self._quiet: dict[tuple[int, ...], Verdict | None] = {}
        self._zone: tuple[ZoneInfo, str] | None = None
        self._contacts: list[Contact] | None = None
        self._waiting: list[Waiting] | None = None

    @property
    def says_something(self) -> bool:
        """Whether there is anything that could speak against a message."""
        return speaks(self._turn)

    def allows(
        self, treatment: Treatment, journey: str = "", made: Offer | None = None, importance: Importance = LEAST
    ) -> Verdict | None:
        """Why a message may not go out now; None if it may.

        Args:
            made: the message itself, if it is decided about already; its own importance counts then.
            importance: of one that is not.
        """
        if treatment.purpose == ALWAYS_PASSES or not self.says_something:
            return None
        if made is not None or self.waiting:
            message = candidate(treatment, journey)
            shared, own = self._caps(message)
            verdict = self._of_all(treatment, message, shared, made, importance)
        else:
            # Nobody goes before it, so all that rules cannot tell apart have one answer.
            action = treatment.name if self._policy.by_action else None
            key = treatment.channel.name, treatment.purpose, treatment.group, treatment.goal, action
            if key not in self._alike:
                message = candidate(treatment, journey)
                shared, own = self._caps(message)
                self._alike[key] = self._of_all(treatment, message, shared, None, importance), own
            verdict, own = self._alike[key]
        if verdict is not None or not own:
            return verdict
        return self._full(own, candidate(treatment, journey), made, importance)

    def _caps(self, message: Message) -> tuple[list[Cap], list[Cap]]:
        """The caps that bind a message: those that count others beside it, and those of its action or journey alone."""
        binding = [cap for cap in self._policy.caps if cap.scope.binds(message)]
        own = [cap for cap in binding if cap.each in ("action", "journey")]
        return [cap for cap in binding if cap not in own], own

    def _of_all(
        self, treatment: Treatment, message: Candidate, caps: list[Cap], made: Offer | None, importance: Importance
    ) -> Verdict | None:
        customer = self._turn.customer
        return (
            self._paused(message)
            or suppressed(customer, self._policy, message, address(customer, treatment))
            or self._disturbs(message)
            or self._full(caps, message, made, importance)
            or self._pressed(message)
        )

    def _paused(self, message: Message) -> Verdict | None:
        for pause in self._turn.env.pauses:
            if pause.scope.binds(message):
                return Verdict("paused", f"{pause.scope.label} are paused", elsewhere=_elsewhere(pause.scope))
        return None

    def _disturbs(self, message: Message) -> Verdict | None:
        policy = self._policy
        if not policy.quiet_hours and not policy.free_days:
            return None
        quiet = quiet_for(policy, message)
        key = tuple(map(id, (*quiet[0], *quiet[1])))
        if key not in self._quiet:
            self._quiet[key] = undisturbed(quiet, self._turn.now, *self.zone)
        return self._quiet[key]

    def _pressed(self, message: Message) -> Verdict | None:
        for rule in self._policy.pressure:
            verdict = too_much(rule, message, self.contacts, self._turn.now)
            if verdict is not None:
                return verdict
        return None

    def _full(self, caps: list[Cap], message: Candidate, made: Offer | None, importance: Importance) -> Verdict | None:
        """What refuses goes before what lets wait, and of that the longest."""
        if caps and len(self._turn.customer.contacts) >= MOST_KEPT:
            return Verdict("cap", f"as many messages count against caps as a record holds: {MOST_KEPT}")
        found = [verdict for cap in caps if (verdict := self._under(cap, message, made, importance)) is not None]
        if not found:
            return None
        return next((verdict for verdict in found if verdict.until is None), None) or max(
            found, key=lambda verdict: verdict.until or 0, default=None
        )

    def _under(self, cap: Cap, message: Candidate, made: Offer | None, importance: Importance) -> Verdict | None:
        each = each_of(cap, message)
        if cap.each is not None and not each:
            return None
        places, waiting = self._taken(cap)
        said, kept = places.get(each, []), waiting.get(each, [])
        if len(said) + len(kept) < cap.most:
            return None
        if kept:
            rank = self._rank(made) if made is not None else (importance, self._turn.now)
            return self._verdict(cap, each, said, [other for other in kept if rank is not None and other.rank < rank])
        if (id(cap), each) not in self._full_for:
            self._full_for[id(cap), each] = self._verdict(cap, each, said, [])
        return self._full_for[id(cap), each]

    def _verdict(self, cap: Cap, each: str, said: list[int], before: list[Waiting]) -> Verdict | None:
        now, zone = self._turn.now, self.zone[0]
        times = sorted([*said, *(max(other.due, now) for other in before)])
        if fits(cap, times, now, zone):
            return None
        free = free_from(cap, times, now, zone)
        detail = f"{taken(cap, said, now, zone)} of {cap.most} {named(cap, each)} {cap.span}"
        if before:
            first = min(before, key=lambda other: other.rank)
            detail += f", and a place is kept for '{first.message.action}', which goes before and waits"
        until = free if cap.waits else None
        return Verdict(
            "cap",
            f"{detail}; free again on {format_moment(free)}",
            until,
            _elsewhere(cap.scope) or cap.each == "channel",
        )

    def _taken(self, cap: Cap) -> tuple[dict[str, list[int]], dict[str, list[Waiting]]]:
        """When messages went out that take a place, and those for which one is kept, by what the cap tells apart."""
        if id(cap) not in self._places:
            places: dict[str, list[int]] = {}
            waiting: dict[str, list[Waiting]] = {}
            for contact in self.contacts:
                if cap.scope.binds(contact):
                    places.setdefault(each_of(cap, contact), []).append(contact.at)
            for other in self.waiting:
                if cap.scope.binds(other.message):
                    waiting.setdefault(each_of(cap, other.message), []).append(other)
            self._places[id(cap)] = places, waiting
        return self._places[id(cap)]

    @property
    def zone(self) -> tuple[ZoneInfo, str]:
        """The customer's time zone, and how a person is told of it."""
        if self._zone is None:
            self._zone = zone_in_words(self._turn)
        return self._zone

    @property
    def contacts(self) -> list[Contact]:
        """The messages that count, the oldest first."""
        if self._contacts is None:
            self._contacts = [contact for contact in self._turn.customer.contacts if contact.counts]
        return self._contacts

    @property
    def waiting(self) -> list[Waiting]:
        """The messages that wait and will be said if nothing comes between."""
        if self._waiting is None:
            found = map(self._waits, self._turn.customer.offers.values())
            self._waiting = [waiting for waiting in found if waiting is not None]
        return self._waiting

    def _waits(self, made: Offer) -> Waiting | None:
        turn = self._turn
        if made.due is None or made.journey in turn.env.paused or made.expires_at <= max(made.due, turn.now):
            return None
        message, rank = message_of(turn, made), self._rank(made)
        if message is None or rank is None or _holding(turn, message) is not None:
            return None
        return Waiting(rank, made.due, message)

    def _rank(self, made: Offer) -> tuple[Importance, int] | None:
        order = self._order_of(made)
        return (order, made.since) if order is not None else None


def speaks(turn: Turn) -> bool:
    """Whether there is anything that could speak against a message to the customer."""
    env = turn.env
    return env.policy.contact is not NO_CONTACT_POLICY or bool(turn.customer.suppressed or env.pauses)


def allows(turn: Turn, treatment: Treatment, made: Offer, order_of: OrderOf) -> Verdict | None:
    """Why a message that is due may not go out now; None if it may."""
    if not speaks(turn):
        return None
    return Gate(turn, order_of).allows(treatment, made.journey, made)


def allowed_from(turn: Turn, treatment: Treatment, journey: str, moment: int) -> int:
    """The first moment, from one on, at which quiet hours and free days let a message through; in UTC milliseconds."""
    policy = turn.env.policy.contact
    if treatment.purpose == ALWAYS_PASSES or not (policy.quiet_hours or policy.free_days):
        return moment
    quiet = quiet_for(policy, candidate(treatment, journey))
    verdict = undisturbed(quiet, moment, *zone_in_words(turn))
    return moment if verdict is None or verdict.until is None else verdict.until


def suppresses(turn: Turn, treatment: Treatment, made: Offer) -> Verdict | None:
    """Why a message may not go to this customer at all."""
    message, customer = candidate(treatment, made.journey), turn.customer
    return suppressed(customer, turn.env.policy.contact, message, address(customer, treatment))


def holding(turn: Turn, made: Offer) -> str | None:
    """What is paused and holds a message until it goes on, in words."""
    if not turn.env.pauses:
        return None
    message = message_of(turn, made)
    return _holding(turn, message) if message is not None else None


def record(turn: Turn, made: Offer, treatment: Treatment) -> Contact:
    """Keeps with the customer that a message goes out now."""
    contact = Contact(
        id=made.id,
        action=made.action,
        group=treatment.group or "",
        goal=treatment.goal or "",
        channel=made.channel,
        purpose=made.purpose,
        at=turn.now,
        priority=treatment.priority,
        journey=made.journey,
        state_at=turn.now,
    )
    env, customer, now = turn.env, turn.customer, turn.now
    policy = env.policy.contact
    counts = (lambda kept: needed(policy, kept, now)) if policy.caps or policy.pressure else None
    most = CONTACTS_KEPT if env.remembers else FEW_KEPT
    customer.contacts = recorded(customer.contacts, contact, now, counts, most)
    return contact


def bound(contacts: Contacts, policy: ContactPolicy, now: int) -> Contacts:
    """Those that a record keeps under a policy."""
    return bounded(contacts, now, lambda kept: needed(policy, kept, now))


def needed(policy: ContactPolicy, contacts: Sequence[Contact], now: int) -> Collection[str]:
    """The ids of the messages that caps and pressure count: of each cap as many as it allows, the newest."""
    found: set[str] = set()
    places: dict[tuple[int, str], int] = {}
    for contact in reversed(contacts):
        for number, cap in enumerate(policy.caps):
            if contact.counts and contact.at > now - _reach_ms(cap) and cap.scope.binds(contact):
                place = number, each_of(cap, contact)
                places[place] = places.get(place, 0) + 1
                if places[place] <= cap.most:
                    found.add(contact.id)
        for rule in policy.pressure:
            if contact.at > now - HALF_LIVES * rule.half_life_ms and rule.scope.binds(contact):
                found.add(contact.id)
    return found


def candidate(treatment: Treatment, journey: str) -> Candidate:
    """A message as rules see it."""
    return Candidate(
        action=treatment.name,
        group=treatment.group or "",
        goal=treatment.goal or "",
        channel=treatment.channel.name,
        purpose=treatment.purpose,
        journey=journey,
    )


def message_of(turn: Turn, made: Offer) -> Candidate | None:
    """A message that waits, as rules see it; None if there is no such action any more."""
    action = action_of(turn, made)
    return candidate(action.on(made.channel), made.journey) if action is not None else None


def each_of(cap: Cap, message: Message) -> str:
    """What a cap tells messages apart by; empty if it takes all together."""
    return str(getattr(message, cap.each)) if cap.each is not None else ""


def named(cap: Cap, each: str) -> str:
    """What a cap counts, in words."""
    return f"{cap.scope.label} of {cap.each} '{each}'" if cap.each is not None else cap.scope.label


def zone_in_words(turn: Turn) -> tuple[ZoneInfo, str]:
    """The customer's time zone, and how a person is told of it."""
    customer, default = turn.customer, turn.env.policy.timezone
    zone, own = zone_of(customer, default), customer.traits.get("timezone")
    if own is None or is_zone(own):
        return zone, str(zone)
    return zone, f"{zone}, for the customer's '{str(own)[:40]}' is no time zone"


def supposed(turn: Turn, treatment: Treatment, journey: str) -> list[dict[str, str]]:
    """What was supposed when quiet hours and free days let a message through: a zone, if theirs is none."""
    policy, own = turn.env.policy.contact, turn.customer.traits.get("timezone")
    if own is None or not (policy.quiet_hours or policy.free_days) or is_zone(own):
        return []
    if not any(quiet_for(policy, candidate(treatment, journey))):
        return []
    return [{"rule": "timezone", "detail": f"not disturbed in {zone_in_words(turn)[1]}"}]


def _holding(turn: Turn, message: Message) -> str | None:
    for pause in turn.env.pauses:
        if not pause.refuses and pause.scope.binds(message):
            return f"{pause.scope.label} are paused"
    return None


def _elsewhere(scope: Scope) -> bool:
    """Whether a rule may let the same action through on another channel."""
    return bool(scope.names.channels or scope.besides.channels)


def _reach_ms(cap: Cap) -> int:
    return cap.per_ms if cap.per_ms is not None else _LONGEST_MS[cap.calendar or "day"]
