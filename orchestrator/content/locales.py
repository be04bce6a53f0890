"""Locales by name, as producers and people write them: ``de``, ``de-AT``, ``de_AT``, ``zh-Hant-TW``."""

from __future__ import annotations

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
        near = get_close_matches(name[:40], known, 1)
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
