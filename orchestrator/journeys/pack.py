"""All definitions of a project, checked: what travels on the ``definitions`` topic."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from pydantic import Field, ValidationError

from orchestrator.content.partials import used_in
from orchestrator.errors import DefinitionError, Problem
from orchestrator.journeys.action import ActionDefinition, TreatmentDefinition
from orchestrator.journeys.capacities import without_limits
from orchestrator.journeys.definition import ChannelDefinition, JourneyDefinition
from orchestrator.journeys.model import Model, Name
from orchestrator.journeys.outline import actions_of, walk
from orchestrator.journeys.partners import PartnerDefinition
from orchestrator.journeys.placements import PlacementDefinition
from orchestrator.journeys.policy import PolicyDefinition
from orchestrator.journeys.segments import SegmentDefinition
from orchestrator.journeys.traits import TraitsDefinition

_PLACE = Path("definitions")
_NO_POLICY = PolicyDefinition()
_NO_TRAITS = TraitsDefinition()


class _PackDefinition(Model):
    journeys: tuple[JourneyDefinition, ...]
    actions: tuple[ActionDefinition, ...]
    channels: dict[Name, ChannelDefinition]
    policy: PolicyDefinition = _NO_POLICY
    traits: TraitsDefinition = _NO_TRAITS
    segments: dict[Name, SegmentDefinition] = Field(default_factory=dict)
    partials: dict[Name, str] = Field(default_factory=dict)
    partners: dict[Name, PartnerDefinition] = Field(default_factory=dict)
    suppressed: dict[str, str] = Field(default_factory=dict)
    placements: dict[Name, PlacementDefinition] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pack:
    """Journeys, actions and channels by name, and what holds for all of them; treat them as frozen."""

    journeys: Mapping[str, JourneyDefinition]
    actions: Mapping[str, ActionDefinition]
    channels: Mapping[str, ChannelDefinition]
    policy: PolicyDefinition = _NO_POLICY
    traits: TraitsDefinition = _NO_TRAITS
    segments: Mapping[str, SegmentDefinition] = field(default_factory=dict)
    partials: Mapping[str, str] = field(default_factory=dict)
    partners: Mapping[str, PartnerDefinition] = field(default_factory=dict)
    suppressed: Mapping[str, str] = field(default_factory=dict)
    placements: Mapping[str, PlacementDefinition] = field(default_factory=dict)

    def part(self, journey: str) -> Pack:
        """One journey with the actions that it uses, their channels and partials: all that its version depends on."""
        definition = self.journeys[journey]
        used = {name for _, name in actions_of(definition)}
        return self._of({journey: definition}, used)

    def unused(self) -> Pack:
        """The actions that no journey uses, with all that they depend on."""
        used = {name for journey in self.journeys.values() for _, name in actions_of(journey)}
        return self._of({}, self.actions.keys() - used)

    def _of(self, journeys: Mapping[str, JourneyDefinition], used: Iterable[str]) -> Pack:
        actions = {name: self.actions[name] for name in sorted(used)}
        by_channel = [found for action in actions.values() for found in action.by_channel.items()]
        channels = {name: without_limits(self.channels[name]) for name, _ in by_channel}
        said = [_texts(treatment) for _, treatment in by_channel]
        return Pack(journeys, actions, channels, partials=used_in(said, self.partials))

    def to_json(self) -> bytes:
        """Canonical JSON: the same definitions give the same bytes. What is a default is left out."""
        definition = _PackDefinition(
            journeys=tuple(self.journeys[name] for name in sorted(self.journeys)),
            actions=tuple(self.actions[name] for name in sorted(self.actions)),
            channels=dict(self.channels),
            policy=self.policy,
            traits=self.traits,
            segments=dict(self.segments),
            partials=dict(self.partials),
            partners=dict(self.partners),
            suppressed=dict(self.suppressed),
            placements=dict(self.placements),
        )
        plain = definition.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Pack:
        """The pack of ``to_json``.

        Raises:
            DefinitionError: if the bytes are not of ``to_json``, or name an action or channel that is not in them.
        """
        try:
            definition = _PackDefinition.model_validate(orjson.loads(data), by_alias=True, by_name=False)
        except orjson.JSONDecodeError as error:
            raise DefinitionError([Problem(_PLACE, 0, f"is no JSON: {error}")]) from None
        except ValidationError as error:
            problems = [f"{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors()]
            raise DefinitionError([Problem(_PLACE, 0, problem) for problem in problems]) from None
        pack = cls(
            {journey.journey: journey for journey in definition.journeys},
            {action.action: action for action in definition.actions},
            definition.channels,
            definition.policy,
            definition.traits,
            definition.segments,
            definition.partials,
            definition.partners,
            definition.suppressed,
            definition.placements,
        )
        problems = pack._loose_ends()
        if problems:
            raise DefinitionError([Problem(_PLACE, 0, problem) for problem in problems])
        return pack

    def _loose_ends(self) -> list[str]:
        return (
            [
                f"journey '{journey.journey}' uses action '{name}', which is not there"
                for journey in self.journeys.values()
                for _, name in actions_of(journey)
                if name not in self.actions
            ]
            + [
                f"journey '{journey.journey}' joins journey '{step.join}', which is not there"
                for journey in self.journeys.values()
                for _, step in walk(journey.steps, ())
                if step.join is not None and step.join not in self.journeys
            ]
            + [
                f"action '{action.action}' uses channel '{channel}', which is not there"
                for action in self.actions.values()
                for channel in action.by_channel
                if channel not in self.channels
            ]
        )


def _texts(treatment: TreatmentDefinition) -> list[Any]:
    fallback = treatment.fallback
    instead = [] if fallback is None else [fallback.content, fallback.locales]
    return [treatment.content, treatment.locales, *instead]
