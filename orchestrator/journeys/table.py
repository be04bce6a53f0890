"""Nested lists of steps made flat: the table that the engine goes through."""

from __future__ import annotations

from orchestrator.engine.action import Action
from orchestrator.engine.arms import InSegment, LikelyTo, Propensity, Test
from orchestrator.engine.experiments import Arm
from orchestrator.engine.placement import Candidate
from orchestrator.engine.steps import (
    Act,
    Branch,
    Choose,
    End,
    Goto,
    Join,
    Quiet,
    Split,
    Step,
    Update,
    Wait,
    WaitForAbsence,
    WaitForDate,
    WaitForEvent,
    WaitForOpened,
    WaitUntil,
)
from orchestrator.journeys.channel_policy import within_ms
from orchestrator.journeys.definition import JourneyDefinition
from orchestrator.journeys.expressions import condition, events, expression
from orchestrator.journeys.outline import outline
from orchestrator.journeys.pack import Pack
from orchestrator.journeys.source import Location
from orchestrator.journeys.steps import (
    WEEKDAYS,
    AbsenceDefinition,
    ArmDefinition,
    ChoiceDefinition,
    SplitDefinition,
    StepDefinition,
    WaitForDateDefinition,
    WaitForEventDefinition,
    WaitForOpenedDefinition,
    WaitUntilDefinition,
)
from orchestrator.journeys.treatments import compile_action


class Table:
    """Flattens lists of steps: each step gets the id of the one after it, wherever that is."""

    def __init__(self, pack: Pack, journey: JourneyDefinition) -> None:
        placed = outline(journey)
        self._pack = pack
        self._journey = journey
        self._ids = {found.location: found.id for found in placed}
        self._awaited = {
            found.step.wait.opened for found in placed if isinstance(found.step.wait, WaitForOpenedDefinition)
        }
        self._steps: dict[str, Step] = {}
        self._actions: dict[str, Action] = {}

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
            return self._branch(step.branch, (*at, "branch"), id_, after)
        if step.split is not None:
            return self._split(step.split, (*at, "split", "arms"), id_, after)
        if step.act is not None:
            awaited = id_ in self._awaited
            return Act(
                id_, after, self._action(step.act), step.delay, condition(step.if_), awaited, within_ms(step.send_time)
            )
        if step.offer is not None:
            return self._choose(step.offer, id_, after)
        return _plain_step(step, id_, after)

    def _wait(
        self,
        wait: int
        | WaitForEventDefinition
        | AbsenceDefinition
        | WaitUntilDefinition
        | WaitForDateDefinition
        | WaitForOpenedDefinition,
        at: Location,
        id_: str,
        after: str | None,
    ) -> Step:
        if isinstance(wait, WaitForEventDefinition | WaitForOpenedDefinition):
            received = self.add(wait.received, (*at, "received"), after)
            timed_out = self.add(wait.timed_out, (*at, "timed_out"), after)
            if isinstance(wait, WaitForOpenedDefinition):
                return WaitForOpened(id_, received, timed_out, wait.opened, wait.timeout)
            return WaitForEvent(id_, received, timed_out, events(wait.event), condition(wait.if_), wait.timeout)
        if isinstance(wait, AbsenceDefinition):
            return WaitForAbsence(id_, after, wait.absence)
        if isinstance(wait, WaitUntilDefinition):
            weekdays = frozenset(WEEKDAYS.index(day) for day in wait.on or WEEKDAYS)
            return WaitUntil(id_, after, wait.until, weekdays)
        if isinstance(wait, WaitForDateDefinition):
            return WaitForDate(id_, after, expression(wait.date), wait.offset, wait.at)
        return Wait(id_, after, wait)

    def _branch(self, arms: tuple[ArmDefinition, ...], at: Location, id_: str, after: str | None) -> Branch:
        targets = [self.add(arm.steps, (*at, number, "steps"), after) for number, arm in enumerate(arms)]
        tests = [self._test(arm) for arm in arms]
        return Branch(id_, after, tuple(zip(tests, targets, strict=True)))

    def _test(self, arm: ArmDefinition) -> Test | None:
        if arm.segment is not None:
            return InSegment(arm.segment)
        if arm.propensity is not None:
            name = arm.propensity.action
            return LikelyTo(Propensity(name, self._action(name).propensity), arm.propensity.above)
        return condition(arm.if_)

    def _split(self, split: SplitDefinition, at: Location, id_: str, after: str | None) -> Split:
        arms = [
            (Arm(arm.arm, arm.weight, arm.control), self.add(arm.steps, (*at, number, "steps"), after))
            for number, arm in enumerate(split.arms)
        ]
        return Split(id_, after, split.experiment, tuple(arms))

    def _choose(self, offer: str | ChoiceDefinition, id_: str, after: str | None) -> Choose:
        if isinstance(offer, str):
            return Choose(id_, after, offer)
        actions = [self._action(name) for name in offer.actions]
        candidates = tuple(Candidate(action, action.treatment) for action in actions)
        return Choose(id_, after, None, candidates, offer.places, offer.per_group)

    def _action(self, name: str) -> Action:
        if name not in self._actions:
            journey, definition = self._journey, self._pack.actions[name]
            self._actions[name] = compile_action(definition, self._pack, journey.purpose, journey.priority)
        return self._actions[name]


def _plain_step(step: StepDefinition, id_: str, after: str | None) -> Step:
    """A step without steps in it."""
    if step.update is not None:
        return Update(id_, after, tuple((name, expression(value)) for name, value in step.update.traits.items()))
    if step.quiet is not None:
        return Quiet(id_, after, step.quiet.purpose, step.quiet.for_)
    if step.join is not None:
        return Join(id_, after, step.join)
    if step.goto is not None:
        return Goto(id_, step.goto)
    return End(id_)
