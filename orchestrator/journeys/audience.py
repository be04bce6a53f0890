"""From traits.yaml and segments.yaml to what the engine runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from graphlib import CycleError
from pathlib import Path
from typing import Any, Final

from orchestrator.cel.expression import CelError, Expression
from orchestrator.engine.audience import EVERYTHING, Audience, HistoryRule, Segment, Source, Trait
from orchestrator.engine.measures import Count, Distinct, Extremum, Favourite, First, Funnel, Last, Measure, Rfm, Sum
from orchestrator.errors import DefinitionError, Problem
from orchestrator.journeys.expressions import condition, events, expression
from orchestrator.journeys.model import Model
from orchestrator.journeys.segments import SegmentDefinition, in_order, segments_named
from orchestrator.journeys.traits import (
    ComputedDefinition,
    HistoryDefinition,
    ResetDefinition,
    StageDefinition,
    TraitsDefinition,
)

EVENT_VARIABLES: Final = frozenset(("event",))
"""What a trait's conditions see: it must be the same when it is computed of the history, later."""

CUSTOMER_VARIABLES: Final = frozenset(("customer",))
_VERSION_LENGTH: Final = 8
_GROUPS: Final = frozenset(("traits", "computed"))


def compile_audience(traits: TraitsDefinition, segments: Mapping[str, SegmentDefinition]) -> Audience:
    """Traits, segments and history, ready to run.

    Raises:
        DefinitionError: if an expression cannot be compiled, or segments name each other in a circle; ``load`` finds
            the same, with its place.
    """
    try:
        compiled = {name: _segment(name, segments[name]) for name in in_order(segments)}
        recency = _recency_read(segments)
        return Audience(
            traits={name: _trait(name, traits.computed[name], recency) for name in sorted(traits.computed)},
            segments=compiled,
            history=_history(traits.history),
            version=audience_version(traits, segments),
        )
    except (CelError, CycleError) as error:
        raise DefinitionError([Problem(Path("definitions"), 0, f"traits and segments: {error}")]) from error


def audience_version(traits: TraitsDefinition, segments: Mapping[str, SegmentDefinition]) -> str:
    """8 hex digits of what they mean to a customer; empty if there is nothing."""
    plain = {
        "computed": {name: _meaning(computed) for name, computed in traits.computed.items()},
        "history": _meaning(traits.history) if traits.history is not None else None,
        "segments": {name: _meaning(segment) for name, segment in segments.items()},
    }
    return _digest(plain) if any(plain.values()) else ""


def reads_of(expression: Expression) -> frozenset[str]:
    """The parts of a customer that an expression looks at."""
    return frozenset(
        part for path in expression.paths if path[0] == "customer" for part in _parts(path[1:], expression.source)
    )


def _parts(path: tuple[str, ...], source: str) -> Iterable[str]:
    if not path:
        return (EVERYTHING,)
    if path[0] == "segments":
        return [f"segments.{name}" for name in segments_named(source) or ()]
    if path[0] in _GROUPS:
        return (f"{path[0]}.{path[1] if len(path) > 1 else EVERYTHING}",)
    return (path[0],)


def _segment(name: str, definition: SegmentDefinition) -> Segment:
    compiled = expression(definition.if_, CUSTOMER_VARIABLES)
    return Segment(name, compiled, reads_of(compiled), definition.backfill == "enters")


def _recency_read(segments: Mapping[str, SegmentDefinition]) -> frozenset[str]:
    """The traits of which a segment looks at the recency, or at all of them; ``*`` if it looks at every trait."""
    paths = [path[1:] for segment in segments.values() for path in expression(segment.if_, CUSTOMER_VARIABLES).paths]
    wide = {EVERYTHING for path in paths if path[:2] in ((), ("computed",))}
    return frozenset(
        wide
        | {path[1] for path in paths if path[0:1] == ("computed",) and path[2:3] in ((), ("recency",)) and path[1:]}
    )


def _trait(name: str, definition: ComputedDefinition, recency: Collection[str]) -> Trait:
    measure, bucketed = _measure(definition, name in recency or EVERYTHING in recency)
    return Trait(
        name=name,
        version=_digest(_meaning(definition)),
        measure=measure,
        sources=_sources(definition),
        window_ms=definition.window,
        bucket_ms=definition.bucket_ms() if bucketed else None,
    )


def _measure(definition: ComputedDefinition, ticking: bool) -> tuple[Measure, bool]:
    """The measure, and whether its window is kept in buckets; ``ticking``: whether a segment looks at its recency."""
    most = definition.kept()
    kind = definition.kind
    if kind == "rate":
        assert definition.window is not None
        return Count((definition.per or definition.window) / definition.window), True
    if kind == "funnel":
        return Funnel(tuple(stage.stage for stage in definition.funnel or ())), False
    if kind == "distinct":
        return Distinct(most), False
    if kind == "last":
        return Last(definition.of is None), False
    bucketed: dict[str, Measure] = {
        "count": Count(),
        "sum": Sum(),
        "first": First(definition.of is None),
        "min": Extremum(largest=False),
        "max": Extremum(largest=True),
        "rfm": Rfm(ticking),
        "favourite": Favourite(most),
    }
    return bucketed[kind], True


def _sources(definition: ComputedDefinition) -> tuple[Source, ...]:
    if definition.funnel is not None:
        stages = tuple(
            Source(events(stage.on), condition(stage.if_, EVENT_VARIABLES), constant=stage.stage)
            for stage in definition.funnel
        )
        reset = definition.reset
        return stages if reset is None else (*stages, Source(events(reset.on), condition(reset.if_, EVENT_VARIABLES)))
    favourite = definition.favourite
    names = favourite.of if favourite is not None else getattr(definition, definition.kind)
    value = favourite.by if favourite is not None else definition.of
    return (Source(events(names), condition(definition.if_, EVENT_VARIABLES), condition(value, EVENT_VARIABLES)),)


def _stages(funnel: Iterable[StageDefinition], reset: ResetDefinition | None) -> Iterator[Source]:
    for stage in funnel:
        yield Source(events(stage.on), condition(stage.if_, EVENT_VARIABLES), constant=stage.stage)
    if reset is not None:
        yield Source(events(reset.on), condition(reset.if_, EVENT_VARIABLES))


def _history(definition: HistoryDefinition | None) -> HistoryRule | None:
    if definition is None:
        return None
    properties = None if definition.properties is None else frozenset(definition.properties)
    return HistoryRule(definition.keep, definition.for_, events(definition.events), properties)


def _meaning(definition: Model) -> dict[str, Any]:
    return definition.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"description"})


def _digest(plain: Any) -> str:
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:_VERSION_LENGTH]
