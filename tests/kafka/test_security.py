"""Connecting to a guarded broker: TLS, mutual TLS, passwords and access rules, all real."""

from __future__ import annotations

import asyncio
import re
import shlex
import socket
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from orchestrator.errors import InfrastructureError, OrchestratorError, SettingsError
from orchestrator.kafka import topics
from orchestrator.kafka.broker import EmbeddedBroker
from orchestrator.kafka.client import client_options, reachable
from orchestrator.kafka.rights import explain
from orchestrator.settings import Settings

pytestmark = pytest.mark.kafka

CHANNELS = ("web",)
_LOGIN = "org.apache.kafka.common.security"
_PASSWORD = 'secret "of\\alice'


@dataclass(frozen=True)
class Guarded:
    """A broker with a listener for each way to connect."""

    broker: EmbeddedBroker
    folder: Path
    ports: dict[str, int]

    def settings(self, listener: str, **values: Any) -> Settings:
        """Settings that connect to a listener as it should be done, but for the values given."""
        right: dict[str, Any] = {
            "PLAINTEXT": {},
            "TLS": {"security_protocol": "SSL"},
            "MUTUAL": {
                "security_protocol": "SSL",
                "ssl_certificate_file": "client.pem",
                "ssl_key_file": "client.key",
            },
            "PASSWORD": {
                "security_protocol": "SASL_SSL",
                "sasl_username": "alice",
                "sasl_password": _PASSWORD,
            },
            "CLEAR": {
                "security_protocol": "SASL_PLAINTEXT",
                "sasl_username": "alice",
                "sasl_password": _PASSWORD,
            },
        }[listener]
        if right.get("security_protocol", "").endswith("SSL"):
            right["ssl_ca_file"] = "ca.pem"
        values = {"kafka": f"localhost:{self.ports[listener]}", **right, **values}
        return Settings.load(self.folder, **values)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    write_certificates(folder)
    ports = free_ports("PLAINTEXT", "CONTROLLER", "TLS", "MUTUAL", "PASSWORD", "CLEAR")
    broker = EmbeddedBroker(folder / "kafka", ports["PLAINTEXT"], properties=properties(folder, ports))
    with broker:
        add_scram_user(broker, "alice", _PASSWORD)
        yield Guarded(broker, folder, ports)


def write_certificates(folder: Path) -> None:
    ours, strangers = trustme.CA(), trustme.CA()
    ours.cert_pem.write_to_path(folder / "ca.pem")
    strangers.cert_pem.write_to_path(folder / "stranger-ca.pem")
    for name, leaf in {
        "server": ours.issue_cert("localhost", common_name="localhost"),
        "client": ours.issue_cert("worker@example.org", common_name="worker"),
        "stranger": strangers.issue_cert("worker@example.org", common_name="worker"),
    }.items():
        chain = b"".join(blob.bytes() for blob in leaf.cert_chain_pems)
        key = load_pem_private_key(leaf.private_key_pem.bytes(), None)
        plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"open sesame"))
        (folder / f"{name}.pem").write_bytes(chain)
        (folder / f"{name}.key").write_bytes(plain)
        (folder / f"{name}-locked.key").write_bytes(locked)
        (folder / f"{name}-store.pem").write_bytes(plain + chain)


def free_ports(*names: str) -> dict[str, int]:
    with ExitStack() as held:
        listeners = {name: held.enter_context(socket.create_server(("127.0.0.1", 0))) for name in names}
        return {name: listener.getsockname()[1] for name, listener in listeners.items()}


def properties(folder: Path, ports: dict[str, int]) -> dict[str, str]:
    protocols = {"TLS": "SSL", "MUTUAL": "SSL", "PASSWORD": "SASL_SSL", "CLEAR": "SASL_PLAINTEXT"}
    addresses = {name: f"{name}://localhost:{ports[name]}" for name in protocols}
    addresses["PLAINTEXT"] = f"PLAINTEXT://127.0.0.1:{ports['PLAINTEXT']}"
    protocols |= {"PLAINTEXT": "PLAINTEXT", "CONTROLLER": "PLAINTEXT"}
    quoted = _PASSWORD.replace("\\", "\\\\").replace('"', '\\"')
    plain = f'{_LOGIN}.plain.PlainLoginModule required user_alice="{quoted}";'
    values = {
        "listeners": ",".join([*addresses.values(), f"CONTROLLER://127.0.0.1:{ports['CONTROLLER']}"]),
        "advertised.listeners": ",".join(addresses.values()),
        "listener.security.protocol.map": ",".join(f"{name}:{protocol}" for name, protocol in protocols.items()),
        "controller.quorum.voters": f"1@127.0.0.1:{ports['CONTROLLER']}",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(folder / "server-store.pem"),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(folder / "ca.pem"),
        "listener.name.mutual.ssl.client.auth": "required",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS;User:worker",
        "ssl.principal.mapping.rules": "RULE:^.*CN=([a-z]+).*$/$1/",
        "connection.failed.authentication.delay.ms": "0",
    }
    for listener in ("password", "clear"):
        name = f"listener.name.{listener}"
        values[f"{name}.sasl.enabled.mechanisms"] = "PLAIN,SCRAM-SHA-256"
        values[f"{name}.plain.sasl.jaas.config"] = plain
        values[f"{name}.scram-sha-256.sasl.jaas.config"] = f"{_LOGIN}.scram.ScramLoginModule required;"
    return values


def add_scram_user(broker: EmbeddedBroker, user: str, password: str) -> None:
    config = f"SCRAM-SHA-256=[password={password}]"
    entity = ("--entity-type", "users", "--entity-name", user)
    run_tool(broker, "kafka.admin.ConfigCommand", "--alter", "--add-config", config, *entity)


def run_tool(broker: EmbeddedBroker, main_class: str, *arguments: str) -> None:
    command = broker.command(main_class, "--bootstrap-server", broker.start(), *arguments)
    subprocess.run(command, capture_output=True, check=True, timeout=60)


def grant(broker: EmbeddedBroker, sentences: str) -> None:
    """Do what the sentences say."""
    for command in re.findall(r"kafka-acls (.*)", sentences):
        arguments = shlex.split(command)
        del arguments[:2]
        run_tool(broker, "org.apache.kafka.tools.AclCommand", *arguments)


def connect(settings: Settings) -> None:
    assert settings.kafka
    asyncio.run(reachable(settings, settings.kafka))


async def round_trip(settings: Settings, topic: str) -> bytes:
    """What a producer and a consumer with our options exchange."""
    assert settings.kafka
    options = client_options(settings, settings.kafka)
    producer = AIOKafkaProducer(**options)
    consumer = AIOKafkaConsumer(topic, auto_offset_reset="earliest", **options)
    try:
        await producer.start()
        await producer.send_and_wait(topic, b"hello")
        await consumer.start()
        message = await asyncio.wait_for(consumer.getone(), 20)
        return bytes(message.value)
    finally:
        await producer.stop()
        await consumer.stop()


@pytest.mark.parametrize(
    ("listener", "values"),
    [
        pytest.param("PLAINTEXT", {}, id="plain"),
        pytest.param("TLS", {}, id="tls"),
        pytest.param("MUTUAL", {}, id="mutual-tls"),
        pytest.param(
            "MUTUAL", {"ssl_key_file": "client-locked.key", "ssl_key_password": "open sesame"}, id="encrypted-key"
        ),
        pytest.param("PASSWORD", {"sasl_mechanism": "PLAIN"}, id="sasl-plain"),
        pytest.param("PASSWORD", {"sasl_mechanism": "SCRAM-SHA-256"}, id="sasl-scram"),
        pytest.param("CLEAR", {"sasl_mechanism": "SCRAM-SHA-256"}, id="scram-without-tls"),
    ],
)
def test_the_right_way_in(guarded: Guarded, listener: str, values: dict[str, str]) -> None:
    connect(guarded.settings(listener, **values))


@pytest.mark.parametrize("listener", ["TLS", "MUTUAL"])
def test_records_go_through_tls(guarded: Guarded, prefix: str, listener: str) -> None:
    topic = f"{prefix}x"
    run_tool(guarded.broker, "org.apache.kafka.tools.TopicCommand", "--create", "--topic", topic)
    assert asyncio.run(round_trip(guarded.settings(listener), topic)) == b"hello"


@pytest.mark.parametrize(
    ("listener", "values", "kind", "expected"),
    [
        pytest.param("PASSWORD", {"sasl_password": "wrong"}, SettingsError, "sasl_password is wrong", id="password"),
        pytest.param(
            "PASSWORD",
            {"sasl_password": "wrong", "sasl_mechanism": "SCRAM-SHA-256"},
            SettingsError,
            "refuses user 'alice'",
            id="scram-password",
        ),
        pytest.param("PASSWORD", {"sasl_username": "eve"}, SettingsError, "refuses user 'eve'", id="user"),
        pytest.param(
            "PASSWORD",
            {"sasl_mechanism": "SCRAM-SHA-512"},
            SettingsError,
            "doesn't offer SCRAM-SHA-512",
            id="mechanism",
        ),
        pytest.param("TLS", {"ssl_ca_file": "stranger-ca.pem"}, SettingsError, "is not trusted", id="untrusted"),
        pytest.param("TLS", {"ssl_ca_file": None}, SettingsError, "in ssl_ca_file", id="no-authority"),
        pytest.param("TLS", {"security_protocol": None}, SettingsError, "needs security_protocol SSL", id="half"),
        pytest.param(
            "TLS",
            {"security_protocol": "PLAINTEXT", "ssl_ca_file": None},
            InfrastructureError,
            "security_protocol PLAINTEXT",
            id="plain-to-tls",
        ),
        pytest.param(
            "MUTUAL",
            {"ssl_certificate_file": None, "ssl_key_file": None},
            SettingsError,
            "ssl_certificate_file",
            id="no-certificate",
        ),
        pytest.param(
            "MUTUAL",
            {"ssl_certificate_file": "stranger.pem", "ssl_key_file": "stranger.key"},
            SettingsError,
            "ssl_certificate_file",
            id="strange-certificate",
        ),
        pytest.param(
            "MUTUAL", {"ssl_key_file": "server.key"}, SettingsError, "certificate and its key", id="wrong-key"
        ),
        pytest.param(
            "MUTUAL", {"ssl_key_file": "client-locked.key"}, SettingsError, "ssl_key_password is wrong", id="locked-key"
        ),
        pytest.param("TLS", {"ssl_ca_file": "client.key"}, SettingsError, "no certificates in PEM", id="no-pem"),
        pytest.param(
            "CLEAR",
            {"security_protocol": "PLAINTEXT", "sasl_username": None, "sasl_password": None},
            InfrastructureError,
            "security_protocol PLAINTEXT",
            id="plain-to-sasl",
        ),
    ],
)
def test_the_wrong_way_is_explained(
    guarded: Guarded, listener: str, values: dict[str, Any], kind: type[OrchestratorError], expected: str
) -> None:
    with pytest.raises(kind) as caught:
        connect(guarded.settings(listener, **values))
    assert expected in str(caught.value)
    assert "secret" not in str(caught.value)


def test_tls_to_a_plain_port(guarded: Guarded) -> None:
    settings = guarded.settings("TLS", kafka=guarded.broker.start())
    with pytest.raises(InfrastructureError, match="is security_protocol SSL what that port speaks"):
        connect(settings)


def test_a_certificate_for_another_host(guarded: Guarded) -> None:
    settings = guarded.settings("TLS", kafka=f"127.0.0.1:{guarded.ports['TLS']}")
    with pytest.raises(SettingsError, match="is for another host"):
        connect(settings)


def test_missing_rights_are_refused_with_the_command_that_gives_them(guarded: Guarded, prefix: str) -> None:
    values = {"prefix": prefix, "group": f"{prefix}group", "sasl_mechanism": "SCRAM-SHA-256"}
    settings, administrator = guarded.settings("PASSWORD", **values), guarded.settings("PLAINTEXT", prefix=prefix)
    assert settings.kafka
    assert administrator.kafka

    with pytest.raises(SettingsError) as caught:
        asyncio.run(topics.apply(settings, settings.kafka, CHANNELS))
    assert f"user 'alice' lacks Create and Describe on topics '{prefix}events.click', " in str(caught.value)

    asyncio.run(topics.apply(administrator, guarded.broker.start(), CHANNELS))
    with pytest.raises(SettingsError) as caught:
        asyncio.run(topics.check(settings, settings.kafka, CHANNELS))
    sentences = str(caught.value)
    assert f"lacks Read on topics '{prefix}events.click', " in sentences
    assert f"lacks Read and Write on topics '{prefix}customer-events', '{prefix}customers-changelog'" in sentences
    assert f"lacks Write on topics '{prefix}actions.web', " in sentences
    assert f"lacks Read on group '{prefix}group'" in sentences
    assert f"lacks Write and Describe on transactional ids '{prefix}group*'" in sentences

    grant(guarded.broker, sentences)
    asyncio.run(topics.check(settings, settings.kafka, CHANNELS))
    rows = asyncio.run(topics.listing(settings, settings.kafka, CHANNELS))
    assert {row.records for row in rows} == {0}


def test_what_a_running_client_lacks_is_explained(guarded: Guarded, prefix: str) -> None:
    topic, options = f"{prefix}x", {"prefix": prefix, "group": f"{prefix}g"}
    run_tool(guarded.broker, "org.apache.kafka.tools.TopicCommand", "--create", "--topic", topic)
    settings = guarded.settings("PASSWORD", **options)

    async def produce() -> None:
        assert settings.kafka
        producer = AIOKafkaProducer(**client_options(settings, settings.kafka))
        await producer.start()
        try:
            await producer.send_and_wait(topic, b"x")
        finally:
            await producer.stop()

    async def consume() -> None:
        assert settings.kafka
        consumer = AIOKafkaConsumer(group_id=settings.group, **client_options(settings, settings.kafka))
        consumer.subscribe([topic])
        try:
            await consumer.start()
            await consumer.getone()
        finally:
            await consumer.stop()

    async def begin() -> None:
        assert settings.kafka
        identity = {"transactional_id": f"{settings.group}-0"}
        producer = AIOKafkaProducer(**identity, **client_options(settings, settings.kafka))
        try:
            await producer.start()
        finally:
            await producer.stop()

    def explained(attempt: Callable[[], Awaitable[None]]) -> str:
        with pytest.raises(Exception) as caught:  # noqa: PT011
            asyncio.run(asyncio.wait_for(attempt(), 20))
        return str(explain(caught.value, settings))

    assert f"--topic {topic}" in explained(produce)
    assert "lacks" in explained(consume)
    assert f"transactional ids '{prefix}g*'" in explained(begin)


def test_every_refusal_has_a_sentence(guarded: Guarded) -> None:
    settings = guarded.settings("PASSWORD", group="crew")
    assert "--topic secret" in str(explain(TopicAuthorizationFailedError({"secret"}), settings))
    assert "--group crew" in str(explain(GroupAuthorizationFailedError("crew"), settings))
    assert "--transactional-id crew" in str(explain(TransactionalIdAuthorizationFailed(), settings))
    assert "--cluster" in str(explain(ClusterAuthorizationFailedError(), settings))
    assert explain(KafkaConnectionError(), settings) is None
