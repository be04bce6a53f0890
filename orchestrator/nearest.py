"""What was meant by a name that does not exist."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import SequenceMatcher, get_close_matches
from functools import lru_cache
from itertools import takewhile
from typing import Final

_MOST_SHOWN: Final = 20
_LONGEST: Final = 200
"""Comparing longer names takes time that nobody's mistake is worth."""

_TYPO: Final = 0.8
_LOOKED_AT: Final = 4
_MOST_CHANGED: Final = 0.5
_SHORTEST_BEGINNING: Final = 3


def nearest(name: str, known: Collection[str]) -> str | None:
    """The known name that is most like this one, if any is."""
    if len(name) > _LONGEST:
        return None
    alike = get_close_matches(name, [other for other in known if len(other) <= _LONGEST], _LOOKED_AT)
    near = [other for other in alike if _is_near(name, other)]
    return (
        _best(name, near) or _by_letters(name, known) or next((other for other in known if _begins(name, other)), None)
    )


def hint(name: str, known: Iterable[str]) -> str:
    """What was meant, if it can be guessed; else all that there is."""
    choices = sorted(known)
    near = nearest(name, choices)
    if near:
        return f"did you mean '{near}'?"
    more = f" and {len(choices) - _MOST_SHOWN} more" if len(choices) > _MOST_SHOWN else ""
    return f"there are {', '.join(choices[:_MOST_SHOWN])}{more}" if choices else "there is none"


def misspelt(name: str, known: Collection[str]) -> str | None:
    """The known name of which this one can only be a slip: a letter too many, too few, wrong or in another place."""
    same = _by_letters(name, known)
    if same is not None or len(name) > _LONGEST:
        return same
    slips = [
        other
        for other in known
        if abs(len(other) - len(name)) <= 1 and SequenceMatcher(None, name, other).ratio() >= _TYPO
    ]
    return _best(name, slips)


def _is_near(name: str, other: str) -> bool:
    """Not only alike: at most half of it is another, or one is short for the other, as idx for index."""
    shorter, longer = sorted((name, other), key=len)
    letters = iter(longer)
    return changes(name, other) <= len(shorter) * _MOST_CHANGED or all(letter in letters for letter in shorter)


def _best(name: str, near: list[str]) -> str | None:
    def distance(other: str) -> tuple[int, int, float]:
        return changes(name, other), -_common(name, other), -SequenceMatcher(None, name, other).ratio()

    return min(near, key=distance, default=None)


def _common(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


@lru_cache(maxsize=1024)
def changes(one: str, other: str) -> int:
    """How many letters must be put in, left out, replaced or swapped with the next to make one of the other."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one):
        earlier, before, row = before, row, [at + 1]
        for place, theirs in enumerate(other):
            cost = min(before[place + 1] + 1, row[place] + 1, before[place] + (letter != theirs))
            if at and place and letter == other[place - 1] and one[at - 1] == theirs:
                cost = min(cost, earlier[place - 1] + 1)
            row.append(cost)
    return row[-1]


def _begins(name: str, other: str) -> bool:
    shorter, longer = sorted((name, other), key=len)
    return len(shorter) >= _SHORTEST_BEGINNING and longer.startswith(shorter)


def _by_letters(name: str, known: Collection[str]) -> str | None:
    letters = _letters(name)
    return next((other for other in known if letters and _letters(other) == letters), None)


def _letters(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())
