"""What was meant by a name that does not exist."""

from __future__ import annotations

from collections.abc import Collection
from difflib import SequenceMatcher, get_close_matches
from typing import Final

_LONGEST: Final = 200
"""Comparing longer names takes time that nobody's mistake is worth."""

_TYPO: Final = 0.8
_SHORTEST_BEGINNING: Final = 3


def nearest(name: str, known: Collection[str]) -> str | None:
    """The known name that is most like this one, if any is."""
    if len(name) > _LONGEST:
        return None
    near = get_close_matches(name, [other for other in known if len(other) <= _LONGEST], 1)
    if near:
        return near[0]
    return _by_letters(name, known) or next((other for other in known if _begins(name, other)), None)


def misspelt(name: str, known: Collection[str]) -> str | None:
    """The known name of which this one can only be a slip: a letter too many, too few, wrong or in another place."""
    same = _by_letters(name, known)
    if same is not None or len(name) > _LONGEST:
        return same
    for other in known:
        if abs(len(other) - len(name)) <= 1 and SequenceMatcher(None, name, other).ratio() >= _TYPO:
            return other
    return None


def _begins(name: str, other: str) -> bool:
    shorter, longer = sorted((name, other), key=len)
    return len(shorter) >= _SHORTEST_BEGINNING and longer.startswith(shorter)


def _by_letters(name: str, known: Collection[str]) -> str | None:
    letters = _letters(name)
    return next((other for other in known if letters and _letters(other) == letters), None)


def _letters(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())
