"""A customer's story out of the topics: what the workers wrote, and their journal decided once more for the values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from aiokafka.errors import KafkaError

from orchestrator import engine
from orchestrator.console.follow import BEGINNING, Follower, Found
from orchestrator.console.lookup import look_up
from orchestrator.engine.customer import ANONYMOUS, USER, Customer, Pointer, decode
from orchestrator.engine.identity import subject_of
from orchestrator.errors import BadRecord, InfrastructureError, OrchestratorError
from orchestrator.events.event import Event
from orchestrator.events.intake import Intake
from orchestrator.journeys.applied import Applied
from orchestrator.journeys.catalogue import Catalogue
from orchestrator.kafka import names
from orchestrator.kafka.client import client_options
from orchestrator.kafka.topics import check_internal
from orchestrator.proof.explanation import Explainer
from orchestrator.proof.story import Record, Story
from orchestrator.proof.watching import watched
from orchestrator.settings import Settings
from orchestrator.streams import definitions
from orchestrator.streams.headers import FORWARD
from orchestrator.streams.limits import limits_of
from orchestrator.streams.reference import Entry, Rereading
from orchestrator.streams.work import Input, Work

_TOLD: Final = (names.DECISIONS, names.JOURNEY_LOG)
_READ_BY_ALL: Final = (names.CATALOG, names.MODELS)


async def explain_topics(settings: Settings, bootstrap: str, customer: str) -> Story:
    """The story of one customer as the topics have it.

    Raises:
        OrchestratorError: nobody is known by the id.
        SettingsError: the topics of the definitions are not there.
        InfrastructureError: Kafka cannot be read.
    """
    found = await look_up(settings, bootstrap, customer)
    if found is None:
        raise OrchestratorError(
            f"nobody is known as '{customer}': ids are exact, and a customer is known once a worker has decided one of "
            "their events"
        )
    await check_internal(settings, bootstrap)
    try:
        known = await definitions.read(client_options(settings, bootstrap), settings)
    except KafkaError as error:
        raise InfrastructureError(f"Kafka doesn't give the definitions: {error}") from error
    explainer = Explainer(customer, [found[0].id, *found[0].aliases])
    evidence = _Evidence(explainer)
    topics = [*names.INPUT_TOPICS, *_TOLD, *_READ_BY_ALL, *map(names.action_topic, known.catalogue.channels)]
    async with Follower(settings, bootstrap, topics, at_home_of=explainer.ids) as follower:
        await follower.seek(BEGINNING)
        async for record in follower.past():
            evidence.take(record)
        partitions = follower.counts[names.JOURNEY_LOG]
    changes = {applied.version: change_in_words(applied) for applied in known.catalogue.history}
    envs = {version: known.env(version) for version in evidence.versions}
    seen = {version: watched(env, explainer.tell) for version, env in envs.items() if env and env.version == version}
    for partition, journals in sorted(evidence.journals.items()):
        again = _Again(partition, partitions, seen, settings, explainer, changes, evidence.references)
        again.do(evidence.inputs, journals)
    story = explainer.story(evidence.facts)
    tell_states(story, known.catalogue, found[0])
    return story


def tell_states(story: Story, catalogue: Catalogue, customer: Customer) -> None:
    """Adds to a story which journeys do not run now, and where the customer stands still because of it."""
    current = catalogue.current
    if current is None:
        return
    for name in story.begins.keys() - current.versions.keys():
        story.shut[name] = "it is not in force any more"
    for name in current.states:
        story.shut[name] = _state_in_words(catalogue, name)
    for stay in customer.instances.values():
        if current.states.get(stay.journey) == "paused" and stay.step is not None:
            story.held[stay.key] = stay.step


def change_in_words(applied: Applied) -> str:
    """What heads the chapter of a change of the definitions."""
    return f"definitions {applied.number} came into force: {applied.what}, by {applied.who}"


def _state_in_words(catalogue: Catalogue, journey: str) -> str:
    since = catalogue.since(journey)
    assert since is not None
    return f"it is {since.states[journey]} since {since.when[:19].replace('T', ' ')}, by {since.who}"


class _Evidence:
    """What the topics have about the customer."""

    def __init__(self, explainer: Explainer) -> None:
        self.facts: list[Record] = []
        self.journals: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
        self.inputs: dict[tuple[str, int], dict[int, Input]] = defaultdict(dict)
        self.references: dict[str, list[Entry]] = defaultdict(list)
        self._explainer = explainer

    @property
    def versions(self) -> set[str]:
        """Of the definitions that were in force."""
        return {journal["env"] for journals in self.journals.values() for journal in journals}

    def take(self, found: Found) -> None:
        """Keeps a record if it matters."""
        record = found.record
        if found.topic in _READ_BY_ALL:
            self.references[found.topic].append(record)
            return
        if found.topic in names.INPUT_TOPICS:
            if self._explainer.mentions(record.value) or self._explainer.mentions(record.key):
                self.inputs[found.topic, record.partition][record.offset] = record
            return
        value = orjson.loads(record.value or b"null")
        if isinstance(value, dict) and value.get("kind") == "journal":
            self.journals[record.partition].append(value)
        elif isinstance(value, dict) and value.get("customer_id") in self._explainer.ids:
            self.facts.append(value)


class _Again:
    """The work of one partition number done once more, as far as it is about the customer."""

    def __init__(
        self,
        partition: int,
        partitions: int,
        envs: Mapping[str, engine.Env],
        settings: Settings,
        explainer: Explainer,
        changes: Mapping[str, str],
        references: Mapping[str, Sequence[Entry]],
    ) -> None:
        self._partition = partition
        self._partitions = partitions
        self._envs = envs
        self._intake = Intake(limits_of(settings))
        self._explainer = explainer
        self._changes = changes
        self._rereading = Rereading(references)
        self._keys = {kind + id_ for id_ in explainer.ids for kind in (USER, ANONYMOUS)}
        self._records: dict[bytes, bytes] = {}

    def do(self, inputs: Mapping[tuple[str, int], Mapping[int, Input]], journals: Sequence[Mapping[str, Any]]) -> None:
        """All that the journals say of the customer, in order; what was done again later counts only then."""
        last = self._last_reads(inputs, journals)
        for number, journal in enumerate(journals):
            env = self._envs.get(journal["env"])
            if env is None:
                self._explainer.caveats.append(f"the definitions {journal['env']} are not on the topic any longer")
                return
            references = self._rereading.at(journal.get("references", {}))
            work = Work(self._partition, self._partitions, env, self._intake, self._records.get, references)
            for entry in journal["entries"]:
                self._do_entry(work, entry, inputs, last, number)
            for key, value in work.writes().items():
                if value is None:
                    self._records.pop(key, None)
                else:
                    self._records[key] = value

    def _last_reads(
        self, inputs: Mapping[tuple[str, int], Mapping[int, Input]], journals: Sequence[Mapping[str, Any]]
    ) -> dict[tuple[str, int], int]:
        return {
            (entry[0], offset): number
            for number, journal in enumerate(journals)
            for entry in journal["entries"]
            if entry[0] in names.INPUT_TOPICS
            for offset in self._offsets(entry, inputs)
        }

    def _offsets(self, entry: Sequence[Any], inputs: Mapping[tuple[str, int], Mapping[int, Input]]) -> list[int]:
        """Those of an entry whose records are about the customer."""
        topic, first, count = entry[:3]
        there = inputs.get((topic, self._partition), {})
        if count < len(there):
            return [offset for offset in range(first, first + count) if offset in there]
        return sorted(offset for offset in there if first <= offset < first + count)

    def _do_entry(
        self,
        work: Work,
        entry: Sequence[Any],
        inputs: Mapping[tuple[str, int], Mapping[int, Input]],
        last: Mapping[tuple[str, int], int],
        number: int,
    ) -> None:
        if entry[0] in names.INPUT_TOPICS:
            for offset in self._offsets(entry, inputs):
                if last[entry[0], offset] == number:
                    self._do_record(work, entry[0], inputs[entry[0], self._partition][offset], entry[3])
        elif entry[1] in self._keys:
            change = self._changes.get(work.env.version) if entry[0] == "sweep" else None
            if entry[0] == "request":
                change = f"{entry[3]['caller']} asked what to say on {entry[3]['channel']}"
            self._explainer.begin(None, entry[2], change)
            work.redo(entry)
            self._told(work)
            self._explainer.end(work.env, None, None, entry[2], duplicate=False)

    def _do_record(self, work: Work, topic: str, record: Input, now: int) -> None:
        event = self._event(topic, record, now)
        before = work.counts.duplicates
        if event is not None:
            self._explainer.begin(event, now)
        work.apply(topic, record, now)
        self._told(work)
        if event is not None:
            found = self._record(work, event)
            self._explainer.end(work.env, event, found, now, duplicate=work.counts.duplicates > before)

    def _told(self, work: Work) -> None:
        for output in work.outputs:
            if output.topic in _TOLD:
                self._explainer.say(orjson.loads(output.value or b"{}"))
        work.outputs = []

    def _record(self, work: Work, event: Event) -> engine.Record | None:
        key = subject_of(event)
        for _ in range(2):
            record = work.touched.get(key)
            if record is None and key.encode() in self._records:
                record = decode(self._records[key.encode()])
            if not isinstance(record, Pointer):
                return record
            key = record.to
        return None

    def _event(self, topic: str, record: Input, now: int) -> Event | None:
        """The event of a record, be it forwarded or not; None for what is none."""
        headers = dict(record.headers)
        place = (topic, self._partition, record.offset, record.timestamp)
        try:
            if topic == names.CUSTOMER_EVENTS:
                if FORWARD not in headers:
                    return None
                origin = orjson.loads(headers[FORWARD])
                place = (origin["topic"], origin["partition"], origin["offset"], origin["timestamp"])
            kept = [(name, value) for name, value in record.headers if not name.startswith("orchestrator-")]
            return self._intake.read(place[0], place[1], place[2], record.value, kept, place[3], now)
        except (BadRecord, ValueError, KeyError, TypeError):
            return None
