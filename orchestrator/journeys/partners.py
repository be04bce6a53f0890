"""partners.yaml as people write it: who may put customers into which journeys, and write into what they say."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field, StrictInt

from orchestrator.engine.partners import Partner
from orchestrator.journeys.definition import JourneyDefinition
from orchestrator.journeys.finding import Finding
from orchestrator.journeys.model import Model, Name, listed, one_or_more
from orchestrator.nearest import hint

_NAME = {"type": "string"}
Names = Annotated[tuple[Name, ...], BeforeValidator(listed), one_or_more(_NAME)]


class PartnerDefinition(Model):
    """Whoever puts customers into journeys: a dealer, an agency, or a team of the house such as sales."""

    description: str = ""
    journeys: Annotated[Names, Field(min_length=1)] = Field(
        description="the journeys that they may enter customers into; the entries of these have 'api: true'"
    )
    actions: Names = Field((), description="the actions whose blocks they may edit; without it, none")
    daily_limit: Annotated[StrictInt, Field(ge=1)] | None = Field(
        None, description="how many customers they may put in within any 24 hours, over all their journeys"
    )
    keys: Annotated[tuple[str, ...], BeforeValidator(listed), one_or_more(_NAME)] = Field(
        (), description="the names of the API keys that are theirs"
    )


class PartnersDefinition(Model):
    """partners.yaml."""

    partners: dict[Name, PartnerDefinition]


def compile_partners(partners: Mapping[str, PartnerDefinition]) -> dict[str, Partner]:
    """What the engine goes by."""
    return {
        name: Partner(
            name,
            frozenset(partner.journeys),
            frozenset(partner.actions),
            partner.daily_limit,
            frozenset(partner.keys),
        )
        for name, partner in sorted(partners.items())
    }


def check_partners(
    partners: Mapping[str, PartnerDefinition], journeys: Mapping[str, JourneyDefinition], actions: Collection[str]
) -> Iterator[Finding]:
    """What is wrong with the partners of a project."""
    keys: dict[str, str] = {}
    for name, partner in partners.items():
        for number, journey in enumerate(partner.journeys):
            at = ("partners", name, "journeys", number)
            if journey not in journeys:
                yield Finding(at, f"the journey '{journey}' is unknown: {hint(journey, journeys)}")
            elif not journeys[journey].entry.api:
                yield Finding(at, f"nobody can be put into the journey '{journey}': its entry has no 'api: true'")
        for number, action in enumerate(partner.actions):
            if action not in actions:
                at = ("partners", name, "actions", number)
                yield Finding(at, f"the action '{action}' is unknown: {hint(action, actions)}")
        for key in partner.keys:
            if key in keys:
                message = f"the key '{key}' is that of the partner '{keys[key]}' already"
                yield Finding(("partners", name, "keys"), message)
            keys[key] = name
