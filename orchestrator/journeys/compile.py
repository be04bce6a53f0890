"""From definitions to what the engine runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from orchestrator.cel.expression import CelError
from orchestrator.engine.action import Action
from orchestrator.engine.contact_policy import NO_CONTACT_POLICY
from orchestrator.engine.journey import Env, Exit, Goal, Journey
from orchestrator.engine.occasions import occasions_of
from orchestrator.engine.policy import DEFAULT_POLICY
from orchestrator.errors import ContentError, DefinitionError, Problem
from orchestrator.journeys import migrations
from orchestrator.journeys.adaption import adaption_of
from orchestrator.journeys.applied import Applied
from orchestrator.journeys.attribution import compile_attribution
from orchestrator.journeys.audience import compile_audience
from orchestrator.journeys.capacities import capacities_of, limits_of
from orchestrator.journeys.channel_policy import fixed_channels
from orchestrator.journeys.contact_policy import compile_pauses
from orchestrator.journeys.definition import GoalDefinition
from orchestrator.journeys.entry import compile_entry
from orchestrator.journeys.expressions import condition, events
from orchestrator.journeys.pack import Pack
from orchestrator.journeys.partners import compile_partners
from orchestrator.journeys.placements import compile_placements
from orchestrator.journeys.policy import compile_policy
from orchestrator.journeys.table import Table
from orchestrator.journeys.treatments import compile_action

_VERSION_LENGTH: Final = 12
_NONE_PINNED: Final[Mapping[tuple[str, str], Journey]] = MappingProxyType({})


def journey_version(pack: Pack, name: str) -> str:
    """12 hex digits of the journey, the actions that it uses and their channels."""
    return _digest(pack.part(name).to_json())


def versions_of(pack: Pack) -> dict[str, str]:
    """The version of each journey, by name."""
    return {name: journey_version(pack, name) for name in sorted(pack.journeys)}


def compile_journey(pack: Pack, name: str, version: str | None = None) -> Journey:
    """One version of a journey, ready to run; ``version`` is what it was known by when it was applied.

    Raises:
        DefinitionError: if an expression or a content cannot be compiled; ``load`` finds the same, with its place.
    """
    definition = pack.journeys[name]
    try:
        table = Table(pack, definition)
        first = table.add(definition.steps, ("steps",), None)
        return Journey(
            name=name,
            version=version or journey_version(pack, name),
            purpose=definition.purpose,
            priority=definition.priority,
            entry=compile_entry(definition),
            exits=tuple(Exit(events(way.on), condition(way.if_)) for way in definition.exit),
            steps=table.in_order(),
            first=first,
            goals=tuple(_goal(goal, number) for number, goal in enumerate(definition.goal, 1)),
            holdout=definition.holdout,
            migrate=migrations.compiled(definition.migrate),
        )
    except (CelError, ContentError) as error:
        raise DefinitionError([Problem(Path("definitions"), 0, f"journey '{name}': {error}")]) from error


def compile_env(
    pack: Pack,
    *,
    dedupe_count: int,
    dedupe_window_ms: int,
    late_after_ms: int,
    pinned: Mapping[tuple[str, str], Journey] = _NONE_PINNED,
    applied: Applied | None = None,
    survey_key: bytes = b"",
) -> Env:
    """All that a step of the engine needs; ``pinned`` are older versions that customers may still stand in.

    The env's version is that of the pack's journeys, actions, traits, segments and policy, and of the limits. What is
    pinned beside them does not count, so that a pack that is published again is the same version. A journey that is
    pinned in the version of the pack is taken from there: a change compiles no more than what changed. What was
    applied has a version already, and so have its journeys. ``survey_key`` is what the links of surveys are signed by,
    and no part of any version.

    Raises:
        DefinitionError: as ``compile_journey``.
    """
    states = applied.states if applied is not None else {}
    ends_unmapped = applied is not None and applied.end_unmapped
    versions = applied.versions if applied is not None else versions_of(pack)
    current = [
        pinned.get((name, version)) or compile_journey(pack, name, version) for name, version in versions.items()
    ]
    every = {**pinned, **{(journey.name, journey.version): journey for journey in current}}
    limits = {"dedupe_count": dedupe_count, "dedupe_window_ms": dedupe_window_ms, "late_after_ms": late_after_ms}
    policy = compile_policy(pack.policy, pack.suppressed)
    identity: dict[str, Any] = {"current": versions, **limits}
    if policy != DEFAULT_POLICY:
        plain = asdict(replace(policy, contact=NO_CONTACT_POLICY))
        identity["policy"] = {name: part for name, part in plain.items() if part is not None and name != "contact"}
    if pack.policy.attribution is not None:
        identity["attribution"] = pack.policy.attribution.model_dump(mode="json")
    if pack.policy.contact is not None:
        identity["contact"] = pack.policy.contact.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        identity["suppressed"] = dict(pack.suppressed)
    commanded = applied.pauses if applied is not None else ()
    pauses = (*policy.contact.pauses, *compile_pauses(commanded, pack.policy.contact))
    open_ = [journey for journey in current if journey.name not in states]
    occasions = occasions_of(open_, policy.timezone)
    audience = compile_audience(pack.traits, pack.segments)
    if audience.version:
        identity["audience"] = audience.version
    limits_of_channels = limits_of(pack.channels)
    if limits_of_channels:
        identity["capacities"] = limits_of_channels
    partners = compile_partners(pack.partners)
    if partners:
        identity["partners"] = {
            name: [sorted(one.journeys), sorted(one.actions), one.daily_limit, sorted(one.keys)]
            for name, one in partners.items()
        }
    actions = _actions(pack)
    placements = compile_placements(pack.placements, pack.actions, actions, fixed_channels(pack.policy.channel))
    if pack.placements:
        identity["placements"] = {
            name: placement.model_dump(mode="json", by_alias=True) for name, placement in pack.placements.items()
        }
    unused = pack.unused()
    if unused.actions:
        identity["actions"] = _digest(unused.to_json())
    return Env(
        version=applied.version if applied is not None else _digest(json.dumps(identity, sort_keys=True).encode()),
        pinned=every,
        entries=_entries(open_),
        occasions=occasions,
        current={journey.name: journey for journey in current},
        policy=replace(policy, survey_key=survey_key) if survey_key else policy,
        partners=partners,
        attribution=compile_attribution(pack.policy.attribution),
        adaption=adaption_of(pack, current, states, occasions, pauses, ends_unmapped=ends_unmapped),
        ends_unmapped=ends_unmapped,
        closed=frozenset(states),
        paused=frozenset(name for name, state in states.items() if state == "paused"),
        ended=frozenset(name for name, state in states.items() if state == "ended"),
        pauses=pauses,
        audience=audience,
        actions=actions,
        placements=placements,
        channels=frozenset(pack.channels),
        capacities=capacities_of(pack.channels, policy.timezone),
        tells_all=False,
        **limits,
    )


def _actions(pack: Pack) -> dict[str, Action]:
    try:
        return {name: compile_action(pack.actions[name], pack) for name in sorted(pack.actions)}
    except (CelError, ContentError) as error:
        raise DefinitionError([Problem(Path("definitions"), 0, str(error))]) from error


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_VERSION_LENGTH]


def _entries(journeys: Iterable[Journey]) -> dict[str, tuple[Journey, ...]]:
    entries: dict[str, list[Journey]] = {}
    for journey in sorted(journeys, key=lambda journey: (-journey.priority, journey.name)):
        for event in sorted(journey.entry.events):
            entries.setdefault(event, []).append(journey)
    return {event: tuple(found) for event, found in sorted(entries.items())}


def _goal(goal: GoalDefinition, number: int) -> Goal:
    return Goal(
        name=goal.name or f"goal-{number}",
        events=events(goal.on),
        condition=condition(goal.if_),
        within_ms=goal.within,
        value=condition(goal.value),
    )
