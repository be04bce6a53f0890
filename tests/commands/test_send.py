"""A sender as its operator meets it."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaProducer

from orchestrator.commands.init import init
from orchestrator.settings import Settings
from tests.channels.saying import HOUR, record
from tests.commands.conftest import environment

Run = Callable[..., CompletedProcess[bytes]]


def write_action(project: Path) -> None:
    settings = Settings.load(project)

    async def main() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=settings.kafka)
        await producer.start()
        now = time.time_ns() // 1_000_000
        value = orjson.dumps(record(decided=now, expires=now + HOUR))
        await producer.send_and_wait(settings.topic("actions.email"), value, b"u-7")
        await producer.stop()

    asyncio.run(main())


def get(url: str) -> str:
    with urllib.request.urlopen(url) as answer:
        text: str = answer.read().decode()
        return text


def port_of(sender: Any) -> int:
    found = re.search(r"metrics and health on http://127.0.0.1:(\d+)", sender.await_output("ready: "))
    assert found is not None
    return int(found[1])


def add(project: Path, text: str) -> None:
    path = project / "orchestrator.toml"
    path.write_text(f"{path.read_text('utf-8')}\n{text}\n", "utf-8")


def test_actions_go_to_the_console(wall_project: Path, start: Any) -> None:
    add(wall_project, '[senders.email]\nkind = "console"')
    write_action(wall_project)
    sender = start(wall_project, "send", "--channel", "email")
    port = port_of(sender)
    assert "email → ada@example.com (u-7) cart-rescue/cart-rescue-mail:" in sender.await_output("cart-rescue")
    assert get(f"http://127.0.0.1:{port}/health/ready") == "ready\n"
    assert 'orchestrator_sender_actions_total{outcome="sent"} 1.0' in get(f"http://127.0.0.1:{port}/metrics")
    assert sender.stop() == 0


OWN = """
from orchestrator.channels import Accepted, serve

class Mine:
    async def send(self, action):
        print("mine:", action.recipient.address, flush=True)
        return Accepted()

serve("email", Mine(), {project!r})
"""


def test_a_sender_of_ones_own_runs_like_the_others(wall_project: Path) -> None:
    write_action(wall_project)
    command = [sys.executable, "-c", OWN.format(project=str(wall_project))]
    with subprocess.Popen(command, env=environment({}), stdout=subprocess.PIPE) as sender:
        assert sender.stdout is not None
        assert sender.stdout.readline() == b"mine: ada@example.com\n"
        sender.terminate()
        assert sender.wait(60) == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there is no table [senders.email]"),
        ('[senders.email]\nkind = "smtp"\nhost = "a"', "senders.email.from: is missing"),
        ('[senders.email]\nkind = "fax"', "there is no such kind"),
    ],
)
def test_what_is_wrong_is_code_2(tmp_path: Path, run: Run, text: str, said: str) -> None:
    init(tmp_path / "mine")
    add(tmp_path / "mine", text)
    result = run(tmp_path / "mine", "send", "--channel", "email")
    assert result.returncode == 2
    assert said in result.stderr.decode()


def test_a_cluster_without_topics_is_code_2(tmp_path: Path, bootstrap: str, run: Run) -> None:
    init(tmp_path / "mine")
    add(tmp_path / "mine", '[senders.email]\nkind = "console"')
    variables = {"ORCHESTRATOR_KAFKA": bootstrap, "ORCHESTRATOR_PREFIX": "nowhere.", "ORCHESTRATOR_HTTP_PORT": "0"}
    result = run(tmp_path / "mine", "send", "--channel", "email", **variables)
    assert result.returncode == 2
    assert b"create them with 'orchestrator topics apply'" in result.stderr
