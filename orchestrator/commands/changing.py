"""What the commands that change the definitions have in common."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from orchestrator.commands.context import bootstrap_of, settings_of
from orchestrator.commands.running import run

if TYPE_CHECKING:
    from orchestrator.journeys.applied import Applied, State
    from orchestrator.journeys.catalogue import Catalogue
    from orchestrator.journeys.contact_policy import PauseDefinition
    from orchestrator.journeys.pack import Pack
    from orchestrator.journeys.plan import Unmapped
    from orchestrator.settings import Settings
    from orchestrator.streams.changes import Change, Decide
    from orchestrator.streams.planning import Planned

Note = Annotated[str, typer.Option("--note", metavar="TEXT", help="Why; 'orchestrator history' shows it.")]
As = Annotated[
    str | None, typer.Option("--as", metavar="NAME", help="Who does it. Default: user@host.", show_default=False)
]
Decided = Callable[[Mapping[str, "State"]], dict[str, "State"]]
"""From the states of journeys to what they shall be; it may raise, and nothing is changed."""
DecidedPauses = Callable[[tuple["PauseDefinition", ...]], tuple["PauseDefinition", ...]]
"""The same of what is said to nobody."""

Yes = Annotated[bool, typer.Option("--yes", help="Don't ask.")]
_RUNNING: Final = "running"


class Cluster:
    """The cluster of a project, for commands."""

    def __init__(self, context: typer.Context) -> None:
        from orchestrator.kafka.client import client_options

        self.settings: Settings = settings_of(context)
        self.bootstrap = bootstrap_of(self.settings)
        self.options: Mapping[str, Any] = client_options(self.settings, self.bootstrap)

    def catalogue(self) -> Catalogue:
        """What is in force, and what was."""
        return run(self._catalogue())

    def plan(self, catalogue: Catalogue, pack: Pack, unmapped: Unmapped = "refuse") -> Planned:
        """What the pack would change."""
        from orchestrator.streams.planning import plan_of

        return run(plan_of(self.options, self.settings, catalogue, pack, unmapped=unmapped))

    def own(self, catalogue: Catalogue) -> None:
        """Raises PlanRefused if the definitions in force are those of another project."""
        from orchestrator.errors import PlanRefused
        from orchestrator.streams.planning import other_project

        foreign = other_project(catalogue, self.settings)
        if foreign is not None:
            raise PlanRefused(foreign)

    async def _catalogue(self) -> Catalogue:
        from aiokafka.errors import KafkaError

        from orchestrator.errors import InfrastructureError
        from orchestrator.kafka.topics import check_internal
        from orchestrator.streams.definitions import read

        await check_internal(self.settings, self.bootstrap)
        try:
            return (await read(self.options, self.settings)).catalogue
        except KafkaError as error:
            raise InfrastructureError(f"the definitions cannot be read: {error}") from error


def show(planned: Planned, catalogue: Catalogue, pack: Pack) -> None:
    """Prints a plan."""
    from orchestrator.console.planned import lines_of, refused, warned

    plan, states = planned.plan, catalogue.current.states if catalogue.current is not None else {}
    for line in [*lines_of(plan, planned.standing, pack, states), *warned(plan.warnings), *refused(plan.refusals)]:
        typer.echo(line)


def put_in_force(
    cluster: Cluster, catalogue: Catalogue, wanted: Change, *, yes: bool, unmapped: Unmapped = "refuse"
) -> None:
    """Shows what changes, asks, and does it, if nothing forbids it and nobody else was faster.

    States of journeys stay as they are, whatever ``wanted`` says of them.
    """
    from orchestrator.kafka import topics
    from orchestrator.streams.planning import plan_of, refuse

    settings, pack = cluster.settings, wanted.pack
    run(topics.check_actions(settings, cluster.bootstrap, pack.channels))
    if not _changes(catalogue, wanted, cluster):
        typer.echo(f"nothing to do: that is in force, as definitions {_version(catalogue)}")
        return
    planned = cluster.plan(catalogue, pack, unmapped)
    show(planned, catalogue, pack)
    refuse(planned.plan)
    _ask(yes)

    async def decide(known: Catalogue) -> Change:
        _same(known, catalogue)
        refuse((await plan_of(cluster.options, settings, known, pack, count=False, unmapped=unmapped)).plan)
        current = known.current
        if current is None:
            return replace(wanted, states={})
        return replace(wanted, states=current.states, pauses=current.pauses)

    _done(cluster, decide)


def _changes(catalogue: Catalogue, wanted: Change, cluster: Cluster) -> bool:
    from orchestrator.streams.definitions import limits_in
    from orchestrator.streams.planning import differs

    current = catalogue.current
    return (
        current is None
        or differs(catalogue, wanted.pack, limits_in(cluster.settings))
        or current.project != wanted.origin.project
        or (wanted.end_unmapped and not current.end_unmapped)
    )


def set_state(context: typer.Context, journey: str, what: str, decided: Decided, note: str, who: str | None) -> None:
    """Changes the state of one journey."""
    from orchestrator.errors import UsageError
    from orchestrator.journeys.origin import origin_as
    from orchestrator.kafka.topics import check_internal
    from orchestrator.nearest import hint
    from orchestrator.streams.changes import Change

    cluster, before = Cluster(context), list[str]()
    run(check_internal(cluster.settings, cluster.bootstrap))

    async def decide(known: Catalogue) -> Change | None:
        names = {name for applied in known.history for name in applied.versions}
        if journey not in names or known.current is None:
            raise UsageError(f"no journey '{journey}' was ever in force: {hint(journey, names)}")
        current = known.current
        states = decided(current.states)
        if states == current.states:
            return None
        before.append(current.states.get(journey, _RUNNING))
        origin = origin_as(current, who)
        return Change(
            known.pack(current),
            what,
            origin,
            states,
            note,
            end_unmapped=current.end_unmapped,
            pauses=current.pauses,
        )

    applied = _done(cluster, decide)
    if applied is not None:
        typer.echo(f"journey {journey} was {before[-1]}, and is {applied.states.get(journey, _RUNNING)}")


def set_pauses(
    context: typer.Context,
    what: str,
    names: Mapping[str, str | None],
    decided: DecidedPauses,
    note: str,
    who: str | None,
) -> None:
    """Changes what is said to nobody, in whatever journey; ``names`` are the purpose and the channel that it is of."""
    from orchestrator.errors import UsageError
    from orchestrator.journeys.contact_checks import unknown_in
    from orchestrator.journeys.contact_policy import scope_of
    from orchestrator.journeys.origin import origin_as
    from orchestrator.kafka.topics import check_internal
    from orchestrator.streams.changes import Change

    cluster = Cluster(context)
    run(check_internal(cluster.settings, cluster.bootstrap))

    async def decide(known: Catalogue) -> Change | None:
        current = known.current
        if current is None:
            raise UsageError("nothing is in force yet: 'orchestrator apply' does it")
        pauses, pack = decided(current.pauses), known.pack(current)
        unknown = unknown_in(pack, names)
        if unknown is not None and len(pauses) >= len(current.pauses):  # What was paused before can be let go.
            raise UsageError(unknown)
        if pauses == current.pauses:
            return None
        origin = origin_as(current, who)
        return Change(pack, what, origin, current.states, note, end_unmapped=current.end_unmapped, pauses=pauses)

    applied = _done(cluster, decide)
    if applied is not None:
        said = ", ".join(scope_of(pause).label for pause in applied.pauses)
        typer.echo(f"paused: {said}" if said else "nothing is paused but single journeys, or what policy.yaml says")


def _done(cluster: Cluster, decide: Decide) -> Applied | None:
    from orchestrator.kafka.group import members
    from orchestrator.streams.changes import change

    applied = run(change(cluster.options, cluster.settings, decide))
    if applied is None:
        typer.echo("nothing to do: it is so already")
        return None
    typer.echo(f"in force: definitions {applied.version}, by {applied.who}")
    if run(members(cluster.settings, cluster.bootstrap)) == 0:
        typer.echo("no worker runs at this moment: the next one that starts goes on with this")
    return applied


def _same(known: Catalogue, planned_on: Catalogue) -> None:
    from orchestrator.errors import OrchestratorError

    if _version(known) != _version(planned_on):
        raise OrchestratorError("somebody else has changed the definitions meanwhile: look at the plan again")


def _version(catalogue: Catalogue) -> str:
    return catalogue.current.version if catalogue.current is not None else ""


def _ask(yes: bool) -> None:
    from orchestrator.errors import UsageError

    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("nobody is there to be asked: say --yes")
    typer.confirm("Put this in force?", abort=True)
