"""From a written action to what the engine runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from orchestrator.content.action import compile_action as compile_content
from orchestrator.content.own import Own
from orchestrator.content.survey import Survey
from orchestrator.engine.action import Action, Link, Rule, Weight
from orchestrator.engine.condition import Condition
from orchestrator.engine.treatment import Channel, Consent, Treatment
from orchestrator.errors import ContentError
from orchestrator.journeys.action import ActionDefinition, RuleDefinition, TreatmentDefinition
from orchestrator.journeys.blocks import compile_blocks
from orchestrator.journeys.capacities import queue_of
from orchestrator.journeys.channel_policy import within_ms
from orchestrator.journeys.definition import ChannelDefinition
from orchestrator.journeys.entries import read_written
from orchestrator.journeys.expressions import expression
from orchestrator.journeys.pack import Pack

PURPOSE: Final = "marketing"
PRIORITY: Final = 50
"""Those of an action that names none and that no journey uses."""


def compile_action(action: ActionDefinition, pack: Pack, purpose: str = PURPOSE, priority: int = PRIORITY) -> Action:
    """An action with what it says on each channel; purpose and priority are for one that names none itself.

    Raises:
        CelError: if an expression does not compile.
        ContentError: if a content does not.
    """
    made = Action(
        name=action.action,
        treatments=(),
        purpose=action.purpose or purpose,
        priority=priority if action.priority is None else action.priority,
        expires_ms=action.expires,
        goal=action.goal,
        group=action.group,
        kind=action.kind,
        propensity=None if action.propensity is None else amount(action.propensity),
        value=amount(action.value),
        cost=amount(action.cost),
        lever=factor(action.lever),
        weights=tuple(Weight(each.name, expression(each.if_), factor(each.weight)) for each in action.weights),
        starts=read_written(action.from_) if action.from_ is not None else None,
        ends=read_written(action.until, end=True) if action.until is not None else None,
        eligibility=_rules(action.eligibility),
        applicability=_rules(action.applicability),
        suitability=_rules(action.suitability),
        chain=tuple(Link(link.channel, link.until == "clicked", link.within or 0) for link in action.chain or ()),
        together=action.together,
        send_within_ms=within_ms(action.send_time),
        blocks=compile_blocks(action.editable),
    )
    asked = action.survey
    survey = Survey(asked.name, asked.kind, asked.question) if asked is not None else None
    own = Own(action.action, made.blocks, survey)
    treatments = tuple(_treatment(made, said, name, pack, own) for name, said in action.by_channel.items())
    return replace(made, treatments=treatments)


def amount(written: float | str) -> float | Condition:
    """A number, or the expression that gives one. Raises CelError."""
    return expression(written) if isinstance(written, str) else written


def factor(percent: float) -> float:
    """What to multiply with: 55 percent more are 1.55 times as much."""
    return 1 + percent / 100


def compile_channel(name: str, definition: ChannelDefinition) -> Channel:
    """A channel as the engine knows it."""
    return Channel(name, definition.address, Consent(definition.consent))


def _rules(written: Iterable[str | RuleDefinition]) -> tuple[Rule, ...]:
    return tuple(
        Rule(rule, expression(rule)) if isinstance(rule, str) else Rule(rule.name, expression(rule.if_))
        for rule in written
    )


def _treatment(action: Action, said: TreatmentDefinition, channel: str, pack: Pack, own: Own) -> Treatment:
    definition = pack.channels[channel]
    try:
        content = compile_content(said, definition, pack.partials, own)
    except ContentError as error:
        raise ContentError(f"action '{action.name}': {error}") from error
    return Treatment(
        name=action.name,
        channel=compile_channel(channel, definition),
        purpose=action.purpose,
        priority=action.priority,
        expires_ms=action.expires_ms,
        content=content,
        goal=action.goal,
        group=action.group,
        kind=action.kind,
        queue=queue_of(said),
        cost=action.cost if said.cost is None else amount(said.cost),
        costs_itself=said.cost is not None,
    )
