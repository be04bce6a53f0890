"""What is sold, from a file to the topic to a worker, on a real broker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import orjson
from aiokafka import AIOKafkaProducer

from orchestrator.kafka import names
from orchestrator.kafka.client import client_options
from orchestrator.settings import Settings
from tests.commands.conftest import Start

Run = Callable[..., CompletedProcess[bytes]]

FILE = "id,name,price,currency,stock\nmug,Mug,9.5,EUR,3\ncup,Cup,7,EUR,0\n"


def put(project: Path, key: bytes, value: bytes) -> None:
    """A record on the topic, as a producer of somebody else's would write it."""
    settings = Settings.load(project)

    async def send() -> None:
        async with AIOKafkaProducer(**client_options(settings, settings.kafka or "")) as producer:
            await producer.send_and_wait(settings.topic(names.CATALOG), value, key=key)

    asyncio.run(send())


def test_products_go_from_a_file_to_the_workers_and_a_bad_one_to_the_dead_letters(
    wall_project: Path, run: Run, start: Start
) -> None:
    file = wall_project / "catalog.csv"
    file.write_text(FILE + "pot,Pot,many,EUR,1\n", "utf-8")
    refused = run(wall_project, "catalog", "load", str(file))
    assert refused.returncode == 2
    assert b"catalog.csv:4: 'price': 'many' is no number" in refused.stderr

    file.write_text(FILE, "utf-8")
    assert run(wall_project, "catalog", "load", str(file)).stderr == b"2 new, 0 changed, 0 as they were\n"
    worker = start(wall_project, "worker")
    worker.await_output("ready: partitions")
    put(wall_project, b"cup", b'{"id": "cup"}')
    worker.await_output("the record at offset")
    put(wall_project, b"pan", b'{"id": "pan", "name": "Pan", "price": 59, "currency": "EUR"}')

    shown = orjson.loads(run(wall_project, "catalog", "show", "mug", "--json").stdout)
    assert (shown["price"], shown["stock"]) == (9.5, 3)
    missing = run(wall_project, "catalog", "show", "mugs")
    assert (missing.returncode, b"did you mean 'mug'?" in missing.stderr) == (1, True)
    file.write_text(FILE.replace("9.5", "8"), "utf-8")
    replaced = run(wall_project, "catalog", "load", str(file), "--replace")
    assert replaced.stderr.endswith(b"0 new, 1 changed, 1 as they were, 1 taken out\n")
    listed = run(wall_project, "catalog", "list").stdout.decode()
    assert [line.split()[0] for line in listed.splitlines()] == ["ID", "cup", "mug"]

    letters = run(wall_project, "tail", "dead-letter", "--from", "beginning", "--no-follow").stdout
    assert b"bad_product" in letters
    assert worker.stop() == 0
