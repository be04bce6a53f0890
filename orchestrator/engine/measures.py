"""Rules of this file: how events add up, whatever order they come in and however they are split.

A measure lifts one event to a total, and unites two totals; ``unite`` is commutative and associative, so that a trait
is the same for every order of arrival and for every merge of two records. Totals are plain JSON values. Numbers are
added as whole millionths, since a sum of floats depends on its order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final, Protocol

import orjson

from orchestrator.moments import to_datetime

Total = Any
"""Plain JSON; what it looks like is the measure's own matter."""

DAY_MS: Final = 86_400_000
LONGEST_TEXT: Final = 128
RECENT_DAYS: Final = 400
"""How long the growing recency of a customer is followed; whoever reads it later still reads the right one."""

_MILLIONTHS: Final = 1_000_000
_LARGEST_NUMBER: Final = 10**12
_LARGEST_TOTAL: Final = 2**62
_RESET: Final = ""


class Measure(Protocol):
    """What a trait is made of. Totals either know the moments of their events, or are kept in buckets."""

    def lift(self, value: Any, at: int) -> Total | None:
        """The total of one event with this value, at a moment in UTC ms; None if such a value does not count."""

    def unite(self, one: Total, other: Total) -> Total:
        """The total of both; the first may be used up."""

    def read(self, total: Total | None, now: int, since: int | None) -> Any:
        """What conditions see; where totals know the moments of their events, those after ``since`` count."""

    def moments(self, total: Total, window_ms: int | None, after: int) -> Iterable[int]:
        """When, after a moment, the value changes by itself."""


class _Bucketed:
    """A measure whose windows are kept in buckets."""

    def moments(self, total: Total, window_ms: int | None, after: int) -> Iterable[int]:
        """Never: only its buckets run out."""
        return ()


@dataclass(frozen=True, slots=True)
class Count(_Bucketed):
    """How many; ``rate`` is what one of them counts for, None for a whole number."""

    rate: float | None = None

    def lift(self, value: Any, at: int) -> Total | None:
        """One."""
        return 1

    def unite(self, one: Total, other: Total) -> Total:
        """Both."""
        return one + other

    def read(self, total: Total | None, now: int, since: int | None) -> Any:
        """A whole number; a rate if it is one."""
        return (total or 0) if self.rate is None else (total or 0) * self.rate


@dataclass(frozen=True, slots=True)
class Sum(_Bucketed):
    """The sum of numbers, exact to six decimals."""

    def lift(self, value: Any, at: int) -> Total | None:
        """The number in millionths."""
        return _millionths(value)

    def unite(self, one: Total, other: Total) -> Total:
        """Both."""
        return _bounded(one + other)

    def read(self, total: Total | None, now: int, since: int | None) -> Any:
        """A fraction, 0.0 without any."""
        return (total or 0) / _MILLIONTHS


@dataclass(frozen=True, slots=True)
class Extremum(_Bucketed):
    """The smallest or the largest number."""

    largest: bool

    def lift(self, value: Any, at: int) -> Total | None:
        """The number itself."""
        return float(value) if _is_number(value) else None

    def unite(self, one: Total, other: Total) -> Total:
        """The one that is smaller, or larger."""
        return max(one, other) if self.largest else min(one, other)

    def read(self, total: Total | None, now: int, since: int | None) -> Any:
        """A fraction; nothing without any."""
        return total


@dataclass(frozen=True, slots=True)
class First(_Bucketed):
    """The value of the earliest event, or its moment where there is no value to take; of two at once the smaller."""

    moment: bool

    def lift(self, value: Any, at: int) -> Total | None:
        """The moment, and the value."""
        return _kept(value, at, self.moment)

    def unite(self, one: Total, other: Total) -> Total:
        """The earlier."""
        return min(one, other, key=_rank)

    def read(self, total: Total | None, now: int, since: int | None) -> Any:
        """The value; nothing without any."""
        return _shown(total, self.moment)


@dataclass(frozen=True, slots=True)
class Last:
    """The value of the latest event, or its moment where there is no value to take; of two at once the larger."""

    moment: bool

    def lift(self, value: Any, at: int) -> Total | None:
        """The moment, and the value."""
        return _kept(value, at, self.moment)

    def unite(self, one: Total, other: Total) -> Total:
        """The later."""
        return max(one, other, key=_rank)

    def read(self, total: Total | None, now: int, since: int | None) -> Any:
        """The value; nothing without any."""
        return _shown(total, self.moment) if total is not None and (since is None or total[0] > since) else None

    def moments(self, total: Total, window_ms: int | None, after: int) -> Iterable[int]:
        """When it is too old."""
        return () if window_ms is None else (total[0] + window_ms,)


@dataclass(frozen=True, slots=True)
class Distinct:
    """How many different values, the ``most`` that were seen last."""

    most: int

    def lift(self, value: Any, at: int) -> Total | None:
        """The digest of the value with its moment."""
        text = _category(value)
        return None if text is None else {blake2b(text.encode(), digest_size=6).hexdigest(): at}

    def unite(self, one: Total, other: Total) -> Total:
        """All of both, each with its latest moment."""
        for digest, at in other.items():
            if at > one.get(digest, at - 1):
                one[digest] = at
        while len(one) > self.most:
            del one[min(one, key=lambda digest: (one[digest], digest))]
        return one

    def read(self, total: Total | None, now: int, since: int | None) -> Any:
        """A whole number."""
        if since is None:
            return len(total or ())
        return sum(at > since for at in (total or {}).values())

    def moments(self, total: Total, window_ms: int | None, after: int) -> Iterable[int]:
        """When each is too old."""
        return () if window_ms is None else (at + window_ms for at in total.values())


@dataclass(frozen=True, slots=True)
class Favourite(_Bucketed):
    """The category of most events, exact for customers with up to ``most`` categories; beyond, the rarest go."""

    most: int

    def lift(self, value: Any, at: int) -> Total | None:
        """One event of the category, and its moment."""
        text = _category(value)
        return None if text is None else {text: [1, at]}

    def unite(self, one: Total, other: Total) -> Total:
        """The counts of both."""
        for category, (count, at) in other.items():
            before = one.get(category)
            one[category] = [count, at] if before is None else [count + before[0], max(at, before[1])]
        while len(one) > self.most:
            del one[min(one, key=lambda category: (one[category], category))]
        return one

    def read(self, total: Total | None, now: int, since: int | None) -> Any:
        """The name; of two that come as often the later; nothing without any."""
        if not total:
            return None
        return max(total, key=lambda category: (total[category], category))


@dataclass(frozen=True, slots=True)
class Rfm(_Bucketed):
    """Recency, frequency, monetary value. ``ticking``: somebody must be told when another day has passed."""

    ticking: bool = False

    def lift(self, value: Any, at: int) -> Total | None:
        """The moment, one, and the number in millionths."""
        number = _millionths(value)
        return None if number is None else [at, 1, number]

    def unite(self, one: Total, other: Total) -> Total:
        """The later moment, and the rest of both."""
        return [max(one[0], other[0]), one[1] + other[1], _bounded(one[2] + other[2])]

    def read(self, total: Total | None, now: int, since: int | None) -> Any:
        """A map; ``recency`` and ``last`` are nothing without any."""
        if total is None:
            return {"recency": None, "frequency": 0, "monetary": 0.0, "last": None}
        last, frequency, monetary = total
        return {
            "recency": max(now - last, 0) // DAY_MS,
            "frequency": frequency,
            "monetary": monetary / _MILLIONTHS,
            "last": to_datetime(last),
        }

    def moments(self, total: Total, window_ms: int | None, after: int) -> Iterable[int]:
        """The next day, counted from the last event."""
        days = max(after - total[0], 0) // DAY_MS + 1
        return (total[0] + days * DAY_MS,) if self.ticking and days <= RECENT_DAYS else ()


@dataclass(frozen=True, slots=True)
class Funnel:
    """The furthest of ``stages`` that was reached since the last reset; a total has when each was reached last."""

    stages: tuple[str, ...]

    def lift(self, value: Any, at: int) -> Total | None:
        """The stage with its moment; nothing is the reset."""
        return {_RESET if value is None else value: at}

    def unite(self, one: Total, other: Total) -> Total:
        """The latest moment of each stage."""
        for stage, at in other.items():
            if at > one.get(stage, at - 1):
                one[stage] = at
        return one

    def read(self, total: Total | None, now: int, since: int | None) -> Any:
        """The stage's name; nothing before the first."""
        if total is None:
            return None
        reset = total.get(_RESET)
        for stage in reversed(self.stages):
            at = total.get(stage)
            if at is not None and (since is None or at > since) and (reset is None or at >= reset):
                return stage
        return None

    def moments(self, total: Total, window_ms: int | None, after: int) -> Iterable[int]:
        """When each stage is too long ago."""
        return () if window_ms is None else (at + window_ms for at in total.values())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST_NUMBER


def _millionths(value: Any) -> int | None:
    return round(value * _MILLIONTHS) if _is_number(value) else None


def _bounded(total: int) -> int:
    """Within what JSON's readers take for a whole number."""
    return max(-_LARGEST_TOTAL, min(total, _LARGEST_TOTAL))


def _category(value: Any) -> str | None:
    if isinstance(value, str):
        return value if value and len(value) <= LONGEST_TEXT else None
    if isinstance(value, bool | int | float):
        return orjson.dumps(value).decode()
    return None


def _kept(value: Any, at: int, moment: bool) -> Total | None:
    if moment:
        return [at]
    if isinstance(value, bool) or _is_number(value) or (isinstance(value, str) and len(value) <= LONGEST_TEXT):
        return [at, value]
    return None


def _shown(total: Total | None, moment: bool) -> Any:
    if total is None:
        return None
    return to_datetime(total[0]) if moment else total[1]


def _rank(total: Total) -> tuple[int, bytes]:
    return total[0], orjson.dumps(total[1:])
