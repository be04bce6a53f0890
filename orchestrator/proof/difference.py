"""Rules of this file: what two versions of a project would do differently to the same events.

An action has a partner in the other version if it is of the same customer, journey, stay and step, and the same one
in order there: the stay is told by the event that began it, since action ids contain the journey's version.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import orjson

from orchestrator.console.sentences import headline, printable
from orchestrator.contracts.origin import told_by
from orchestrator.proof.simulation import Watcher

EXAMPLES: Final = 3
ONLY_A, ONLY_B, CHANGED, SAME = "only_a", "only_b", "changed", "same"
_KINDS: Final = (ONLY_A, ONLY_B, CHANGED)


class Place(NamedTuple):
    """What an action is the same by: the stay's first event, and the how manieth of its step in that stay."""

    customer: str
    journey: str
    entry: str
    step: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Said:
    """What is compared of an action: ``fields`` are digests of the parts of its content, ``withdrawn`` tells why."""

    at: str
    channel: str
    action: str
    says: str
    fields: Mapping[str, bytes]
    withdrawn: str | None = None


class Sayings(Watcher):
    """All actions of one simulation by their places."""

    def __init__(self) -> None:
        self._said: dict[Place, Said] = {}
        self._places: dict[str, Place] = {}
        self._contents: dict[str, dict[str, Any]] = {}
        self._entries: dict[tuple[str, str], str] = {}
        self._stays: dict[str, list[str]] = defaultdict(list)
        self._attempts: Counter[tuple[str, str, str, str]] = Counter()
        self._unplaced: list[dict[str, Any]] = []

    def action(self, value: dict[str, Any]) -> None:
        """As ``Watcher.action``."""
        if value["kind"] == "action":
            self._contents[value["action_id"]] = value["content"]
        else:
            self._place_all()
            place = self._places.get(value["action_id"])
            if place is not None:
                self._said[place] = replace(self._said[place], withdrawn=value["reason"])

    def decision(self, value: dict[str, Any]) -> None:
        """As ``Watcher.decision``: it names the stay of the action that it is about."""
        self._place_all(_moment(value, "decided_at"))
        if value["outcome"] == "published":
            self._unplaced.append(value)

    def line(self, value: dict[str, Any]) -> None:
        """As ``Watcher.line``: learns which event began which stay, and whose it is."""
        customer = value["customer_id"]
        if value["kind"] == "step" and value["happened"] == "entered":
            # What the same event has led to so far is told before the entry itself.
            self._place_all(_moment(value, "at"))
            self._entries[customer, value["instance"]] = (value["trigger"] or {}).get("event_id") or value["at"]
            self._stays[customer].append(value["instance"])
        elif value["kind"] == "identity" and value["happened"] == "merged":
            self._place_all()
            for stay in self._stays.pop(value["anonymous_id"], []):
                self._entries.setdefault((customer, stay), self._entries[value["anonymous_id"], stay])
                self._stays[customer].append(stay)

    def all(self) -> dict[Place, Said]:
        """What was said, by place, in the order in which it was."""
        self._place_all()
        return self._said

    def _place_all(self, besides: tuple[Any, ...] | None = None) -> None:
        """Gives actions their places, but for those of the step that is being told."""
        left = []
        for decision in self._unplaced:
            if besides is not None and _moment(decision, "decided_at") == besides:
                left.append(decision)
                continue
            customer, stay = decision["customer_id"], (decision["instance"] or "").partition("@")[0]
            entry = self._entries.get((customer, stay), "")
            of_step = (customer, told_by(decision), entry, decision["step"] or "")
            place = self._places[decision["action_id"]] = Place(*of_step, self._attempts[of_step])
            self._attempts[of_step] += 1
            self._said[place] = _said(decision, self._contents.pop(decision["action_id"], {}))
        self._unplaced = left


def _moment(value: Mapping[str, Any], name: str) -> tuple[Any, ...]:
    """What the records of one step have in common."""
    return value["customer_id"], value[name], (value["trigger"] or {}).get("event_id")


def _said(decision: Mapping[str, Any], content: Mapping[str, Any]) -> Said:
    fields = {name: blake2b(orjson.dumps(value), digest_size=8).digest() for name, value in content.items()}
    return Said(decision["decided_at"], decision["channel"], decision["action"], headline(content), fields)


@dataclass(slots=True)
class Difference:
    """What is only in one version, changed, or the same: counts by journey and step, with the first examples."""

    counts: Counter[str] = field(default_factory=Counter)
    steps: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    examples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def none(self) -> bool:
        """Whether both say the same."""
        return not any(self.counts[kind] for kind in _KINDS)

    def add(self, kind: str, place: Place, a: Said | None, b: Said | None, changes: list[str]) -> None:
        """Counts one action, and keeps it if it is among the first of its kind and step."""
        self.counts[kind] += 1
        of_step = self.steps.setdefault((place.journey, place.step), Counter())
        of_step[kind] += 1
        if kind != SAME and of_step[kind] <= EXAMPLES:
            example: dict[str, Any] = {**place._asdict()}
            if changes:
                example["changes"] = changes
            example |= {name: _plain(said) for name, said in (("a", a), ("b", b)) if said is not None}
            self.examples.setdefault(kind, []).append(example)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "counts": {kind: self.counts[kind] for kind in (*_KINDS, SAME)},
            "steps": [
                {"journey": journey, "step": step, **{kind: counts[kind] for kind in (*_KINDS, SAME)}}
                for (journey, step), counts in sorted(self.steps.items())
            ],
            "examples": {kind: self.examples.get(kind, []) for kind in _KINDS},
        }


def difference(a: Mapping[Place, Said], b: Mapping[Place, Said]) -> Difference:
    """Compares what two versions said."""
    found = Difference()
    for place, said in a.items():
        other = b.get(place)
        if other is None:
            found.add(ONLY_A, place, said, None, [])
        else:
            changes = list(changes_of(said, other))
            found.add(CHANGED if changes else SAME, place, said, other, changes)
    for place, said in b.items():
        if place not in a:
            found.add(ONLY_B, place, None, said, [])
    return found


def changes_of(a: Said, b: Said) -> Iterator[str]:
    """What is not the same about an action in two versions, in words."""
    for name in ("action", "channel", "at"):
        if getattr(a, name) != getattr(b, name):
            yield f"{name}: {getattr(a, name)} → {getattr(b, name)}"
    fields = [name for name in {**a.fields, **b.fields} if a.fields.get(name) != b.fields.get(name)]
    if fields:
        says = f", “{a.says}” → “{b.says}”" if a.says != b.says else ""
        yield f"content: {', '.join(fields)}{says}"
    if (a.withdrawn is None) != (b.withdrawn is None):
        yield f"withdrawn: {a.withdrawn or 'no'} → {b.withdrawn or 'no'}"


def lines(found: Difference, a: str, b: str) -> Iterator[str]:
    """The difference for a person; ``a`` and ``b`` are how the two are called."""
    words = {ONLY_A: f"only in {a}", ONLY_B: f"only in {b}", CHANGED: "changed", SAME: "the same"}
    yield ", ".join(f"{found.counts[kind]:,} {words[kind]}" for kind in (*_KINDS, SAME))
    for (journey, step), counts in sorted(found.steps.items()):
        told = ", ".join(f"{counts[kind]:,} {words[kind]}" for kind in (*_KINDS, SAME) if counts[kind])
        yield f"  {journey} {step}: {told}"
    for kind in _KINDS:
        for example in found.examples.get(kind, []):
            yield from _example(example, words[kind])


def _example(example: Mapping[str, Any], word: str) -> Iterator[str]:
    said = example.get("a") or example["b"]
    yield ""
    yield f"{word}: {said['action']} by {example['journey']} for {printable(example['customer'], 36)}"
    if "changes" in example:
        yield from (f"  {printable(change, 200)}" for change in example["changes"])
    else:
        yield f"  {said['channel']} on {said['at'][:16].replace('T', ' ')}: “{said['says']}”"


def _plain(said: Said) -> dict[str, Any]:
    plain = {"at": said.at, "channel": said.channel, "action": said.action, "says": said.says}
    return plain | ({"withdrawn": said.withdrawn} if said.withdrawn is not None else {})
