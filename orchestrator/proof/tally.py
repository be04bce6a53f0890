"""What a simulation adds up to: who entered, what would be sent when and where, where they went, what was refused."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from orchestrator.console.sentences import headline
from orchestrator.contracts.origin import told_by
from orchestrator.engine.customer import Customer
from orchestrator.journeys.flow import Flow
from orchestrator.moments import format_moment
from orchestrator.proof.simulation import Simulation, Watcher

SAMPLE: Final = 5
_OF_CAPS: Final = ("as many as may enter", "the customer entered ")
"""How the log says that a cap of an entry was reached."""


class Entries:
    """Who came into one journey: how often, how many, and the first of them."""

    def __init__(self) -> None:
        self.count = 0
        self.customers: set[str] = set()
        self.sample: list[dict[str, Any]] = []
        self.refused: Counter[str] = Counter()

    def see(self, line: Mapping[str, Any]) -> None:
        """Takes in a line of the journey log about this journey."""
        if line["happened"] == "entered":
            self.count += 1
            self.customers.add(line["customer_id"])
            if len(self.sample) < SAMPLE:
                trigger = line["trigger"] or {}
                self.sample.append({"customer": line["customer_id"], "at": line["at"], "event": trigger.get("type")})
        elif line["happened"] == "refused":
            self.refused[str(line["reason"])] += 1


class Goals:
    """One goal of one journey: how often it was reached, and what that is worth together."""

    def __init__(self) -> None:
        self.count = 0
        self.value = 0.0

    def see(self, line: Mapping[str, Any]) -> None:
        """Takes in a line about a goal."""
        self.count += 1
        self.value += line["value"] or 0


class Sent:
    """One action of one journey on one channel: how often, on which days, and the first of them."""

    def __init__(self) -> None:
        self.count = 0
        self.cancelled = 0
        self.days: Counter[str] = Counter()
        self.sample: list[dict[str, Any]] = []

    def see(self, value: Mapping[str, Any]) -> None:
        """Takes in an action or its cancel."""
        if value["kind"] == "cancel":
            self.cancelled += 1
            return
        self.count += 1
        self.days[value["decided_at"][:10]] += 1
        if len(self.sample) < SAMPLE:
            says = headline(value["content"])
            self.sample.append({"customer": value["customer_id"], "at": value["decided_at"], "says": says})


class Refused:
    """What one rule said to one action: how often, and the first time in words."""

    def __init__(self) -> None:
        self.count = 0
        self.detail = ""


class Tally(Watcher):
    """Counts while a simulation runs."""

    def __init__(self) -> None:
        self.entries: dict[str, Entries] = defaultdict(Entries)
        self.sent: dict[tuple[str, str, str], Sent] = defaultdict(Sent)
        self.against: dict[tuple[str, str, str, str], Refused] = defaultdict(Refused)
        self.happened: Counter[tuple[str, str]] = Counter()
        self.dead_letters: Counter[str] = Counter()
        self.goals: dict[tuple[str, str], Goals] = defaultdict(Goals)
        self.arms: Counter[tuple[str, str, str]] = Counter()
        self.held_out: Counter[str] = Counter()
        self.merges = 0
        self._flows: dict[tuple[str, str], Flow] = {}

    def attend(self, simulation: Simulation) -> None:
        """Learns which journeys there are."""
        self._flows = {(journey.name, journey.version): Flow(journey) for journey in simulation.env.current.values()}

    def action(self, value: dict[str, Any]) -> None:
        """As ``Watcher.action``."""
        self.sent[told_by(value), value["channel"], value["action"]].see(value)

    def decision(self, value: dict[str, Any]) -> None:
        """As ``Watcher.decision``."""
        outcome = value["outcome"]
        if outcome in ("refused", "held"):
            for reason in value["reasons"][:1]:  # The first one decided; others tell of other channels.
                found = self.against[told_by(value), value["action"], outcome, reason["rule"]]
                found.count += 1
                found.detail = found.detail or reason["detail"]

    def line(self, value: dict[str, Any]) -> None:
        """As ``Watcher.line``."""
        kind = value["kind"]
        if kind == "identity":
            self.merges += value["happened"] == "merged"
        elif kind == "goal":
            self.goals[value["journey"], value["goal"]].see(value)
        elif kind == "exposure":
            self.arms[value["journey"], value["experiment"], value["arm"]] += 1
        elif kind == "holdout":
            self.held_out[value["journey"]] += value["held"]
        elif kind == "step":
            self.happened[value["journey"], value["happened"]] += 1
            self.entries[value["journey"]].see(value)
            flow = self._flows.get((value["journey"], value["version"]))
            if flow is not None:
                flow.see(value)

    def dead_letter(self, code: str, reason: str) -> None:
        """As ``Watcher.dead_letter``."""
        self.dead_letters[code] += 1

    def outcome(self, simulation: Simulation) -> dict[str, Any]:
        """All of it as plain values, once the simulation is over."""
        customers, waiting = _standing(simulation)
        return {
            "events": simulation.events,
            "from": format_moment(simulation.first_at) if simulation.first_at is not None else None,
            "to": format_moment(simulation.now),
            "customers": customers,
            "merged": self.merges,
            "duplicates": simulation.run.duplicates,
            "late": simulation.run.late,
            "dead_letters": dict(sorted(self.dead_letters.items())),
            "actions": sum(sent.count for sent in self.sent.values()),
            "cancelled": sum(sent.cancelled for sent in self.sent.values()),
            "journeys": [self._journey(flow, waiting) for _, flow in sorted(self._flows.items())],
        }

    def _journey(self, flow: Flow, waiting: Mapping[tuple[str, str, str], int]) -> dict[str, Any]:
        name, version = flow.journey.name, flow.journey.version
        entries = self.entries[name]
        return {
            "journey": name,
            "version": version,
            "entered": entries.count,
            "customers": len(entries.customers),
            "sample": entries.sample,
            "not_let_in": dict(entries.refused.most_common()),
            "cap_hits": sum(count for reason, count in entries.refused.items() if reason.startswith(_OF_CAPS)),
            "held_out": self.held_out[name],
            "arms": _of(name, self.arms),
            "goals": [
                {"goal": goal, "reached": goals.count, "value": goals.value}
                for (of, goal), goals in sorted(self.goals.items())
                if of == name
            ],
            "happened": {what: count for (of, what), count in sorted(self.happened.items()) if of == name},
            "steps": [
                {
                    "step": step,
                    "kind": look.kind,
                    "title": look.title,
                    "entered": flow.steps[step],
                    "left": flow.steps[step] - waiting.get((name, version, step), 0),
                    "waiting": waiting.get((name, version, step), 0),
                    "exited": flow.exits[step],
                    **(
                        {"ways": {way.name: flow.ways[step, way.name] for way in look.ways}}
                        if len(look.ways) > 1
                        else {}
                    ),
                }
                for step, look in flow.looks.items()
            ],
            "actions": [
                {
                    "action": action,
                    "channel": channel,
                    "sent": sent.count,
                    "cancelled": sent.cancelled,
                    "days": dict(sorted(sent.days.items())),
                    "sample": sent.sample,
                }
                for (of, channel, action), sent in sorted(self.sent.items())
                if of == name
            ],
            "against": [
                {"action": action, "outcome": outcome, "rule": rule, "count": found.count, "detail": found.detail}
                for (of, action, outcome, rule), found in sorted(self.against.items())
                if of == name
            ],
        }


def _of(journey: str, arms: Mapping[tuple[str, str, str], int]) -> dict[str, dict[str, int]]:
    """By experiment of a journey: how often customers were treated as each arm has it."""
    found: dict[str, dict[str, int]] = {}
    for (of, experiment, arm), count in sorted(arms.items()):
        if of == journey:
            found.setdefault(experiment, {})[arm] = count
    return found


def _standing(simulation: Simulation) -> tuple[int, dict[tuple[str, str, str], int]]:
    """How many customers there are, and how many stays wait at each step in the end."""
    count, waiting = 0, Counter[tuple[str, str, str]]()
    for record in simulation.run.records():
        if isinstance(record, Customer):
            count += 1
            for stay in record.instances.values():
                if stay.step is not None:
                    waiting[stay.journey, stay.version, stay.step] += 1
    return count, dict(waiting)


def days_of(journeys: Iterable[Mapping[str, Any]]) -> dict[str, Counter[str]]:
    """By channel: how many actions go out on each day."""
    days: dict[str, Counter[str]] = defaultdict(Counter)
    for journey in journeys:
        for action in journey["actions"]:
            days[action["channel"]].update(action["days"])
    return dict(sorted(days.items()))
