"""A route that takes JSON as the standard has it, and no parameter that it does not know."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import orjson
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.requests import Request

from orchestrator.api.problems import Problem, invalid
from orchestrator.errors import BadRecord
from orchestrator.events.payload import DEPTH_MAX, check_depth
from orchestrator.nearest import hint


class StrictRequest(Request):
    """NaN is no number in JSON, whatever Python's own parser takes."""

    async def json(self) -> Any:
        """The body. Raises json.JSONDecodeError, or the problem that it nests deeper than what is written may."""
        body = await self.body()
        read = orjson.loads(body)
        try:
            # In another object, as an event has what is handed over.
            check_depth(body, {"body": read})
        except BadRecord:
            detail = f"objects and lists nest deeper than {DEPTH_MAX - 1} levels: send what is flatter"
            raise Problem(400, "too-deep", detail) from None
        return read


class StrictRoute(APIRoute):
    """Its requests are strict: a parameter too many is a slip, and not passed over."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """As FastAPI's."""
        handler = super().get_route_handler()
        known = [field.alias for field in self.dependant.query_params]

        async def strict(request: Request) -> Response:
            for name in request.query_params:
                if name not in known:
                    raise invalid(f"query.{name}", f"there is no such parameter: {hint(name, known)}")
            return await handler(StrictRequest(request.scope, request.receive))

        return strict
