"""Answers to surveys, and how it is known that nobody made them up."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from orchestrator.events.identifiers import NAME
from orchestrator.events.refusal import Code, refusal, shown
from orchestrator.events.scales import SCALES

_LONGEST_COMMENT: Final = 4_000
_TOKEN_LENGTH: Final = 32
_DIGITS: Final = re.compile(r"[0-9]{1,2}")


def token_of(key: bytes, customer_id: str, action_id: str, survey: str, kind: str, score: int, journey: str) -> str:
    """32 hex digits (HMAC-SHA256, cut) that only whoever has the key can make for just this answer."""
    told = "\x1f".join((customer_id, action_id, survey, kind, str(score), journey)).encode()
    return hmac.new(key, told, hashlib.sha256).hexdigest()[:_TOKEN_LENGTH]


def check_answer(properties: dict[str, Any], ids: Iterable[str | None], key: bytes) -> None:
    """Refuses an answer that says nothing or that was made up; a score that is written as a text becomes a number.

    Args:
        properties: of the event; changed in place.
        ids: of whoever answers; the link was made for one of them.
        key: what answers must be signed by; if it is empty, none has to be.

    Raises:
        BadRecord: with the reason.
    """
    survey, kind = properties.get("survey"), properties.get("kind")
    if type(survey) is not str or NAME.fullmatch(survey) is None:
        raise refusal(Code.BAD_SURVEY, f"'properties.survey' is {shown(survey)}: write the name of a survey")
    if type(kind) is not str or kind not in SCALES:
        raise refusal(Code.BAD_SURVEY, f"'properties.kind' is {shown(kind)}: write one of {', '.join(SCALES)}")
    score = properties["score"] = _score(properties.get("score"))
    scale = SCALES[kind]
    if type(score) is not int or score not in scale:
        allowed = f"a score of {kind} is a whole number from {scale[0]} to {scale[-1]}"
        raise refusal(Code.BAD_SURVEY, f"'properties.score' is {shown(score)}: {allowed}")
    for name, most in (("action_id", 64), ("journey", 64), ("comment", _LONGEST_COMMENT), ("token", 64)):
        value = properties.get(name)
        if value is not None and (type(value) is not str or len(value) > most):
            raise refusal(Code.BAD_SURVEY, f"'properties.{name}' is {shown(value)}: write a text of up to {most}")
    if key:
        _check_token(properties, ids, key, survey, kind, score)


def _score(value: Any) -> Any:
    """A page that hands on what stands in its link has nothing but texts."""
    if type(value) is str and _DIGITS.fullmatch(value):
        return int(value)
    return int(value) if type(value) is float and value.is_integer() else value


def _check_token(
    properties: Mapping[str, Any], ids: Iterable[str | None], key: bytes, survey: str, kind: str, score: int
) -> None:
    told = properties.get("token")
    action_id, journey = properties.get("action_id") or "", properties.get("journey") or ""
    tokens = [token_of(key, id_, action_id, survey, kind, score, journey) for id_ in ids if id_ is not None]
    if told is None or not any(hmac.compare_digest(token.encode(), told.encode()) for token in tokens):
        fault = "is missing" if told is None else "does not belong to this answer"
        remedy = "send what stands in the survey's link, all of it and as it is"
        raise refusal(Code.BAD_SIGNATURE, f"'properties.token' {fault}: {remedy}")
