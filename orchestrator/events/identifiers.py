"""Ids as producers write them: texts, and whole numbers for their decimal text."""

from __future__ import annotations

import re
from typing import Any, Final

from orchestrator.events.refusal import Code, refusal, shown

NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
"""What a journey or a survey may be called."""

ID_MAX: Final = 256
"""The longest id, in characters."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def read_id(field: str, value: Any) -> str | None:
    """The id in a field; None for null and the empty text, which RudderStack's web SDK sends for an unknown userId.

    Raises:
        BadRecord: wrong_type or bad_id.
    """
    # Nearly every id passes this glance; the rest of the function says what is wrong with the others.
    if type(value) is str and 0 < len(value) <= ID_MAX and value.isprintable() and not value.isspace():
        return value
    if value is None or value == "":
        return None
    if type(value) is int:
        return str(value)
    if type(value) is not str:
        allowed = f"write a text of 1 to {ID_MAX} characters, or a whole number of up to 64 bits"
        raise refusal(Code.WRONG_TYPE, f"'{field}' is {shown(value)}: {allowed}")
    if len(value) > ID_MAX:
        raise refusal(Code.BAD_ID, f"'{field}' has {len(value)} characters: up to {ID_MAX} are allowed")
    control = _CONTROL.search(value)
    if control is not None:
        raise refusal(Code.BAD_ID, f"'{field}' has the control character U+{ord(control[0]):04X}: remove it")
    if not value.strip():
        raise refusal(Code.BAD_ID, f"'{field}' is blank: write the id, or leave the field out")
    return value
