"""policy.yaml as people write it: what holds for all customers, whatever journey they are in."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from orchestrator.content.locales import normal
from orchestrator.engine.contact_policy import NO_CONTACT_POLICY
from orchestrator.engine.policy import Policy
from orchestrator.journeys.action import GoalName
from orchestrator.journeys.attribution import AttributionDefinition
from orchestrator.journeys.channel_policy import ChannelPolicyDefinition, compile_channel_policy
from orchestrator.journeys.contact_policy import ContactPolicyDefinition, compile_contact_policy
from orchestrator.journeys.model import Model
from orchestrator.journeys.recommendations import RecommendationsDefinition, compile_recommendations
from orchestrator.journeys.surveys import SurveyPolicyDefinition
from orchestrator.zones import zone

_NO_LISTS: Final[Mapping[str, str]] = MappingProxyType({})


def _known_zone(name: str) -> str:
    zone(name)
    return name


TimeZone = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_known_zone)]
LocaleName = Annotated[str, Field(min_length=1, max_length=40), AfterValidator(normal)]


class HoldoutDefinition(Model):
    """Customers who are told nothing, so that it can be seen what telling does."""

    percent: Annotated[float, Field(strict=True, ge=0, le=100)] = Field(
        description="how many of all customers enter no journey, the same ones each time"
    )


class ArbitrationDefinition(Model):
    """Which action comes first where several could be said."""

    first: tuple[GoalName, ...] = Field(
        ("serve", "solve"),
        description="goals whose actions come before all others, in this order",
    )


class PolicyDefinition(Model):
    """policy.yaml: what holds for all customers."""

    timezone: TimeZone = Field("UTC", description="the time zone of customers without traits.timezone")
    locale: LocaleName = Field("en", description="the locale of customers without traits.locale, and of plain content")
    holdout: HoldoutDefinition | None = Field(None, description="customers who enter no journey at all")
    channel: ChannelPolicyDefinition | None = Field(
        None, description="which channel is taken, and when: kinds, costs, send_time, on_site_for, on_the_line"
    )
    recommendations: RecommendationsDefinition | None = Field(
        None, description="what recommendations go by; without it there are none"
    )
    attribution: AttributionDefinition | None = Field(
        None, description="what is put down to which action; without it nothing is, and nothing is learned"
    )
    surveys: SurveyPolicyDefinition | None = Field(None, description="what holds for all surveys")
    arbitration: ArbitrationDefinition = Field(
        ArbitrationDefinition(), description="which action comes first where several could be said"
    )
    contact: ContactPolicyDefinition | None = Field(
        None, description="whether a message may go out now: caps, quiet hours, calendars, pressure, suppression, pause"
    )


def compile_policy(definition: PolicyDefinition, lists: Mapping[str, str] = _NO_LISTS) -> Policy:
    """What the engine and templates go by; ``lists`` has the digests of each list of suppression."""
    percent = definition.holdout.percent if definition.holdout is not None else 0
    channel = compile_channel_policy(definition.channel) if definition.channel is not None else None
    recommending = compile_recommendations(definition.recommendations)
    link = definition.surveys.link if definition.surveys is not None else None
    contact = definition.contact
    return Policy(
        timezone=definition.timezone,
        locale=definition.locale,
        holdout_percent=percent,
        channel=channel,
        recommending=recommending,
        survey_link=link,
        first=definition.arbitration.first,
        contact=compile_contact_policy(contact, lists) if contact is not None else NO_CONTACT_POLICY,
    )
