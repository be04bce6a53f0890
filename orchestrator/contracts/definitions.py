"""The journeys in force: the records of ``definitions``."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from orchestrator.contracts.form import Sent, example
from orchestrator.journeys.action import ActionDefinition
from orchestrator.journeys.definition import ChannelDefinition, JourneyDefinition
from orchestrator.journeys.model import Model, Name
from orchestrator.journeys.partners import PartnerDefinition
from orchestrator.journeys.placements import PlacementDefinition
from orchestrator.journeys.policy import PolicyDefinition
from orchestrator.journeys.segments import SegmentDefinition
from orchestrator.journeys.traits import TraitsDefinition


class Definitions(Model):
    """All journeys, actions and channels of a project at one time; what is a default is left out.

    Its key is ``pack/`` and a digest of it.
    """

    journeys: tuple[JourneyDefinition, ...] = Field(description="as in journeys/*.yaml")
    actions: tuple[ActionDefinition, ...] = Field(description="as in actions/*.yaml")
    channels: dict[Name, ChannelDefinition] = Field(description="by name, those of the package included")
    policy: PolicyDefinition = Field(PolicyDefinition(), description="as in policy.yaml")
    traits: TraitsDefinition = Field(TraitsDefinition(), description="as in traits.yaml")
    segments: dict[Name, SegmentDefinition] = Field({}, description="as in segments.yaml, by name")
    placements: dict[Name, PlacementDefinition] = Field({}, description="as in placements.yaml, by name")
    partials: dict[Name, str] = Field({}, description="the texts of partials/*.j2, by name")
    partners: dict[Name, PartnerDefinition] = Field({}, description="as in partners.yaml, by name")
    suppressed: dict[str, str] = Field(
        {}, description="digests of those who are not to be contacted, by list of policy.yaml: 16 hex digits each"
    )


class Clock(Sent):
    """What time all workers go by. Its key is ``clock``."""

    model_config = ConfigDict(json_schema_extra=example(clock="wall"))

    clock: Literal["wall", "event"] = Field(description="the wall clock, or the time stamps of events")
