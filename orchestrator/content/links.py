"""Links that are safe to put into a message, and what stands in them."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_WEB = re.compile(r"(https?://)([^/?#\\]+)(.*)", re.IGNORECASE | re.DOTALL)
_HOST = re.compile(r"([\w.~!$&'()*+,;=:%-]*@)?([\w.~%-]+|\[[0-9A-Fa-f:.]+\])(:\d*)?", re.ASCII)
# Browsers drop or rewrite these, so that what follows them may become another scheme or host.
_UNSAFE = re.compile(r"[\s\x00-\x1f\x7f\\]")
_OF_LINKS: Final = re.compile(r"[A-Za-z0-9._~:/?#@!$&'()*+,;=-]*")
_USUAL: Final = re.compile(r"https?://[A-Za-z0-9.-]+(:\d+)?([/?#][A-Za-z0-9._~:/?#@!$&'()*+,;=-]*)?")
_STRAY_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_KEPT: Final = "/:?#@!$&'()*+,;=~%"


def check_link(text: str) -> str:
    """The link itself, if it goes to http, https, mailto or tel, or to a place on the same site.

    What may not stand in a link, such as letters beyond ASCII, is encoded.

    Raises:
        ValueError: with the reason; ``javascript:`` and the like, other hosts by ``//``, white space.
    """
    if _USUAL.fullmatch(text):
        return text
    if _UNSAFE.search(text):
        what = "has white space or a backslash in it: use the filter urlencode on its parts"
        raise ValueError(f"the link '{text[:80]}' {what}")
    scheme = _SCHEME.match(text)
    if scheme is None:
        if text.startswith("//"):
            raise ValueError(f"the link '{text[:80]}' has no scheme: begin it with https://")
        return normal_part(text)
    name = scheme.group(1).lower()
    if name not in ("http", "https", "mailto", "tel"):
        raise ValueError(f"the link '{text[:80]}' is no http, https, mailto or tel link")
    if name in ("http", "https"):
        return _checked_web(text)
    return normal_part(text)


def encode_part(text: str) -> str:
    """A value as it stands within a link: its ``?``, ``&`` and ``#`` are no marks of the link."""
    return text if text.isascii() and text.isalnum() else quote(text, safe="/")


def normal_part(text: str) -> str:
    """A piece of a link whose marks stay as they are; what cannot stand in a link is encoded."""
    if _OF_LINKS.fullmatch(text):
        return text
    return _STRAY_PERCENT.sub("%25", quote(text, safe=_KEPT))


def _checked_web(text: str) -> str:
    found = _WEB.match(text)
    if found is None:
        raise ValueError(f"the link '{text[:80]}' has no host")
    scheme, host, rest = found.groups()
    try:
        name = host if host.isascii() else host.encode("idna").decode()
    except ValueError:
        name = ""
    if not _HOST.fullmatch(name):
        raise ValueError(f"the link '{text[:80]}' has a host that there cannot be")
    return f"{scheme}{name}{normal_part(rest)}"
