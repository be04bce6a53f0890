"""What the API asks of its worker, answered by the worker's parts."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson

from orchestrator.api.known import known
from orchestrator.api.recommended import recommended
from orchestrator.engine import Env, Follow, Pointer, Request
from orchestrator.events.routing import key_of, topic_of
from orchestrator.replay.recording import Recorded
from orchestrator.streams.partition import Partition, State

if TYPE_CHECKING:
    from orchestrator.replay.sender import Sender
    from orchestrator.streams.app import App
    from orchestrator.streams.definitions import Envs

_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared, not bound


def url_of(host: str, port: int, said: str | None) -> str:
    """Where other workers reach a server on this machine."""
    if said is not None:
        return said
    name = socket.gethostname() if host in _EVERYWHERE else host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


class WorkerMember:
    """One worker of the group."""

    def __init__(
        self,
        url: str,
        app: App,
        envs: Envs,
        not_ready: Callable[[], str | None],
        sender: Sender,
    ) -> None:
        self.url = url
        self.not_ready = not_ready
        self._app = app
        self._envs = envs
        self._sender = sender

    @property
    def partitions(self) -> int:
        """As ``Member.partitions``."""
        return self._sender.partitions

    @property
    def env(self) -> Env | None:
        """As ``Member.env``."""
        return self._envs.env("")

    def now(self) -> int:
        """As ``Member.now``."""
        return time.time_ns() // 1_000_000

    def home(self, number: int) -> PartitionHome | None:
        """As ``Member.home``."""
        partition = self._app.ownership.partitions.get(number)
        return PartitionHome(partition, self) if partition is not None and partition.state is State.RUNNING else None

    def url_of(self, number: int) -> str | None:
        """As ``Member.url_of``."""
        return self._app.member_url(number)

    async def publish(self, event: dict[str, Any]) -> None:
        """As ``Member.publish``."""
        record = Recorded(topic_of(event), key_of(event), orjson.dumps(event), None)
        await self._sender.acknowledged(await self._sender.send([record]))


class PartitionHome:
    """A partition number that is worked on here."""

    def __init__(self, partition: Partition, member: WorkerMember) -> None:
        self._partition = partition
        self._member = member

    async def ask(self, request: Request, *, durable: bool) -> dict[str, Any] | Follow:
        """As ``Home.ask``."""
        return await self._partition.ask(request, durable=durable)

    def known(self, key: str) -> dict[str, Any] | Follow | None:
        """As ``Home.known``."""
        record = self._partition.known(key)
        if record is None:
            return None
        if isinstance(record, Pointer):
            return Follow(record.to)
        partition, member = self._partition, self._member
        assert partition.recent is not None
        return known(record, partition.recent, partition.store.get, member.env, member.now())

    def recommended(
        self, key: str, count: int, category: str | None, beside: str | None
    ) -> dict[str, Any] | Follow | None:
        """As ``Home.recommended``."""
        record = self._partition.known(key)
        if isinstance(record, Pointer):
            return Follow(record.to)
        member = self._member
        return recommended(record, member.env, self._partition.references, member.now(), count, category, beside)
