"""Links that are safe to put into a message."""

from __future__ import annotations

import re

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_WEB = re.compile(r"https?://[^/?#\\]", re.IGNORECASE)
# Browsers drop or rewrite these, so that what follows them may become another scheme or host.
_UNSAFE = re.compile(r"[\s\x00-\x1f\x7f\\]")


def check_link(text: str) -> str:
    """The link itself, if it goes to http, https, mailto or tel, or to a place on the same site.

    Raises:
        ValueError: with the reason; ``javascript:`` and the like, other hosts by ``//``, white space.
    """
    if _UNSAFE.search(text):
        what = "has white space or a backslash in it: use the filter urlencode on its parts"
        raise ValueError(f"the link '{text[:80]}' {what}")
    scheme = _SCHEME.match(text)
    if scheme is None:
        if text.startswith("//"):
            raise ValueError(f"the link '{text[:80]}' has no scheme: begin it with https://")
        return text
    name = scheme.group(1).lower()
    if name not in ("http", "https", "mailto", "tel"):
        raise ValueError(f"the link '{text[:80]}' is no http, https, mailto or tel link")
    if name in ("http", "https") and not _WEB.match(text):
        raise ValueError(f"the link '{text[:80]}' has no host")
    return text
