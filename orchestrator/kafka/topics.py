"""The topics that we declare, and what an administrator does with them: create, check, list."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    InvalidReplicationFactorError,
    KafkaError,
    NoError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    for_code,
)
from aiokafka.protocol.admin import DescribeConfigsRequest

from orchestrator.errors import InfrastructureError, SettingsError
from orchestrator.kafka.client import client_options, connection
from orchestrator.kafka.metadata import Operation, TopicState, describe
from orchestrator.kafka.names import (
    CATALOG,
    CHANGELOG,
    CUSTOMER_EVENTS,
    DEAD_LETTER,
    DECISIONS,
    DEFINITIONS,
    EVENT_TOPICS,
    JOURNEY_LOG,
    MODELS,
    action_topic,
)
from orchestrator.kafka.rights import coordinator_problems, topic_rights

if TYPE_CHECKING:
    from orchestrator.settings import Settings

Role = Literal["input", "internal", "output"]

CO_PARTITIONED = (*EVENT_TOPICS, CUSTOMER_EVENTS, CHANGELOG)
"""Topics whose partitions of one number belong together, so all have the same count."""

_DAY_MS = 86_400_000
_TOPIC_RESOURCE = 2
_POLL_S = 0.05
_PROPAGATION_POLLS = 300
_READ, _WRITE = Operation.READ, Operation.WRITE
_SEE_AND_CREATE = (Operation.CREATE, Operation.DESCRIBE)
_PURPOSES = {
    "events.click": "Clicks, page views and searches of web and app trackers.",
    "events.call": "Calls: when they start and end, why, and how.",
    "events.purchase": "Orders, carts and refunds of shops and tills.",
    "events.engagement": "Deliveries, opens, clicks and answers to what was sent.",
    "events.profile": "What CRM, ERP and sign-up forms know of a customer.",
}


@dataclass(frozen=True, slots=True)
class TopicDeclaration:
    """A topic as it should be; ``needs`` are the rights of a worker."""

    logical: str
    name: str
    role: Role
    purpose: str
    partitions: int
    replication_factor: int
    config: dict[str, str] = field(default_factory=dict)
    needs: tuple[Operation, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What ``apply`` did with one topic, or found; ``detail`` says how it differs from its declaration."""

    topic: TopicDeclaration
    kind: Literal["created", "exists", "differs"]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class TopicRow:
    """A line of ``topics list``; ``state`` is None for a missing topic, ``records`` also for a hidden one."""

    topic: TopicDeclaration
    state: TopicState | None
    cleanup: str
    records: int | None


def declarations(settings: Settings, channels: Iterable[str]) -> list[TopicDeclaration]:
    """All topics of a project, in the order in which data flows."""

    def declare(
        logical: str, role: Role, purpose: str, config: dict[str, str], *needs: Operation, partitions: int | None = None
    ) -> TopicDeclaration:
        copies = settings.replication_factor
        # With three copies one broker may be down, and an acknowledged record is still in two places.
        durable = {"min.insync.replicas": "2"} if copies > 2 else {}
        count = partitions or settings.partitions
        return TopicDeclaration(
            logical, settings.topic(logical), role, purpose, count, copies, config | durable, tuple(needs)
        )

    to_learn = (_WRITE,) if settings.learning else ()
    return [
        *(declare(name, "input", _PURPOSES[name], _kept(7), _READ) for name in EVENT_TOPICS),
        declare(CUSTOMER_EVENTS, "internal", "Events on their way to their customer's home.", _kept(7), _READ, _WRITE),
        declare(
            CHANGELOG, "internal", "Every customer's record, to restore it from.", _changelog(settings), _READ, _WRITE
        ),
        declare(
            DEFINITIONS,
            "internal",
            "Journeys, actions and policies, and who put them in force when.",
            _definitions(),
            _READ,
            partitions=1,
        ),
        declare(CATALOG, "input", "What is sold: prices, stock, categories.", _reference(), _READ, partitions=1),
        declare(MODELS, "internal", "What was learned.", _reference(), _READ, *to_learn, partitions=1),
        *(
            declare(action_topic(channel), "output", f"What to do next on channel {channel}.", _kept(7), _WRITE)
            for channel in channels
        ),
        declare(DECISIONS, "output", "Why each action was chosen, or none.", _kept(30), _WRITE),
        declare(
            JOURNEY_LOG,
            "output",
            "Each step of each customer in a journey; replays start here.",
            _kept(30),
            _WRITE,
            *((_READ,) if settings.learning else ()),
        ),
        declare(DEAD_LETTER, "output", "Input that could not be used, with the reason.", _kept(30), _WRITE),
    ]


def _kept(days: int) -> dict[str, str]:
    return {"cleanup.policy": "delete", "retention.ms": str(days * _DAY_MS)}


def _changelog(settings: Settings) -> dict[str, str]:
    """Small segments and eager cleaning keep a restore short: the active segment is never compacted."""
    return {
        "cleanup.policy": "compact",
        "delete.retention.ms": str(settings.changelog_retention),
        "segment.ms": str(_DAY_MS // 24),
        "segment.bytes": str(64 * 1024 * 1024),
        "min.cleanable.dirty.ratio": "0.2",
    }


def _definitions() -> dict[str, str]:
    return {"cleanup.policy": "compact", "segment.ms": str(_DAY_MS), "min.cleanable.dirty.ratio": "0.1"}


def _reference() -> dict[str, str]:
    """Read whole by each worker when it starts; journals of the last days can be done again as they were."""
    return {"cleanup.policy": "compact", "min.compaction.lag.ms": str(_DAY_MS), "segment.ms": str(_DAY_MS)}


async def apply(settings: Settings, bootstrap: str, channels: Iterable[str]) -> list[Change]:
    """Create the topics that are missing; nothing that exists is altered.

    Raises:
        SettingsError: partition counts don't fit, a right is missing, or the cluster refuses a topic.
        InfrastructureError: the cluster can't be reached, or fails.
    """
    declared = declarations(settings, channels)
    async with connection(settings, bootstrap) as opened:
        states = await describe(opened, [topic.name for topic in declared])
        hidden = [topic.name for topic in declared if topic.name in states and states[topic.name].hidden]
        lacking = topic_rights(settings, dict.fromkeys(hidden, _SEE_AND_CREATE))
        _refuse(lacking + _count_problems(declared, states, settings))
        created = await _create(settings, bootstrap, [topic for topic in declared if topic.name not in states])
        states = await _await_existence(opened, bootstrap, declared)
        # Somebody else may have created topics at the same moment.
        _refuse(_count_problems(declared, states, settings))
        found = await _configs(opened, [topic for topic in declared if topic.name not in created])
    return [
        Change(topic, "created")
        if topic.name in created
        else _compare(topic, states[topic.name], found.get(topic.name))
        for topic in declared
    ]


async def check(settings: Settings, bootstrap: str, channels: Iterable[str]) -> None:
    """Refuse to start a worker on a cluster where it couldn't do its work.

    Raises:
        SettingsError: topics are missing, partition counts differ, or rights are missing; a line for each.
        InfrastructureError: the cluster can't be reached.
    """
    declared = declarations(settings, channels)
    async with connection(settings, bootstrap) as opened:
        states = await describe(opened, [topic.name for topic in declared])
        problems = await coordinator_problems(opened, settings)
    problems += _missing((topic.name for topic in declared), states)
    problems += topic_rights(
        settings,
        {
            topic.name: [right for right in topic.needs if right not in states[topic.name].allowed]
            for topic in declared
            if topic.name in states
        },
    )
    _refuse(problems + _count_problems(declared, states, settings))


async def check_actions(settings: Settings, bootstrap: str, channels: Iterable[str]) -> None:
    """Refuse definitions with channels whose topics are not there: a worker could not publish on them.

    Raises:
        SettingsError: topics are missing.
        InfrastructureError: the cluster can't be reached.
    """
    await _check_there(settings, bootstrap, map(action_topic, channels))


async def check_internal(settings: Settings, bootstrap: str) -> None:
    """Refuse to look at definitions or customers where the topics that have them are not there.

    Raises:
        SettingsError: topics are missing.
        InfrastructureError: the cluster can't be reached.
    """
    await _check_there(settings, bootstrap, (DEFINITIONS, CUSTOMER_EVENTS, CHANGELOG))


async def check_catalog(settings: Settings, bootstrap: str) -> None:
    """Refuse to look at what is sold where there is no topic for it.

    Raises:
        SettingsError: the topic is not there.
        InfrastructureError: the cluster can't be reached.
    """
    await _check_there(settings, bootstrap, (CATALOG,))


async def check_models(settings: Settings, bootstrap: str) -> None:
    """Refuse to look at what was learned where its topic is not there.

    Raises:
        SettingsError: the topic is missing.
        InfrastructureError: the cluster can't be reached.
    """
    await _check_there(settings, bootstrap, (MODELS,))


async def _check_there(settings: Settings, bootstrap: str, logical: Iterable[str]) -> None:
    wanted = [settings.topic(name) for name in logical]
    async with connection(settings, bootstrap) as opened:
        states = await describe(opened, wanted)
    _refuse(_missing(wanted, states))


def _missing(wanted: Iterable[str], states: Mapping[str, TopicState]) -> list[str]:
    missing = [name for name in wanted if name not in states]
    return [f"topics are missing: {', '.join(missing)}; create them with 'orchestrator topics apply'"] * bool(missing)


async def listing(settings: Settings, bootstrap: str, channels: Iterable[str]) -> list[TopicRow]:
    """All declared topics as the cluster has them.

    Raises:
        SettingsError, InfrastructureError: the cluster refuses us or can't be reached.
    """
    declared = declarations(settings, channels)
    async with connection(settings, bootstrap) as opened:
        states = await describe(opened, [topic.name for topic in declared])
        found = await _configs(opened, [topic for topic in declared if topic.name in states])
    visible = [state for state in states.values() if not state.hidden]
    counts = await _record_counts(settings, bootstrap, visible)
    return [
        TopicRow(
            topic,
            states.get(topic.name),
            (found.get(topic.name) or {}).get("cleanup.policy", ""),
            counts.get(topic.name),
        )
        for topic in declared
    ]


def _refuse(problems: list[str]) -> None:
    if problems:
        raise SettingsError("\n".join(problems))


def _count_problems(declared: list[TopicDeclaration], states: dict[str, TopicState], settings: Settings) -> list[str]:
    """Why the topics that must have one partition count don't; topics that are hidden from us are not judged."""
    names = {topic.name for topic in declared if topic.logical in CO_PARTITIONED}
    counts = {name: state.partitions for name, state in sorted(states.items()) if name in names and not state.hidden}
    if set(counts.values()) <= {settings.partitions}:
        return []
    listed = ", ".join(f"{name} has {count}" for name, count in counts.items())
    if len(set(counts.values())) == 1:
        count = next(iter(counts.values()))
        remedy = f"set partitions = {count}"
        return [f"the topics have {count} partitions, but the setting says {settings.partitions}: {remedy} ({listed})"]
    remedy = (
        "create the ones that differ anew (adding partitions to a topic in use would move customers), "
        "and set partitions to that number"
    )
    return [f"these topics need one number of partitions, since a customer is at home in a number: {listed}; {remedy}"]


async def _create(settings: Settings, bootstrap: str, missing: list[TopicDeclaration]) -> set[str]:
    """Create topics; the names of those that nobody else created before."""
    if not missing:
        return set()
    admin = AIOKafkaAdminClient(**client_options(settings, bootstrap))
    try:
        await admin.start()
        response = await admin.create_topics(
            [
                NewTopic(topic.name, topic.partitions, topic.replication_factor, topic_configs=topic.config)
                for topic in missing
            ]
        )
    except KafkaError as error:
        raise InfrastructureError(f"Kafka at {bootstrap} could not create the topics: {error}") from error
    finally:
        await admin.close()
    _refuse([problem for name, code, text in response.topic_errors for problem in _refusal(settings, name, code, text)])
    return {name for name, code, _ in response.topic_errors if for_code(code) is NoError}


async def _await_existence(opened: Any, bootstrap: str, topics: list[TopicDeclaration]) -> dict[str, TopicState]:
    """A created topic is known to its controller first, and to the brokers a moment later."""
    names = [topic.name for topic in topics]
    for _ in range(_PROPAGATION_POLLS):
        states = await describe(opened, names)
        if len(states) == len(names):
            return states
        await asyncio.sleep(_POLL_S)
    raise InfrastructureError(
        f"Kafka at {bootstrap} created topics, but doesn't show them: look at its log, apply again"
    )


def _refusal(settings: Settings, name: str, code: int, text: str | None) -> list[str]:
    kind = for_code(code)
    if kind in (NoError, TopicAlreadyExistsError):
        return []
    if kind in (TopicAuthorizationFailedError, ClusterAuthorizationFailedError):
        return topic_rights(settings, {name: [Operation.CREATE]})
    remedy = (
        "; set replication_factor to at most the number of brokers" if kind is InvalidReplicationFactorError else ""
    )
    return [f"topic {name} can't be created: {text or kind.__name__}{remedy}"]


def _compare(topic: TopicDeclaration, state: TopicState, found: dict[str, str] | None) -> Change:
    if found is None:
        return Change(topic, "exists", "we may not read its configuration")
    differences = [
        f"{key} is {found.get(key)}, declared {value}" for key, value in topic.config.items() if found.get(key) != value
    ]
    if state.partitions != topic.partitions:
        differences.append(f"partitions is {state.partitions}, declared {topic.partitions}")
    if state.replication_factor != topic.replication_factor:
        differences.append(f"replication factor is {state.replication_factor}, declared {topic.replication_factor}")
    return Change(topic, "differs" if differences else "exists", "; ".join(differences))


async def _configs(opened: Any, topics: list[TopicDeclaration]) -> dict[str, dict[str, str]]:
    """The configuration of topics, without those whose configuration we may not read."""
    if not topics:
        return {}
    resources = [(_TOPIC_RESOURCE, topic.name, None) for topic in topics]
    response = await opened.send(DescribeConfigsRequest(resources, False))
    return {
        resource["resource_name"]: {
            entry["config_names"]: entry["config_value"] for entry in resource["config_entries"]
        }
        for resource in response.to_object()["resources"]
        if for_code(resource["error_code"]) is NoError
    }


async def _record_counts(settings: Settings, bootstrap: str, states: list[TopicState]) -> dict[str, int]:
    """Offsets between begin and end; compaction and transaction marks make it more than the records."""
    consumer = AIOKafkaConsumer(**client_options(settings, bootstrap))
    partitions = [TopicPartition(state.name, number) for state in states for number in range(state.partitions)]
    counts = {state.name: 0 for state in states}
    try:
        await consumer.start()
        begins, ends = await asyncio.gather(consumer.beginning_offsets(partitions), consumer.end_offsets(partitions))
    except KafkaError as error:
        raise InfrastructureError(f"Kafka at {bootstrap} doesn't tell its offsets: {error}") from error
    finally:
        await consumer.stop()
    for partition in partitions:
        counts[partition.topic] += ends[partition] - begins[partition]
    return counts
