"""A plan in words: what comes, goes and changes, and how many customers stand there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from orchestrator.console.counting import counted
from orchestrator.journeys.applied import State
from orchestrator.journeys.migrations import END
from orchestrator.journeys.pack import Pack
from orchestrator.journeys.plan import JourneyChange, Plan, StepChange
from orchestrator.streams.standing import Standing

_SIGNS: Final = {"added": "+", "removed": "-", "changed": "~", "moved": "↕"}
_PARTS: Final = {"actions": "action", "channels": "channel", "traits": "trait", "segments": "segment"}


def lines_of(plan: Plan, found: Standing, pack: Pack, states: Mapping[str, State]) -> list[str]:
    """The lines of a plan; ``states`` are those in force, which stay."""
    lines = [line for change in plan.journeys for line in _journey(change, states.get(change.name))]
    lines += [
        f"{_SIGNS[change.kind]} {_PARTS.get(change.part, change.part)} {change.name}".rstrip() for change in plan.parts
    ]
    return [*lines, *_audiences(pack, found)]


def _journey(change: JourneyChange, state: State | None) -> Iterator[str]:
    words = []
    if change.inside:
        words.append(f"{_customers(change.inside)} inside {_fate(change)}")
    if state is not None and change.kind != "removed":
        words.append(f"it is {state}, and stays so: nobody enters")
    yield f"{_SIGNS[change.kind]} journey {change.name}" + "".join(f"; {word}" for word in words)
    for step in change.steps:
        yield _step(step, change)


def _fate(change: JourneyChange) -> str:
    if change.moves:
        return "to come to the new version"
    return "to go on to the end of their version" if change.kind != "added" else "of an older version, to go on there"


def _step(step: StepChange, change: JourneyChange) -> str:
    sign = _SIGNS[step.kind] if step.kind is not None else " "
    if not step.standing:
        return f"    {sign} {step.id}"
    return f"    {sign} {step.id}: {_customers(step.standing)} here{_way(step, change)}"


def _way(step: StepChange, change: JourneyChange) -> str:
    if not change.moves:
        return ""
    if step.goes_to is None:
        return ", for whom it has no step: to the end of their version"
    return ", to leave" if step.goes_to == END else f", to go to {step.goes_to}"


def _audiences(pack: Pack, found: Standing) -> Iterator[str]:
    for name in sorted(pack.segments):
        yield f"  segment {name} has {found.segments[name]:,} of {_customers(found.customers)}"
    for name, journey in sorted(pack.journeys.items()):
        broadcast = journey.entry.broadcast
        if broadcast is not None:
            size = found.customers if broadcast.segment is None else found.segments[broadcast.segment]
            pace = _pace(size, broadcast.per_minute)
            yield f"  journey {name} would be broadcast to {_customers(size)} as of now{pace}"


def _pace(size: int, per_minute: int | None) -> str:
    if per_minute is None or size <= per_minute:
        return ""
    return f", {per_minute:,} a minute: that takes {-(-size // per_minute):,} minutes"


def _customers(count: int) -> str:
    return counted(count, "customer")


def warned(warnings: Iterable[str]) -> list[str]:
    """The lines of what is odd."""
    return [f"? {warning}" for warning in warnings]


def refused(refusals: Iterable[str]) -> list[str]:
    """The lines of what forbids it."""
    return [f"! {refusal}" for refusal in refusals]
