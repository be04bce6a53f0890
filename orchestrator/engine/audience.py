"""What is derived of a customer: computed traits, segments and the history behind them, compiled."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from orchestrator.engine.condition import Condition

if TYPE_CHECKING:
    from orchestrator.engine.measures import Measure

ANY_EVENT: Final = "*"
EVERYTHING: Final = "*"

State = Any
"""A measure's total; of a window in buckets, a list of [number of the bucket, moment of its last event, total]."""


@dataclass(frozen=True, slots=True)
class Source:
    """Events that count for a trait, if ``condition`` holds, with ``value``, or ``constant`` where there is none."""

    events: frozenset[str]
    condition: Condition | None
    value: Condition | None = None
    constant: str | None = None


@dataclass(frozen=True, slots=True)
class Trait:
    """A computed trait. ``version`` is that of its definition; a state of another version is not its own.

    An event of a window counts until the last one of its bucket is ``window_ms`` old: never shorter
    than the window, and less than a bucket longer; "none within the window" is exact.
    """

    name: str
    version: str
    measure: Measure
    sources: tuple[Source, ...]
    window_ms: int | None = None
    bucket_ms: int | None = None

    def add(self, state: State | None, value: Any, at: int, now: int) -> State | None:
        """The state with one more event, which happened ``at`` a moment; the old one is used up."""
        one = self.one(value, at)
        return state if one is None else self.unite(state, one, now)

    def one(self, value: Any, at: int) -> State | None:
        """The state of one event; none if such a value does not count."""
        total = self.measure.lift(value, at)
        if total is None or self.bucket_ms is None:
            return total
        return [[at // self.bucket_ms, at, total]]

    def unite(self, one: State | None, other: State | None, now: int) -> State | None:
        """The state of the events of both; both are used up."""
        if one is None or other is None:
            return self.pruned(one if other is None else other, now)
        if self.bucket_ms is None:
            return self.measure.unite(one, other)
        for number, last, total in other:
            self._put(one, number, last, total)
        return self.pruned(one, now)

    def pruned(self, state: State | None, now: int) -> State | None:
        """Without the buckets of which no event can count any more, even one that comes late."""
        if state is None or self.bucket_ms is None or self.window_ms is None:
            return state
        first_kept = (now - self.window_ms) // self.bucket_ms
        if state[0][0] >= first_kept:
            return state
        return [bucket for bucket in state if bucket[0] >= first_kept] or None

    def read(self, state: State | None, now: int) -> Any:
        """What conditions see at a moment."""
        since = None if self.window_ms is None else now - self.window_ms
        if self.bucket_ms is None:
            return self.measure.read(state, now, since)
        united = None
        for _, last, total in state or ():
            if since is None or last > since:
                united = _copy(total) if united is None else self.measure.unite(united, total)
        return self.measure.read(united, now, None)

    def runs_out(self, state: State | None, after: int) -> int | None:
        """The first moment after another at which the value changes without an event."""
        if state is None:
            return None
        return min((moment for moment in self._moments(state, after) if moment > after), default=None)

    def _moments(self, state: State, after: int) -> Iterator[int]:
        if self.bucket_ms is None:
            yield from self.measure.moments(state, self.window_ms, after)
            return
        if self.window_ms is not None:
            for _, last, _ in state:
                yield last + self.window_ms
        yield from self.measure.moments(state[-1][2], self.window_ms, after)

    def _put(self, buckets: list[Any], number: int, last: int, total: Any) -> None:
        place = bisect_left(buckets, number, key=lambda bucket: bucket[0])
        if place < len(buckets) and buckets[place][0] == number:
            held = buckets[place]
            buckets[place] = [number, max(held[1], last), self.measure.unite(held[2], total)]
        else:
            buckets.insert(place, [number, last, total])


@dataclass(frozen=True, slots=True)
class Segment:
    """A group of customers.

    ``reads`` are the parts of a customer that its condition looks at, such as ``computed.orders``,
    ``traits.email``, ``segments.vip`` or ``last_seen``; ``traits.*`` is any of a group, ``*`` any at all.
    """

    name: str
    condition: Condition
    reads: frozenset[str]
    backfill_enters: bool = False


@dataclass(frozen=True, slots=True)
class HistoryRule:
    """What is kept of the events of each customer: the last ``keep``, for ``for_ms``, ``properties`` or all of them."""

    keep: int
    for_ms: int
    events: frozenset[str]
    properties: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Audience:
    """All of it. ``segments`` stand in an order in which each comes after those that it names.

    ``listeners`` has the traits by the name of the event that they listen to, "*" for any; ``readers``
    the segments by what they read; ``watched`` the traits of which a segment must hear when time
    changes them; ``ordered`` the segments in their order, and ``places`` where in it each is.
    """

    traits: Mapping[str, Trait] = field(default_factory=dict)
    segments: Mapping[str, Segment] = field(default_factory=dict)
    history: HistoryRule | None = None
    version: str = ""
    listeners: Mapping[str, tuple[Trait, ...]] = field(init=False)
    readers: Mapping[str, frozenset[str]] = field(init=False)
    watched: Mapping[str, Trait] = field(init=False)
    ordered: tuple[Segment, ...] = field(init=False)
    places: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        """An event costs what listens to it, not what is declared."""
        listeners: dict[str, list[Trait]] = {}
        for trait in self.traits.values():
            for name in sorted(frozenset().union(*(source.events for source in trait.sources))):
                listeners.setdefault(name, []).append(trait)
        object.__setattr__(self, "listeners", {name: tuple(traits) for name, traits in listeners.items()})
        readers: dict[str, set[str]] = {}
        for segment in self.segments.values():
            for part in segment.reads:
                readers.setdefault(part, set()).add(segment.name)
        object.__setattr__(self, "readers", {part: frozenset(names) for part, names in readers.items()})
        watched = {name: trait for name, trait in self.traits.items() if self.reading(f"computed.{name}")}
        object.__setattr__(self, "watched", watched)
        object.__setattr__(self, "ordered", tuple(self.segments.values()))
        object.__setattr__(self, "places", {name: place for place, name in enumerate(self.segments)})

    def reading(self, part: str) -> frozenset[str]:
        """The segments that look at a part of a customer, such as ``computed.orders``."""
        group, dot, _ = part.partition(".")
        readers = self.readers
        found = readers.get(part, frozenset()) | readers.get(EVERYTHING, frozenset())
        return found | readers.get(f"{group}.{EVERYTHING}", frozenset()) if dot else found


def own_state(trait: Trait, kept: list[Any] | None) -> State | None:
    """The state of what a record keeps for a trait; none if it was kept by another definition of it."""
    return kept[1] if kept is not None and kept[0] == trait.version else None


def _copy(total: Any) -> Any:
    """``unite`` may use up the first of two, and reading must not."""
    return dict(total) if isinstance(total, dict) else total
