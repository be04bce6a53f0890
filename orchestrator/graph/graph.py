"""Rules of this file: a journey as nodes and edges, which every picture of it is drawn from.

Each kind of step says in one table what it shows and which ways lead on. Who counts steps and arms goes by the same
table: ``Way.name`` is what the journey log tells when that way was taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from orchestrator.daytimes import format_daytime
from orchestrator.durations import format_duration
from orchestrator.engine.action import Action
from orchestrator.engine.condition import Condition
from orchestrator.engine.entry import Entry, Reentry
from orchestrator.engine.experiments import Arm
from orchestrator.engine.journey import Journey
from orchestrator.engine.steps import (
    Act,
    Branch,
    Choose,
    End,
    Goto,
    Join,
    Quiet,
    Split,
    Step,
    Update,
    Wait,
    WaitForAbsence,
    WaitForDate,
    WaitForEvent,
    WaitForOpened,
    WaitUntil,
)
from orchestrator.journeys.occasions import bounds, entry_title

ENTRY: Final = "(entry)"
END: Final = "(end)"
"""Where those come who have done the last step. Ids of steps have no brackets."""
EXIT: Final = "(exit)"
GOAL: Final = "(goal)"

NEXT: Final = "next"
RECEIVED: Final = "received"
TIMED_OUT: Final = "timed out"
NO_ARM: Final = "no arm"

WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Way:
    """A way on from a step to another one, or to the end (None)."""

    name: str
    to: str | None
    label: str = ""
    open: bool = True
    """False for a way that nobody goes: an arm of no weight."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a step shows: its kind, a title, and lines of detail; ``code`` are conditions."""

    kind: str
    title: str
    ways: tuple[Way, ...]
    detail: tuple[str, ...] = ()
    code: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Node:
    """A step, the entry, what ends the journey at once, or its end."""

    id: str
    kind: str
    title: str
    detail: tuple[str, ...] = ()
    code: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Edge:
    """A way between two nodes; ``way`` is its name in the journey log."""

    source: str
    target: str
    way: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """A journey as a picture: the entry comes first, then the steps in the order of the file."""

    journey: str
    version: str
    description: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """Plain values; what is empty is left out."""
        return {
            "journey": self.journey,
            "version": self.version,
            "description": self.description,
            "nodes": [_plain(node, ("id", "kind", "title", "detail", "code")) for node in self.nodes],
            "edges": [_plain(edge, ("source", "target", "way", "label")) for edge in self.edges],
        }


def graph_of(journey: Journey, description: str = "") -> Graph:
    """The graph of a compiled journey."""
    nodes = [entry_node(journey), *_goal_nodes(journey), *_exit_nodes(journey)]
    edges = [Edge(ENTRY, journey.first or END, NEXT)]
    for step in journey.steps.values():
        look = look_of(step)
        nodes.append(Node(step.id, look.kind, look.title, look.detail, look.code))
        edges += [Edge(step.id, way.to or END, way.name, way.label) for way in look.ways]
    if any(edge.target == END for edge in edges):
        nodes.append(Node(END, "end", "end"))
    return Graph(journey.name, journey.version, description, tuple(nodes), tuple(edges))


def look_of(step: Step) -> Look:
    """What a step shows, and the ways that lead on."""
    return LOOKS[type(step)](step)


def entry_node(journey: Journey) -> Node:
    """Who enters."""
    entry = journey.entry
    detail = _entry_detail(entry)
    if journey.holdout:
        detail = (*detail, f"{journey.holdout:g} % are held out")
    return Node(ENTRY, "entry", entry_title(entry), detail, _code(entry.condition))


def _entry_detail(entry: Entry) -> tuple[str, ...]:
    detail = []
    if entry.key is not None:
        detail.append(f"once for each {entry.key.source}")
    if entry.reentry is Reentry.NEVER:
        detail.append("never again")
    elif entry.reentry is Reentry.AFTER_TIME:
        detail.append(f"again after {format_duration(entry.reentry_ms)}")
    return (*detail, *bounds(entry))


def _goal_nodes(journey: Journey) -> Iterable[Node]:
    for number, goal in enumerate(journey.goals, 1):
        detail = [f"within {format_duration(goal.within_ms)}"] if goal.within_ms is not None else []
        if goal.value is not None:
            detail.append(f"worth {goal.value.source}")
        title = f"goal {goal.name}: {_listed(goal.events)}"
        yield Node(f"{GOAL}{number}", "goal", title, tuple(detail), _code(goal.condition))


def _exit_nodes(journey: Journey) -> Iterable[Node]:
    for number, way in enumerate(journey.exits, 1):
        yield Node(f"{EXIT}{number}", "exit", f"leaves on {_listed(way.events)}", (), _code(way.condition))


def _wait(step: Wait) -> Look:
    return Look("wait", f"wait {format_duration(step.duration_ms)}", (Way(NEXT, step.next),))


def _wait_for_absence(step: WaitForAbsence) -> Look:
    title = f"wait until not seen for {format_duration(step.duration_ms)}"
    return Look("wait", title, (Way(NEXT, step.next),))


def _wait_for_event(step: WaitForEvent) -> Look:
    timeout = format_duration(step.timeout_ms)
    ways = (Way(RECEIVED, step.next, "came"), Way(TIMED_OUT, step.timed_out, f"not within {timeout}"))
    return Look("wait", f"wait for {_listed(step.events)}", ways, (), _code(step.condition))


def _wait_until(step: WaitUntil) -> Look:
    days = "" if len(step.weekdays) == len(WEEKDAYS) else f" on {_or(WEEKDAYS[day] for day in sorted(step.weekdays))}"
    return Look("wait", f"wait until {format_daytime(step.daytime_ms)}{days}", (Way(NEXT, step.next),))


def _wait_for_date(step: WaitForDate) -> Look:
    title = "wait until the date"
    if step.offset_ms:
        title = (
            f"wait until {format_duration(abs(step.offset_ms))} {'after' if step.offset_ms > 0 else 'before'} the date"
        )
    detail = (f"at {format_daytime(step.daytime_ms)}",) if step.daytime_ms is not None else ()
    return Look("wait", title, (Way(NEXT, step.next),), detail, _code(step.date))


def _wait_for_opened(step: WaitForOpened) -> Look:
    timeout = format_duration(step.timeout_ms)
    ways = (Way(RECEIVED, step.next, "opened"), Way(TIMED_OUT, step.timed_out, f"not within {timeout}"))
    return Look("wait", f"wait until {step.act} is opened", ways)


def _branch(step: Branch) -> Look:
    ways = [
        Way(arm_name(number), to, test.source if test is not None else "else")
        for number, (test, to) in enumerate(step.arms, 1)
    ]
    if all(test is not None for test, _ in step.arms):
        ways.append(Way(NO_ARM, step.next, "none of these"))
    return Look("branch", "branch", tuple(ways))


def _split(step: Split) -> Look:
    ways = [Way(arm.name, to, _arm_label(arm), arm.weight > 0) for arm, to in step.arms]
    return Look("split", f"experiment {step.experiment}", tuple(ways))


def _arm_label(arm: Arm) -> str:
    return f"{arm.name} {arm.weight:g} %{' (control)' if arm.control else ''}"


def _act(step: Act) -> Look:
    action = step.action
    detail = [f"{_channels(action)}, {action.purpose}"]
    if step.delay_ms:
        detail.append(f"held for {format_duration(step.delay_ms)}")
    within_ms = action.send_within_ms if step.send_within_ms is None else step.send_within_ms
    if within_ms:
        detail.append(f"in the customer's best hour, within {format_duration(within_ms)}")
    return Look("act", action.name, (Way(NEXT, step.next),), tuple(detail), _code(step.condition))


def _choose(step: Choose) -> Look:
    if step.placement is not None:
        return Look("act", f"decide {step.placement}", (Way(NEXT, step.next),))
    names = [candidate.action.name for candidate in step.candidates]
    places = "the best one" if step.places == 1 else f"the best {step.places}"
    return Look("act", f"{places} of {len(names)}", (Way(NEXT, step.next),), (", ".join(names),))


def _channels(action: Action) -> str:
    names = [treatment.channel.name for treatment in action.treatments]
    if action.chain:
        *links, last = action.chain
        words = [
            f"{link.channel}, not {'clicked' if link.clicked else 'opened'} in {format_duration(link.within_ms)}: "
            for link in links
        ]
        return "".join([*words, last.channel])
    return " and ".join(names) if action.together else " or ".join(names)


def _quiet(step: Quiet) -> Look:
    title = f"no {step.purpose} for {format_duration(step.duration_ms)}"
    return Look("quiet", title, (Way(NEXT, step.next),))


def _update(step: Update) -> Look:
    code = tuple(f"{name} = {value.source}" for name, value in step.traits)
    return Look("update", "update the customer", (Way(NEXT, step.next),), (), code)


def _join(step: Join) -> Look:
    return Look("join", f"enter {step.journey} too", (Way(NEXT, step.next),))


def _goto(step: Goto) -> Look:
    return Look("goto", f"go on with {step.next or 'the end'}", (Way(NEXT, step.next),))


def _end(step: End) -> Look:
    return Look("end", "end", ())


LOOKS: Final[Mapping[type, Callable[[Any], Look]]] = {
    Wait: _wait,
    WaitForAbsence: _wait_for_absence,
    WaitUntil: _wait_until,
    WaitForDate: _wait_for_date,
    WaitForEvent: _wait_for_event,
    WaitForOpened: _wait_for_opened,
    Branch: _branch,
    Split: _split,
    Act: _act,
    Choose: _choose,
    Update: _update,
    Quiet: _quiet,
    Join: _join,
    Goto: _goto,
    End: _end,
}
"""Every kind of step that the engine has."""


def arm_name(number: int) -> str:
    """The name of a branch's way, counted from 1."""
    return f"arm {number}"


def _listed(events: Iterable[str]) -> str:
    names = sorted(events)
    return "any event" if names == ["*"] else _or(names)


def _or(names: Iterable[str]) -> str:
    return " or ".join(names)


def _code(condition: Condition | None) -> tuple[str, ...]:
    return (condition.source,) if condition is not None else ()


def _plain(part: Any, names: Iterable[str]) -> dict[str, Any]:
    values = {name: getattr(part, name) for name in names}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items() if value}
