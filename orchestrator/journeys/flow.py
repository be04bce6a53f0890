"""How often customers came to each step of a journey and went each way, from what the journey log tells.

The log has a line where a customer enters, waits, goes on, or is shown a way. All between follows from the graph: who
goes a way comes to the step that it leads to, and through it to the next one, up to a step that waits or has several
ways to choose from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from orchestrator.engine.journey import Journey
from orchestrator.graph.graph import NEXT, RECEIVED, TIMED_OUT, Way, look_of

_RECEIVED: Final = (" came", "opened already")


class Flow:
    """Counts for one version of a journey.

    ``steps`` counts arrivals by id, ``ways`` departures by id and name of the way, ``exits`` those who left early by
    the step at which they were.
    """

    def __init__(self, journey: Journey) -> None:
        self.journey = journey
        self.looks = {id_: look_of(step) for id_, step in journey.steps.items()}
        self.entered = 0
        self.ended = 0
        self.steps: Counter[str] = Counter()
        self.ways: Counter[tuple[str, str]] = Counter()
        self.exits: Counter[str] = Counter()

    def see(self, line: Mapping[str, Any]) -> None:
        """Takes in one line of the journey log about this journey and version."""
        step, happened = line["step"], line["happened"]
        if happened == "entered":
            self.entered += 1
            self._come_to(self.journey.first)
        elif happened == "ended":
            self.ended += 1
        elif step in self.looks:
            self._see_at(step, happened, line)

    def _see_at(self, step: str, happened: str, line: Mapping[str, Any]) -> None:
        if not self.steps[step]:
            self.steps[step] = 1  # brought here by a merge of two customers, or from another version
        way = way_gone(line)
        if way is not None and not self._passes(step):
            self._go(step, way)
        elif happened == "exited":
            self.exits[step] += 1

    @property
    def within_reach(self) -> list[str]:
        """All steps but those that lie behind an arm of no weight alone, in the order of the file."""
        found, waiting = set[str](), [self.journey.first]
        while waiting:
            step = waiting.pop()
            if step is not None and step not in found:
                found.add(step)
                waiting += [way.to for way in self.looks[step].ways if way.open]
        return [step for step in self.looks if step in found]

    @property
    def missed_steps(self) -> list[str]:
        """Never reached, though within reach."""
        return [step for step in self.within_reach if not self.steps[step]]

    @property
    def missed_ways(self) -> list[tuple[str, Way]]:
        """Never gone, of steps that were reached and have several."""
        return [
            (step, way)
            for step, look in self.looks.items()
            if self.steps[step] and len(look.ways) > 1
            for way in look.ways
            if way.open and not self.ways[step, way.name]
        ]

    def _go(self, step: str | None, name: str) -> None:
        while step is not None:
            way = next((way for way in self.looks[step].ways if way.name == name), None)
            if way is None:
                return
            self.ways[step, name] += 1
            step = way.to
            passed = self._arrive(step)
            if passed is None:
                return
            name = passed

    def _come_to(self, step: str | None) -> None:
        name = self._arrive(step)
        if name is not None:
            self._go(step, name)

    def _arrive(self, step: str | None) -> str | None:
        """Counts an arrival; the way on, if it is the only one and there is no wait."""
        if step is None:
            return None
        self.steps[step] += 1
        return self.looks[step].ways[0].name if self._passes(step) else None

    def _passes(self, step: str) -> bool:
        """Whether who comes to the step is at once on the only way that leads on."""
        look = self.looks[step]
        return look.kind != "wait" and len(look.ways) == 1


def way_gone(line: Mapping[str, Any]) -> str | None:
    """The name of the way that a line of the journey log says was gone; None if it says nothing of it."""
    happened, reason = line["happened"], str(line["reason"] or "")
    if happened == "branched":
        # Of a branch "arm 1: customer.known", of an experiment "red: the arm in colours".
        return reason.partition(":")[0]
    if happened == "moved":
        return TIMED_OUT if reason == TIMED_OUT else RECEIVED if reason.endswith(_RECEIVED) else NEXT
    return None
