"""Rules of this file: what a worker must have said, worked out again from what it read and from its journal.

The journal says in which order records were decided and timers fired, and what time it was then. The
engine is pure, so the same order at the same times gives the same bytes, however often workers were
killed in between. Nothing here asks a broker: whoever tests brings the records of the topics along.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, Protocol

import orjson

from orchestrator import engine
from orchestrator.events.intake import Intake, Limits
from orchestrator.journeys.catalogue import Catalogue
from orchestrator.kafka import names
from orchestrator.settings import Settings
from orchestrator.streams.definitions import limits_in
from orchestrator.streams.reference import Entry, Rereading
from orchestrator.streams.work import Input, Output, Work


class Found(Input, Protocol):
    """A record that a consumer found, with its partition number."""

    @property
    def partition(self) -> int: ...


Inputs = Mapping[tuple[str, int], Mapping[int, Input]]
"""By (logical topic, partition number): the records that a read-committed consumer finds, by offset."""

Journals = Mapping[int, Sequence[Mapping[str, Any]]]
"""By partition number: the values of kind "journal" on its partition of ``journey-log``, in order."""

_ACTIONS: Final = names.action_topic("")


@dataclass(slots=True)
class Replayed:
    """What the journals amount to.

    ``outputs`` has all that was published, in the order of each partition number, one number after
    the other; ``records`` the customers as changelog and store must have them in the end; ``problems``
    what of the journals could not be done again.
    """

    outputs: list[Output] = field(default_factory=list)
    records: dict[bytes, bytes] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def actions(self) -> list[Output]:
        """Actions and cancels of all channels."""
        return [output for output in self.outputs if output.topic.startswith(_ACTIONS)]

    def on(self, topic: str) -> list[Output]:
        """What went to one logical topic."""
        return [output for output in self.outputs if output.topic == topic]


def replay(
    partition_count: int,
    envs: Mapping[str, engine.Env],
    limits: Limits,
    inputs: Inputs,
    journals: Journals,
    references: Mapping[str, Sequence[Entry]] | None = None,
) -> Replayed:
    """Does all again that the journals say, checkpoint by checkpoint.

    At least once, a checkpoint that failed half-way leaves its journal behind, and the work is done
    again with another one: a journal of which a later one has read something too counts for nothing.
    Then compare ids, not bytes.

    Args:
        envs: by version, every one that the journals name; ``envs_of`` reads them from the definitions topic.
        limits: those of the workers.
        references: by logical topic that all workers read, such as ``catalog``, its records in order of their offsets.
            What compaction has removed of them cannot be known: then it is done again with what is left.
    """
    replayed = Replayed()
    intake, rereading = Intake(limits), Rereading(references or {})
    for partition in sorted(journals):
        for checkpoint in _lasting([_Checkpoint(partition, journal) for journal in journals[partition]]):
            env = envs.get(checkpoint.env)
            if env is None:
                replayed.problems.append(f"{checkpoint}: its definitions {checkpoint.env} are not known")
                break
            unread = sorted(checkpoint.references.keys() - (references or {}).keys())
            if unread:
                replayed.problems.append(f"{checkpoint}: it read {', '.join(unread)}, whose records are not given")
            seen = rereading.at(checkpoint.references)
            work = Work(partition, partition_count, env, intake, replayed.records.get, seen)
            replayed.problems += checkpoint.do(work, inputs)
            replayed.outputs += work.outputs
            for key, value in work.writes().items():
                if value is None:
                    replayed.records.pop(key, None)
                else:
                    replayed.records[key] = value
    return replayed


def check_offsets(journals: Journals, inputs: Inputs) -> list[str]:
    """What is wrong with the offsets that were read: each that exists must occur once, in order."""
    problems = []
    read: dict[tuple[str, int], list[int]] = defaultdict(list)
    for partition, values in journals.items():
        for journal in values:
            for topic, offsets in _offsets(journal["entries"]):
                read[topic, partition] += offsets
    for place in sorted(inputs.keys() | read.keys()):
        there, found = inputs.get(place, {}).keys(), read.get(place, [])
        wrong = [f"offset {offset} was read {times} times" for offset, times in Counter(found).items() if times > 1]
        wrong += [f"offset {offset} was never read" for offset in sorted(there - set(found))]
        wrong += [f"offset {offset} was read, but is not there" for offset in sorted(set(found) - there)]
        wrong += [f"offset {late} was read after {early}" for early, late in pairwise(found) if late < early]
        problems += [f"{place[0]}/{place[1]}: {what}" for what in wrong]
    return problems


def compare_actions(expected: Iterable[Output], found: Iterable[Found], topic: str) -> list[str]:
    """What differs on one action topic: each expected record must be there once, byte by byte, and nothing else.

    Args:
        found: the records of all partitions of the topic, those of one partition in their order.
    """
    wanted = [output for output in expected if output.topic == topic]
    missing = Counter(_content(output.partition, output) for output in wanted)
    arrived = list(found)
    missing.subtract(_content(record.partition, record) for record in arrived)
    problems = [
        f"{topic}/{content[0]}: {'missing' if count > 0 else 'not expected'}: {_named(content)}"
        for content, count in missing.items()
        if count
    ]
    return problems or _order_problems(topic, wanted, arrived)


def compare_records(expected: Mapping[bytes, bytes], found: Mapping[bytes, bytes]) -> list[str]:
    """What differs between the expected records and those of a changelog or a store (without meta records)."""
    return [
        f"record {key!r}: expected {expected.get(key)!r}, found {found.get(key)!r}"
        for key in sorted(expected.keys() | found.keys())
        if expected.get(key) != found.get(key)
    ]


def envs_of(definitions: Iterable[tuple[bytes, bytes]], settings: Settings) -> dict[str, engine.Env]:
    """The envs by version, of the records of the definitions topic in their order."""
    catalogue = Catalogue(limits_in(settings), settings.survey_key)
    for key, value in definitions:
        catalogue.take(key, value)
    envs = {version: catalogue.env(version) for version in catalogue.versions}
    return {version: env for version, env in envs.items() if env is not None}


class _Checkpoint:
    """One journal record."""

    def __init__(self, partition: int, journal: Mapping[str, Any]) -> None:
        self.env: str = journal["env"]
        self._partition = partition
        self.references: Mapping[str, int] = journal.get("references", {})
        self._entries: list[list[Any]] = journal["entries"]
        self.read = {(topic, offset) for topic, offsets in _offsets(self._entries) for offset in offsets}

    def __str__(self) -> str:
        return f"journal of partition {self._partition}, {self._entries[:1]}"

    def do(self, work: Work, inputs: Inputs) -> list[str]:
        """Feeds the work what the journal has; what could not be done."""
        problems = []
        for entry in self._entries:
            if entry[0] not in names.INPUT_TOPICS:
                work.redo(entry)
                continue
            topic, first, count, now = entry
            there = inputs.get((topic, self._partition), {})
            for offset in range(first, first + count):
                if offset in there:
                    work.apply(topic, there[offset], now)
                else:
                    problems.append(f"{self}: {topic}/{self._partition} has no record at offset {offset}")
        if not problems and work.journal != self._entries:
            problems.append(f"{self}: done again, it is another one: {work.journal[:3]}")
        return problems


def _lasting(checkpoints: Sequence[_Checkpoint]) -> list[_Checkpoint]:
    """Those that were not done again later."""
    read_later: set[tuple[str, int]] = set()
    lasting = []
    for checkpoint in reversed(checkpoints):
        if checkpoint.read.isdisjoint(read_later):
            lasting.append(checkpoint)
        read_later |= checkpoint.read
    return lasting[::-1]


def _offsets(entries: Sequence[Sequence[Any]]) -> list[tuple[str, range]]:
    return [(entry[0], range(entry[1], entry[1] + entry[2])) for entry in entries if entry[0] in names.INPUT_TOPICS]


_Content = tuple[int, bytes | None, bytes | None, tuple[tuple[str, bytes], ...]]


def _content(partition: int, record: Input | Output) -> _Content:
    return partition, record.key, record.value, tuple((name, value) for name, value in record.headers)


def _named(content: _Content) -> str:
    value = orjson.loads(content[2] or b"{}")
    return " ".join(str(value.get(name)) for name in ("kind", "action_id", "customer_id", "decided_at"))


def _order_problems(topic: str, wanted: Sequence[Output], arrived: Sequence[Found]) -> list[str]:
    """Actions of one customer come in the order in which they were decided, a cancel after its action.

    Nothing is said of the order of cancels: after a merge they come from another partition number.
    """
    expected: dict[bytes | None, list[str]] = defaultdict(list)
    for output in wanted:
        kind, identifier = _kind_and_id(output)
        if kind == "action":
            expected[output.key].append(identifier)
    found: dict[bytes | None, list[str]] = defaultdict(list)
    problems = []
    for record in arrived:
        kind, identifier = _kind_and_id(record)
        if kind == "action":
            found[record.key].append(identifier)
        elif identifier not in found[record.key]:
            problems.append(f"{topic}: the cancel of {identifier} came before its action")
    return problems + [
        f"{topic}: actions of {key!r} came in another order: {found[key]}, not {identifiers}"
        for key, identifiers in expected.items()
        if found[key] != identifiers
    ]


def _kind_and_id(record: Input | Output) -> tuple[str, str]:
    value = orjson.loads(record.value or b"{}")
    return value["kind"], value["action_id"]
