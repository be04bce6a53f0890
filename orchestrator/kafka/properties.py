"""The configuration file of the embedded broker."""

from __future__ import annotations

from collections.abc import Mapping

_SINGLE_NODE = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "auto.create.topics.enable": "false",
    "message.max.bytes": "1048588",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "4",
    # Nobody waits for other members, nor for the transactions of a dead one: there is one broker and few clients.
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
    # After a kill the new process must outwait the lease of the old one; the default is 9 s.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    # The defaults are for 16 cores; the cleaner alone would take a third of the heap.
    "num.network.threads": "2",
    "num.io.threads": "4",
    "log.cleaner.dedupe.buffer.size": str(32 * 1024 * 1024),
}


def server_properties(port: int, controller_port: int, log_dir: str, overrides: Mapping[str, str]) -> str:
    """The text of ``server.properties`` for one node on the loopback interface; ``overrides`` win."""
    plain, controller = f"PLAINTEXT://127.0.0.1:{port}", f"CONTROLLER://127.0.0.1:{controller_port}"
    values = _SINGLE_NODE | {
        "listeners": f"{plain},{controller}",
        "advertised.listeners": plain,
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "log.dirs": log_dir,
    }
    return "".join(f"{name}={_escaped(value)}\n" for name, value in (values | dict(overrides)).items())


def _escaped(value: str) -> str:
    """A value as Java's ``Properties`` reads it: ASCII, with the escapes of UTF-16 for the rest."""
    units = value.replace("\\", "\\\\").replace("\n", "\\n").encode("utf-16-be")
    codes = (int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2))
    return "".join(chr(code) if code < 128 else f"\\u{code:04x}" for code in codes)
