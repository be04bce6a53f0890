"""Surveys as people write them: what an action asks, and where a click on a score leads to."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from orchestrator.content.links import check_link
from orchestrator.journeys.model import Model, Name


def _web(text: str) -> str:
    check_link(text)
    if not text.startswith(("https://", "http://")) or "#" in text:
        raise ValueError(f"'{text[:80]}' must begin with https:// and have no '#'")
    return text


class SurveyDefinition(Model):
    """What an action asks the customer, to be answered by one click."""

    kind: Literal["nps", "csat", "ces"] = Field(
        description="nps: would you recommend us, 0 to 10; csat: are you satisfied, 1 to 5; ces: was it easy, 1 to 7"
    )
    name: Name = Field(description="the survey's name: conditions see customer.surveys.<name>.score")
    question: str = Field("", max_length=500, description="for templates: {{ survey.question }}")


class SurveyPolicyDefinition(Model):
    """What holds for all surveys."""

    link: Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_web)] = Field(
        description="the page that a click on a score opens; it publishes 'Survey Answered' of what its address says"
    )
