"""Two round trips with a broker in Kafka's own protocol, blocking and without a client library.

Starting a broker is synchronous, perhaps inside a running event loop, and asks one thing only: is that broker there,
and which cluster is it?
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

_API_VERSIONS, _METADATA = 18, 3
_CLIENT = b"orchestrator-probe"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a broker says of itself: its cluster's id and the ``host:port`` of each broker."""

    cluster_id: str
    brokers: tuple[str, ...]


def ask(host: str, port: int, timeout_s: float) -> Answer | None:
    """A broker's answer to ApiVersions and Metadata; None when there is no broker, or none that is ready."""
    try:
        with socket.create_connection((host, port), timeout_s) as connection:
            versions = _round_trip(connection, _API_VERSIONS, version=0, body=b"")
            if struct.unpack_from(">h", versions)[0] != 0:
                return None
            no_topics = struct.pack(">i", 0)
            return _parse_metadata(_round_trip(connection, _METADATA, version=2, body=no_topics))
    except (OSError, struct.error, UnicodeDecodeError):
        return None


def _round_trip(connection: socket.socket, api: int, *, version: int, body: bytes) -> bytes:
    request = struct.pack(">hhih", api, version, 1, len(_CLIENT)) + _CLIENT + body
    connection.sendall(struct.pack(">i", len(request)) + request)
    (size,) = struct.unpack(">i", _read(connection, 4))
    return _read(connection, min(size, 1 << 20))[4:]


def _read(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            raise ConnectionError("the broker closed the connection")
        data += chunk
    return data


def _parse_metadata(data: bytes) -> Answer | None:
    (count,), at = struct.unpack_from(">i", data), 4
    brokers = []
    for _ in range(count):
        host, at = _string(data, at + 4)
        (port,) = struct.unpack_from(">i", data, at)
        _, at = _string(data, at + 4)
        brokers.append(f"{host}:{port}")
    cluster_id, _ = _string(data, at)
    return Answer(cluster_id, tuple(brokers)) if brokers else None


def _string(data: bytes, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from(">h", data, at)
    end = at + 2 + max(length, 0)
    return data[at + 2 : end].decode(), end
