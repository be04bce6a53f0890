"""The OpenAPI document: that of the routes, and checked in."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

from orchestrator.api.application import described

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_document_is_current() -> None:
    generator = runpy.run_path(str(DOCS / "openapi_document.py"))
    assert (DOCS / "openapi.json").read_text("utf-8") == generator["page"](), "run 'make schemas'"


def test_every_error_is_a_problem_document() -> None:
    for path in described()["paths"].values():
        for operation in path.values():
            assert operation["security"] == [{"HTTPBearer": []}]
            for status, response in operation["responses"].items():
                if not status.startswith("2"):
                    assert list(response["content"]) == ["application/problem+json"], (status, operation["summary"])


def test_every_reference_leads_somewhere() -> None:
    document = described()

    def references(part: Any) -> list[str]:
        inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        own = [part["$ref"]] if isinstance(part, dict) and "$ref" in part else []
        return own + [found for each in inner for found in references(each)]

    names = {reference.removeprefix("#/components/schemas/") for reference in references(document)}
    assert names <= document["components"]["schemas"].keys()
