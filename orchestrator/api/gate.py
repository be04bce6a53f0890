"""What every request passes first: its key, its size, and the clock that it is measured by."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from orchestrator.api.problems import Problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from orchestrator.api.keys import Keys

BODY_BYTES_ALLOWED: Final = 65_536
OPENAPI_PATH: Final = "/v1/openapi.json"

Measure = Callable[[str, int, float], None]
"""Is told of the route, the status and the seconds of each request."""


class Gate:
    """Around an application: whoever has no key, or sends too much, does not get in."""

    def __init__(self, app: ASGIApp, keys: Keys, measure: Measure) -> None:
        self._app = app
        self._keys = keys
        self._measure = measure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._pass(scope, receive, noting)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            self._measure(route, status, time.perf_counter() - began)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            headers = dict(scope["headers"])
            if scope["path"] != OPENAPI_PATH:
                scope.setdefault("state", {})["caller"] = self._caller(headers.get(b"authorization"))
            _check_size(int(headers.get(b"content-length", b"0")))
        except (Problem, ValueError) as error:
            problem = error if isinstance(error, Problem) else Problem(400, "malformed", "Content-Length is no number")
            await problem.response()(scope, receive, send)
            return
        await self._app(scope, _bounded(receive), send)

    def _caller(self, authorization: bytes | None) -> str:
        caller = self._keys.caller(authorization)
        if caller is None:
            said = "the key is not known" if authorization else "there is no key"
            raise Problem(
                401,
                "no-key",
                f"{said}: send 'Authorization: Bearer KEY' with one of the worker's api_keys",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return caller


def _bounded(receive: Receive) -> Receive:
    """Nobody needs to say before how much they send."""
    size = 0

    async def bounded() -> Message:
        nonlocal size
        message: Any = await receive()
        size += len(message.get("body", b""))
        _check_size(size)
        return dict(message)

    return bounded


def _check_size(size: int) -> None:
    if size > BODY_BYTES_ALLOWED:
        raise Problem(
            413,
            "too-large",
            f"the body may have {BODY_BYTES_ALLOWED} bytes: send what conditions and templates ask for, and no more",
        )
