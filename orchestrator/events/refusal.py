"""Why a record is refused: the stable codes, and one sentence that a person can act on."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, Final

from orchestrator.errors import BadRecord

_SHOWN: Final = 40


class Code(StrEnum):
    """What is wrong with a record, as dead letters and metrics name it."""

    TOO_LARGE = "too_large"
    EMPTY = "empty"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    TOO_DEEP = "too_deep"
    NOT_AN_OBJECT = "not_an_object"
    BATCH = "batch"
    UNKNOWN_TYPE = "unknown_type"
    WRONG_TYPE = "wrong_type"
    MISSING_FIELD = "missing_field"
    BAD_ID = "bad_id"
    NO_IDENTITY = "no_identity"
    BAD_TIMESTAMP = "bad_timestamp"
    UNKNOWN_EVENT = "unknown_event"
    BAD_CLOUDEVENT = "bad_cloudevent"
    BAD_SURVEY = "bad_survey"
    BAD_SIGNATURE = "bad_signature"


def refusal(code: Code, reason: str) -> BadRecord:
    """The error to raise; ``reason`` is one sentence without a full stop."""
    return BadRecord(code.value, reason)


def shown(value: Any) -> str:
    """A value for a reason: its kind, and at most 40 printable characters of it."""
    if isinstance(value, str):
        return f"the text '{_printable(value)}'"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return f"an object with {len(value)} field{'' if len(value) == 1 else 's'}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return f"the number {value}"


def nearest(word: str, words: Iterable[str]) -> str:
    """``, did you mean 'x'?`` for the known word that is most like ``word``; empty when none is."""
    known = {candidate.lower(): candidate for candidate in sorted(words)}
    found = get_close_matches(word[:200].lower(), known, n=1)
    return f", did you mean '{known[found[0]]}'?" if found else ""


def _printable(text: str) -> str:
    short = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    return "".join(char if char.isprintable() else "?" for char in short)
