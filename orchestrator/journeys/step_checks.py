"""What the kinds of steps must mean, beyond their form: that what they name exists, and that experiments add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from orchestrator.engine.contact_policy import ALWAYS_PASSES
from orchestrator.journeys.definition import JourneyDefinition
from orchestrator.journeys.finding import Finding
from orchestrator.journeys.outline import PlacedStep, actions_of, outline
from orchestrator.journeys.source import Location
from orchestrator.journeys.steps import ExperimentArmDefinition, SplitDefinition, WaitForOpenedDefinition
from orchestrator.nearest import hint

_EXACT = 6
"""Digits after the point that the sum of weights is compared in."""


@dataclass(frozen=True, slots=True)
class Named:
    """The names that a journey may use; None where they are not known, or any is right."""

    actions: Collection[str] | None
    journeys: Collection[str] | None
    segments: Collection[str] | None
    traits: Collection[str] | None
    placements: Collection[str] | None = None
    purposes: Collection[str] | None = None


def check_steps(journey: JourneyDefinition, named: Named) -> Iterator[Finding]:
    """What is wrong with a journey's steps, each by itself."""
    steps = outline(journey)
    yield from _check_names(journey, steps, named)
    yield from _check_targets(steps)
    for placed in steps:
        if placed.step.split is not None:
            yield from _check_split(placed.step.split, (*placed.location, "split", "arms"))


def check_experiments(journeys: Mapping[str, JourneyDefinition]) -> Iterator[tuple[str, Finding]]:
    """Experiments of one name with different arms; with the name of the journey of each finding."""
    first: dict[str, tuple[str, str, dict[str, tuple[float, bool]]]] = {}
    for name, journey in journeys.items():
        for placed in outline(journey):
            split = placed.step.split
            if split is None:
                continue
            arms = {arm.arm: (arm.weight, arm.control) for arm in split.arms}
            other, step, others = first.setdefault(split.experiment, (name, placed.id, arms))
            if arms != others:
                where = f"step '{step}'" if other == name else f"step '{step}' of journey '{other}'"
                message = f"the experiment '{split.experiment}' has other arms in {where}: give it another name"
                yield name, Finding((*placed.location, "split", "experiment"), message)


def _check_names(journey: JourneyDefinition, steps: tuple[PlacedStep, ...], named: Named) -> Iterator[Finding]:
    for location, name in actions_of(journey):
        if named.actions is not None and name not in named.actions:
            yield Finding(location, f"the action '{name}' is unknown: {hint(name, named.actions)}")
    for placed in steps:
        yield from _check_join(journey, placed, named.journeys)
        yield from _check_traits(placed, named.traits)
        yield from _check_offer(placed, named.placements)
        yield from _check_quiet(placed, named.purposes)
        for number, arm in enumerate(placed.step.branch or ()):
            if arm.segment is not None and named.segments is not None and arm.segment not in named.segments:
                message = f"the segment '{arm.segment}' is not in segments.yaml: {hint(arm.segment, named.segments)}"
                yield Finding((*placed.location, "branch", number, "segment"), message)


def _check_offer(placed: PlacedStep, placements: Collection[str] | None) -> Iterator[Finding]:
    wanted = placed.step.offer
    if isinstance(wanted, str) and placements is not None and wanted not in placements:
        remedy = hint(wanted, placements) if placements else "name one in placements.yaml, or write {actions: [...]}"
        yield Finding((*placed.location, "offer"), f"the placement '{wanted}' is unknown: {remedy}")


def _check_quiet(placed: PlacedStep, purposes: Collection[str] | None) -> Iterator[Finding]:
    quiet, location = placed.step.quiet, (*placed.location, "quiet")
    if quiet is None:
        return
    if purposes is not None and quiet.purpose not in purposes:
        message = f"the purpose '{quiet.purpose}' is unknown: {hint(quiet.purpose, purposes)}"
        yield Finding((*location, "purpose"), message)
    if quiet.purpose == ALWAYS_PASSES:
        yield Finding((*location, "purpose"), f"{ALWAYS_PASSES} messages always pass: name what is to be held")
    if quiet.for_ == 0:
        yield Finding((*location, "for"), "'for' must be more than 0: nothing would be held")


def _check_traits(placed: PlacedStep, traits: Collection[str] | None) -> Iterator[Finding]:
    if placed.step.update is None or traits is None:
        return
    for name in placed.step.update.traits:
        if name not in traits:
            message = f"the trait '{name}' is not in traits.yaml, under 'given': {hint(name, traits)}"
            yield Finding((*placed.location, "update", "traits", name), message)


def _check_join(journey: JourneyDefinition, placed: PlacedStep, journeys: Collection[str] | None) -> Iterator[Finding]:
    join, location = placed.step.join, (*placed.location, "join")
    if join is None:
        return
    if join == journey.journey:
        yield Finding(location, "a journey does not join itself: to go back to a step of it, write goto")
    elif journeys is not None and join not in journeys:
        others = [name for name in journeys if name != journey.journey]
        yield Finding(location, f"the journey '{join}' is unknown: {hint(join, others)}")


def _check_targets(steps: tuple[PlacedStep, ...]) -> Iterator[Finding]:
    ids = [placed.id for placed in steps]
    acts = [placed.id for placed in steps if placed.step.act is not None]
    for placed in steps:
        goto, wait = placed.step.goto, placed.step.wait
        if goto is not None and goto not in ids:
            yield Finding((*placed.location, "goto"), f"there is no step '{goto}': {hint(goto, ids)}")
        if isinstance(wait, WaitForOpenedDefinition) and wait.opened not in acts:
            is_there = "is no act step" if wait.opened in ids else "is no step"
            message = f"'{wait.opened}' {is_there}, so it sends no message: {hint(wait.opened, acts)}"
            yield Finding((*placed.location, "wait", "opened"), message)


def _check_split(split: SplitDefinition, at: Location) -> Iterator[Finding]:
    total = round(sum(arm.weight for arm in split.arms), _EXACT)
    if total != 100:
        yield Finding(at, f"the weights sum to {total:g}, and they must sum to 100")
    yield from _check_arms(split.arms, at)


def _check_arms(arms: tuple[ExperimentArmDefinition, ...], at: Location) -> Iterator[Finding]:
    seen: Counter[str] = Counter()
    controls = [number for number, arm in enumerate(arms) if arm.control]
    for number, arm in enumerate(arms):
        if seen[arm.arm]:
            yield Finding((*at, number, "arm"), f"another arm is named '{arm.arm}' already")
        seen[arm.arm] += 1
    for number in controls[1:]:
        yield Finding((*at, number, "control"), f"'{arms[controls[0]].arm}' is the control arm already")
