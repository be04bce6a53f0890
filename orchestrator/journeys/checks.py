"""What a definition must mean, beyond its form: that its names exist, its steps are reached, its texts compile."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from orchestrator.cel.expression import CelError
from orchestrator.content import action as content
from orchestrator.journeys.action import ActionDefinition, TreatmentDefinition
from orchestrator.journeys.capacities import check_queue
from orchestrator.journeys.definition import ChannelDefinition, JourneyDefinition
from orchestrator.journeys.entry_checks import check_entry
from orchestrator.journeys.expressions import ALL_VARIABLES, ENTRY_VARIABLES, expression
from orchestrator.journeys.finding import Finding
from orchestrator.journeys.marked import expressions
from orchestrator.journeys.migrations import END
from orchestrator.journeys.model import ANY_EVENT
from orchestrator.journeys.outline import outline, walk
from orchestrator.journeys.path_checks import check_paths
from orchestrator.journeys.source import Location
from orchestrator.journeys.step_checks import Named, check_steps
from orchestrator.journeys.steps import ArmDefinition, StepDefinition, WaitForDateDefinition, WaitForEventDefinition
from orchestrator.nearest import hint


def check_journey(journey: JourneyDefinition, named: Named) -> Iterator[Finding]:
    """What is wrong with a journey by itself."""
    steps = list(walk(journey.steps, ("steps",)))
    yield from check_entry(journey)
    yield from _check_events(journey, steps)
    yield from _check_ids(steps)
    yield from _check_migrations(journey)
    yield from _check_goals(journey)
    yield from check_steps(journey, named)
    yield from check_paths(journey)
    for location, step in steps:
        yield from _check_step(step, location)
        yield from _check_arms(step.branch or (), location)
    for location, source, variables in conditions(journey):
        yield from _check_condition(location, source, variables)


def check_action(
    action: ActionDefinition,
    channels: Mapping[str, ChannelDefinition],
    names: Collection[str],
    partials: Mapping[str, str],
) -> Iterator[Finding]:
    """What is wrong with an action; ``names`` are all channels, ``channels`` those that are right themselves."""
    if action.expires == 0:
        yield Finding(("expires",), "'expires' must be more than 0: it would be over before it is said")
    for name, said in action.by_channel.items():
        at = action.place_of(name)
        if name not in names:
            yield Finding(at or ("channel",), f"the channel '{name}' is unknown: {hint(name, names)}")
        yield from _check_treatment(said, at, channels.get(name), partials)
    for found in expressions(action):
        yield from _check_condition(found.location, found.source, ALL_VARIABLES)


def _check_treatment(
    said: TreatmentDefinition, at: Location, channel: ChannelDefinition | None, partials: Mapping[str, str]
) -> Iterator[Finding]:
    if channel is None:
        for problem in content.check_locales(said):
            yield Finding((*at, *problem.location), problem.message)
        return
    for problem in content.check_action(said, channel, partials):
        subject = f"'{problem.location[-1]}' " if problem.message.startswith(_PREDICATES) else ""
        location = (*at, *problem.location)
        yield Finding(location, f"{subject}{problem.message}", problem.line, partial=problem.partial)
    for found in check_queue(said, channel):
        yield Finding((*at, *found.location), found.message)


_PREDICATES: Final = ("must ", "has ", "is ", "takes ")


def _check_events(journey: JourneyDefinition, steps: list[tuple[Location, StepDefinition]]) -> Iterator[Finding]:
    places: list[tuple[Location, tuple[str, ...]]] = [(("entry", "on"), journey.entry.events)]
    places += [(("exit", number, "on"), way.on) for number, way in enumerate(journey.exit)]
    places += [(("goal", number, "on"), goal.on) for number, goal in enumerate(journey.goal)]
    places += [
        ((*location, "wait", "event"), step.wait.event)
        for location, step in steps
        if isinstance(step.wait, WaitForEventDefinition)
    ]
    for location, names in places:
        if ANY_EVENT in names and len(names) > 1:
            yield Finding(location, "'*' is any event: name it alone, or name the others only")
    for number, way in enumerate(journey.exit):
        if ANY_EVENT in way.on and ANY_EVENT in journey.entry.events and way.if_ is None:
            message = "every event enters this journey and every event ends it: give the exit an 'if'"
            yield Finding(("exit", number, "on"), message)
    yield from _check_received(journey, steps)


def _check_received(journey: JourneyDefinition, steps: list[tuple[Location, StepDefinition]]) -> Iterator[Finding]:
    ending = {name for way in journey.exit if way.if_ is None for name in way.on}
    ending |= {name for goal in journey.goal if goal.if_ is None and goal.within is None for name in goal.on}
    for location, step in steps:
        if not isinstance(step.wait, WaitForEventDefinition) or not step.wait.received:
            continue
        if ANY_EVENT in ending or ending.issuperset(step.wait.event):
            message = "'received' cannot be reached: the exit or goal on the same event ends the journey first"
            yield Finding((*location, "wait", "received"), message)


def _check_ids(steps: list[tuple[Location, StepDefinition]]) -> Iterator[Finding]:
    seen = set()
    for location, step in steps:
        if step.id is not None and step.id in seen:
            yield Finding((*location, "id"), f"another step has the id '{step.id}' already")
        seen.add(step.id)


def _check_goals(journey: JourneyDefinition) -> Iterator[Finding]:
    seen = set()
    for number, goal in enumerate(journey.goal):
        if goal.name is not None and goal.name in seen:
            yield Finding(("goal", number, "name"), f"another goal is named '{goal.name}' already")
        seen.add(goal.name)


def _check_migrations(journey: JourneyDefinition) -> Iterator[Finding]:
    ids = [placed.id for placed in outline(journey)]
    for old, new in (journey.migrate or {}).items():
        if new != END and new not in ids:
            message = f"this version has no step '{new}': {hint(new, [*ids, END])}"
            yield Finding(("migrate", old), message)


def _check_arms(arms: tuple[ArmDefinition, ...], at: Location) -> Iterator[Finding]:
    for number, arm in enumerate(arms[:-1]):
        if not arm.tests:
            message = "this arm cannot be reached: the one before it has no 'if', so it takes all others"
            yield Finding((*at, "branch", number + 1), message)


def _check_step(step: StepDefinition, location: Location) -> Iterator[Finding]:
    if step.act is None:
        if "delay" in step.model_fields_set:
            yield Finding((*location, "delay"), "'delay' belongs to act: to hold the journey, add a wait step")
        if step.send_time is not None:
            yield Finding((*location, "send_time"), "'send_time' belongs to act: only messages have a time to be sent")
        if "if_" in step.model_fields_set:
            remedy = _IF_BELONGS.get(step.kind, "put the step into an arm of a branch")
            yield Finding((*location, "if"), f"'if' does not belong to {step.kind}: {remedy}")


_IF_BELONGS: Final = {
    "wait": "for an event write it within wait, beside 'event'",
    "branch": "write it in the arms",
}
_Condition = tuple[Location, str | None, frozenset[str]]


def conditions(journey: JourneyDefinition) -> Iterator[_Condition]:
    """The places of all conditions of a journey, their texts, and the variables that they may use."""
    yield ("entry", "if"), journey.entry.if_, ENTRY_VARIABLES
    yield ("entry", "key"), journey.entry.key, ENTRY_VARIABLES
    for number, way in enumerate(journey.exit):
        yield ("exit", number, "if"), way.if_, ALL_VARIABLES
    for number, goal in enumerate(journey.goal):
        yield ("goal", number, "if"), goal.if_, ALL_VARIABLES
        yield ("goal", number, "value"), goal.value, ALL_VARIABLES
    for location, step in walk(journey.steps, ("steps",)):
        yield (*location, "if"), step.if_, ALL_VARIABLES
        if isinstance(step.wait, WaitForEventDefinition):
            yield (*location, "wait", "if"), step.wait.if_, ALL_VARIABLES
        if isinstance(step.wait, WaitForDateDefinition):
            yield (*location, "wait", "date"), step.wait.date, ALL_VARIABLES
        if step.update is not None:
            for name, value in step.update.traits.items():
                yield (*location, "update", "traits", name), value, ALL_VARIABLES
        for number, arm in enumerate(step.branch or ()):
            yield (*location, "branch", number, "if"), arm.if_, ALL_VARIABLES


def _check_condition(location: Location, source: str | None, variables: frozenset[str]) -> Iterator[Finding]:
    if source is None:
        return
    try:
        expression(source, variables)
    except CelError as error:
        named = next(part for part in reversed(location) if isinstance(part, str))
        yield Finding(location, f"'{named}' is no condition: {error}", error.line, error.column)
