"""What a field of a channel makes of a text: right for its type, and not longer than the channel takes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from orchestrator.content import sms
from orchestrator.content.filters import LONGEST, TOO_LONG
from orchestrator.content.links import check_link
from orchestrator.journeys.definition import FieldDefinition

Finish = Callable[[str], str | None]
"""Makes a text right for its field, or raises ValueError with what is wrong; None is a field that is left out."""

# What mail programs and phones take for the end of a line, or show as nothing.
_BREAKS: Final = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_MORE: Final = "…"
_JOINED: Final = frozenset("\u200d\ufe0e\ufe0f")


def finisher(definition: FieldDefinition, *, constant: bool = False) -> Finish:
    """What a field makes of a text. A constant that is too long is refused, whatever the field does with others."""
    convert = _CONVERSIONS.get(definition.type)
    required, allowed = definition.required, definition.one_of
    fit = None if definition.max_length is None and definition.max_parts is None else _fitter(definition, constant)

    def finish(text: str) -> str | None:
        text = text.strip()
        if convert is not None:
            text = convert(text)
        if not text:
            if required:
                raise ValueError("is empty")
            return None
        if allowed is not None and text not in allowed:
            raise ValueError(f"'{text[:80]}' is not allowed: write {_choices(allowed)}")
        if fit is not None:
            text = fit(text)
        if len(text) > LONGEST:
            raise ValueError(TOO_LONG)
        return text

    return finish


def _fitter(definition: FieldDefinition, constant: bool) -> Callable[[str], str]:
    longest, most_parts = definition.max_length, definition.max_parts
    cuts = definition.if_longer == "cut" and not constant

    def fits(text: str) -> bool:
        return (longest is None or len(text) <= longest) and (most_parts is None or sms.parts(text) <= most_parts)

    def fit(text: str) -> str:
        if fits(text):
            return text
        if cuts:
            return _cut(text, fits)
        if longest is not None and len(text) > longest:
            raise ValueError(f"has {len(text)} characters, and at most {longest} are allowed")
        raise ValueError(_parts_sentence(text, most_parts))

    return fit


def _cut(text: str, fits: Callable[[str], bool]) -> str:
    """The longest beginning that fits with an ellipsis, up to a word's end if one is near."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(text[:middle] + _MORE) else (low, middle - 1)
    end = low
    while end and (unicodedata.combining(text[end]) or text[end] in _JOINED or text[end - 1] in _JOINED):
        end -= 1
    word = text.rfind(" ", 0, end + 1)
    return text[: word if word > end * 0.8 else end].rstrip() + _MORE


def _parts_sentence(text: str, most: int | None) -> str:
    foreign = sms.foreign(text)
    why = "" if foreign is None else f", for with '{foreign}' in it a part holds 67 characters instead of 153"
    return f"takes {sms.parts(text)} parts as an SMS, and at most {most} are allowed{why}"


def _line(text: str) -> str:
    return text if text.isprintable() and "  " not in text else _BREAKS.sub(" ", text).strip()


def _link(text: str) -> str:
    return check_link(text) if text else text


def _moment(text: str) -> str:
    if not text:
        return text
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"'{text[:80]}' is no time: write it as 2026-01-31T09:30:00Z") from None
    if moment.tzinfo is None:
        raise ValueError(f"'{text[:80]}' has no time zone: write it as 2026-01-31T09:30:00Z or with +01:00")
    try:
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except OverflowError:
        raise ValueError(f"'{text[:80]}' is out of the range of times") from None


def _choices(allowed: tuple[str, ...]) -> str:
    return allowed[0] if len(allowed) == 1 else f"{', '.join(allowed[:-1])} or {allowed[-1]}"


_CONVERSIONS: Final[Mapping[str, Callable[[str], str]]] = {
    "line": _line,
    "link": _link,
    "time": _moment,
}
