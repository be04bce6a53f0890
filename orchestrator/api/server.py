"""uvicorn on a socket of ours, in the event loop of the worker."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING, Final

import uvicorn

from orchestrator.api.application import application
from orchestrator.api.gate import Gate, Measure
from orchestrator.api.keys import Keys
from orchestrator.api.member import WorkerMember, url_of
from orchestrator.api.owners import Member, Owners
from orchestrator.errors import InfrastructureError
from orchestrator.replay.sender import Sender

if TYPE_CHECKING:
    from orchestrator.settings import Settings
    from orchestrator.streams.app import App
    from orchestrator.streams.definitions import Envs

_BACKLOG: Final = 512
_GRACE_S: Final = 2


class ApiServer:
    """Serves the API while the process runs."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._socket: socket.socket | None = None
        self._owners: Owners | None = None
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None

    def bind(self) -> int:
        """Takes the port, which others are told before anything is answered; the port.

        Raises:
            InfrastructureError: it is taken.
        """
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            self._socket = socket.create_server((self._host, self._port), family=family, backlog=_BACKLOG)
        except OSError as error:
            raise InfrastructureError(
                f"cannot serve the API on {self._host}:{self._port}: {error.strerror}; "
                "set api_port to a free port, or to 0 for any"
            ) from error
        port: int = self._socket.getsockname()[1]
        return port

    def start(self, member: Member, keys: Keys, measure: Measure) -> None:
        """Answers from here on."""
        assert self._socket is not None
        self._owners = owners = Owners(member)
        config = uvicorn.Config(
            Gate(application(member, owners), keys, measure),
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
        )
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._socket]), name="api")

    async def stop(self) -> None:
        """Lets open requests finish, a moment at most."""
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await asyncio.wait([self._serving])
        if self._owners is not None:
            await self._owners.close()
        if self._socket is not None:
            self._socket.close()


class Api:
    """The API of one worker; ``url`` is where the others reach it, once the port is taken."""

    def __init__(self, settings: Settings) -> None:
        self.url = ""
        self._settings = settings
        self._keys = Keys.of(settings)
        self._server = ApiServer(settings.api_host, settings.api_port)
        self._open = AsyncExitStack()

    def bind(self) -> None:
        """As ``ApiServer.bind``."""
        self.url = url_of(self._settings.api_host, self._server.bind(), self._settings.api_url)

    async def start(
        self, bootstrap: str, app: App, envs: Envs, not_ready: Callable[[], str | None], measure: Measure
    ) -> None:
        """Answers from here on. Raises InfrastructureError or SettingsError."""
        sender = await self._open.enter_async_context(Sender(self._settings, bootstrap))
        self._server.start(WorkerMember(self.url, app, envs, not_ready, sender), self._keys, measure)

    async def stop(self) -> None:
        """As ``ApiServer.stop``."""
        await self._server.stop()
        await self._open.aclose()


class _Server(uvicorn.Server):
    """Signals are the worker's."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, without capturing any."""
        yield
