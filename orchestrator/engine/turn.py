"""One turn: the customer, what came, the time, and what is said meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from orchestrator.engine.arms import Test
from orchestrator.engine.condition import Condition
from orchestrator.engine.content import NO_SHELF, Shelf
from orchestrator.engine.customer import Customer, Instance, Offer, Record
from orchestrator.engine.customer_view import CustomerParts
from orchestrator.engine.home import Home
from orchestrator.engine.journey import Env, Journey
from orchestrator.engine.ledger import Ledger
from orchestrator.engine.message import Follow, Message
from orchestrator.engine.recommendations import Recommender
from orchestrator.engine.sight import Sight
from orchestrator.errors import Bug, Unmet
from orchestrator.events.event import Event
from orchestrator.events.view import View
from orchestrator.moments import format_moment


@dataclass(slots=True)
class Outgoing:
    """A record for ``actions.<channel>``: an action or its cancel, keyed by the customer's id."""

    channel: str
    customer_id: str
    value: dict[str, Any]
    traceparent: str | None


@dataclass(slots=True)
class Failed:
    """A record for ``dead-letter``: an action whose content could not be made, and the reason."""

    channel: str
    customer_id: str
    value: dict[str, Any]
    reason: str


@dataclass(slots=True, init=False)
class Step:
    """What a step gives: the record after it, and what leaves with the same checkpoint.

    ``duplicate`` and ``late`` say what the event was found to be. Most steps say nothing, so the
    sequences begin as shared empty tuples.
    """

    record: Record | None
    actions: Sequence[Outgoing]
    failed: Sequence[Failed]
    forwards: Sequence[Message | Follow]
    decisions: Sequence[dict[str, Any]]
    log: Sequence[dict[str, Any]]
    duplicate: bool
    late: bool

    # Written out, as everywhere that much is made: what ``dataclass`` makes is not compiled.
    def __init__(
        self,
        record: Record | None,
        actions: Sequence[Outgoing] = (),
        failed: Sequence[Failed] = (),
        forwards: Sequence[Message | Follow] = (),
        decisions: Sequence[dict[str, Any]] = (),
        log: Sequence[dict[str, Any]] = (),
        duplicate: bool = False,
        late: bool = False,
    ) -> None:
        self.record = record
        self.actions = actions
        self.failed = failed
        self.forwards = forwards
        self.decisions = decisions
        self.log = log
        self.duplicate = duplicate
        self.late = late


class Turn:
    """The work on one customer for one event or timer. ``at`` is where new waits begin.

    Without a home the turn counts for itself alone and finds no history. ``changed`` are the parts of
    the customer that segments have yet to look at, such as ``traits.email``. ``pending`` are the offers that are
    due, by id, each with the turn and the stay that it came of: they are decided together, see ``offering.decide_all``.
    """

    __slots__ = (
        "_customer_view",
        "_event_view",
        "_trigger",
        "at",
        "changed",
        "customer",
        "customer_id",
        "env",
        "event",
        "home",
        "joins",
        "now",
        "out",
        "pending",
    )

    def __init__(
        self,
        env: Env,
        customer: Customer,
        event: Event | None,
        now: int,
        home: Home | None = None,
    ) -> None:
        self.env = env
        self.customer = customer
        self.event = event
        self.now = now
        self.home = home if home is not None else Home()
        self.changed: set[str] = set()
        self.at = event.at if event is not None else now
        self.out = Step(customer)
        self.joins: list[tuple[str, Event]] = []
        self.pending: dict[str, tuple[Turn, Offer, Instance]] = {}
        self.customer_id = customer.key[2:]
        self._customer_view: View | None = None
        self._event_view: View | None = None
        self._trigger: dict[str, Any] | None = None

    @property
    def ledger(self) -> Ledger:
        """The counters of the partition number."""
        return self.home.ledger

    def about(self, event: Event) -> Turn:
        """The same work, seen by what another event says: what is said of it goes the same way."""
        turn = Turn(self.env, self.customer, event, self.now, self.home)
        turn.out, turn.changed, turn.joins, turn.pending = self.out, self.changed, self.joins, self.pending
        return turn

    def aside(self) -> Turn:
        """The same work, seen by what each stay last heard of, whatever is under work."""
        turn = Turn(self.env, self.customer, None, self.now, self.home)
        turn.out, turn.changed, turn.joins, turn.pending = self.out, self.changed, self.joins, self.pending
        return turn

    def signal(self, id_: str, name: str, properties: dict[str, Any]) -> Event:
        """An event of our own making, caused by the one under work, if there is one."""
        cause = self.event
        return Event(
            id=id_,
            name=name,
            timestamp=cause.timestamp if cause is not None else self.now,
            at=self.at,
            user_id=self.customer_id if self.customer.known else None,
            anonymous_id=None if self.customer.known else self.customer_id,
            previous_id=None,
            properties=properties,
            traits={},
            context={},
            traceparent=cause.traceparent if cause is not None else None,
        )

    def join(self, journey: str, id_: str, instance: Instance) -> None:
        """Has the customer enter another journey when this work is done, by the event that moves the stay."""
        kept = remember(self.event) if self.event is not None else instance.last or instance.entry
        signal = self.signal(id_, kept["name"], kept["properties"])
        signal.traits = kept.get("traits", {})
        signal.traceparent = kept.get("traceparent")
        self.joins.append((journey, signal))

    def journey(self, name: str, version: str) -> Journey:
        """The pinned version. Raises Bug when it is not loaded: the partition must wait for it."""
        found = self.env.pinned.get((name, version))
        if found is None:
            raise Bug(
                f"a customer stands in journey '{name}' version {version}, which is not loaded: "
                "put that definition back on the definitions topic, then restart the worker"
            )
        return found

    def customer_view(self) -> View:
        """The customer as conditions and templates see it."""
        if self._customer_view is None:
            customer = self.customer
            self._customer_view = View(
                {
                    "id": self.customer_id,
                    "known": customer.known,
                    "traits": customer.traits,
                    "segments": customer.segments,
                },
                {"first_seen": customer.first_seen, "last_seen": customer.last_seen},
                self._parts(),
            )
        return self._customer_view

    def _parts(self) -> CustomerParts:
        env, home = self.env, self.home
        return CustomerParts(self.customer, env.audience, env.policy, home.catalogue, home.models, self.now, self.at)

    def views(self, instance: Instance) -> tuple[View, View, View]:
        """What templates see of the event, the customer and a stay."""
        return self.event_view(instance), self.customer_view(), journey_view(instance)

    def sight(self, instance: Instance | None = None) -> Sight:
        """What the rules and values of actions see now."""
        event = self.event_view(instance) if instance is not None or self.event is not None else NOTHING
        journey = journey_view(instance) if instance is not None else NOTHING
        customer = self.customer
        models, policy = self.home.models, self.env.policy
        return Sight(event, self.customer_view(), journey, customer, policy, models, self.now, self.catalog)

    def profile_changed(self) -> None:
        """Conditions see the change from here on."""
        self._customer_view = None

    @property
    def catalog(self) -> Mapping[str, Any]:
        """What is sold as conditions and templates see it: products by id."""
        return self.home.catalogue.view

    @property
    def recommend(self) -> Recommender:
        """What gives recommendations for the customer as they are now."""
        return self._parts().recommender()

    @property
    def shelf(self) -> Shelf:
        """What the customer's templates see of what is sold."""
        sells = self.home.catalogue or self.env.policy.recommending is not None
        return Shelf(self.catalog, self.recommend) if sells else NO_SHELF

    def event_view(self, instance: Instance | None = None) -> View:
        """The event under work; without one, the last event of the instance."""
        if self.event is not None:
            if self._event_view is None:
                self._event_view = self.event.view()
            return self._event_view
        assert instance is not None
        return remembered(instance.last or instance.entry)

    def holds(self, condition: Test, instance: Instance | None) -> tuple[bool, str | None]:
        """Whether a condition holds, and why it could not be evaluated, if so."""
        used = condition.names
        try:
            return condition.met(
                self.event_view(instance) if "event" in used else NOTHING,
                self.customer_view() if "customer" in used else NOTHING,
                journey_view(instance) if instance is not None and "journey" in used else NOTHING,
                self.home.catalogue.view if "catalog" in used else NOTHING,
            ), None
        except Unmet as unmet:
            return False, str(unmet)

    def value(self, expression: Condition, instance: Instance) -> Any:
        """The value of an expression. Raises Unmet."""
        views = self.event_view(instance), self.customer_view(), journey_view(instance), self.catalog
        return expression.evaluate(*views)

    def note(self, happened: str, instance: Instance, step: str | None, reason: str | None = None) -> None:
        """Writes one line of the customer's story to the journey log."""
        self.say(
            {
                "kind": "step",
                "customer_id": self.customer_id,
                "at": format_moment(self.now),
                "journey": instance.journey,
                "version": instance.version,
                "instance": instance.key,
                "step": step,
                "happened": happened,
                "reason": reason,
                "trigger": self.trigger(),
            }
        )

    def say(self, line: dict[str, Any]) -> None:
        """Adds a line to the journey log."""
        self.out.log = [*self.out.log, line]

    def act(self, action: Outgoing) -> None:
        """Publishes an action or a cancel."""
        self.out.actions = [*self.out.actions, action]

    def fail(self, failed: Failed) -> None:
        """Keeps for a person what could not be published."""
        self.out.failed = [*self.out.failed, failed]

    def decide(self, decision: dict[str, Any]) -> None:
        """Records a decision and its reasons."""
        self.out.decisions = [*self.out.decisions, decision]

    def send(self, message: Message) -> None:
        """Sends a message to another record's home."""
        self.out.forwards = [*self.out.forwards, message]

    def trigger(self) -> dict[str, Any] | None:
        """The event under work, in short; None when a timer is."""
        event = self.event
        if event is None:
            return None
        if self._trigger is None:
            self._trigger = {"event_id": event.id, "type": event.name, "timestamp": format_moment(event.timestamp)}
        return self._trigger


NOTHING: Final = View({}, {})
"""Stands for what there is not, or what a condition does not ask for: most look at the event alone."""


def remember(event: Event) -> dict[str, Any]:
    """What an instance keeps of an event."""
    kept: dict[str, Any] = {
        "id": event.id,
        "name": event.name,
        "timestamp": event.timestamp,
        "properties": event.properties,
    }
    if event.traits:
        kept["traits"] = event.traits
    if event.traceparent is not None:
        kept["traceparent"] = event.traceparent
    return kept


def remembered(kept: dict[str, Any]) -> View:
    """A kept event as conditions and templates see it."""
    fields = {key: value for key, value in kept.items() if key != "timestamp"}
    fields.setdefault("traits", {})
    fields.setdefault("context", {})
    return View(fields, {"timestamp": kept["timestamp"]})


def journey_view(instance: Instance) -> View:
    """The stay in a journey as conditions and templates see it; nothing of what is offered without one."""
    if not instance.journey:
        return NOTHING
    fields: dict[str, Any] = {
        "name": instance.journey,
        "version": instance.version,
        "key": instance.value,
        "step": instance.step,
    }
    makers = {"entry": partial(remembered, instance.entry)}
    if instance.last is not None:
        makers["last"] = partial(remembered, instance.last)
    return View(fields, {"entered_at": instance.entered_at}, makers)
