"""A route that takes JSON as the standard has it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import orjson
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.requests import Request


class StrictRequest(Request):
    """NaN is no number in JSON, whatever Python's own parser takes."""

    async def json(self) -> Any:
        """The body. Raises json.JSONDecodeError."""
        return orjson.loads(await self.body())


class StrictRoute(APIRoute):
    """Its requests are strict."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """As FastAPI's."""
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handler(StrictRequest(request.scope, request.receive))

        return strict
