"""Metadata of topics together with what we may do with them: a version of the request that aiokafka doesn't have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from aiokafka.errors import TopicAuthorizationFailedError, for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Int16, Int32, Schema, String

_NODES = Array(Int32)


class Operation(IntEnum):
    """What an access rule allows; the value is its bit."""

    READ = 3
    WRITE = 4
    CREATE = 5
    DESCRIBE = 8

    @property
    def title(self) -> str:
        """As ``kafka-acls`` writes it."""
        return self.name.capitalize()


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic as the cluster has it; without partitions if we may not see it, so that it may be missing."""

    name: str
    partitions: int
    replication_factor: int
    allowed: frozenset[Operation]

    @property
    def hidden(self) -> bool:
        """Whether access rules hide it from us."""
        return not self.partitions


class _MetadataResponse(Response):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 8
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", Array(("node_id", Int32), ("host", String()), ("port", Int32), ("rack", String()))),
        ("cluster_id", String()),
        ("controller_id", Int32),
        (
            "topics",
            Array(
                ("error_code", Int16),
                ("name", String()),
                ("is_internal", Boolean),
                (
                    "partitions",
                    Array(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", _NODES),
                        ("isr", _NODES),
                        ("offline_replicas", _NODES),
                    ),
                ),
                ("authorized_operations", Int32),
            ),
        ),
        ("cluster_authorized_operations", Int32),
    )


class _MetadataStruct(RequestStruct):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 8
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        ("topics", Array(String())),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
    )


class _MetadataRequest(Request[_MetadataStruct]):  # type: ignore[misc]
    API_KEY = 3

    def __init__(self, topics: list[str]) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[_MetadataStruct]) -> _MetadataStruct:
        return request_struct_class(self._topics, False, False, True)


async def describe(connection: Any, names: Iterable[str]) -> dict[str, TopicState]:
    """Those of the topics that exist or are hidden from us."""
    response = await connection.send(_MetadataRequest(list(names)))
    states = (_state(topic) for topic in response.to_object()["topics"])
    return {state.name: state for state in states if state}


def _state(topic: dict[str, Any]) -> TopicState | None:
    if for_code(topic["error_code"]) is TopicAuthorizationFailedError:
        return TopicState(topic["name"], 0, 0, frozenset())
    if not topic["partitions"]:
        return None
    bits = topic["authorized_operations"]
    return TopicState(
        name=topic["name"],
        partitions=len(topic["partitions"]),
        replication_factor=len(topic["partitions"][0]["replicas"]),
        allowed=frozenset(operation for operation in Operation if bits & (1 << operation)),
    )
