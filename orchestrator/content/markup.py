"""Rules of this file: where in HTML, or in a link, a value of a template stands. It knows text, and no templates.

A place moves on with each piece of text. What may stand at a place, and how it must be made safe, is ``need``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, StrEnum
from typing import Final


class Within(Enum):
    """What a place is in."""

    TEXT = "text"
    TAG = "a tag"
    EQUALS = "a tag, after ="
    VALUE = "the value of an attribute"
    RAW = "an element whose content is not HTML"
    COMMENT = "a comment"
    LINK = "a link"


class Need(StrEnum):
    """How a value must be made safe, beyond escaping."""

    NOTHING = "nothing"
    LINK = "link"
    PART_OF_LINK = "part of a link"
    CSS = "css"


@dataclass(frozen=True, slots=True)
class Place:
    """A place in HTML or in a link.

    ``begun``: something of the attribute's value, or of the link, was there; None if that differs by the way taken.
    """

    within: Within = Within.TEXT
    element: str = ""
    attribute: str = ""
    quote: str = ""
    begun: bool | None = False


IN_TEXT: Final = Place()
IN_LINK: Final = Place(Within.LINK)

_LINKS: Final = frozenset(
    ("href", "src", "srcset", "action", "formaction", "background", "poster", "cite", "data", "icon", "xlink:href")
)
_RAW: Final = frozenset(("script", "style", "textarea", "title"))
_OPEN = re.compile(r"<!--|<(/?)([A-Za-z][^\s/>]*)|<[!?]")
_EMPTY_OR_OUTLOOK = re.compile(r"-?>|\[if [^\]>]*\]>", re.IGNORECASE)
_IN_TAG = re.compile(r"""[\s/]*(?:(>)|([^\s=>/][^\s=>/]*)?(?:\s*(=))?)""")
_UNQUOTED_END = re.compile(r"[\s>]")


def after(place: Place, text: str) -> Place:
    """The place after a piece of text."""
    at = 0
    while at < len(text):
        place, at = _MOVES[place.within](place, text, at)
    return place


def after_value(place: Place) -> Place:
    """The place after a value of the template."""
    return replace(place, begun=True) if place.within in (Within.VALUE, Within.LINK) else place


def meet(ways: Sequence[Place]) -> Place | None:
    """The place after several ways that may be taken; None if they end at different places."""
    first = ways[0]
    if any(replace(way, begun=first.begun) != first for way in ways):
        return None
    return first if all(way.begun == first.begun for way in ways) else replace(first, begun=None)


def need(place: Place) -> Need:
    """What a value at this place needs.

    Raises:
        ValueError: nothing makes it safe there; the text says where it may stand.
    """
    if place.within is Within.TAG:
        raise ValueError("a value cannot stand in a tag: put it into the quotes of an attribute, or after the tag")
    if place.within is Within.EQUALS:
        raise ValueError(f"put quotes around the value of '{place.attribute}'")
    if place.within is Within.RAW and place.element in ("script", "style"):
        raise ValueError(f"a value cannot stand in <{place.element}>: put it into an attribute such as data-value")
    if place.within is Within.LINK:
        return _need_in_link(place)
    return _need_of(place) if place.within is Within.VALUE else Need.NOTHING


def _need_of(place: Place) -> Need:
    name = place.attribute
    if not place.quote:
        raise ValueError(f"put quotes around the value of '{name}'")
    if name.startswith("on") or name in ("srcdoc", ""):
        raise ValueError(f"a value cannot stand in '{name}': put it into an attribute such as data-value")
    if name in _LINKS:
        return _need_in_link(place)
    return Need.CSS if name == "style" else Need.NOTHING


def _need_in_link(place: Place) -> Need:
    # "javascript" from one value and ":alert()" from the next are no links by themselves.
    if place.begun is None:
        raise ValueError("the link may or may not have begun here: begin it before the if or the loop")
    return Need.PART_OF_LINK if place.begun else Need.LINK


def _text(place: Place, text: str, at: int) -> tuple[Place, int]:
    found = _OPEN.search(text, at)
    if found is None:
        return (Place(Within.TAG) if text.endswith(("<", "</")) else place), len(text)
    if found[0] == "<!--":
        # Outlook's own comments hold HTML that it shows.
        over = _EMPTY_OR_OUTLOOK.match(text, found.end())
        return (IN_TEXT, over.end()) if over else (Place(Within.COMMENT), found.end())
    element = "" if found[1] or found[2] is None else found[2].lower()
    return Place(Within.TAG, element), found.end()


def _tag(place: Place, text: str, at: int) -> tuple[Place, int]:
    found = _IN_TAG.match(text, at)
    assert found is not None
    closes, name, equals = found.groups()
    if closes:
        raw = place.element in _RAW
        return (Place(Within.RAW, place.element) if raw else IN_TEXT), found.end()
    if equals:
        return Place(Within.EQUALS, place.element, (name or "").lower()), found.end()
    return place, max(found.end(), at + 1)


def _equals(place: Place, text: str, at: int) -> tuple[Place, int]:
    char = text[at]
    if char.isspace():
        return place, at + 1
    if char == ">":
        return Place(Within.TAG, place.element), at
    quote = char if char in "\"'" else ""
    return replace(place, within=Within.VALUE, quote=quote), at + len(quote)


def _value(place: Place, text: str, at: int) -> tuple[Place, int]:
    if place.quote:
        end = text.find(place.quote, at)
    else:
        found = _UNQUOTED_END.search(text, at)
        end = found.start() if found else -1
    if end < 0:
        return replace(place, begun=place.begun if text[at:].isspace() else True), len(text)
    return Place(Within.TAG, place.element), end + len(place.quote)


def _raw(place: Place, text: str, at: int) -> tuple[Place, int]:
    found = re.compile(rf"</{place.element}", re.IGNORECASE).search(text, at)
    return (place, len(text)) if found is None else (Place(Within.TAG), found.end())


def _comment(place: Place, text: str, at: int) -> tuple[Place, int]:
    end = text.find("-->", at)
    return (place, len(text)) if end < 0 else (IN_TEXT, end + 3)


def _link(place: Place, text: str, at: int) -> tuple[Place, int]:
    return replace(place, begun=place.begun if text[at:].isspace() else True), len(text)


_MOVES: Final = {
    Within.TEXT: _text,
    Within.TAG: _tag,
    Within.EQUALS: _equals,
    Within.VALUE: _value,
    Within.RAW: _raw,
    Within.COMMENT: _comment,
    Within.LINK: _link,
}
