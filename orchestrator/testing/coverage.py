"""Which steps and ways of journeys tests have reached, from what the journey log tells.

The log has a line where a customer enters, waits, goes on, or is shown a way. All between follows from the graph: who
goes a way comes to the step that it leads to, and through it to the next one, up to a step that waits or has several
ways to choose from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from orchestrator.engine.journey import Journey
from orchestrator.journeys.graph import NEXT, NO_ARM, RECEIVED, TIMED_OUT, Look, Way, look_of

_NAMES: Final = 4
"""So many steps are named before the rest is counted."""


@dataclass(slots=True)
class Reached:
    """What was reached of one journey: ids of steps, and ways by step and name."""

    journey: Journey
    looks: Mapping[str, Look]
    entered: int = 0
    steps: set[str] = field(default_factory=set)
    ways: set[tuple[str, str]] = field(default_factory=set)

    @property
    def missed_steps(self) -> list[str]:
        """Never reached, in the order of the file."""
        return [step for step in self.looks if step not in self.steps]

    @property
    def missed_ways(self) -> list[tuple[str, Way]]:
        """Never gone, of steps that were reached and have several."""
        return [
            (step, way)
            for step, look in self.looks.items()
            if step in self.steps and len(look.ways) > 1
            for way in look.ways
            if (step, way.name) not in self.ways
        ]

    @property
    def whole(self) -> bool:
        """Whether nothing was missed."""
        return not self.missed_steps and not self.missed_ways

    def see(self, line: Mapping[str, Any]) -> None:
        """Takes in one line of the journey log about this journey."""
        step, happened = line["step"], line["happened"]
        if happened == "entered":
            self.entered += 1
            self._come_to(self.journey.first)
        elif step in self.looks:
            self.steps.add(step)
            way = way_gone(line)
            if way is not None:
                self._go(step, way)

    def _go(self, step: str, name: str) -> None:
        for way in self.looks[step].ways:
            if way.name == name and (step, name) not in self.ways:
                self.ways.add((step, name))
                self._come_to(way.to)

    def _come_to(self, step: str | None) -> None:
        if step is None:
            return
        look = self.looks[step]
        self.steps.add(step)
        if look.kind != "wait" and len(look.ways) == 1:
            self._go(step, look.ways[0].name)


class Coverage:
    """What tests have reached of some journeys, in these versions."""

    def __init__(self, journeys: Iterable[Journey]) -> None:
        self.journeys = {
            (journey.name, journey.version): Reached(
                journey, {id_: look_of(step) for id_, step in journey.steps.items()}
            )
            for journey in journeys
        }

    def see(self, line: Mapping[str, Any]) -> None:
        """Takes in one line of the journey log; those of other journeys and versions count for nothing."""
        if line.get("kind") == "step":
            reached = self.journeys.get((line["journey"], line["version"]))
            if reached is not None:
                reached.see(line)

    @property
    def whole(self) -> bool:
        """Whether nothing was missed anywhere."""
        return all(reached.whole for reached in self.journeys.values())

    def report(self) -> list[str]:
        """A line for each journey, and the ways below it that nobody went."""
        lines = []
        for (name, _), reached in sorted(self.journeys.items()):
            missed = reached.missed_steps
            count = f"{len(reached.looks) - len(missed)} of {len(reached.looks)} steps"
            lines.append(f"{name}: {count}{f'; never reached: {_listed(missed)}' if missed else ''}")
            for step, way in reached.missed_ways:
                label = f" ({way.label})" if way.label and way.label != way.name else ""
                lines.append(f"  {step}: nobody went '{way.name}'{label}")
        return lines


def way_gone(line: Mapping[str, Any]) -> str | None:
    """The name of the way that a line of the journey log says was gone; None if it says nothing of it."""
    happened, reason = line["happened"], line["reason"] or ""
    if happened == "branched":
        return NO_ARM if reason == NO_ARM else str(reason).partition(":")[0]
    if happened == "moved":
        return TIMED_OUT if reason == TIMED_OUT else RECEIVED if reason.endswith(" came") else NEXT
    return None


_watching: list[Coverage] = []


@contextmanager
def watched_by(coverage: Coverage) -> Iterator[None]:
    """Every driver shows the coverage what it does meanwhile."""
    _watching.append(coverage)
    try:
        yield
    finally:
        _watching.remove(coverage)


def show(line: Mapping[str, Any]) -> None:
    """Shows a line of the journey log to whoever watches."""
    for coverage in _watching:
        coverage.see(line)


def _listed(names: list[str]) -> str:
    if len(names) <= _NAMES + 1:
        return ", ".join(names)
    return f"{', '.join(names[:_NAMES])} and {len(names) - _NAMES} more"
