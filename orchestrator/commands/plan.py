"""``orchestrator plan``: what ``apply`` would change."""

from __future__ import annotations

import typer

from orchestrator.commands.changing import Cluster, show


def plan(context: typer.Context) -> None:
    """Show what 'apply' would change, and how many customers it concerns. Nothing is changed.

    Journeys, their steps, actions, traits and segments that come, go or change; the customers who stand in the steps
    concerned; how many belong to each segment, and how many a broadcast would reach. Customers are counted on the
    changelog, whether workers run or not. Exit code 1 if 'apply' would refuse it.

    \b
    Examples:
      orchestrator plan
      orchestrator --project examples/shop plan && orchestrator --project examples/shop apply --yes
    """
    from orchestrator.journeys.load import load
    from orchestrator.journeys.pack import Pack
    from orchestrator.streams.definitions import limits_in
    from orchestrator.streams.planning import differs

    cluster = Cluster(context)
    pack = Pack.from_json(load(cluster.settings.project).to_json())
    catalogue = cluster.catalogue()
    cluster.own(catalogue)
    planned = cluster.plan(catalogue, pack)
    show(planned, catalogue, pack)
    if not planned.plan:
        same = not differs(catalogue, pack, limits_in(cluster.settings))
        typer.echo("nothing changes" if same else "only settings change")
    raise typer.Exit(1 if planned.plan.refusals else 0)
