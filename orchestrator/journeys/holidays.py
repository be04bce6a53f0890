"""Public holidays as people write them: a country, and perhaps a part of it."""

from __future__ import annotations

from pydantic import Field, model_validator

from orchestrator.journeys.model import Model, at_key
from orchestrator.nearest import hint


def check_country(country: str, subdivision: str | None) -> None:
    """Whether the holidays of a country are known, and of a part of it. Raises an error at the key that is wrong."""
    from holidays import list_supported_countries

    known = list_supported_countries()
    if country not in known:
        raise at_key("country", f"the holidays of the country '{country}' are not known: {hint(country, known)}")
    parts = known[country]
    if subdivision is not None and subdivision not in parts:
        raise at_key("subdivision", f"'{subdivision}' is no part of {country}: {hint(subdivision, parts)}")


class HolidaysDefinition(Model):
    """The public holidays of a country."""

    country: str = Field(description="the country, such as DE")
    subdivision: str | None = Field(None, description="a part of it with holidays of its own, such as BY")

    @model_validator(mode="after")
    def _country_is_known(self) -> HolidaysDefinition:
        check_country(self.country, self.subdivision)
        return self
