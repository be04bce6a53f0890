"""``orchestrator graph``: journeys as pictures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.graph.graph import Graph

_JOURNEY = "A journey's name. Default: all journeys of the project."
_SVG = "Write a picture; a folder if there are several journeys; - is the standard output."
_MERMAID = "Mermaid text, which GitHub and many wikis draw; the default."
_JSON = "Nodes and edges as JSON."


def graph(
    context: typer.Context,
    journey: Annotated[str | None, typer.Argument(metavar="[JOURNEY]", help=_JOURNEY, show_default=False)] = None,
    svg: Annotated[Path | None, typer.Option(metavar="FILE", help=_SVG, show_default=False)] = None,
    mermaid: Annotated[bool, typer.Option("--mermaid", help=_MERMAID)] = False,
    as_json: Annotated[bool, typer.Option("--json", help=_JSON)] = False,
) -> None:
    """Draw journeys: who enters, each step, and every way from one to the next.

    No Kafka is needed, and no other program. What is drawn is what would run, so the ids are those of the journey log.

    \b
    Examples:
      orchestrator graph cart-rescue
      orchestrator graph cart-rescue --svg cart-rescue.svg
      orchestrator graph --svg pictures/
      orchestrator graph --json | jq '.[].nodes[].id'
    """
    from orchestrator.errors import UsageError

    if sum((svg is not None, mermaid, as_json)) > 1:
        raise UsageError("--svg, --mermaid and --json are three forms of one picture: choose one")
    project: Path = context.find_root().params["project"]
    graphs = graphs_of(project, journey)
    if svg is not None:
        _write(graphs, svg, alone=journey is not None)
    elif as_json:
        _print_json(graphs, alone=journey is not None)
    else:
        from orchestrator.graph.mermaid import mermaid as text_of

        sys.stdout.write("\n".join(map(text_of, graphs.values())))


def graphs_of(project: Path, journey: str | None) -> Mapping[str, Graph]:
    """The graphs of all journeys, or of one, by name.

    Raises:
        DefinitionError: the project's definitions are wrong.
        UsageError: there is no such journey.
    """
    from orchestrator.errors import UsageError
    from orchestrator.graph.graph import graph_of
    from orchestrator.journeys.compile import compile_journey
    from orchestrator.journeys.load import load
    from orchestrator.nearest import hint

    pack = load(project)
    if journey is not None and journey not in pack.journeys:
        raise UsageError(f"the journey '{journey}' is unknown: {hint(journey, pack.journeys)}")
    names = [journey] if journey is not None else sorted(pack.journeys)
    return {name: graph_of(compile_journey(pack, name), pack.journeys[name].description) for name in names}


def _print_json(graphs: Mapping[str, Graph], *, alone: bool) -> None:
    import orjson

    plain = [graph.to_json() for graph in graphs.values()]
    text = orjson.dumps(plain[0] if alone else plain, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    sys.stdout.write(text.decode())


def _write(graphs: Mapping[str, Graph], place: Path, *, alone: bool) -> None:
    from orchestrator.errors import UsageError
    from orchestrator.graph.drawing import svg as picture_of

    if str(place) == "-":
        if not alone:
            raise UsageError("one picture fits on the standard output: name a journey, or a folder after --svg")
        sys.stdout.write(picture_of(next(iter(graphs.values()))))
        return
    in_folder = not alone or place.is_dir()
    try:
        (place if in_folder else place.parent).mkdir(parents=True, exist_ok=True)
        for name, graph in graphs.items():
            file = place / f"{name}.svg" if in_folder else place
            file.write_text(picture_of(graph), "utf-8")
            typer.echo(f"  {file}")
    except OSError as error:
        raise UsageError(f"{place} cannot be written ({error.strerror}): name another file") from error
