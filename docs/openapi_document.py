"""Writes docs/openapi.json from the routes: ``python docs/openapi_document.py docs/openapi.json``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from orchestrator.api.application import described


def page() -> str:
    """The OpenAPI document that a worker serves."""
    return json.dumps(described(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), "utf-8")
