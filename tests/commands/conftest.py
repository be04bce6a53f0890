"""The command line as processes: a project on the tests' broker, and a worker on it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import pytest

from orchestrator.commands.init import init

READY_S = 60.0


class Run(Protocol):
    """Runs a command on a project to its end."""

    def __call__(
        self, project: Path, *arguments: str, stdin: bytes | None = None, **variables: str
    ) -> subprocess.CompletedProcess[bytes]: ...


def environment(variables: dict[str, str]) -> dict[str, str]:
    """Ours without the settings in it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ORCHESTRATOR_")}
    cache = {name: os.environ[name] for name in ("ORCHESTRATOR_CACHE",) if name in os.environ}
    return clean | cache | variables


def heed_interrupts() -> None:
    """A shell that runs the tests in the background lets their children ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def command_line(project: Path, *arguments: str) -> list[str]:
    """The command as it is started."""
    return [sys.executable, "-m", "orchestrator", "--project", str(project), *arguments]


@dataclass(frozen=True)
class Background:
    """A command that goes on; ``output`` is where it writes."""

    process: subprocess.Popen[bytes]
    output: Path

    def await_output(self, text: str) -> str:
        """What it wrote, once that has the text in it."""
        deadline = time.monotonic() + READY_S
        while text not in (written := self.output.read_text("utf-8", "replace")):
            assert self.process.poll() is None, written
            assert time.monotonic() < deadline, written
            time.sleep(0.05)
        return written

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Asks it to end; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(60)


@pytest.fixture(scope="session")
def run() -> Run:
    def run_command(
        project: Path, *arguments: str, stdin: bytes | None = None, **variables: str
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            command_line(project, *arguments),
            env=environment(variables),
            input=stdin if stdin is not None else b"",
            capture_output=True,
            timeout=120,
            check=False,
        )

    return run_command


Start = Callable[..., Background]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts commands that go on; those that still run in the end are killed."""
    started: list[Background] = []

    def start_command(project: Path, *arguments: str, **variables: str) -> Background:
        background = begin(tmp_path / f"output-{len(started)}", project, *arguments, **variables)
        started.append(background)
        return background

    yield start_command
    for background in started:
        background.process.kill()
        background.process.wait()


def begin(output: Path, project: Path, *arguments: str, **variables: str) -> Background:
    with output.open("wb") as file:
        process = subprocess.Popen(
            command_line(project, *arguments),
            env=environment(variables),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            preexec_fn=heed_interrupts,
        )
    return Background(process, output)


def write_settings(project: Path, **settings: Any) -> None:
    """Settings of a project, as it would have them."""
    lines = [
        f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value}" for name, value in settings.items()
    ]
    (project / "orchestrator.toml").write_text("\n".join(lines), "utf-8")


def make_project(folder: Path, bootstrap: str, clock: str) -> Path:
    """The project of ``init`` with topics of its own on the tests' broker."""
    init(folder)
    name = f"t{uuid4().hex[:10]}"
    write_settings(folder, kafka=bootstrap, prefix=f"{name}.", group=name, clock=clock, http_port=0, partitions=3)
    return folder


@pytest.fixture(scope="module")
def event_project(tmp_path_factory: pytest.TempPathFactory, bootstrap: str, run: Run) -> Iterator[Path]:
    """A project whose worker goes by event time and runs for all tests of a file."""
    project = make_project(tmp_path_factory.mktemp("commands") / "mine", bootstrap, "event")
    assert run(project, "topics", "apply").returncode == 0
    worker = begin(project / "worker.output", project, "worker")
    try:
        worker.await_output("ready: partitions")
        yield project
    finally:
        assert worker.stop() == 0


@pytest.fixture
def wall_project(tmp_path: Path, bootstrap: str, run: Run) -> Path:
    """A project with its topics, by the wall clock, without a worker."""
    project = make_project(tmp_path / "mine", bootstrap, "wall")
    assert run(project, "topics", "apply").returncode == 0
    return project
