"""The embedded broker as a process: begun, found, killed, moved, and refused."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from orchestrator.errors import InfrastructureError
from orchestrator.kafka import jars
from orchestrator.kafka.broker import EmbeddedBroker
from orchestrator.kafka.probe import ask

pytestmark = pytest.mark.kafka

_START = """
import sys
from pathlib import Path
from orchestrator.kafka.broker import EmbeddedBroker
broker = EmbeddedBroker(Path(sys.argv[1]), 0)
broker.start(detached=sys.argv[2] == "detached")
print(broker.status().pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "kafka"
    yield folder
    EmbeddedBroker(folder).stop()


def starter(folder: Path, mode: str, **variables: str) -> subprocess.Popen[str]:
    """Another process that starts the broker, says its id, and waits to be ended."""
    return subprocess.Popen(
        [sys.executable, "-c", _START, str(folder), mode],
        env=os.environ | variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def said_pid(process: subprocess.Popen[str]) -> int:
    assert process.stdout
    return int(process.stdout.readline())


def eventually(condition: Callable[[], bool], timeout_s: float = 20) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


async def produce(bootstrap: str, topic: str, *values: bytes) -> None:
    admin, producer = AIOKafkaAdminClient(bootstrap_servers=bootstrap), AIOKafkaProducer(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        await admin.create_topics([NewTopic(topic, 1, 1)])
        await producer.start()
        for value in values:
            await producer.send_and_wait(topic, value)
    finally:
        await producer.stop()
        await admin.close()


async def consume(bootstrap: str, topic: str, count: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        return [(await asyncio.wait_for(consumer.getone(), 20)).value for _ in range(count)]
    finally:
        await consumer.stop()


def tool(broker: EmbeddedBroker, main_class: str, *arguments: str, text: str = "") -> str:
    command = broker.command(main_class, "--bootstrap-server", broker.start(), *arguments)
    result = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_kafkas_own_tools_work(broker: EmbeddedBroker, prefix: str) -> None:
    topic = ("--topic", f"{prefix}tools")
    tool(broker, "org.apache.kafka.tools.TopicCommand", "--create", *topic)
    tool(broker, "org.apache.kafka.tools.ConsoleProducer", *topic, text="a\nb\n")
    limits = ("--from-beginning", "--max-messages", "2", "--timeout-ms", "20000")
    assert tool(broker, "org.apache.kafka.tools.consumer.ConsoleConsumer", *topic, *limits) == "a\nb\n"


def test_starting_twice_is_starting_once(broker: EmbeddedBroker) -> None:
    status = broker.status()
    assert broker.start() == status.bootstrap == f"127.0.0.1:{status.port}"
    assert EmbeddedBroker(broker.folder, port=1).start() == status.bootstrap
    assert (status.running, status.version) == (True, jars.KAFKA_VERSION)
    assert broker.status() == status


def test_it_listens_on_this_machine_only(broker: EmbeddedBroker) -> None:
    port = broker.status().port
    assert port
    answer = ask("127.0.0.1", port, 5)
    assert answer
    assert answer.brokers == (f"127.0.0.1:{port}",)
    assert ask("127.0.0.2", port, 5) is None


def test_a_folder_without_a_broker(tmp_path: Path) -> None:
    broker = EmbeddedBroker(tmp_path / "nothing")
    assert not broker.status().running
    assert broker.status().bootstrap is None
    assert broker.stop() is False
    assert not broker.folder.exists()


def test_data_survive_a_kill(folder: Path) -> None:
    broker = EmbeddedBroker(folder, 0)
    bootstrap = broker.start()
    asyncio.run(produce(bootstrap, "kept", b"before"))
    pid = broker.status().pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    assert broker.start() == bootstrap, "clients find it where it was"
    assert broker.status().pid != pid
    assert asyncio.run(consume(bootstrap, "kept", 1)) == [b"before"]


def test_data_survive_a_move(folder: Path) -> None:
    broker = EmbeddedBroker(folder, 0)
    asyncio.run(produce(broker.start(), "kept", b"before"))
    assert broker.stop()
    assert broker.stop() is False

    moved = EmbeddedBroker(folder.rename(folder.with_name("Zürich, a b")), 0)
    try:
        assert asyncio.run(consume(moved.start(), "kept", 1)) == [b"before"]
    finally:
        moved.stop()


def test_two_processes_start_one_broker_without_home_or_path(folder: Path, tmp_path: Path) -> None:
    bare = {"PATH": "", "HOME": str(tmp_path), "ORCHESTRATOR_CACHE": str(jars.cache_folder().parent)}
    starters = [starter(folder, "detached", **bare) for _ in range(2)]
    assert len({said_pid(process) for process in starters}) == 1
    for process in starters:
        process.communicate()
    assert EmbeddedBroker(folder).status().running, "detached, it survives those who started it"
    assert EmbeddedBroker(folder).stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its killed parent")
def test_it_dies_with_a_killed_parent(folder: Path) -> None:
    parent = starter(folder, "child")
    pid = said_pid(parent)
    parent.kill()
    parent.communicate()
    eventually(lambda: not EmbeddedBroker(folder).status().running)
    assert json.loads((folder / "broker.json").read_text())["pid"] == pid


def test_it_ends_with_its_parent(folder: Path) -> None:
    parent = starter(folder, "child")
    said_pid(parent)
    assert EmbeddedBroker(folder).status().running
    parent.communicate()
    assert not EmbeddedBroker(folder).status().running


def test_a_stale_state_file_is_no_broker(tmp_path: Path) -> None:
    state = {"pid": os.getpid(), "port": 9092, "started_at": "2026-01-01", "version": "4.3.1"}
    (tmp_path / "broker.json").write_text(json.dumps(state))
    broker = EmbeddedBroker(tmp_path)
    assert not broker.status().running
    assert broker.stop() is False, "and nobody is killed for it"


def test_a_format_that_was_cut_short_is_done_again(folder: Path) -> None:
    (folder / "data.unfinished").mkdir(parents=True)
    (folder / "data.unfinished" / "meta.properties").write_text("half")
    with EmbeddedBroker(folder, 0) as broker:
        assert broker.status().running
    assert not broker.status().running


def test_a_taken_port_is_named_with_the_way_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(InfrastructureError) as caught:
            EmbeddedBroker(tmp_path, port).start()
    assert f"port {port} is taken by another program" in str(caught.value)
    assert "kafka_port" in str(caught.value)


def test_another_kafka_on_the_port_is_told_apart(broker: EmbeddedBroker, tmp_path: Path) -> None:
    port = broker.status().port
    assert port
    with pytest.raises(InfrastructureError, match=f"port {port} is taken by another Kafka"):
        EmbeddedBroker(tmp_path, port).start()


def test_a_broker_that_dies_says_why(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "meta.properties").write_text("cluster.id=other\nversion=7\n")
    with pytest.raises(InfrastructureError) as caught:
        EmbeddedBroker(tmp_path, 0).start()
    assert str(tmp_path / "broker.log") in str(caught.value)
    assert "meta.properties" in str(caught.value)
    assert not EmbeddedBroker(tmp_path).status().running


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InfrastructureError, match="kafka_folder"):
        EmbeddedBroker(tmp_path / "file" / "kafka", 0).start()


def test_a_port_where_nobody_speaks_kafka() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert ask("127.0.0.1", other.getsockname()[1], 0.1) is None


def test_a_full_cache_needs_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    paths = jars.class_path()
    monkeypatch.setattr(jars, "_resolve", pytest.fail)
    assert jars.class_path() == paths
    assert len(paths) == len(jars.locked_jars())


def test_a_jar_that_is_not_the_locked_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(jar: jars.Jar, repository: Path) -> Path:
        repository.mkdir()
        path = repository / jar.file_name
        path.write_bytes(b"evil")
        return path

    monkeypatch.setenv("ORCHESTRATOR_CACHE", str(tmp_path))
    monkeypatch.setattr(jars, "_resolve", wrong)
    jar = jars.locked_jars()[0]
    monkeypatch.setattr(jars, "locked_jars", lambda: [jar])
    with pytest.raises(InfrastructureError, match=r"its SHA-256 is .*, not"):
        jars.class_path()
    assert [path.name for path in jars.cache_folder().iterdir()] == [".lock"]


def test_no_network_and_no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object) -> Path:
        raise OSError("no route to host")

    monkeypatch.setenv("ORCHESTRATOR_CACHE", str(tmp_path))
    monkeypatch.setattr(jars, "_resolve", unreachable)
    with pytest.raises(InfrastructureError, match=r"no route to host.*HTTPS_PROXY"):
        jars.class_path()


def test_an_interrupted_jar_is_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jar = jars.locked_jars()[0]
    whole = jars.class_path()[0]

    def fetched(_: jars.Jar, repository: Path) -> Path:
        repository.mkdir()
        return Path(shutil.copy(whole, repository))

    monkeypatch.setenv("ORCHESTRATOR_CACHE", str(tmp_path))
    monkeypatch.setattr(jars, "_resolve", fetched)
    monkeypatch.setattr(jars, "locked_jars", lambda: [jar])
    jars.cache_folder().mkdir()
    (jars.cache_folder() / jar.file_name).write_bytes(b"half")
    lines: list[str] = []
    assert jars.class_path(lines.append)[0].read_bytes() == whole.read_bytes()
    assert lines == ["downloading Kafka 4.3.1: 1 of 1 MB"]
