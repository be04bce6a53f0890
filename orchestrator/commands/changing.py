"""What the commands that change the definitions have in common."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.commands.context import bootstrap_of, settings_of
from orchestrator.commands.running import run

if TYPE_CHECKING:
    from orchestrator.journeys.applied import Applied
    from orchestrator.journeys.catalogue import Catalogue
    from orchestrator.journeys.pack import Pack
    from orchestrator.settings import Settings
    from orchestrator.streams.planning import Planned

Note = Annotated[str, typer.Option("--note", metavar="TEXT", help="Why; 'orchestrator history' shows it.")]
As = Annotated[
    str | None, typer.Option("--as", metavar="NAME", help="Who does it. Default: user@host.", show_default=False)
]
Decided = Callable[[dict[str, Any]], bool]
"""Changes the states of journeys, and says whether that was a change."""
Yes = Annotated[bool, typer.Option("--yes", help="Don't ask.")]


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

    def plan(self, catalogue: Catalogue, pack: Pack) -> Planned:
        """What the pack would change."""
        from orchestrator.streams.planning import plan_of

        return run(plan_of(self.options, self.settings, catalogue, pack))

    async def _catalogue(self) -> Catalogue:
        from aiokafka.errors import KafkaError

        from orchestrator.errors import InfrastructureError
        from orchestrator.kafka.client import reachable
        from orchestrator.streams.definitions import read

        await reachable(self.settings, self.bootstrap)
        try:
            return (await read(self.options, self.settings)).catalogue
        except KafkaError as error:
            raise InfrastructureError(f"the definitions cannot be read: {error}") from error


def show(planned: Planned, catalogue: Catalogue, pack: Pack) -> None:
    """Prints a plan."""
    from orchestrator.console.planned import lines_of, refused

    states = catalogue.current.states if catalogue.current is not None else {}
    for line in [*lines_of(planned.plan, planned.standing, pack, states), *refused(planned.plan.refusals)]:
        typer.echo(line)


def put_in_force(
    cluster: Cluster, catalogue: Catalogue, pack: Pack, what: str, *, note: str, who: str | None, yes: bool
) -> None:
    """Shows what changes, asks, and does it, if nothing forbids it and nobody else was faster."""
    from orchestrator.journeys.origin import origin_of
    from orchestrator.kafka import topics
    from orchestrator.streams.changes import Change
    from orchestrator.streams.definitions import limits_in
    from orchestrator.streams.planning import differs, plan_of, refuse

    settings = cluster.settings
    run(topics.check_actions(settings, cluster.bootstrap, pack.channels))
    if not differs(catalogue, pack, limits_in(settings)):
        typer.echo(f"nothing to do: that is in force, as definitions {_version(catalogue)}")
        return
    planned = cluster.plan(catalogue, pack)
    show(planned, catalogue, pack)
    refuse(planned.plan)
    _ask(yes)

    async def decide(known: Catalogue) -> Change:
        _same(known, catalogue)
        refuse((await plan_of(cluster.options, settings, known, pack, count=False)).plan)
        states = known.current.states if known.current is not None else {}
        return Change(pack, what, origin_of(settings.project, who), states, note)

    _done(cluster, decide)


def set_state(context: typer.Context, journey: str, what: str, decided: Decided, note: str, who: str | None) -> None:
    """Changes the state of one journey."""
    from orchestrator.errors import UsageError
    from orchestrator.journeys.origin import origin_of
    from orchestrator.journeys.sentences import hint
    from orchestrator.streams.changes import Change

    cluster = Cluster(context)

    async def decide(known: Catalogue) -> Change | None:
        names = {name for applied in known.history for name in applied.versions}
        if journey not in names or known.current is None:
            raise UsageError(f"no journey '{journey}' was ever in force: {hint(journey, names)}")
        states = dict(known.current.states)
        if not decided(states):
            return None
        return Change(known.pack(known.current), what, origin_of(cluster.settings.project, who), states, note)

    _done(cluster, decide)


def _done(cluster: Cluster, decide: Any) -> None:
    from orchestrator.streams.changes import change

    applied: Applied | None = run(change(cluster.options, cluster.settings, decide))
    if applied is None:
        typer.echo("nothing to do: it is so already")
    else:
        typer.echo(f"in force: definitions {applied.version}, by {applied.who}")


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
