"""``orchestrator apply``: put the project's definitions in force."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.commands.changing import As, Cluster, Note, Yes, put_in_force

_TAKE_OVER = "Even if the definitions in force are those of another project (by its setting project_name)."


def apply(
    context: typer.Context,
    note: Note = "",
    who: As = None,
    yes: Yes = False,
    take_over: Annotated[bool, typer.Option("--take-over", help=_TAKE_OVER)] = False,
) -> None:
    """Put the project's definitions in force, on all workers, without a restart.

    Shows the plan and asks. Customers who are inside a journey go on in the version that they entered, unless the new
    one has 'migrate'. A plan that would leave somebody nowhere is refused, and nothing is changed. Who did it, when and
    from which git commit is kept: see 'orchestrator history'.

    \b
    Examples:
      orchestrator apply --note "shorter waits"
      orchestrator apply --yes --as "deploy job 4711"
    """
    from orchestrator.journeys.load import load
    from orchestrator.journeys.origin import origin_of
    from orchestrator.journeys.pack import Pack
    from orchestrator.streams.changes import Change

    cluster = Cluster(context)
    pack = Pack.from_json(load(cluster.settings.project).to_json())
    catalogue = cluster.catalogue()
    if not take_over:
        cluster.own(catalogue)
    origin = origin_of(cluster.settings.project, who, cluster.settings.project_name)
    put_in_force(cluster, catalogue, Change(pack, "apply", origin, note=note), yes=yes)
