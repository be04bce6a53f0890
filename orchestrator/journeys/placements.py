"""placements.yaml as people write it: places where the best of many actions stand, without a journey."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, Field, Tag

from orchestrator.cel.expression import CelError
from orchestrator.engine.action import Action
from orchestrator.engine.placement import Candidate, Placement
from orchestrator.journeys.action import ActionDefinition, GoalName
from orchestrator.journeys.expressions import ENTRY_VARIABLES, condition, events, expression
from orchestrator.journeys.finding import Finding
from orchestrator.journeys.model import ANY_EVENT, Cel, EventNames, Model, Name, listed, one_or_more
from orchestrator.journeys.steps import ActionNames, Places
from orchestrator.nearest import hint

Goals = Annotated[tuple[GoalName, ...], BeforeValidator(listed), one_or_more({"type": "string"})]
Groups = Annotated[tuple[Name, ...], BeforeValidator(listed), one_or_more({"type": "string"})]


class SelectionDefinition(Model):
    """Actions by what they are for and what they belong to; what names both asks for both."""

    goal: Goals = Field((), description="one goal or a list of them: actions of any of these")
    group: Groups = Field((), description="one group or a list of them: actions of any of these")

    def takes(self, action: ActionDefinition) -> bool:
        """Whether an action is one of them."""
        return (not self.goal or action.goal in self.goal) and (not self.group or action.group in self.group)


def _form(value: Any) -> str:
    return "SelectionDefinition" if isinstance(value, Mapping | Model) else "actions"


Selection = Annotated[
    Annotated[ActionNames, Tag("actions")] | Annotated[SelectionDefinition, Tag("SelectionDefinition")],
    Discriminator(_form),
]


class PlacementDefinition(Model):
    """Where the best of many actions stand: on which channel, how many, and when that is decided anew."""

    description: str = Field("", description="where it is, in a sentence")
    channel: Name = Field(description="the channel that it is on")
    places: Places = Field(1, description="how many actions stand there at a time")
    per_group: Places | None = Field(None, description="at most so many of one group, so that there is a choice")
    actions: Selection = Field(
        SelectionDefinition(),
        description="names of actions, or {goal, group}; without it all that say something on the channel",
    )
    on: EventNames | None = Field(
        None, description="the events at which it is decided anew; without them, whenever somebody asks"
    )
    if_: Cel | None = Field(None, alias="if", description="decides only if this holds, over event and customer")

    def names(self, actions: Mapping[str, ActionDefinition], fixed: Mapping[str, str]) -> list[str]:
        """The names of the actions that may stand there, in order; ``fixed`` is by kind the channel that it takes."""
        if isinstance(self.actions, SelectionDefinition):
            found = [name for name, action in actions.items() if self.actions.takes(action)]
        else:
            found = [name for name in self.actions if name in actions]
        return sorted(name for name in found if self.takes(actions[name], fixed))

    def takes(self, action: ActionDefinition, fixed: Mapping[str, str]) -> bool:
        """Whether an action says something on the channel, and its kind does not go by another one."""
        return self.channel in action.by_channel and fixed.get(action.kind or "", self.channel) == self.channel


class PlacementsDefinition(Model):
    """placements.yaml: where actions stand without a journey."""

    placements: dict[Name, PlacementDefinition]


def check_placements(
    placements: Mapping[str, PlacementDefinition],
    actions: Mapping[str, ActionDefinition],
    names: Collection[str],
    channels: Collection[str],
    fixed: Mapping[str, str],
) -> Iterator[Finding]:
    """What is wrong with placements; ``names`` are all actions, ``actions`` those that are right themselves."""
    for name, placement in placements.items():
        at = ("placements", name)
        if placement.channel not in channels:
            yield Finding(
                (*at, "channel"), f"the channel '{placement.channel}' is unknown: {hint(placement.channel, channels)}"
            )
        elif actions and not placement.names(actions, fixed):
            other = ", or its kind goes by another channel" if fixed else ""
            message = f"nothing can stand here: none of these actions says something on {placement.channel}{other}"
            yield Finding((*at, "actions"), message)
        if placement.on is not None and ANY_EVENT in placement.on and len(placement.on) > 1:
            yield Finding((*at, "on"), "'*' is any event: name it alone, or name the others only")
        if not isinstance(placement.actions, SelectionDefinition):
            for number, action in enumerate(placement.actions):
                if action not in names:
                    message = f"the action '{action}' is unknown: {hint(action, names)}"
                    yield Finding((*at, "actions", number), message)
        if placement.if_ is not None:
            try:
                expression(placement.if_, ENTRY_VARIABLES)
            except CelError as error:
                yield Finding((*at, "if"), f"'if' is no condition: {error}", error.line, error.column)


def compile_placements(
    placements: Mapping[str, PlacementDefinition],
    definitions: Mapping[str, ActionDefinition],
    actions: Mapping[str, Action],
    fixed: Mapping[str, str],
) -> dict[str, Placement]:
    """What the engine goes by. Raises CelError."""
    return {
        name: Placement(
            name=name,
            channel=placement.channel,
            candidates=tuple(
                Candidate(actions[action], actions[action].on(placement.channel))
                for action in placement.names(definitions, fixed)
            ),
            places=placement.places,
            per_group=placement.per_group,
            events=events(placement.on or ()),
            condition=condition(placement.if_, ENTRY_VARIABLES),
        )
        for name, placement in sorted(placements.items())
    }
