"""What a text takes as an SMS: phones get it in parts of a fixed size, and senders are charged for each."""

from __future__ import annotations

from typing import Final

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("\f^{}\\[~]|€")
"""These take two places of the alphabet of GSM."""
_GSM: Final = (160, 153)
_UCS2: Final = (70, 67)
"""Places in a message that is one part, and in each part of one that is more."""


def parts(text: str) -> int:
    """The number of parts; one for an empty text."""
    wide = foreign(text) is not None
    sizes = list(map(_units if wide else _places, text))
    alone, together = _UCS2 if wide else _GSM
    if sum(sizes) <= alone:
        return 1
    count, left = 1, together
    for size in sizes:  # what takes two places is not split between parts
        if size > left:
            count, left = count + 1, together
        left -= size
    return count


def foreign(text: str) -> str | None:
    """The first character that is not in the alphabet of GSM: for it, each part holds 67 instead of 153."""
    return next((char for char in text if char not in _BASIC and char not in _EXTENDED), None)


def _places(char: str) -> int:
    return 2 if char in _EXTENDED else 1


def _units(char: str) -> int:
    return 2 if ord(char) > 0xFFFF else 1
