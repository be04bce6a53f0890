"""An action as a sender gets it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from typing import Final

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from orchestrator.contracts import actions as contract
from orchestrator.contracts.form import TRACEPARENT, Received

_TRACEPARENT: Final = "traceparent"
_W3C: Final = re.compile(TRACEPARENT)


class Action(contract.Action):
    """Do this for this customer. What a later version of the contract adds is not read."""

    model_config = ConfigDict(extra="ignore")

    traceparent: str | None = Field(None, exclude=True, description="W3C trace context, from the record's headers")

    @cached_property
    def decided_at_ms(self) -> int:
        """When it was decided, UTC ms."""
        return _milliseconds(self.decided_at)

    @cached_property
    def expires_at_ms(self) -> int:
        """When it is too late to send it, UTC ms."""
        return _milliseconds(self.expires_at)


class Cancel(contract.Cancel):
    """Don't do it. What a later version of the contract adds is not read."""

    model_config = ConfigDict(extra="ignore")

    traceparent: str | None = Field(None, exclude=True, description="W3C trace context, from the record's headers")


class _Kind(Received):
    kind: str


_KIND: TypeAdapter[_Kind] = TypeAdapter(_Kind)


def read(value: bytes | None, headers: Iterable[tuple[str, bytes | None]] = ()) -> Action | Cancel:
    """The action or cancel of a record.

    Raises:
        ValueError: it is neither; the text says why.
    """
    text = value or b""
    try:
        model = Cancel if _KIND.validate_json(text).kind == "cancel" else Action
        message: Action | Cancel = model.model_validate_json(text)
    except ValidationError as error:
        raise ValueError(_sentence(error)) from error
    found = (dict(headers).get(_TRACEPARENT) or b"").decode("ascii", "replace")
    return message.model_copy(update={_TRACEPARENT: found if _W3C.fullmatch(found) else None})


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"])) or "the record"
    return f"{place}: {first['msg']}"


def _milliseconds(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1000)
