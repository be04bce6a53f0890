"""The FastAPI application, and the OpenAPI document that tells of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, Final

import orjson
from fastapi import APIRouter, FastAPI, Security
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException
from starlette.requests import Request

from orchestrator.api.gate import OPENAPI_PATH
from orchestrator.api.owners import Member, Owners
from orchestrator.api.problems import MEDIA_TYPE, Problem
from orchestrator.api.routes import routes

_log = logging.getLogger(__name__)

_ABOUT: Final = (
    "What to say to one customer now, who enters a journey, what became of an action, and all that is known of a "
    "customer. Errors are problem documents (RFC 9457)."
)
_NO_ROUTE: Final = f"there is nothing at this address: {OPENAPI_PATH} says what there is"
_NO_METHOD: Final = f"this address takes another method: {OPENAPI_PATH} says which"
_BUG: Final = "this is a bug of ours: the worker's log says more, and no other request is affected"
_JSON: Final = "application/json"
_OURS: Final = frozenset({"HTTPValidationError", "ValidationError"})
"""Schemas of FastAPI's own errors, which nobody ever gets."""


def application(member: Member, owners: Owners) -> FastAPI:
    """All routes, with problem documents for whatever goes wrong."""
    app = _with(routes(member, owners))
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _bug)
    document = orjson.dumps(_document(app))

    @app.get(OPENAPI_PATH, include_in_schema=False)
    async def openapi() -> Response:
        return Response(document, media_type=_JSON)

    return app


def described() -> dict[str, Any]:
    """The OpenAPI document of any worker."""
    nobody: Any = None
    return _document(_with(routes(nobody, nobody)))


def _with(router: APIRouter) -> FastAPI:
    app = FastAPI(
        title="Journey orchestrator",
        version="1",
        description=_ABOUT,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.include_router(router, dependencies=[Security(HTTPBearer(auto_error=False))])
    return app


def _document(app: FastAPI) -> dict[str, Any]:
    """FastAPI's, with errors as the documents that they are."""
    document: dict[str, Any] = app.openapi()
    for operation in _operations(document):
        for status, response in operation["responses"].items():
            content = response.get("content", {})
            if not status.startswith("2") and _JSON in content:
                response["content"] = {MEDIA_TYPE: content[_JSON]}
    schemas = document["components"]["schemas"]
    document["components"]["schemas"] = {name: schema for name, schema in schemas.items() if name not in _OURS}
    return document


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from path.values()


async def _http(request: Request, error: Exception) -> Response:
    """Problems of ours, and what the framework finds itself."""
    assert isinstance(error, HTTPException)
    if isinstance(error, Problem):
        return error.response()
    if error.status_code == 404:
        return Problem(404, "no-route", _NO_ROUTE).response()
    if error.status_code == 405:
        return Problem(405, "no-method", _NO_METHOD, headers=dict(error.headers or {})).response()
    return Problem(error.status_code, "malformed", f"the request cannot be read: {error.detail}").response()


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = [_described(details) for details in error.errors()]
    if any(details["type"] == "json_invalid" for details in error.errors()):
        return Problem(400, "no-json", f"the body is no JSON: {found[0]['detail']}").response()
    detail = "; ".join(f"{each['at']}: {each['detail']}" for each in found)
    return Problem(422, "invalid", detail, errors=found).response()


def _described(details: dict[str, Any]) -> dict[str, str]:
    context = details.get("ctx") or {}
    message = str(context.get("error") or details["msg"])
    if details["type"] == "model_attributes_type":
        message = "send a JSON object, with Content-Type: application/json"
    elif details["type"] == "extra_forbidden":
        message = "there is no such field"
    elif details["type"] == "missing":
        message = "is missing"
    elif details["type"] == "string_pattern_mismatch":
        message = "write letters, digits and signs of ASCII, and no blanks"
    return {"at": ".".join(map(str, details["loc"])), "detail": message[:1].lower() + message[1:]}


async def _bug(request: Request, error: Exception) -> Response:
    _log.error("a request found a bug of ours: %s %s", request.method, request.url.path, exc_info=error)
    return Problem(500, "bug", _BUG).response()
