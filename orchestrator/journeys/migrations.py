"""``migrate:`` in a journey: where customers of older versions go on in this one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import Field

from orchestrator.journeys.model import NAME_PATTERN, Name

END: Final = "end"

Migrations = Annotated[
    dict[Name, Annotated[str, Field(pattern=NAME_PATTERN, description="a step of this version, or end")]],
    Field(examples=[{"wait-for-call": "wait-for-mail", "say-thanks": "end"}]),
]


def compiled(migrations: Mapping[str, str] | None) -> Mapping[str, str | None] | None:
    """As the engine has it: None as a step ends the stay."""
    return migrations and {old: None if new == END else new for old, new in migrations.items()}
