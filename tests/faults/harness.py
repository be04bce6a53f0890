"""A project on a real cluster: what was produced, workers that can be killed, and all that is on the topics.

Everything is read with librdkafka, a client that shares no code with the workers' own.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

import orjson
from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec
from prometheus_client.parser import text_string_to_metric_families

from orchestrator.engine.customer import Record as CustomerRecord
from orchestrator.engine.customer import decode
from orchestrator.journeys.load import load
from orchestrator.kafka import names, topics
from orchestrator.settings import Settings
from orchestrator.streams.changes import MARKER_KEY
from orchestrator.streams.checkpoint import JOURNAL_KEY, META_KEY
from orchestrator.streams.limits import limits_of
from orchestrator.streams.work import Output
from orchestrator.testing import oracle

PROJECT: Final = Path(__file__).with_name("project")
RUNNER: Final = Path(__file__).with_name("run_worker.py")
ROOT: Final = Path(__file__).resolve().parents[2]
CHANNELS: Final = ("crm", "web")
"""Those that the project uses."""

_LATEST: Final[OffsetSpec] = OffsetSpec.latest()  # type: ignore[no-untyped-call]

SESSION_TIMEOUT: Final = "6 seconds" if os.environ.get("ORCHESTRATOR_KAFKA") else "2 seconds"
"""The embedded broker allows less than others, and each kill costs that much."""

PATIENCE_S: Final = 60
"""A deadline, not an expectation: the machine may be busy with other things."""


def wait_for(what: str, condition: Callable[[], Any], timeout_s: float = PATIENCE_S) -> Any:
    """The first true value of a condition."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_s} s for {what}")
        time.sleep(0.05)


@dataclass(frozen=True, slots=True)
class Record:
    """A Kafka record on a logical topic."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]

    @property
    def json(self) -> Any:
        return orjson.loads(self.value or b"null")

    def header(self, name: str) -> str:
        return dict(self.headers)[name].decode()


@dataclass(slots=True)
class Topics:
    """All that a read-committed consumer has seen so far, by logical topic, each partition in its order."""

    records: dict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))

    def actions(self, channel: str | None = None) -> list[dict[str, Any]]:
        """The actions and cancels of one channel or of all."""
        wanted = [channel] if channel else CHANNELS
        return [record.json for one in wanted for record in self.records[names.action_topic(one)]]

    def journals(self) -> dict[int, list[dict[str, Any]]]:
        found: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for record in self.records[names.JOURNEY_LOG]:
            if record.key == JOURNAL_KEY:
                found[record.partition].append(record.json)
        return found

    def inputs(self) -> dict[tuple[str, int], dict[int, Record]]:
        found: dict[tuple[str, int], dict[int, Record]] = defaultdict(dict)
        for topic in names.INPUT_TOPICS:
            for record in self.records[topic]:
                found[topic, record.partition][record.offset] = record
        return found

    def changelog(self) -> dict[bytes, bytes]:
        """The last value of each key, without the meta records."""
        found: dict[bytes, bytes] = {}
        for record in self.records[names.CHANGELOG]:
            assert record.key is not None
            if record.key == META_KEY:
                continue
            if record.value is None:
                found.pop(record.key, None)
            else:
                found[record.key] = record.value
        return found

    def customer(self, key: str) -> CustomerRecord:
        """The last state of a customer, by key with kind."""
        return decode(self.changelog()[key.encode()])


class Tail:
    """Reads topics to their committed end, and on from there the next time."""

    def __init__(self, bootstrap: str, real: Mapping[str, str]) -> None:
        self.seen = Topics()
        self._logical = {name: logical for logical, name in real.items()}
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": "nobody",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 20,
                "log_level": 0,
            }
        )
        self._admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
        found = self._consumer.list_topics(timeout=PATIENCE_S).topics
        self._partitions = [
            TopicPartition(name, number, 0) for name in self._logical for number in found[name].partitions
        ]
        self._consumer.assign(self._partitions)
        self._ends: dict[tuple[str, int], int] = {}

    def catch_up(self, timeout_s: float = PATIENCE_S) -> Topics:
        """All that is there by now."""
        deadline = time.monotonic() + timeout_s
        wanted = self._committed_ends(deadline)
        while any(self._ends.get(place, 0) < end for place, end in wanted.items()):
            assert time.monotonic() < deadline, f"the end of a topic was not reached in {timeout_s} s"
            for message in self._consumer.consume(2000, 0.05):
                self._take(message)
        return self.seen

    def close(self) -> None:
        self._consumer.close()

    def all_is_decided(self) -> bool:
        """Whether no transaction is open on any topic: of one that has ended, each topic is told by itself."""
        deadline = time.monotonic() + PATIENCE_S
        return self._committed_ends(deadline) == self._ends_at(IsolationLevel.READ_UNCOMMITTED, deadline)

    def _committed_ends(self, deadline: float) -> dict[tuple[str, int], int]:
        return self._ends_at(IsolationLevel.READ_COMMITTED, deadline)

    def _ends_at(self, level: IsolationLevel, deadline: float) -> dict[tuple[str, int], int]:
        asked = {TopicPartition(one.topic, one.partition): _LATEST for one in self._partitions}
        answers = self._admin.list_offsets(asked, isolation_level=level, request_timeout=PATIENCE_S)
        try:
            return {(one.topic, one.partition): answer.result().offset for one, answer in answers.items()}
        except KafkaException:
            # A topic that was made a moment ago may not have a leader everywhere yet, nor may a broker that restarts.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
            return self._ends_at(level, deadline)

    def _take(self, message: Any) -> None:
        error = message.error()
        if error is not None:
            if error.code() == KafkaError._PARTITION_EOF:
                self._ends[message.topic(), message.partition()] = message.offset()
            elif not error.retriable():
                raise AssertionError(str(error))
            return
        topic = self._logical[message.topic()]
        record = Record(
            topic,
            message.partition(),
            message.offset(),
            message.timestamp()[1],
            message.key(),
            message.value(),
            message.headers() or [],
        )
        self.seen.records[topic].append(record)


class WorkerProcess:
    """A worker that runs as a process of its own."""

    def __init__(self, stage: Stage, number: int, flags: Mapping[str, Any]) -> None:
        self.log_file = stage.folder / f"worker-{number}.log"
        self._port_file = stage.folder / f"worker-{number}.port"
        command = [
            sys.executable,
            str(RUNNER),
            str(stage.project),
            stage.bootstrap,
            str(self._port_file),
            json.dumps(flags),
        ]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONFAULTHANDLER": "1"}
        self.started_at = time.monotonic()
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of its HTTP server; status 0 while there is none."""
        if not self._port_file.exists():
            return 0, ""
        url = f"http://127.0.0.1:{self._port_file.read_text()}{path}"
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def ready(self) -> bool:
        return self.get("/health/ready")[0] == 200

    def wait_ready(self, timeout_s: float = PATIENCE_S) -> float:
        """Seconds since its start."""

        def ready_or_dead() -> bool:
            assert self.process.poll() is None, self.log[-3000:]
            return self.ready()

        wait_for("a worker to be ready", ready_or_dead, timeout_s)
        return time.monotonic() - self.started_at

    def metrics(self) -> dict[str, float]:
        """All samples, summed over their labels."""
        found: dict[str, float] = defaultdict(float)
        for family in text_string_to_metric_families(self.get("/metrics")[1]):
            for sample in family.samples:
                if "le" not in sample.labels:
                    found[sample.name] += sample.value
        return dict(found)

    def partitions(self, name: str) -> set[str]:
        """The partition numbers that one metric names."""
        families = text_string_to_metric_families(self.get("/metrics")[1])
        samples = [sample for family in families for sample in family.samples if sample.name == name]
        return {sample.labels["partition"] for sample in samples}

    def decided(self) -> float:
        """Events decided so far."""
        return self.metrics().get("orchestrator_events_total", 0)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        """As a crash."""
        self.process.kill()
        self.process.wait(PATIENCE_S)

    def stop(self) -> float:
        """Ends it gracefully; seconds that it took."""
        began = time.monotonic()
        self.signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE_S)
        assert code == 0, self.log[-3000:]
        return time.monotonic() - began

    def resident_mb(self, field_name: str = "VmRSS") -> float:
        """Memory in use; ``VmHWM`` is the most that it ever was."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(field_name))
        return int(line.split()[1]) / 1024


class Stage:
    """One project on its own topics."""

    def __init__(self, bootstrap: str, prefix: str, folder: Path, project: Path = PROJECT, **flags: Any) -> None:
        self.bootstrap = bootstrap
        self.folder = folder
        self.project = project
        self.flags: dict[str, Any] = {
            "kafka": bootstrap,
            "prefix": prefix,
            "group": f"{prefix}workers",
            "state_folder": str(folder / "state"),
            "session_timeout": SESSION_TIMEOUT,
            "http_port": 0,
            **flags,
        }
        self.settings = Settings.load(project, **self.flags)
        self.workers: list[WorkerProcess] = []
        self._admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
        self._tail: Tail | None = None
        self._producers: dict[str, Producer] = {}
        self._ids = count()

    def apply_topics(self) -> None:
        asyncio.run(topics.apply(self.settings, self.bootstrap, load(self.project).channels))

    def start_worker(self, **flags: Any) -> WorkerProcess:
        worker = WorkerProcess(self, len(self.workers) + 1, {**self.flags, **flags})
        self.workers.append(worker)
        return worker

    def close(self, broker_is_there: bool = True) -> None:
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.kill()
        if self._tail is not None:
            self._tail.close()
        self._producers.clear()
        if not broker_is_there:
            return
        futures = self._admin.delete_topics(list(self._real().values()))
        for future in futures.values():
            future.exception()

    def event(self, user: str | None, name: str, at: int | None = None, **properties: Any) -> dict[str, Any]:
        """A track call with an id of its own."""
        moment = time.time_ns() // 1_000_000 if at is None else at
        stamp = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(moment // 1000))}.{moment % 1000:03d}Z"
        return {
            "type": "track",
            "event": name,
            "messageId": f"m-{next(self._ids)}",
            "userId": user,
            "timestamp": stamp,
            "properties": properties,
        }

    def produce(
        self,
        events: Iterable[Mapping[str, Any]],
        topic: str = "events.click",
        *,
        at: int | None = None,
        keyed: bool = True,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Writes Segment calls as the Java client would: by murmur2 of the userId or else of the anonymousId.

        Args:
            at: the record's own time stamp (UTC milliseconds), now unless given.
        """
        producer = self._producer(options or {})
        failed: list[Any] = []
        real = self.settings.topic(topic)
        stamp: dict[str, Any] = {} if at is None else {"timestamp": at}
        for event in events:
            key = (event.get("userId") or event.get("anonymousId")) if keyed else None
            while True:
                try:
                    producer.produce(
                        real,
                        orjson.dumps(event),
                        key,
                        on_delivery=lambda error, _: failed.append(error) if error else None,
                        **stamp,
                    )
                except BufferError:
                    producer.poll(0.1)
                else:
                    break
            producer.poll(0)
        assert producer.flush(PATIENCE_S) == 0
        assert not failed, failed[:3]

    def _producer(self, options: Mapping[str, Any]) -> Producer:
        name = json.dumps(options, sort_keys=True)
        if name not in self._producers:
            self._producers[name] = Producer(
                {
                    "bootstrap.servers": self.bootstrap,
                    "partitioner": "murmur2_random",
                    "linger.ms": 5,
                    "enable.idempotence": True,
                    "log_level": 0,
                    **options,
                }
            )
        return self._producers[name]

    def catch_up(self) -> Topics:
        """All that is on the topics, as a read-committed consumer sees it."""
        if self._tail is None:
            self._tail = Tail(self.bootstrap, self._real())
        return self._tail.catch_up()

    def settle(self, timeout_s: float = PATIENCE_S) -> Topics:
        """Waits until every input record is decided, forwards included."""

        def unread() -> int:
            seen = self.catch_up()
            there = {(topic, number, offset) for (topic, number), found in seen.inputs().items() for offset in found}
            for number, journals in seen.journals().items():
                for journal in journals:
                    for entry in journal["entries"]:
                        if entry[0] in names.INPUT_TOPICS:
                            there -= {(entry[0], number, offset) for offset in range(entry[1], entry[1] + entry[2])}
            return len(there)

        wait_for("all input to be decided", lambda: unread() == 0, timeout_s)
        assert self._tail is not None
        wait_for("all transactions to be closed", self._tail.all_is_decided, timeout_s)
        return self.catch_up()

    def members(self) -> int:
        """Members of the workers' group."""
        group = self.settings.group
        described = self._admin.describe_consumer_groups([group])[group].result(PATIENCE_S)
        return len(described.members)

    def problems(self) -> list[str]:
        """What is not as the oracle says, exactly once; read when nothing is under way any more."""
        seen = self.catch_up()
        replayed = self.replay(seen)
        problems = [*replayed.problems, *oracle.check_offsets(seen.journals(), seen.inputs())]
        for channel in load(self.project).channels:
            topic = names.action_topic(channel)
            problems += oracle.compare_actions(replayed.outputs, seen.records[topic], topic)
        for topic in (names.DECISIONS, names.DEAD_LETTER, names.CUSTOMER_EVENTS, names.JOURNEY_LOG):
            found = [record for record in seen.records[topic] if record.key not in (JOURNAL_KEY, MARKER_KEY)]
            problems += _differences(topic, replayed.on(topic), found)
        return problems + oracle.compare_records(replayed.records, seen.changelog())

    def replay(self, seen: Topics) -> oracle.Replayed:
        definitions = [(record.key or b"", record.value or b"") for record in seen.records[names.DEFINITIONS]]
        envs = oracle.envs_of(definitions, self.settings)
        limits, inputs = limits_of(self.settings), seen.inputs()
        whole = oracle.Replayed()
        # One by one: a partition number knows its own customers alone.
        for number, journals in sorted(seen.journals().items()):
            references = {topic: seen.records[topic] for topic in (names.CATALOG, names.MODELS)}
            part = oracle.replay(self.settings.partitions, envs, limits, inputs, {number: journals}, references)
            whole.outputs += part.outputs
            whole.records |= part.records
            whole.problems += part.problems
        return whole

    def _real(self) -> dict[str, str]:
        declared = topics.declarations(self.settings, load(self.project).channels)
        return {topic.logical: topic.name for topic in declared}


def _differences(topic: str, expected: Iterable[Output], found: Iterable[Record]) -> list[str]:
    rest = Counter(_content(output) for output in expected)
    rest.subtract(_content(record) for record in found)
    return [f"{topic}: {'missing' if n > 0 else 'not expected'}: {content}" for content, n in rest.items() if n]


def _content(record: Output | Record) -> tuple[int, bytes | None, bytes | None, tuple[tuple[str, bytes], ...]]:
    return record.partition, record.key, record.value, tuple((name, value) for name, value in record.headers)
