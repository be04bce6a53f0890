"""``orchestrator worker``: decide, until it is stopped."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from orchestrator.commands.context import embedded_broker, settings_of
from orchestrator.commands.running import interruptible, run

if TYPE_CHECKING:
    from orchestrator.journeys.pack import Pack
    from orchestrator.settings import Settings

_log = logging.getLogger(__name__)

_CLOCK = "What waits go by: wall, or event for replays (the time stamps of the data). Default: the setting clock."
_GUARANTEE = "What holds for actions when a worker dies: none twice, or perhaps some. Default: the setting guarantee."
_GROUP = "Consumer group of the workers that share the work. Default: the setting group."
_HTTP_PORT = "Port of /metrics and /health; 0 means any free one. Default: the setting http_port."
_LOG_LEVEL = "What is logged. Default: the setting log_level."

Clock = Literal["wall", "event"]


def worker(
    context: typer.Context,
    clock: Annotated[Clock | None, typer.Option(help=_CLOCK, show_default=False)] = None,
    guarantee: Annotated[
        Literal["exactly_once", "at_least_once"] | None, typer.Option(help=_GUARANTEE, show_default=False)
    ] = None,
    group: Annotated[str | None, typer.Option(metavar="NAME", help=_GROUP, show_default=False)] = None,
    http_port: Annotated[int | None, typer.Option(metavar="PORT", help=_HTTP_PORT, show_default=False)] = None,
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"] | None, typer.Option(help=_LOG_LEVEL, show_default=False)
    ] = None,
) -> None:
    """Run a worker: read events, decide, publish actions.

    Ctrl-C or SIGTERM ends it after what it has in hand. Start as many as you like, on as many machines: they share the
    partitions. Without a cluster in the setting kafka the project's embedded Kafka is used: it is started if it isn't
    running, ends with this worker then, and gets its topics by itself.

    \b
    Examples:
      orchestrator worker
      orchestrator worker --http-port 0                        a second one on this machine
      orchestrator --project examples/shop worker --clock event
      ORCHESTRATOR_KAFKA=kafka-1:9092 orchestrator worker
    """
    from orchestrator import logs
    from orchestrator.journeys.load import load
    from orchestrator.streams.worker import Worker

    flags = {"clock": clock, "guarantee": guarantee, "group": group, "http_port": http_port, "log_level": log_level}
    settings = settings_of(context, **flags)
    pack = load(settings.project)
    level = "debug" if context.find_root().params["debug"] else settings.log_level
    logs.configure(settings.log_format, level)
    with interruptible(0), _cluster(settings, pack) as bootstrap:
        run(Worker(settings, bootstrap, pack).run(), interrupted=0)


@contextmanager
def _cluster(settings: Settings, pack: Pack) -> Iterator[str]:
    """The bootstrap servers: of the named cluster, or of the embedded broker, which is made ready."""
    if settings.kafka:
        yield settings.kafka
        return
    from orchestrator.kafka.topics import apply

    broker = embedded_broker(settings)
    ran = broker.status().running
    with interruptible(0):
        bootstrap = broker.start(progress=_log.info)
    try:
        if ran:
            _log.info("the embedded Kafka on %s was running, and stays", bootstrap)
        else:
            _log.info("Kafka on %s ends with this worker; 'orchestrator kafka start' starts one that stays", bootstrap)
        changes = run(apply(settings, bootstrap, pack.channels))
        created = [change.topic.name for change in changes if change.kind == "created"]
        if created:
            _log.info("created %s topics: %s", len(created), ", ".join(created))
        yield bootstrap
    finally:
        broker.stop_own()
