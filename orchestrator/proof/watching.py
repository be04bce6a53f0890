"""Definitions whose conditions tell what they were asked, and with what values: they decide as before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from orchestrator import engine
from orchestrator.cel.expression import Expression
from orchestrator.engine.arms import InSegment, LikelyTo
from orchestrator.engine.journey import Journey
from orchestrator.errors import Unmet
from orchestrator.proof.explained import Explained, Operand, explain


@dataclass(frozen=True, slots=True)
class Asked:
    """A condition that was asked: where it stands in which journey, and what it found."""

    journey: str
    version: str
    place: str
    explained: Explained


Tell = Callable[[Asked], None]


def watched(env: engine.Env, tell: Tell) -> engine.Env:
    """The same definitions; what conditions in the journeys are asked is told, and every candidate of a choice."""
    made: dict[int, Journey] = {}

    def watch(journey: Journey) -> Journey:
        if id(journey) not in made:
            made[id(journey)] = _watched_journey(journey, tell)
        return made[id(journey)]

    return replace(
        env,
        pinned={name: watch(journey) for name, journey in env.pinned.items()},
        entries={name: tuple(map(watch, journeys)) for name, journeys in env.entries.items()},
        current={name: watch(journey) for name, journey in env.current.items()},
        occasions=_with_journeys(env.occasions, watch),
        tells_all=True,
    )


def _with_journeys(value: Any, watch: Callable[[Journey], Journey]) -> Any:
    """The same, with all journeys in it watched."""
    if isinstance(value, Journey):
        return watch(value)
    if is_dataclass(value) and not isinstance(value, type):
        parts = {each.name: getattr(value, each.name) for each in fields(value) if each.init}
        return replace(value, **{name: _with_journeys(part, watch) for name, part in parts.items()})
    if isinstance(value, Mapping):
        return {name: _with_journeys(part, watch) for name, part in value.items()}
    return tuple(_with_journeys(part, watch) for part in value) if type(value) is tuple else value


def explained(condition: Any, event: Any, customer: Any, journey: Any, catalog: Any = None) -> Explained:
    """Why a condition or a test of an arm holds or not."""
    if isinstance(condition, Expression):
        return explain(condition.source, event, customer, journey, catalog)
    try:
        holds, unmet = condition.met(event, customer, journey, catalog), None
    except Unmet as error:
        holds, unmet = None, str(error)
    return Explained(condition.source, holds, unmet, operands=_looked_at(condition, event, customer, journey, catalog))


def _looked_at(condition: Any, event: Any, customer: Any, journey: Any, catalog: Any = None) -> tuple[Operand, ...]:
    if isinstance(condition, InSegment):
        return (Operand("customer.segments", list(customer.get("segments", ()))),)
    if isinstance(condition, LikelyTo):
        try:
            return (Operand("propensity", condition.propensity.score(event, customer, journey, catalog)),)
        except Unmet:
            return ()
    return ()


class Watched:
    """A ``condition`` that tells."""

    __slots__ = ("_tell", "_where", "condition", "names", "source")

    def __init__(self, condition: Any, where: tuple[str, str, str], tell: Tell) -> None:
        self.source: str = condition.source
        self.names: frozenset[str] = condition.names
        self.condition = condition
        self._where = where
        self._tell = tell

    def met(self, event: Any, customer: Any, journey: Any, catalog: Any = None) -> bool:
        """As the condition's own."""
        self._told(event, customer, journey, catalog)
        met: bool = self.condition.met(event, customer, journey, catalog)
        return met

    def evaluate(self, event: Any, customer: Any, journey: Any, catalog: Any = None) -> Any:
        """As the condition's own."""
        return self.condition.evaluate(event, customer, journey, catalog)

    def _told(self, event: Any, customer: Any, journey: Any, catalog: Any = None) -> None:
        self._tell(Asked(*self._where, explained(self.condition, event, customer, journey, catalog)))


def _watched_journey(journey: Journey, tell: Tell) -> Journey:
    def watch(value: Any, place: tuple[str, ...]) -> Any:
        if isinstance(value, Expression | InSegment | LikelyTo):
            return Watched(value, (journey.name, journey.version, place_of(place)), tell)
        if is_dataclass(value) and not isinstance(value, type):
            parts = {each.name: getattr(value, each.name) for each in fields(value) if each.init}
            changed = {name: watch(part, (*place, name)) for name, part in parts.items()}
            return replace(value, **{name: part for name, part in changed.items() if part is not parts[name]})
        if isinstance(value, Mapping):
            return {name: watch(part, (*place, str(name))) for name, part in value.items()}
        if type(value) is tuple:
            return tuple(watch(part, (*place, str(number))) for number, part in enumerate(value, 1))
        return value

    found: Journey = watch(journey, ())
    return found


def place_of(path: tuple[str, ...]) -> str:
    """Where in a journey a condition stands, in words: ``entry if``, ``branch-1 arm 2``, ``exit 1``."""
    if path[:1] == ("steps",) and "arms" in path:
        return f"{path[1]} arm {path[path.index('arms') + 1]}"
    if path[:1] in (("exits",), ("goals",)):
        return f"{path[0].removesuffix('s')} {path[1]}{'' if path[2] == 'condition' else f' {path[2]}'}"
    return " ".join({"condition": "if"}.get(name, name) for name in path if name not in ("steps", "traits"))
