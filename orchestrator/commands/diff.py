"""``orchestrator diff``: what a change of the journeys would change for customers."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.commands.context import settings_of
from orchestrator.commands.running import interruptible
from orchestrator.commands.simulate import KNOWN, SINCE, SOURCE, TO, UNTIL, Recorded

if TYPE_CHECKING:
    from orchestrator.proof.difference import Difference

_A = "A git commit, branch or tag, or a folder: the project as it was."
_B = "The same, of the project as it is to be. Default: the folder of the project, with what isn't committed yet."
_EXIT_CODE = "Exit code 1 if anything is not the same, for a check in CI."
_JSON = "All counts and examples as JSON."


def diff(
    context: typer.Context,
    a: Annotated[str, typer.Argument(metavar="A", help=_A)],
    b: Annotated[str | None, typer.Argument(metavar="[B]", help=_B, show_default=False)] = None,
    over: Annotated[str | None, typer.Option(metavar="SOURCE", help=SOURCE, show_default=False)] = None,
    since: Annotated[str | None, typer.Option("--from", metavar="WHEN", help=SINCE, show_default=False)] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="WHEN", help=TO, show_default=False)] = None,
    until: Annotated[str | None, typer.Option(metavar="DURATION", help=UNTIL, show_default=False)] = None,
    known: Annotated[bool, typer.Option("--known", help=KNOWN)] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help=_EXIT_CODE)] = False,
    as_json: Annotated[bool, typer.Option("--json", help=_JSON)] = False,
) -> None:
    """Compare what two versions of the project would do to the same recorded events. Nothing is sent.

    Both are simulated, as 'simulate' does it. Told are actions that only one of them does, those that both do but at
    another time, on another channel or with another content, and how many are the same, with examples. Actions are
    the same by customer, journey, the event that began the stay, and step: give steps an id of their own if you mean
    to move them about.

    \b
    Examples:
      orchestrator diff main --over events.jsonl.gz --until "14 days"
      orchestrator diff v1.2 v1.3 --over shop
      orchestrator diff ../journeys-before . --from "7 days" --known
      orchestrator diff origin/main --over events.jsonl --exit-code
    """
    import orjson

    from orchestrator.proof.difference import lines

    settings = settings_of(context)
    recorded = Recorded(settings, over, since, to, until, known=known)
    names = a, b if b is not None else str(context.find_root().params["project"])
    found = _compared(settings.project, names, recorded)
    if as_json:
        plain = {"a": names[0], "b": names[1], **found.to_json()}
        sys.stdout.write(orjson.dumps(plain, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())
    else:
        for line in lines(found, *names):
            typer.echo(line)
    if exit_code and not found.none:
        raise typer.Exit(1)


def _compared(project: Path, names: tuple[str, str], recorded: Recorded) -> Difference:
    from orchestrator.journeys.load import load
    from orchestrator.proof.checkout import project_at
    from orchestrator.proof.difference import Sayings, difference
    from orchestrator.proof.simulation import Simulation

    said = [Sayings(), Sayings()]
    with ExitStack() as open_, interruptible():
        packs = [load(open_.enter_context(project_at(name, project))) for name in names]
        simulations = [
            Simulation(pack, recorded.settings, [sayings], event_clock=recorded.event_clock)
            for pack, sayings in zip(packs, said, strict=True)
        ]
        recorded.show_to(simulations)
    return difference(said[0].all(), said[1].all())
