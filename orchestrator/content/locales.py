"""Locales by name, as producers and people write them: ``de``, ``de-AT``, ``de_AT``, ``zh-Hant-TW``."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.localedata import locale_identifiers


@lru_cache(maxsize=4096)
def locale(name: str) -> Locale:
    """The locale of a name.

    Raises:
        ValueError: there is none of that name; the text has the nearest right one.
    """
    try:
        return Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        known = [identifier.replace("_", "-") for identifier in locale_identifiers()]
        near = sorted(get_close_matches(name[:40], known), key=lambda found: not found.startswith(name[:2]))
        hint = f": did you mean '{near[0]}'?" if near else ": write it as de or de-AT"
        raise ValueError(f"'{name[:40]}' is no locale{hint}") from None


def normal(name: str) -> str:
    """The one way to write a locale: ``de-AT`` for ``de_at``. Raises ValueError as ``locale``."""
    return str(locale(name)).replace("_", "-")


@lru_cache(maxsize=4096)
def nearest(name: str) -> Locale | None:
    """The locale of a customer's wish, or of its beginning: ``de`` for ``de-XY``; None for nonsense."""
    parts = name[:40].replace("-", "_").split("_")
    for length in range(len(parts), 0, -1):
        try:
            return Locale.parse("_".join(parts[:length]))
        except (UnknownLocaleError, ValueError, TypeError):
            continue
    return None


def wished(value: Any, default: str) -> Locale:
    """The locale that a trait names, its language at least, else the default."""
    found = nearest(value) if isinstance(value, str) and value else None
    return found if found is not None else locale(default)


@lru_cache(maxsize=16_384)
def _chosen(wish: str, default: str, offered: tuple[str, ...]) -> tuple[str, str]:
    fallback = str(locale(default))
    own = nearest(wish) if wish else None
    for found in [str(own), fallback] if own is not None else [fallback]:
        for name in _widening(found):
            if name in offered:
                return name, found
        if own is not None and own.language == locale(default).language:
            return "", found
    return "", fallback


def _widening(identifier: str) -> list[str]:
    """``zh_Hant_TW`` as ``zh-Hant-TW``, ``zh-Hant`` and ``zh``."""
    parts = identifier.split("_")
    return ["-".join(parts[:length]) for length in range(len(parts), 0, -1)]


def choose(traits: Any, default: str, offered: tuple[str, ...]) -> tuple[str, str]:
    """What is said to whom: one of the offered locales, or "" for what has none; and the locale to format it by.

    The customer's locale comes first, then its language, then the default. Dates and amounts follow the text: a
    customer whose language is not offered reads them as the default has them.

    Args:
        traits: the customer's, in which ``locale`` may be anything.
        offered: in the form of ``normal``.
    """
    wish = traits.get("locale") if isinstance(traits, Mapping) else None
    return _chosen(wish if isinstance(wish, str) else "", default, offered)
