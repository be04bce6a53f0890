"""Nothing depends on how producers spread their records over partitions."""

from __future__ import annotations

import asyncio
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer

from orchestrator.kafka.broker import EmbeddedBroker
from orchestrator.streams.homes import home
from tests.faults.harness import Stage, Topics
from tests.faults.load import links

CUSTOMERS = 60
ROUNDS = 5


def test_producers_of_all_clients(stage: Stage) -> None:
    """The same events by each client, under customer ids that begin with its name."""
    topic = stage.settings.topic("events.click")
    produce_by_java(stage.bootstrap, topic, events(stage, "java"))
    asyncio.run(produce_by_aiokafka(stage.bootstrap, topic, events(stage, "aiokafka")))
    stage.produce(events(stage, "librdkafka"), options={"partitioner": "consistent_random"})
    asyncio.run(produce_in_turn(stage.bootstrap, topic, list(events(stage, "keyless"))))
    stage.start_worker()
    seen = stage.settle()
    assert stage.problems() == []

    clients = ("java", "aiokafka", "librdkafka", "keyless")
    said = {client: said_to(seen, client) for client in clients}
    assert len(said["java"]) == CUSTOMERS * ROUNDS
    assert said["java"] == said["aiokafka"] == said["librdkafka"] == said["keyless"]
    # Who puts all of a customer on one partition, whichever, keeps their order.
    in_order = [(str(n), str(n + 1)) for n in range(ROUNDS - 1)]
    found = links(seen.actions("crm"))
    for client in clients[:3]:
        assert [found[f"{client}-{n}"] for n in range(CUSTOMERS)] == [in_order] * CUSTOMERS

    away = {client: share_away_from_home(seen, client) for client in clients}
    print(f"on another partition than home: {away}")
    assert away["java"] == away["aiokafka"] == 0
    assert away["librdkafka"] > 0.5
    assert away["keyless"] > 0.5


def events(stage: Stage, client: str) -> Iterable[dict[str, Any]]:
    for n in range(ROUNDS):
        for customer in range(CUSTOMERS):
            yield stage.event(f"{client}-{customer}", "Said", n=n)
            yield stage.event(f"{client}-{customer}", "Ticked", n=n)


def said_to(seen: Topics, client: str) -> Counter[tuple[str, str, str, bytes]]:
    return Counter(
        (
            action["customer_id"].removeprefix(client),
            action["journey"],
            action["step"],
            orjson.dumps(action["content"]),
        )
        for action in seen.actions("web")
        if action["customer_id"].startswith(f"{client}-")
    )


def share_away_from_home(seen: Topics, client: str) -> float:
    places = [
        (record.partition, home(record.json["userId"], 4))
        for record in seen.records["events.click"]
        if record.json["userId"].startswith(f"{client}-")
    ]
    return sum(partition != at_home for partition, at_home in places) / len(places)


def produce_by_java(bootstrap: str, topic: str, found: Iterable[Mapping[str, Any]]) -> None:
    command = EmbeddedBroker.command(
        None,  # type: ignore[arg-type]
        "org.apache.kafka.tools.ConsoleProducer",
        *("--bootstrap-server", bootstrap, "--topic", topic),
        *("--reader-property", "parse.key=true", "--reader-property", "key.separator=|"),
    )
    lines = "".join(f"{event['userId']}|{orjson.dumps(event).decode()}\n" for event in found)
    subprocess.run(command, input=lines, text=True, check=True, stdout=subprocess.DEVNULL, timeout=120)


async def produce_by_aiokafka(bootstrap: str, topic: str, found: Iterable[Mapping[str, Any]]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=5) as producer:
        sent = [await producer.send(topic, orjson.dumps(event), event["userId"].encode()) for event in found]
        await asyncio.gather(*sent)


async def produce_in_turn(bootstrap: str, topic: str, found: list[dict[str, Any]]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=5) as producer:
        sent = [
            await producer.send(topic, orjson.dumps(event), partition=number % 4) for number, event in enumerate(found)
        ]
        await asyncio.gather(*sent)
