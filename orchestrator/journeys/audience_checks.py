"""What traits.yaml and segments.yaml must mean, beyond their form: that conditions compile and names exist."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from orchestrator.journeys.audience import CUSTOMER_VARIABLES, EVENT_VARIABLES
from orchestrator.journeys.cel import CelError
from orchestrator.journeys.checks import Finding, conditions
from orchestrator.journeys.definition import JourneyDefinition
from orchestrator.journeys.expressions import expression
from orchestrator.journeys.segments import SegmentsDefinition, circle, segments_named
from orchestrator.journeys.sentences import hint
from orchestrator.journeys.source import Location
from orchestrator.journeys.traits import ComputedDefinition, TraitsDefinition


@dataclass(frozen=True, slots=True)
class Declared:
    """The names of computed traits and segments; None where they are not known, since their file is wrong."""

    computed: Collection[str] | None
    segments: Collection[str] | None


def check_traits(traits: TraitsDefinition) -> Iterator[Finding]:
    """What is wrong in traits.yaml."""
    for name, computed in traits.computed.items():
        for location, source in _expressions(computed, ("computed", name)):
            yield from _check_expression(location, source, EVENT_VARIABLES)
        yield from _check_stages(computed, ("computed", name))


def check_segments(segments: SegmentsDefinition, declared: Declared) -> Iterator[Finding]:
    """What is wrong in segments.yaml."""
    for name, segment in segments.segments.items():
        location = ("segments", name, "if")
        yield from _check_expression(location, segment.if_, CUSTOMER_VARIABLES)
        yield from check_names(location, segment.if_, declared)
    names = circle(segments.segments)
    if names:
        yield Finding(
            ("segments", names[0], "if"),
            f"segments name each other in a circle: {' → '.join(names)}: write out in one of them what the other means",
        )


def check_journey_names(journey: JourneyDefinition, declared: Declared) -> Iterator[Finding]:
    """Computed traits and segments that a journey's conditions name, and that are not declared."""
    for location, source, _ in conditions(journey):
        if source is not None:
            yield from check_names(location, source, declared)


def check_names(location: Location, source: str, declared: Declared) -> Iterator[Finding]:
    """Computed traits and segments that a condition names, and that are not declared."""
    try:
        paths = expression(source).paths
    except CelError:
        return
    if declared.computed is not None:
        used = {path[2] for path in paths if path[:2] == ("customer", "computed") and len(path) > 2}
        for name in sorted(used.difference(declared.computed)):
            yield Finding(
                location, f"the computed trait '{name}' is not in traits.yaml: {hint(name, declared.computed)}"
            )
    if declared.segments is None:
        return
    named = segments_named(source)
    if named is None:
        yield Finding(location, "'customer.segments' is asked for one segment, as in \"vip\" in customer.segments")
    for name in sorted(set(named or ()).difference(declared.segments)):
        yield Finding(location, f"the segment '{name}' is not in segments.yaml: {hint(name, declared.segments)}")


def _expressions(computed: ComputedDefinition, at: Location) -> Iterator[tuple[Location, str]]:
    written: list[tuple[Location, str | None]] = [((*at, "of"), computed.of), ((*at, "if"), computed.if_)]
    if computed.favourite is not None:
        written.append(((*at, "favourite", "by"), computed.favourite.by))
    for number, stage in enumerate(computed.funnel or ()):
        written.append(((*at, "funnel", number, "if"), stage.if_))
    if computed.reset is not None:
        written.append(((*at, "reset", "if"), computed.reset.if_))
    return ((location, source) for location, source in written if source is not None)


def _check_expression(location: Location, source: str, variables: frozenset[str]) -> Iterator[Finding]:
    try:
        expression(source, variables)
    except CelError as error:
        yield Finding(location, f"'{location[-1]}' is no condition: {error}", error.line, error.column)


def _check_stages(computed: ComputedDefinition, at: Location) -> Iterator[Finding]:
    seen: set[str] = set()
    for number, stage in enumerate(computed.funnel or ()):
        if stage.stage in seen:
            yield Finding((*at, "funnel", number, "stage"), f"another stage is named '{stage.stage}' already")
        seen.add(stage.stage)
