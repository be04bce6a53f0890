"""A project's definitions against those in force: what would change, and whether it may."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from aiokafka.errors import KafkaError

from orchestrator.errors import InfrastructureError, PlanRefused
from orchestrator.journeys.applied import AppliedLimits, pack_digest
from orchestrator.journeys.catalogue import Catalogue
from orchestrator.journeys.compile import compile_env, versions_of
from orchestrator.journeys.pack import Pack
from orchestrator.journeys.plan import Plan, Unmapped, asks_to_move, make_plan, misnamed
from orchestrator.settings import Settings
from orchestrator.streams.definitions import limits_in
from orchestrator.streams.standing import Standing, standing


def differs(catalogue: Catalogue, pack: Pack, limits: AppliedLimits) -> bool:
    """Whether something else is in force."""
    current = catalogue.current
    return current is None or current.limits != limits or current.pack != pack_digest(pack.to_json())


def is_new(catalogue: Catalogue, pack: Pack, limits: AppliedLimits) -> bool:
    """Whether something else is in force, and these definitions were not replaced by it."""
    current, digest = catalogue.current, pack_digest(pack.to_json())
    replaced = current is not None and current.pack != digest and any(old.pack == digest for old in catalogue.history)
    return not replaced and differs(catalogue, pack, limits)


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and the customers as they were counted for it."""

    plan: Plan
    standing: Standing


async def plan_of(
    client_options: Mapping[str, Any],
    settings: Settings,
    catalogue: Catalogue,
    pack: Pack,
    *,
    count: bool = True,
    unmapped: Unmapped = "refuse",
) -> Planned:
    """What would change; without ``count`` customers are counted only if the plan might be refused because of them.

    Raises:
        InfrastructureError: customers cannot be counted.
    """
    current = catalogue.current
    old = catalogue.pack(current) if current is not None else None
    old_versions, new_versions = current.versions if current is not None else {}, versions_of(pack)
    found = Standing()
    if count or (unmapped == "refuse" and asks_to_move(pack, old_versions, new_versions)):
        env = compile_env(pack, **limits_in(settings).model_dump()) if count and pack.segments else None
        try:
            found = await standing(client_options, settings, env)
        except KafkaError as error:
            raise InfrastructureError(f"customers cannot be counted: {error}") from error
    plan = make_plan(old, pack, old_versions, new_versions, found.places, unmapped)
    return Planned(replace(plan, warnings=tuple(odd(catalogue, pack))), found)


def odd(catalogue: Catalogue, pack: Pack) -> Iterator[str]:
    """What of the definitions is most likely a mistake, in sentences."""
    current = catalogue.current
    if current is None:
        return
    yield from misnamed(pack, current.versions, versions_of(pack), catalogue.steps)
    if pack.journeys and current.versions and not pack.journeys.keys() & current.versions.keys():
        yield (
            "all journeys in force would go, and only others come: is this the right project? project_name in "
            "orchestrator.toml keeps projects apart"
        )


def other_project(catalogue: Catalogue, settings: Settings) -> str | None:
    """Why these settings are not those of the project whose definitions are in force; None if they may be."""
    current = catalogue.current
    if current is None or not current.project or current.project == settings.project_name:
        return None
    ours = f"is '{settings.project_name}'" if settings.project_name else "has no project_name"
    return (
        f"the definitions in force are those of the project '{current.project}', and this one {ours}: "
        "to put its own in their place, say 'orchestrator apply --take-over'"
    )


def refuse(plan: Plan) -> None:
    """Raises PlanRefused if the plan may not be applied."""
    if plan.refusals:
        raise PlanRefused("\n".join(plan.refusals))
