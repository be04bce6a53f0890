"""What the outside sees of a worker or a sender: metrics, liveness and readiness over HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from orchestrator.errors import InfrastructureError

_EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


class HealthServer:
    """Serves ``/metrics``, ``/health/live`` and ``/health/ready``.

    ``not_ready`` gives the reason in words while the process starts, rebalances or stands still;
    ``refresh`` is awaited before ``metrics`` is asked for the exposition.
    """

    def __init__(
        self,
        host: str,
        port: int,
        metrics: Callable[[], bytes],
        not_ready: Callable[[], str | None],
        refresh: Callable[[], Awaitable[None]],
    ) -> None:
        self._host = host
        self._port = port
        self._metrics = metrics
        self._not_ready = not_ready
        self._refresh = refresh
        self._runner: web.AppRunner | None = None
        self.port = port

    async def start(self) -> None:
        """Binds. Raises InfrastructureError when the port is taken."""
        application = web.Application()
        application.router.add_get("/metrics", self._get_metrics)
        application.router.add_get("/health/live", self._get_live)
        application.router.add_get("/health/ready", self._get_ready)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise InfrastructureError(
                f"cannot serve HTTP on {self._host}:{self._port}: {error.strerror}; "
                "set http_port to a free port, or to 0 for any"
            ) from error
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Closes all connections."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _get_metrics(self, request: web.Request) -> web.Response:
        await self._refresh()
        return web.Response(body=self._metrics(), headers={"Content-Type": _EXPOSITION})

    async def _get_live(self, request: web.Request) -> web.Response:
        return web.Response(text="live\n")

    async def _get_ready(self, request: web.Request) -> web.Response:
        reason = self._not_ready()
        return web.Response(text="ready\n") if reason is None else web.Response(status=503, text=f"{reason}\n")
