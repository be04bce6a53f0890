"""Topics on a real broker: what is created, what is refused, what is listed."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from orchestrator.errors import InfrastructureError, SettingsError
from orchestrator.kafka import topics
from orchestrator.kafka.client import connection, reachable
from orchestrator.kafka.metadata import Operation, describe
from orchestrator.kafka.names import (
    CATALOG,
    CHANGELOG,
    CUSTOMER_EVENTS,
    DEFINITIONS,
    EVENT_TOPICS,
    FIXED_TOPICS,
    MODELS,
)
from orchestrator.settings import Settings

CHANNELS = ("web", "email")


@pytest.fixture
def make(tmp_path: Path, bootstrap: str, prefix: str) -> Callable[..., Settings]:
    return lambda **values: Settings(project=tmp_path, kafka=bootstrap, prefix=prefix, **values)


async def create(bootstrap: str, *new: NewTopic) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        response = await admin.create_topics(list(new))
        assert [code for _, code, _ in response.topic_errors] == [0] * len(new)
        await visible(admin, {topic.name for topic in new})
    finally:
        await admin.close()


async def visible(admin: AIOKafkaAdminClient, names: set[str]) -> None:
    for _ in range(500):
        if names <= set(await admin.list_topics()):
            return
        await asyncio.sleep(0.02)
    pytest.fail(f"{names} were created, but never seen")


def test_declarations(make: Callable[..., Settings], prefix: str) -> None:
    declared = {topic.logical: topic for topic in topics.declarations(make(partitions=8), CHANNELS)}
    assert set(declared) == {*FIXED_TOPICS, "actions.web", "actions.email"}
    assert declared["events.click"].name == f"{prefix}events.click"
    assert {declared[name].role for name in EVENT_TOPICS} == {"input"}
    assert {name for name, topic in declared.items() if topic.partitions != 8} == {DEFINITIONS, CATALOG, MODELS}
    assert {declared[name].partitions for name in (DEFINITIONS, CATALOG, MODELS)} == {1}
    assert declared[CHANGELOG].config["cleanup.policy"] == "compact"
    assert declared[CHANGELOG].config["delete.retention.ms"] == str(7 * 86_400_000)
    assert all(topic.purpose for topic in declared.values())


def test_three_copies_are_durable(make: Callable[..., Settings]) -> None:
    declared = topics.declarations(make(replication_factor=3), CHANNELS)
    assert {topic.config["min.insync.replicas"] for topic in declared} == {"2"}


def test_apply_creates_once_and_then_reports(make: Callable[..., Settings], bootstrap: str) -> None:
    async def scenario() -> None:
        settings = make()
        assert {change.kind for change in await topics.apply(settings, bootstrap, CHANNELS)} == {"created"}
        again = await topics.apply(settings, bootstrap, CHANNELS)
        assert [(change.kind, change.detail) for change in again if change.kind != "exists"] == []
        await topics.check(settings, bootstrap, CHANNELS)
        added = await topics.apply(settings, bootstrap, [*CHANNELS, "sms"])
        assert [change.topic.logical for change in added if change.kind == "created"] == ["actions.sms"]

    asyncio.run(scenario())


def test_differences_are_reported_and_left_alone(make: Callable[..., Settings], bootstrap: str, prefix: str) -> None:
    async def scenario() -> None:
        await create(bootstrap, NewTopic(f"{prefix}decisions", 2, 1, topic_configs={"retention.ms": "1000"}))
        for _ in range(2):
            changes = await topics.apply(make(), bootstrap, CHANNELS)
            (change,) = [change for change in changes if change.kind == "differs"]
            assert change.topic.logical == "decisions"
            assert "retention.ms is 1000, declared 2592000000" in change.detail
            assert "partitions is 2, declared 4" in change.detail

    asyncio.run(scenario())


def test_inputs_must_have_one_count(make: Callable[..., Settings], bootstrap: str, prefix: str) -> None:
    async def scenario() -> None:
        await create(bootstrap, NewTopic(f"{prefix}events.click", 4, 1), NewTopic(f"{prefix}events.call", 6, 1))
        for refused in (topics.apply, topics.check):
            with pytest.raises(SettingsError) as caught:
                await refused(make(), bootstrap, CHANNELS)
            assert f"{prefix}events.call has 6, {prefix}events.click has 4" in str(caught.value)
            assert "set partitions" in str(caught.value)
        async with connection(make(), bootstrap) as opened:
            assert await describe(opened, [f"{prefix}{CUSTOMER_EVENTS}"]) == {}

    asyncio.run(scenario())


def test_existing_inputs_decide_the_count(make: Callable[..., Settings], bootstrap: str, prefix: str) -> None:
    async def scenario() -> None:
        await create(bootstrap, NewTopic(f"{prefix}events.click", 6, 1))
        with pytest.raises(SettingsError, match="set partitions = 6"):
            await topics.apply(make(), bootstrap, CHANNELS)
        await topics.apply(make(partitions=6), bootstrap, CHANNELS)
        await topics.check(make(partitions=6), bootstrap, CHANNELS)

    asyncio.run(scenario())


def test_missing_topics_are_named(make: Callable[..., Settings], bootstrap: str, prefix: str) -> None:
    with pytest.raises(SettingsError) as caught:
        asyncio.run(topics.check(make(), bootstrap, CHANNELS))
    assert f"{prefix}events.click" in str(caught.value)
    assert "orchestrator topics apply" in str(caught.value)


def test_more_copies_than_brokers_are_refused(make: Callable[..., Settings], bootstrap: str) -> None:
    with pytest.raises(SettingsError, match="number of brokers"):
        asyncio.run(topics.apply(make(replication_factor=3), bootstrap, CHANNELS))


def test_existing_names_are_used(make: Callable[..., Settings], bootstrap: str, prefix: str) -> None:
    async def scenario() -> None:
        await create(bootstrap, NewTopic(f"{prefix}web-clicks", 4, 1))
        settings = make(topics={"events.click": f"{prefix}web-clicks"})
        created = [change.topic.name for change in await topics.apply(settings, bootstrap, CHANNELS)]
        assert f"{prefix}web-clicks" in created
        assert f"{prefix}events.click" not in created

    asyncio.run(scenario())


def test_listing_counts_records(make: Callable[..., Settings], bootstrap: str, prefix: str) -> None:
    async def scenario() -> dict[str, topics.TopicRow]:
        await create(bootstrap, NewTopic(f"{prefix}events.click", 4, 1), NewTopic(f"{prefix}{DEFINITIONS}", 1, 1))
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
        await producer.start()
        try:
            for number in range(7):
                await producer.send_and_wait(f"{prefix}events.click", b"{}", partition=number % 4)
        finally:
            await producer.stop()
        return {row.topic.logical: row for row in await topics.listing(make(), bootstrap, CHANNELS)}

    rows = asyncio.run(scenario())
    click, missing = rows["events.click"], rows["events.call"]
    assert click.state is not None
    assert (click.records, click.state.partitions, click.state.replication_factor, click.cleanup) == (7, 4, 1, "delete")
    assert rows[DEFINITIONS].records == 0
    assert (missing.state, missing.records) == (None, None)


def test_without_access_rules_everything_is_allowed(make: Callable[..., Settings], bootstrap: str, prefix: str) -> None:
    async def scenario() -> Any:
        await create(bootstrap, NewTopic(f"{prefix}x", 1, 1))
        async with connection(make(), bootstrap) as opened:
            return (await describe(opened, [f"{prefix}x"]))[f"{prefix}x"].allowed

    assert {Operation.READ, Operation.WRITE, Operation.DESCRIBE} <= asyncio.run(scenario())


def test_a_server_that_never_answers(make: Callable[..., Settings]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(InfrastructureError, match=r"did not answer in 0\.2 s"):
            asyncio.run(reachable(make(), server, timeout_s=0.2))


def test_one_of_several_servers_is_enough(make: Callable[..., Settings], bootstrap: str) -> None:
    asyncio.run(reachable(make(), f"127.0.0.1:1,{bootstrap}"))
    with pytest.raises(InfrastructureError, match=r"127\.0\.0\.1:1: .*; no host of that name: nowhere\.invalid:2"):
        asyncio.run(reachable(make(), "127.0.0.1:1,nowhere.invalid:2"))
