"""What is wrong with a request, as RFC 9457 has it: a document with a sentence that says what to do."""

from __future__ import annotations

from typing import Annotated, Any, Final

import orjson
from fastapi.responses import Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

MEDIA_TYPE: Final = "application/problem+json"
_TITLES: Final = {
    400: "The request cannot be read",
    401: "Not known",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Not as things are",
    413: "Too large",
    422: "Not valid",
    500: "An error of the orchestrator",
    503: "Not now",
    504: "Not in time",
}
_RETRY_AFTER_S: Final = 1


class InvalidField(BaseModel):
    """One thing that is wrong in a request."""

    at: Annotated[str, Field(description="where: body, header, query or path, and the field")]
    detail: Annotated[str, Field(description="what is wrong, and what is allowed")]


class ProblemDocument(BaseModel):
    """Why a request was not done (RFC 9457)."""

    type: Annotated[str, Field(description="orchestrator: and a short name that does not change")]
    title: Annotated[str, Field(description="the same for all of one status")]
    status: Annotated[int, Field(description="the HTTP status")]
    detail: Annotated[str, Field(description="what is wrong and what to do, for a person")]
    errors: Annotated[list[InvalidField] | None, Field(description="each thing that is not valid")] = None


class Problem(HTTPException):
    """Ends a request. ``name`` is short and stable, ``detail`` a sentence with the remedy."""

    def __init__(
        self,
        status: int,
        name: str,
        detail: str,
        *,
        errors: list[dict[str, str]] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail, headers)
        self.name = name
        self.errors = errors

    def response(self) -> Response:
        """The document."""
        document: dict[str, Any] = {
            "type": f"orchestrator:{self.name}",
            "title": _TITLES.get(self.status_code, "Not done"),
            "status": self.status_code,
            "detail": self.detail,
        }
        if self.errors:
            document["errors"] = self.errors
        return Response(orjson.dumps(document), self.status_code, dict(self.headers or {}), MEDIA_TYPE)


def not_now(name: str, detail: str) -> Problem:
    """It may be done a moment later."""
    return Problem(503, name, detail, headers={"Retry-After": str(_RETRY_AFTER_S)})


def invalid(at: str, detail: str) -> Problem:
    """One field is not valid."""
    return Problem(422, "invalid", f"{at}: {detail}", errors=[{"at": at, "detail": detail}])
