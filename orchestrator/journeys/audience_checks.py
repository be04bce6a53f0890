"""What traits.yaml and segments.yaml must mean, beyond their form: that conditions compile and names exist."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.cel.expression import CelError
from orchestrator.journeys.audience import CUSTOMER_VARIABLES, EVENT_VARIABLES
from orchestrator.journeys.expressions import expression
from orchestrator.journeys.finding import Finding
from orchestrator.journeys.segments import SegmentsDefinition, circle, segments_named
from orchestrator.journeys.source import Location
from orchestrator.journeys.traits import ComputedDefinition, TraitsDefinition


def check_traits(traits: TraitsDefinition) -> Iterator[Finding]:
    """What is wrong in traits.yaml."""
    for name, computed in traits.computed.items():
        for location, source in _expressions(computed, ("computed", name)):
            yield from _check_expression(location, source, EVENT_VARIABLES)
        yield from _check_stages(computed, ("computed", name))


def check_segments(segments: SegmentsDefinition) -> Iterator[Finding]:
    """What is wrong in segments.yaml."""
    for name, segment in segments.segments.items():
        location = ("segments", name, "if")
        yield from _check_expression(location, segment.if_, CUSTOMER_VARIABLES)
        yield from _check_segments_use(location, segment.if_)
    names = circle(segments.segments)
    if names:
        yield Finding(
            ("segments", names[0], "if"),
            f"segments name each other in a circle: {' → '.join(names)}: write out in one of them what the other means",
        )


def _check_segments_use(location: Location, source: str) -> Iterator[Finding]:
    try:
        expression(source)
    except CelError:
        return
    if segments_named(source) is None:
        yield Finding(location, "'customer.segments' is asked for one segment, as in \"vip\" in customer.segments")


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
