"""``orchestrator history`` and ``rollback``: what was in force, and back to it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.commands.changing import As, Cluster, Note, Yes, put_in_force

if TYPE_CHECKING:
    from orchestrator.journeys.applied import Applied
    from orchestrator.journeys.catalogue import Catalogue

_VERSION = "A version, its beginning or its number, as 'history' shows it. Default: the last other definitions."
_END = "Those whom the older definitions ask to come to their version, and have no step for, leave at once."
_JSON = "All of each change, as JSON lines."


def history(context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help=_JSON)] = False) -> None:
    """Show who put what in force, when, from which git commit, and why; the newest first.

    \b
    Examples:
      orchestrator history
      orchestrator history --json | jq -r .commit
    """
    from orchestrator.commands.topics import print_table
    from orchestrator.console.past import table_of

    changes = Cluster(context).catalogue().history
    if as_json:
        for applied in reversed(changes):
            sys.stdout.write(f"{applied.model_dump_json()}\n")
    elif changes:
        print_table(table_of(changes))
    else:
        typer.echo("nothing was applied yet")


def rollback(
    context: typer.Context,
    version: Annotated[str | None, typer.Argument(metavar="[VERSION]", help=_VERSION, show_default=False)] = None,
    end_unmapped: Annotated[bool, typer.Option("--end-unmapped", help=_END)] = False,
    note: Note = "",
    who: As = None,
    yes: Yes = False,
) -> None:
    """Put definitions in force again that were so before.

    It is a change as any other: with a plan, and with a line in the history. A second one goes further back. Journeys
    that are paused or stopped stay so. Whoever stands in a step that the older definitions do not have goes on to the
    end of their version, even if these ask all to come to theirs. A worker that starts later with the newer folder does
    not undo it; 'orchestrator apply' does.

    \b
    Examples:
      orchestrator rollback
      orchestrator rollback 7 --note "too many messages" --yes
      orchestrator rollback --end-unmapped
    """
    from orchestrator.journeys.origin import origin_as
    from orchestrator.streams.changes import Change

    cluster = Cluster(context)
    catalogue = cluster.catalogue()
    target = chosen(catalogue, version)
    wanted = Change(
        catalogue.pack(target),
        f"rollback to {target.version}",
        origin_as(target, who),
        note=note,
        back_to=target.version,
        end_unmapped=end_unmapped,
    )
    put_in_force(cluster, catalogue, wanted, yes=yes, unmapped="end" if end_unmapped else "stay")


def chosen(catalogue: Catalogue, version: str | None) -> Applied:
    """The change to go back to. Raises UsageError if there is none, or more than one that begins like that."""
    from orchestrator.errors import UsageError

    if version is None:
        before = _before(catalogue.history)
        if before is None:
            raise UsageError("there is nothing to go back to: no other definitions were in force before these")
        return before
    found = [
        applied for applied in catalogue.history if str(applied.number) == version or applied.version == version
    ] or [applied for applied in catalogue.history if applied.version.startswith(version)]
    if len(found) != 1:
        what = "no definitions" if not found else f"{len(found)} definitions"
        raise UsageError(f"{what} of the history are or begin with '{version}': 'orchestrator history' shows them all")
    return found[0]


def _before(history: Sequence[Applied]) -> Applied | None:
    """The last definitions other than those in force, as if what a rollback left had never been."""
    places = {applied.version: place for place, applied in enumerate(history)}
    place = len(history) - 1
    while place >= 0:
        applied = history[place]
        if applied.pack != history[-1].pack:
            return applied
        place = places.get(applied.back_to or "", place - 1)
    return None
