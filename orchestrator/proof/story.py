"""One customer's story: what came, what was asked and found, what became of it, and what did not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.proof.watching import Asked

Record = Mapping[str, Any]
"""The JSON of a line of the journey log, a decision, an action or a cancel."""


@dataclass(frozen=True, slots=True)
class NotEntered:
    """Why an event that could have begun a stay in a journey did not."""

    journey: str
    reason: str


@dataclass(slots=True)
class Chapter:
    """What one event, or one moment at which something fell due, led to.

    ``event`` has name, id, timestamp, properties and traits of the event, None if time did it, or a ``change`` of the
    definitions, in words. ``note`` is what is special about it, such as that it came twice. ``records`` are in the
    order in which they were written.
    """

    at: str
    event: dict[str, Any] | None
    note: str | None = None
    asked: list[Asked] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    not_entered: list[NotEntered] = field(default_factory=list)
    change: str | None = None

    def about(self, journey: str | None, instances: frozenset[str] | None = None) -> Chapter:
        """Only what concerns one journey, and of it perhaps only some stays."""
        if journey is None:
            return self
        records = [
            record
            for record in self.records
            if record.get("journey") == journey
            and (instances is None or record.get("instance") is None or stay_of(record) in instances)
        ]
        if instances is not None and not records:
            return Chapter(self.at, self.event, change=self.change)
        asked = [each for each in self.asked if each.journey == journey]
        missed = [each for each in self.not_entered if each.journey == journey]
        return Chapter(self.at, self.event, self.note, asked, records, missed, self.change)

    @property
    def empty(self) -> bool:
        """Whether nothing was decided or asked."""
        return not self.records and not self.asked and not self.not_entered

    @property
    def journeys(self) -> list[str]:
        """Those that something is told of, in order."""
        told = [*(each.journey for each in self.asked), *(str(record.get("journey")) for record in self.records)]
        return list(dict.fromkeys(name for name in told if name != "None"))

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "at": self.at,
            "event": self.event,
            **({"change": self.change} if self.change else {}),
            **({"note": self.note} if self.note else {}),
            "asked": [
                {"journey": each.journey, "version": each.version, "place": each.place, **each.explained.to_json()}
                for each in self.asked
            ],
            "records": [dict(record) for record in self.records],
            "not_entered": [{"journey": each.journey, "reason": each.reason} for each in self.not_entered],
        }


@dataclass(slots=True)
class Story:
    """All that is told of a customer. ``ids`` are theirs, ``caveats`` what could not be found out."""

    customer: str
    ids: tuple[str, ...]
    chapters: list[Chapter]
    begins: dict[str, str]
    """By current journey: what begins it, in words."""
    caveats: list[str] = field(default_factory=list)
    consents: dict[str, str] = field(default_factory=dict)
    """By channel and purpose: what the customer said last, and when."""
    interrupted: frozenset[str] = frozenset()
    """Journeys that did not run all the time."""
    shut: dict[str, str] = field(default_factory=dict)
    """By journey that does not run now: what it is, since when, by whom."""
    held: dict[str, str] = field(default_factory=dict)
    """By stay that stands still with its journey: the step."""

    def decisions(self, action_id: str) -> list[Record]:
        """What was decided about one action."""
        return [
            record
            for chapter in self.chapters
            for record in chapter.records
            if record.get("kind") == "decision" and record["action_id"] == action_id
        ]

    def about(self, journey: str | None, instances: frozenset[str] | None = None) -> Story:
        """Only what concerns one journey, and of it perhaps only some stays."""
        chapters = [each.about(journey, instances) for each in self.chapters]
        begins = {name: told for name, told in self.begins.items() if journey in (None, name)}
        told = [each for each in chapters if not each.empty]
        shut = {name: told for name, told in self.shut.items() if journey in (None, name)}
        held = {
            stay: step
            for stay, step in self.held.items()
            if journey in (None, journey_of(stay)) and (instances is None or stay in instances)
        }
        return Story(self.customer, self.ids, told, begins, self.caveats, self.consents, self.interrupted, shut, held)

    def entered(self, journey: str) -> int:
        """How often the customer entered."""
        return sum(
            record["kind"] == "step" and record["happened"] == "entered" and record["journey"] == journey
            for chapter in self.chapters
            for record in chapter.records
        )

    def missed(self, journey: str) -> Iterator[tuple[str, NotEntered]]:
        """Each time that an event could have begun a stay and did not: when, and why not."""
        for chapter in self.chapters:
            for each in chapter.not_entered:
                if each.journey == journey:
                    yield chapter.at, each

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "customer": self.customer,
            "ids": list(self.ids),
            "caveats": self.caveats,
            "consents": self.consents,
            "chapters": [chapter.to_json() for chapter in self.chapters],
            "held": self.held,
            "journeys": [
                {
                    "journey": name,
                    "begins": told,
                    **({"state": self.shut[name]} if name in self.shut else {}),
                    "entered": self.entered(name),
                    "not_entered": [{"at": at, "reason": each.reason} for at, each in self.missed(name)],
                }
                for name, told in sorted(self.begins.items())
            ],
        }


def journey_of(stay: str) -> str:
    """The journey of a stay, by its key."""
    return stay.partition("/")[0]


def stay_of(record: Record) -> str:
    """The stay that a record is about; a finished one that made room for the next has its key before an @."""
    return str(record["instance"]).partition("@")[0]
