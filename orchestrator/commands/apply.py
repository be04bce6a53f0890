"""``orchestrator apply``: put the project's definitions in force."""

from __future__ import annotations

import typer

from orchestrator.commands.changing import As, Cluster, Note, Yes, put_in_force


def apply(context: typer.Context, note: Note = "", who: As = None, yes: Yes = False) -> None:
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
    from orchestrator.journeys.pack import Pack

    cluster = Cluster(context)
    pack = Pack.from_json(load(cluster.settings.project).to_json())
    put_in_force(cluster, cluster.catalogue(), pack, "apply", note=note, who=who, yes=yes)
