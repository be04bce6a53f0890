"""A project's definitions against those in force: what would change, and whether it may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka.errors import KafkaError

from orchestrator.errors import InfrastructureError, PlanRefused
from orchestrator.journeys.applied import AppliedLimits, pack_digest
from orchestrator.journeys.catalogue import Catalogue
from orchestrator.journeys.compile import compile_env, versions_of
from orchestrator.journeys.pack import Pack
from orchestrator.journeys.plan import Plan, asks_to_move, make_plan
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
    client_options: Mapping[str, Any], settings: Settings, catalogue: Catalogue, pack: Pack, *, count: bool = True
) -> Planned:
    """What would change; without ``count`` customers are counted only if the plan might be refused because of them.

    Raises:
        InfrastructureError: customers cannot be counted.
    """
    current = catalogue.current
    old = catalogue.pack(current) if current is not None else None
    old_versions, new_versions = current.versions if current is not None else {}, versions_of(pack)
    found = Standing()
    if count or asks_to_move(pack, old_versions, new_versions):
        env = compile_env(pack, **limits_in(settings).model_dump()) if count and pack.segments else None
        try:
            found = await standing(client_options, settings, env)
        except KafkaError as error:
            raise InfrastructureError(f"customers cannot be counted: {error}") from error
    return Planned(make_plan(old, pack, old_versions, new_versions, found.places), found)


def refuse(plan: Plan) -> None:
    """Raises PlanRefused if the plan may not be applied."""
    if plan.refusals:
        raise PlanRefused("\n".join(plan.refusals))
