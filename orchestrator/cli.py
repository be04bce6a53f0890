"""The command line: it parses and calls; what a command does is in ``orchestrator/commands``."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from orchestrator import __version__
from orchestrator.commands import (
    apply,
    capacity,
    catalog,
    customer,
    demo,
    diff,
    enter,
    explain,
    graph,
    history,
    init,
    kafka,
    models,
    plan,
    preview,
    replay,
    schema,
    scores,
    segment,
    send,
    simulate,
    states,
    tail,
    test,
    topics,
    validate,
    worker,
)
from orchestrator.errors import OrchestratorError, UsageError

_log = logging.getLogger(__name__)

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
app.command()(demo.demo)
app.command(name="init")(init.command)
app.command()(validate.validate)
app.command(name="schema")(schema.command)
app.command(name="test")(test.command)
app.command()(simulate.simulate)
app.command()(diff.diff)
app.command()(explain.explain)
app.command()(graph.graph)
app.command()(preview.preview)
app.command()(plan.plan)
app.command()(apply.apply)
app.command()(states.pause)
app.command()(states.resume)
app.command()(states.stop)
app.command()(history.history)
app.command()(history.rollback)
app.command()(worker.worker)
app.command()(send.send)
app.command()(replay.replay)
app.command()(enter.enter)
app.command()(tail.tail)
app.command()(scores.scores)
app.command()(customer.customer)
app.command()(models.models)
app.command()(capacity.capacity)
app.add_typer(segment.app, name="segment")
app.add_typer(catalog.app, name="catalog")
app.add_typer(kafka.app, name="kafka")
app.add_typer(topics.app, name="topics")

_PROJECT = "Folder of the project, with orchestrator.toml and the journeys."


def _show_version(wanted: bool) -> None:
    if wanted:
        from orchestrator.engine import IS_COMPILED

        typer.echo(f"orchestrator {__version__}{', engine compiled' if IS_COMPILED else ''}")
        raise typer.Exit


@app.callback()
def orchestrator(
    project: Annotated[Path, typer.Option(envvar="ORCHESTRATOR_PROJECT", metavar="DIR", help=_PROJECT)] = Path(),
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Log everything; an error shows where it came from.")] = False,
) -> None:
    """Turn each customer event, within a second, into the next best action, or into none, and say why.

    \b
    A first round, on nothing but Python:
      orchestrator demo                  an example shop on a real Kafka, in a minute
      orchestrator init my-journeys      a project of your own; then, in its folder:
      orchestrator worker                decide on what comes on the topics events.*
      orchestrator replay events.jsonl   let something come
      orchestrator tail actions          see what is decided

    Settings are read from orchestrator.toml, then from environment variables (kafka_port is ORCHESTRATOR_KAFKA_PORT),
    then from flags. Name your own cluster in ORCHESTRATOR_KAFKA=host:port. Exit codes: 0 done, 1 failed, 2 wrong call
    or setting.
    """
    if debug:
        logging.basicConfig(level=logging.DEBUG)


def main() -> None:
    """Run the command line; an error is a sentence on standard error, not a traceback."""
    # A library's log lines would say in other words, and first, what the error says.
    logging.getLogger("aiokafka").addHandler(logging.NullHandler())
    try:
        app()
    except OrchestratorError as error:
        _fail(str(error), 2 if isinstance(error, UsageError) else 1)
    except Exception as error:  # noqa: BLE001
        _fail(f"a bug of ours, please report it ({type(error).__name__}: {error}); --debug shows where", 1)


def _fail(message: str, code: int) -> NoReturn:
    _log.debug("where it came from", exc_info=True)
    typer.echo(f"error: {message}", err=True)
    sys.exit(code)
