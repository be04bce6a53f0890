"""The public holidays of countries, by the library ``holidays``."""

from __future__ import annotations

from datetime import date
from functools import lru_cache


@lru_cache(maxsize=512)
def public_holidays(country: str, subdivision: str | None, year: int) -> dict[date, str]:
    """The public holidays of a country in a year, by the library ``holidays``, with their names.

    Raises:
        NotImplementedError: it does not know the country or the part of it.
    """
    from holidays import country_holidays

    # Without a language the names are those of whatever machine it is.
    return dict(country_holidays(country, subdiv=subdivision, years=year, language="en_US").items())
