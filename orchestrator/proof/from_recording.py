"""A customer's story out of a recording: its events are simulated, and decided with conditions that tell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from orchestrator.engine.customer import Pointer
from orchestrator.engine.identity import subject_of
from orchestrator.errors import BadRecord
from orchestrator.events.event import Event
from orchestrator.events.intake import Intake, Limits
from orchestrator.journeys.pack import Pack
from orchestrator.proof.explanation import Explainer
from orchestrator.proof.simulation import Past, Simulation, Watcher
from orchestrator.proof.story import Record, Story
from orchestrator.proof.watching import watched
from orchestrator.settings import Settings
from orchestrator.streams.limits import limits_of

_ROUNDS: Final = 3


def explain_recording(pack: Pack, settings: Settings, past: Sequence[Past], customer: str, until_ms: int) -> Story:
    """The story of one customer in recorded events, and for so long after them."""
    intake = Intake(_limits(settings))
    mine, ids = _of(customer, past, intake)
    explainer = Explainer(customer, ids)
    facts = _Facts(explainer)
    simulation = Simulation(pack, settings, [facts])
    simulation.run.env = env = watched(simulation.env, explainer.tell)
    if any(not cap.each for journey in env.current.values() for cap in journey.entry.caps):
        explainer.caveats.append("caps over all customers are not known here: only this customer's events were decided")
    for each in mine:
        # What falls due on the way is time's doing, one moment after the other.
        _pass_time(simulation, explainer, each.at)
        event = _event(intake, each, simulation.now)
        before = simulation.run.duplicates
        explainer.begin(event, max(simulation.now, each.at or 0))
        simulation.take(each)
        record = simulation.run.record(_key(simulation, event)) if event is not None else None
        duplicate = simulation.run.duplicates > before
        explainer.end(env, event, record, simulation.now, duplicate=duplicate)
    _pass_time(simulation, explainer, simulation.now + until_ms)
    return explainer.story(facts.records)


def _pass_time(simulation: Simulation, explainer: Explainer, until: int | None) -> None:
    run = simulation.run
    while until is not None and simulation.first_at is not None and (due := run.timers()) and due[0][0] <= until:
        at = max(run.now, due[0][0])
        explainer.begin(None, at)
        run.advance_to(due[0][0])
        explainer.end(simulation.run.env, None, None, at, duplicate=False)
    if until is not None and simulation.first_at is not None:
        run.advance_to(until)


def _of(customer: str, past: Sequence[Past], intake: Intake) -> tuple[list[Past], list[str]]:
    """The events that are about a customer, under whatever id, and the ids."""
    ids = [customer]
    for _ in range(_ROUNDS):
        found = list(ids)
        for each in _mentioning(past, ids):
            event = _event(intake, each, each.at or 0)
            if event is not None:
                shown = (event.user_id, event.anonymous_id, event.previous_id)
                if any(id_ in ids for id_ in shown):
                    found += [id_ for id_ in shown if id_ is not None]
        if set(found) == set(ids):
            break
        ids = list(dict.fromkeys(found))
    return _mentioning(past, ids), ids


def _mentioning(past: Iterable[Past], ids: Sequence[str]) -> list[Past]:
    wanted = [id_.encode() for id_ in ids]
    return [each for each in past if any(id_ in each.value or id_ == each.key for id_ in wanted)]


def _event(intake: Intake, past: Past, now: int) -> Event | None:
    try:
        return intake.read(past.topic, 0, 0, past.value, past.headers, past.at or now, now)
    except BadRecord:
        return None


def _key(simulation: Simulation, event: Event) -> str:
    key = subject_of(event)
    record = simulation.run.record(key)
    return record.to if isinstance(record, Pointer) else key


def _limits(settings: Settings) -> Limits:
    return limits_of(settings.model_copy(update={"clock": "event"}))


class _Facts(Watcher):
    """What the simulation writes about the customer."""

    def __init__(self, explainer: Explainer) -> None:
        self.records: list[Record] = []
        self._explainer = explainer

    def action(self, value: dict[str, Any]) -> None:
        """As ``Watcher.action``."""
        self._keep(value)

    def decision(self, value: dict[str, Any]) -> None:
        """As ``Watcher.decision``."""
        self._keep(value)

    def arbitration(self, value: dict[str, Any]) -> None:
        """As ``Watcher.arbitration``."""
        self._keep(value)

    def line(self, value: dict[str, Any]) -> None:
        """As ``Watcher.line``."""
        self._keep(value)

    def _keep(self, value: dict[str, Any]) -> None:
        if value["customer_id"] in self._explainer.ids:
            self.records.append(value)
            self._explainer.say(value)
