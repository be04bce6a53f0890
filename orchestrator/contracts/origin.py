"""Where an action or a decision comes from: a journey, or a placement without one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def told_by(record: Mapping[str, Any]) -> str:
    """The journey of an action, a cancel or a decision; of one that stands in a placement, that."""
    return str(record.get("journey") or record.get("placement") or "")
