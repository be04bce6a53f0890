"""Blocks: the parts of a message that others may write, within bounds. All else of it is locked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.nearest import hint

MOST_EDITS: Final = 100

_WEB: Final = re.compile(r"https?://([A-Za-z0-9.-]+)(?::\d+)?(?:[/?][A-Za-z0-9._~:/?#@!$&'()*+,;=%-]*)?")
_TURNING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They turn the direction of what stands around them: a text may then read as another one."""


@dataclass(frozen=True, slots=True)
class Block:
    """One block: its ``default``, and what may be written instead.

    ``allowed`` are the only values of a choice or an image, ``hosts`` where a link may lead to. Nobody may write into
    one that is ``locked``.
    """

    name: str
    type: str
    default: str
    max_length: int
    allowed: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    locked: bool = False

    def fitting(self, value: Any) -> str:
        """The value as it is to be shown.

        Raises:
            ValueError: with what is wrong and what is allowed, a sentence that goes on after the block's name.
        """
        if self.locked:
            raise ValueError("is locked: nobody may change it")
        if not isinstance(value, str):
            raise ValueError("takes a text")
        text = value.strip()
        if len(text) > self.max_length:
            raise ValueError(f"takes up to {self.max_length} characters, and this has {len(text)}")
        if not text and self.default:
            raise ValueError("cannot be left empty: leave the edit out to have what is there")
        check = _CHECKS[self.type]
        check(self, text)
        return text


def edit(action: str, blocks: Mapping[str, Block], name: str, value: Any) -> str:
    """The value of one edit of an action.

    Raises:
        ValueError: a sentence: which block of which action, and what is allowed.
    """
    block = blocks.get(name)
    if block is None:
        raise ValueError(unknown_block(f"the action '{action}'", blocks, name))
    try:
        return block.fitting(value)
    except ValueError as error:
        raise ValueError(f"the block '{name}' of the action '{action}' {error}") from None


def unknown_block(of_what: str, blocks: Mapping[str, Block], name: str) -> str:
    """Why a block cannot be edited that there is not: all but the blocks is locked."""
    free = [block.name for block in blocks.values() if not block.locked]
    if not free:
        return f"nothing of {of_what} may be edited: it has no blocks that are open"
    return f"'{name[:80]}' is locked: of {of_what} only blocks may be edited; {hint(name, free)}"


def shown(action: str, blocks: Mapping[str, Block], edits: Mapping[str, Any]) -> dict[str, str]:
    """What each block of an action says.

    Raises:
        ValueError: an edit does not fit, or does not fit any more.
    """
    return {
        name: edit(action, blocks, name, edits[name]) if name in edits else block.default
        for name, block in blocks.items()
    }


def _check_text(block: Block, text: str) -> None:
    lines = block.type == "text"
    for char in text:
        if char in _TURNING or (unicodedata.category(char) == "Cc" and not (lines and char in "\n\t")):
            what = "one line" if char in "\r\n\t\v\f" and not lines else "no control characters"
            raise ValueError(f"takes {what}")


def _check_allowed(block: Block, text: str) -> None:
    if text not in block.allowed:
        what = "is no approved image" if block.type == "image" else "is not allowed"
        raise ValueError(f"takes one of {', '.join(block.allowed)}, and '{text[:80]}' {what}")


def _check_link(block: Block, text: str) -> None:
    found = _WEB.fullmatch(text)
    if found is None:
        what = "takes a link that begins with https:// or http://, without blanks and with %-codes for other signs"
        raise ValueError(f"{what}, and '{text[:80]}' is none")
    if found[1].lower() not in block.hosts:
        raise ValueError(f"takes links to {', '.join(block.hosts)}, and '{text[:80]}' leads elsewhere")


_CHECKS: Final = {
    "text": _check_text,
    "line": _check_text,
    "link": _check_link,
    "image": _check_allowed,
    "choice": _check_allowed,
}
