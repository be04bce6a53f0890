"""Which steps and ways of journeys tests have reached, from what the journey log of their drivers tells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from orchestrator.engine.journey import Journey
from orchestrator.journeys.flow import Flow

_NAMES: Final = 4
"""So many steps are named before the rest is counted."""


class Coverage:
    """What tests have reached of some journeys, in these versions."""

    def __init__(self, journeys: Iterable[Journey]) -> None:
        self.flows = {(journey.name, journey.version): Flow(journey) for journey in journeys}

    def see(self, line: Mapping[str, Any]) -> None:
        """Takes in one line of the journey log; those of other journeys and versions count for nothing."""
        if line.get("kind") == "step":
            flow = self.flows.get((line["journey"], line["version"]))
            if flow is not None:
                flow.see(line)

    @property
    def whole(self) -> bool:
        """Whether nothing was missed anywhere."""
        return not any(flow.missed_steps or flow.missed_ways for flow in self.flows.values())

    def report(self) -> list[str]:
        """A line for each journey, and the ways below it that nobody went."""
        lines = []
        for (name, _), flow in sorted(self.flows.items()):
            missed, all_ = flow.missed_steps, len(flow.within_reach)
            count = f"{all_ - len(missed)} of {all_} steps"
            lines.append(f"{name}: {count}{f'; never reached: {_listed(missed)}' if missed else ''}")
            for step, way in flow.missed_ways:
                label = f" ({way.label})" if way.label and way.label != way.name else ""
                lines.append(f"  {step}: nobody went '{way.name}'{label}")
        return lines


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
