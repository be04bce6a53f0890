"""From traits.yaml and segments.yaml to what the engine runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from orchestrator.engine.audience import EVERYTHING, Audience, HistoryRule, Segment, Source, Trait
from orchestrator.engine.measures import Count, Distinct, Extremum, Favourite, First, Funnel, Last, Measure, Rfm, Sum
from orchestrator.errors import DefinitionError, Problem
from orchestrator.journeys.cel import CelError, Expression, compile_expression
from orchestrator.journeys.model import ANY_EVENT
from orchestrator.journeys.segments import SegmentDefinition, in_order, segments_named
from orchestrator.journeys.traits import ComputedDefinition, HistoryDefinition, TraitsDefinition

EVENT_VARIABLES: Final = frozenset(("event",))
"""What a trait's conditions see: it must be the same when it is computed of the history, later."""

CUSTOMER_VARIABLES: Final = frozenset(("customer",))
_MOST: Final = 100
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
        ticking = {part for segment in compiled.values() for part in segment.reads}
        return Audience(
            traits={name: _trait(name, traits.computed[name], ticking) for name in sorted(traits.computed)},
            segments=compiled,
            history=_history(traits.history),
            version=_version(traits, segments),
        )
    except CelError as error:
        raise DefinitionError([Problem(Path("definitions"), 0, f"traits and segments: {error}")]) from error


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
    condition = compile_expression(definition.if_, CUSTOMER_VARIABLES)
    return Segment(name, condition, reads_of(condition), definition.backfill == "enters")


def _trait(name: str, definition: ComputedDefinition, read: Iterable[str]) -> Trait:
    measure, bucketed = _measure(definition, f"computed.{name}" in read)
    meaning = definition.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"description"})
    return Trait(
        name=name,
        version=_digest(meaning),
        measure=measure,
        sources=_sources(definition),
        window_ms=definition.window,
        bucket_ms=definition.bucket_ms() if bucketed else None,
    )


def _measure(definition: ComputedDefinition, watched: bool) -> tuple[Measure, bool]:
    """The measure, and whether its window is kept in buckets."""
    most = definition.most or _MOST
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
        "rfm": Rfm(watched),
        "favourite": Favourite(most),
    }
    return bucketed[kind], True


def _sources(definition: ComputedDefinition) -> tuple[Source, ...]:
    if definition.funnel is not None:
        stages = tuple(
            Source(_events(stage.on), _condition(stage.if_), constant=stage.stage) for stage in definition.funnel
        )
        reset = definition.reset
        return stages if reset is None else (*stages, Source(_events(reset.on), _condition(reset.if_)))
    favourite = definition.favourite
    names = favourite.of if favourite is not None else getattr(definition, definition.kind)
    value = favourite.by if favourite is not None else definition.of
    return (Source(_events(names), _condition(definition.if_), _condition(value)),)


def _events(names: Iterable[str]) -> frozenset[str]:
    events = frozenset(names)
    return frozenset((ANY_EVENT,)) if ANY_EVENT in events else events


def _condition(source: str | None) -> Expression | None:
    return None if source is None else compile_expression(source, EVENT_VARIABLES)


def _history(definition: HistoryDefinition | None) -> HistoryRule | None:
    if definition is None:
        return None
    properties = None if definition.properties is None else frozenset(definition.properties)
    return HistoryRule(definition.keep, definition.for_, _events(definition.events), properties)


def _version(traits: TraitsDefinition, segments: Mapping[str, SegmentDefinition]) -> str:
    """Nothing if there is nothing, so that a project without them keeps its version."""
    plain = {
        "traits": traits.model_dump(mode="json", by_alias=True, exclude_defaults=True),
        "segments": {name: segment.model_dump(mode="json", by_alias=True) for name, segment in segments.items()},
    }
    return _digest(plain) if any(plain.values()) else ""


def _digest(plain: Any) -> str:
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:_VERSION_LENGTH]
