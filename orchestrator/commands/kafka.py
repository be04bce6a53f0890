"""``orchestrator kafka``: the embedded broker."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.commands.context import embedded_broker, settings_of

app = typer.Typer(no_args_is_help=True, help="The embedded Kafka broker: start it, stop it, ask for it.")

_PORT = "Port to listen on; 0 means any free one. Default: the setting kafka_port."


@app.command()
def start(
    context: typer.Context,
    port: Annotated[int | None, typer.Option(help=_PORT, show_default=False)] = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait until it answers.", min=1)] = 60,
) -> None:
    """Start a real Kafka broker for this project, in the background.

    It is one node, for development and tests, and listens on this machine only. The first start downloads Kafka
    (46 MB); nothing else has to be installed. Its data is kept in .orchestrator/kafka until you delete that folder.

    \b
    Examples:
      orchestrator kafka start
      orchestrator kafka start --port 0
      orchestrator --project shop kafka start
    """
    broker = embedded_broker(settings_of(context, kafka_port=port))
    address = broker.start(timeout, progress=lambda line: typer.echo(line, err=True), detached=True)
    typer.echo(f"Kafka runs on {address}, its data is in {broker.folder}")


@app.command()
def stop(context: typer.Context) -> None:
    """Stop the broker of this project; its data stays.

    \b
    Example:
      orchestrator kafka stop
    """
    typer.echo("Kafka is stopped" if embedded_broker(settings_of(context)).stop() else "Kafka was not running")


@app.command()
def status(context: typer.Context) -> None:
    """Say whether the broker runs, and where; exit code 1 if it doesn't.

    \b
    Example:
      orchestrator kafka status || orchestrator kafka start
    """
    state = embedded_broker(settings_of(context)).status()
    if not state.running:
        typer.echo(f"Kafka is not running (folder {state.folder})")
        raise typer.Exit(1)
    typer.echo(f"Kafka {state.version} runs on {state.bootstrap} (process {state.pid}, folder {state.folder})")
