"""What a change of the definitions changes, and what it means for the customers who are inside."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final, Literal

from orchestrator.journeys.definition import JourneyDefinition
from orchestrator.journeys.migrations import END
from orchestrator.journeys.outline import PlacedStep, outline
from orchestrator.journeys.pack import Pack
from orchestrator.nearest import hint

Kind = Literal["added", "removed", "changed", "moved"]
Unmapped = Literal["refuse", "stay", "end"]
Place = tuple[str, str, str]
"""A journey, its version and a step."""
Steps = Callable[[str], Collection[str]]

_NESTED: Final = ("received", "timed_out", "steps")
_DEEP: Final = frozenset({"traits"})
"""Parts that hold tables of named things, and not named things."""


@dataclass(frozen=True, slots=True)
class StepChange:
    """One step of a journey; ``standing`` customers of older versions wait there.

    ``goes_to`` is where they come in the new version, if that asks them to: None if they stay in theirs.
    """

    kind: Kind | None
    id: str
    standing: int = 0
    goes_to: str | None = None


@dataclass(frozen=True, slots=True)
class JourneyChange:
    """One journey; ``inside`` are the customers of older versions, ``moves`` whether the new one asks them to come."""

    kind: Kind
    name: str
    steps: tuple[StepChange, ...] = ()
    inside: int = 0
    moves: bool = False


@dataclass(frozen=True, slots=True)
class PartChange:
    """Something else by name: an action, a channel, a trait, a segment."""

    kind: Kind
    part: str
    name: str


@dataclass(frozen=True, slots=True)
class Plan:
    """All that changes; with ``refusals`` nothing may be applied, ``warnings`` are what is odd."""

    journeys: tuple[JourneyChange, ...]
    parts: tuple[PartChange, ...]
    refusals: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.journeys or self.parts)


def make_plan(
    old: Pack | None,
    new: Pack,
    old_versions: Mapping[str, str],
    new_versions: Mapping[str, str],
    standing: Mapping[Place, int],
    unmapped: Unmapped = "refuse",
) -> Plan:
    """What goes from one set of definitions to another.

    Args:
        old: None if nothing was ever applied.
        standing: how many customers wait at which step.
        unmapped: what becomes of customers who are asked to come to a version that has no step for them.
    """
    before = old.journeys if old is not None else {}
    journeys: list[JourneyChange] = []
    refusals: list[str] = []
    for name in sorted(before.keys() | new.journeys.keys()):
        if old_versions.get(name) == new_versions.get(name):
            continue
        counts = _counts(name, new_versions.get(name), standing)
        journeys.append(_journey_change(name, before.get(name), new.journeys.get(name), counts, unmapped))
        if name in new.journeys and unmapped == "refuse":
            refusals += _unmapped(new.journeys[name], counts)
    return Plan(tuple(journeys), tuple(_parts(_plain(old), _plain(new))), tuple(refusals))


def asks_to_move(new: Pack, old_versions: Mapping[str, str], new_versions: Mapping[str, str]) -> bool:
    """Whether a new version of a journey wants the customers of the older ones."""
    return any(
        journey.migrate is not None and old_versions.get(name) != new_versions[name]
        for name, journey in new.journeys.items()
    )


def misnamed(new: Pack, old_versions: Mapping[str, str], new_versions: Mapping[str, str], was: Steps) -> list[str]:
    """What new versions of journeys map and never was a step, in sentences; ``was`` has the steps by journey."""
    return [
        f"journey '{name}' maps step '{old}' in migrate, and no version of it had such a step: {hint(old, was(name))}"
        for name, journey in new.journeys.items()
        if old_versions.get(name) != new_versions[name]
        for old in journey.migrate or ()
        if old not in was(name)
    ]


def _counts(name: str, version: str | None, standing: Mapping[Place, int]) -> Counter[str]:
    """By step: the customers of other versions than this one."""
    counts: Counter[str] = Counter()
    for (journey, stood_in, step), count in standing.items():
        if journey == name and stood_in != version:
            counts[step] += count
    return counts


def _unmapped(journey: JourneyDefinition, counts: Mapping[str, int]) -> Iterator[str]:
    if journey.migrate is None:
        return
    known = _known(journey)
    for step, count in sorted(counts.items()):
        if step not in known:
            yield (
                f"journey '{journey.journey}' asks customers of older versions to come to this one, and {count} of "
                f"them stand at step '{step}', which it does not have: map it in migrate, to a step or to {END}"
            )


def _known(journey: JourneyDefinition) -> set[str]:
    """The steps of older versions for which this one has a place."""
    return {placed.id for placed in outline(journey)} | (journey.migrate or {}).keys()


def _journey_change(
    name: str,
    old: JourneyDefinition | None,
    new: JourneyDefinition | None,
    counts: Counter[str],
    unmapped: Unmapped,
) -> JourneyChange:
    kind: Kind = "added" if old is None else "removed" if new is None else "changed"
    moves = new is not None and new.migrate is not None
    steps = tuple(_step_changes(old, new, counts, unmapped)) if kind == "changed" or counts else ()
    return JourneyChange(kind, name, steps, counts.total(), moves)


def _step_changes(
    old: JourneyDefinition | None, new: JourneyDefinition | None, counts: Mapping[str, int], unmapped: Unmapped
) -> Iterator[StepChange]:
    """The steps that change, and those in which customers of older versions stand, in the order of the file."""
    before, after = _by_id(old), _by_id(new)
    moved = _moved(list(before), list(after))
    gone = [id_ for id_ in before if id_ not in after]
    older = sorted(counts.keys() - before.keys() - after.keys())
    for id_ in [*after, *gone, *older]:
        kind = _kind(id_, before, after, moved)
        if kind is not None or counts.get(id_):
            goes_to = _goes_to(new, id_, unmapped) if counts.get(id_) else None
            yield StepChange(kind, id_, counts.get(id_, 0), goes_to)


def _goes_to(new: JourneyDefinition | None, id_: str, unmapped: Unmapped) -> str | None:
    if new is None or new.migrate is None:
        return None
    if id_ not in _known(new):
        return END if unmapped == "end" else None
    return new.migrate.get(id_, id_)


def _kind(id_: str, before: Mapping[str, Any], after: Mapping[str, Any], moved: set[str]) -> Kind | None:
    if id_ not in after:
        return "removed"
    if id_ not in before:
        return "added"
    if before[id_] != after[id_]:
        return "changed"
    return "moved" if id_ in moved else None


def _by_id(journey: JourneyDefinition | None) -> dict[str, Any]:
    """What each step says by itself, without the steps within it."""
    if journey is None:
        return {}
    return {placed.id: _alone(placed) for placed in outline(journey)}


def _alone(placed: PlacedStep) -> Any:
    return _without_steps(placed.step.model_dump(mode="json", by_alias=True, exclude_defaults=True))


def _without_steps(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_steps(inner) for key, inner in value.items() if key not in _NESTED}
    return [_without_steps(inner) for inner in value] if isinstance(value, list) else value


def _moved(before: list[str], after: list[str]) -> set[str]:
    """The steps of both that are not in the same order."""
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    kept = {id_ for block in blocks for id_ in before[block.a : block.a + block.size]}
    return (set(before) & set(after)) - kept


def _plain(pack: Pack | None) -> dict[str, Any]:
    """All but the journeys, by part and name."""
    if pack is None:
        return {}
    plain = json.loads(pack.to_json())
    plain.pop("journeys", None)
    plain["actions"] = {action["action"]: action for action in plain.get("actions", ())}
    for part in _DEEP & plain.keys():
        plain[part] = _flat(plain[part])
    return dict(plain)


def _flat(tables: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for table, rows in tables.items():
        named = isinstance(rows, dict) and all(isinstance(row, dict | str) for row in rows.values())
        flat |= {f"{table}.{name}": row for name, row in rows.items()} if named else {table: rows}
    return flat


def _parts(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[PartChange]:
    for part in sorted(before.keys() | after.keys()):
        old, new = before.get(part, {}), after.get(part, {})
        if not isinstance(old, dict) or not isinstance(new, dict):
            if old != new:
                yield PartChange("changed", part, "")
            continue
        for name in sorted(old.keys() | new.keys()):
            if name not in old:
                yield PartChange("added", part, name)
            elif name not in new:
                yield PartChange("removed", part, name)
            elif old[name] != new[name]:
                yield PartChange("changed", part, name)
