"""From definitions to what the engine runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from orchestrator.content.templates import compile_content
from orchestrator.engine.condition import Condition
from orchestrator.engine.entry import Entry, Reentry
from orchestrator.engine.journey import (
    Act,
    Branch,
    Channel,
    Consent,
    End,
    Env,
    Exit,
    Journey,
    Quiet,
    Step,
    Treatment,
    Wait,
    WaitForAbsence,
    WaitForEvent,
)
from orchestrator.engine.policy import DEFAULT_POLICY, Policy
from orchestrator.errors import ContentError, DefinitionError, Problem
from orchestrator.journeys.adaption import adaption_of
from orchestrator.journeys.audience import compile_audience
from orchestrator.journeys.cel import CelError, Expression, compile_expression
from orchestrator.journeys.definition import (
    AbsenceDefinition,
    ActionDefinition,
    ChannelDefinition,
    JourneyDefinition,
    StepDefinition,
    WaitForEventDefinition,
)
from orchestrator.journeys.entries import EntryDefinition
from orchestrator.journeys.model import ANY_EVENT
from orchestrator.journeys.outline import outline
from orchestrator.journeys.pack import Pack
from orchestrator.journeys.policy import PolicyDefinition
from orchestrator.journeys.source import Location

ENTRY_VARIABLES: Final = frozenset(("event", "customer"))
"""What conditions of an entry see: there is no stay in the journey yet."""

ALL_VARIABLES: Final = frozenset(("event", "customer", "journey"))
_VERSION_LENGTH: Final = 12
_NONE_PINNED: Final[Mapping[tuple[str, str], Journey]] = MappingProxyType({})


def journey_version(pack: Pack, name: str) -> str:
    """12 hex digits of the journey, the actions that it uses and their channels."""
    return _digest(pack.part(name).to_json())


def compile_journey(pack: Pack, name: str) -> Journey:
    """One version of a journey, ready to run.

    Raises:
        DefinitionError: if an expression or a content cannot be compiled; ``load`` finds the same, with its place.
    """
    definition = pack.journeys[name]
    try:
        table = _Table(pack, definition)
        first = table.add(definition.steps, ("steps",), None)
        return Journey(
            name=name,
            version=journey_version(pack, name),
            purpose=definition.purpose,
            priority=definition.priority,
            entry=_entry(definition.entry),
            exits=tuple(Exit(_events(way.on), _condition(way.if_)) for way in definition.exit),
            steps=table.in_order(),
            first=first,
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
) -> Env:
    """All that a step of the engine needs; ``pinned`` are older versions that customers may still stand in.

    The env's version is that of the pack's journeys, traits, segments and policy, and of the limits. What is pinned
    beside them does not count, so that a pack that is published again is the same version. A journey that is pinned in
    the version of the pack is taken from there: a change compiles no more than what changed.

    Raises:
        DefinitionError: as ``compile_journey``.
    """
    versions = {name: journey_version(pack, name) for name in pack.journeys}
    current = [pinned.get((name, version)) or compile_journey(pack, name) for name, version in versions.items()]
    every = {**pinned, **{(journey.name, journey.version): journey for journey in current}}
    limits = {"dedupe_count": dedupe_count, "dedupe_window_ms": dedupe_window_ms, "late_after_ms": late_after_ms}
    policy = _policy(pack.policy)
    identity: dict[str, Any] = {"current": versions, **limits}
    if policy != DEFAULT_POLICY:
        identity["policy"] = asdict(policy)
    audience = compile_audience(pack.traits, pack.segments)
    if audience.version:
        identity["audience"] = audience.version
    return Env(
        version=_digest(json.dumps(identity, sort_keys=True).encode()),
        pinned=every,
        entries=_entries(current),
        policy=policy,
        adaption=adaption_of(pack, current),
        audience=audience,
        **limits,
    )


@lru_cache(maxsize=8192)
def expression(source: str, variables: frozenset[str] = ALL_VARIABLES) -> Expression:
    """As ``compile_expression``; equal texts are compiled once.

    Raises:
        CelError: if the text is no expression.
    """
    return compile_expression(source, variables)


def _policy(definition: PolicyDefinition) -> Policy:
    percent = definition.holdout.percent if definition.holdout is not None else 0
    return Policy(definition.timezone, definition.locale, percent)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_VERSION_LENGTH]


def _entries(journeys: Iterable[Journey]) -> dict[str, tuple[Journey, ...]]:
    entries: dict[str, list[Journey]] = {}
    for journey in sorted(journeys, key=lambda journey: (-journey.priority, journey.name)):
        for event in sorted(journey.entry.events):
            entries.setdefault(event, []).append(journey)
    return {event: tuple(found) for event, found in sorted(entries.items())}


def _entry(definition: EntryDefinition) -> Entry:
    after_ms = definition.reentry_ms()
    reentry = Reentry.NEVER if after_ms is None else Reentry.AFTER_TIME if after_ms else Reentry.AFTER_EXIT
    return Entry(
        events=_events(definition.on),
        condition=_condition(definition.if_, ENTRY_VARIABLES),
        key=_condition(definition.key, ENTRY_VARIABLES),
        reentry=reentry,
        reentry_ms=after_ms or 0,
    )


def _events(names: Iterable[str]) -> frozenset[str]:
    events = frozenset(names)
    return frozenset((ANY_EVENT,)) if ANY_EVENT in events else events


def _condition(source: str | None, variables: frozenset[str] = ALL_VARIABLES) -> Condition | None:
    return None if source is None else expression(source, variables)


def _channel(name: str, definition: ChannelDefinition) -> Channel:
    return Channel(name, definition.address, Consent(definition.consent))


class _Table:
    """Flattens lists of steps: each step gets the id of the one after it, wherever that is."""

    def __init__(self, pack: Pack, journey: JourneyDefinition) -> None:
        self._pack = pack
        self._journey = journey
        self._ids = {placed.location: placed.id for placed in outline(journey)}
        self._steps: dict[str, Step] = {}
        self._treatments: dict[str, Treatment] = {}

    def add(self, steps: tuple[StepDefinition, ...], at: Location, after: str | None) -> str | None:
        """Adds a list of steps that goes on to ``after``; returns the id of its first step, or ``after``."""
        for number in reversed(range(len(steps))):
            location = (*at, number)
            step = self._step(steps[number], location, self._ids[location], after)
            self._steps[step.id] = step
            after = step.id
        return after

    def in_order(self) -> dict[str, Step]:
        """The table in the order of the file."""
        return {id_: self._steps[id_] for id_ in self._ids.values()}

    def _step(self, step: StepDefinition, at: Location, id_: str, after: str | None) -> Step:
        if step.wait is not None:
            return self._wait(step.wait, (*at, "wait"), id_, after)
        if step.branch is not None:
            arms = [
                (_condition(arm.if_), self.add(arm.steps, (*at, "branch", number, "steps"), after))
                for number, arm in enumerate(step.branch)
            ]
            return Branch(id_, after, tuple(arms))
        if step.act is not None:
            return Act(id_, after, self._treatment(step.act), step.delay, _condition(step.if_))
        if step.quiet is not None:
            return Quiet(id_, after, step.quiet.purpose, step.quiet.for_)
        return End(id_)

    def _wait(
        self, wait: int | WaitForEventDefinition | AbsenceDefinition, at: Location, id_: str, after: str | None
    ) -> Step:
        if isinstance(wait, int):
            return Wait(id_, after, wait)
        if isinstance(wait, AbsenceDefinition):
            return WaitForAbsence(id_, after, wait.absence)
        return WaitForEvent(
            id=id_,
            next=self.add(wait.received, (*at, "received"), after),
            timed_out=self.add(wait.timed_out, (*at, "timed_out"), after),
            events=_events(wait.event),
            condition=_condition(wait.if_),
            timeout_ms=wait.timeout,
        )

    def _treatment(self, name: str) -> Treatment:
        if name not in self._treatments:
            self._treatments[name] = _treatment(self._pack.actions[name], self._pack, self._journey)
        return self._treatments[name]


def _treatment(action: ActionDefinition, pack: Pack, journey: JourneyDefinition) -> Treatment:
    channel = pack.channels[action.channel]
    try:
        content = compile_content(action.content, channel)
    except ContentError as error:
        raise ContentError(f"action '{action.action}': {error}") from error
    return Treatment(
        name=action.action,
        channel=_channel(action.channel, channel),
        purpose=action.purpose or journey.purpose,
        priority=journey.priority if action.priority is None else action.priority,
        expires_ms=action.expires,
        content=content,
    )
