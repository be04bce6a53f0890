"""The demo from start to stop. Whatever happens, nothing that it started is left running."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any, Final

from rich.console import Console

from orchestrator.console.follow import BEGINNING, Follower
from orchestrator.contracts.product_file import products_in
from orchestrator.demo.comparison import compare, table
from orchestrator.demo.folder import DemoFolder
from orchestrator.demo.latency import Latency
from orchestrator.demo.screen import Screen
from orchestrator.demo.shop_feed import ShopFeed
from orchestrator.demo.story import richest
from orchestrator.demo.summary import Outcome, summary
from orchestrator.demo.tally import Tally
from orchestrator.demo.worker_process import WorkerProcess
from orchestrator.durations import format_duration
from orchestrator.journeys.load import ACTIONS, JOURNEYS, load
from orchestrator.kafka import names
from orchestrator.kafka.broker import EmbeddedBroker
from orchestrator.kafka.client import client_options
from orchestrator.kafka.topics import apply
from orchestrator.replay.pace import Pace
from orchestrator.replay.player import Player
from orchestrator.replay.sender import Sender
from orchestrator.replay.settling import settle
from orchestrator.settings import Settings
from orchestrator.shop.clickstream import synthetic_notice
from orchestrator.shop.folder import shop_folder
from orchestrator.streams.loading import load as load_products
from orchestrator.together import alongside

PACE: Final = Pace(speed=8 * 86_400, rate=1_500)
"""Half a year in about 40 s. An event that has to go to another home on its way comes some 50 ms later, which must
not be days in the data's time; so quiet weeks take their time too."""
_CHECK_S: Final = 0.05

Runs = Callable[[Coroutine[Any, Any, None]], None]


@dataclass(frozen=True, slots=True)
class Options:
    """What the user may choose. ``days`` cuts the data, ``until_ms`` is how long time runs on after it."""

    seed: int
    pace: Pace
    days: int | None
    until_ms: int
    serve: bool


class Demo:
    """One run. Raises DefinitionError if the project's journeys are wrong."""

    def __init__(self, settings: Settings, options: Options, console: Console) -> None:
        own = any((settings.project / folder).is_dir() for folder in (JOURNEYS, ACTIONS))
        self._options = options
        self._console = console
        source = settings.project if own else shop_folder()
        self._pack = load(source)
        self._folder = DemoFolder(settings, source)
        self._journeys = source

    def run(self, runs: Runs) -> None:
        """Plays from start to end; ``runs`` runs a coroutine."""
        self._say(f"The journeys of {_shown(self._journeys)}, on the customers of an example shop:")
        for line in synthetic_notice():
            self._say(f"  {line}")
        with self._folder, ThreadPoolExecutor(1) as pool:
            feed = pool.submit(ShopFeed, self._options.seed, self._options.days)
            broker = EmbeddedBroker(self._folder.kafka, port=0)
            try:
                bootstrap = broker.start(progress=self._say)
                runs(self._play(self._folder.write_project(bootstrap), bootstrap, feed.result()))
            finally:
                broker.stop_own()

    async def _play(self, settings: Settings, bootstrap: str, feed: ShopFeed) -> None:
        await apply(settings, bootstrap, self._pack.channels)
        products = products_in(self._folder.project)
        if products:
            done = await load_products(client_options(settings, bootstrap), settings, products, replace=True)
            self._say(f"loading the catalogue: {done.new} products")
        self._say("starting a worker")
        async with WorkerProcess(self._folder.project, self._folder.worker_log) as worker:
            await alongside(worker.ready(), worker.watch())
            outcome = await self._watched(settings, bootstrap, feed, worker)
            self._console.print()
            for line in summary(outcome):
                self._say(line)
            await self._compare(settings, feed, outcome)
            if self._options.serve:
                await self._serve(bootstrap, worker)

    async def _compare(self, settings: Settings, feed: ShopFeed, outcome: Outcome) -> None:
        """Does the same in the pure engine, which takes some ten seconds; Ctrl-C need not wait for them."""
        self._say("")
        self._say("doing the same without Kafka, without and with the policy")
        ended = Event()
        try:
            comparison = await asyncio.to_thread(
                compare,
                self._pack,
                settings,
                feed.lines,
                outcome.tally.by_customer,
                self._options.until_ms,
                lambda: not ended.is_set(),
            )
        finally:
            ended.set()
        for line in table(comparison):
            self._say(line)

    async def _watched(self, settings: Settings, bootstrap: str, feed: ShopFeed, worker: WorkerProcess) -> Outcome:
        """Plays all events and waits until everything is decided and read."""
        outputs = [
            *map(names.action_topic, self._pack.channels),
            *(names.DECISIONS, names.JOURNEY_LOG, names.DEAD_LETTER),
        ]
        tally = Tally(Latency(feed.sent_at))
        async with Sender(settings, bootstrap) as sender, Follower(settings, bootstrap, outputs) as follower:
            await follower.seek(BEGINNING)
            player = Player(sender, self._options.pace, event_time=True, late_after_ms=settings.late_after)
            screen = Screen(self._console, player.progress, tally, len(feed.lines), synthetic_notice())
            began = time.monotonic()

            async def drive() -> float:
                await player.play(feed)
                took_s = time.monotonic() - began
                await self._pass_on(settings, bootstrap, sender, player, screen)
                await _all_read(follower)
                return took_s

            async def collect() -> None:
                while True:
                    found = await follower.poll()
                    now = time.time()
                    for one in found:
                        tally.take(one, now)

            took_s = await alongside(drive(), worker.watch(), collect(), screen.show())
            story = richest(tally.by_customer, feed.lines)
            metrics = await worker.metrics()
            return Outcome(sender.sent, player.progress, tally, metrics, story, self._options.until_ms, took_s)

    async def _pass_on(
        self, settings: Settings, bootstrap: str, sender: Sender, player: Player, screen: Screen
    ) -> None:
        """After the last event: first what is under way, then the time for which something still waits."""
        at, until_ms = player.progress.at, self._options.until_ms
        if at is None:
            return
        screen.phase = "all is sent; the last are being decided"
        await settle(settings, bootstrap, sender, at)
        if until_ms:
            screen.phase = f"{format_duration(until_ms)} pass, for what still waits"
            await settle(settings, bootstrap, sender, at + until_ms)

    async def _serve(self, bootstrap: str, worker: WorkerProcess) -> None:
        """Stays until Ctrl-C. Raises InfrastructureError if the worker ends before."""
        project = _shown(self._folder.project)
        self._say("")
        self._say(f"Kafka runs on {bootstrap}, the worker's metrics are at {worker.address}/metrics. Try:")
        self._say(f"  orchestrator --project {project} tail actions --from beginning")
        self._say(f"  orchestrator --project {project} tail decisions --from beginning --customer user_0118")
        self._say(f"  orchestrator --project {project} customer user_0118")
        self._say(f"  orchestrator --project {project} topics list")
        self._say("Ctrl-C ends it all.")
        try:
            await worker.watch()
        except asyncio.CancelledError:
            self._say("stopping")

    def _say(self, line: str) -> None:
        self._console.print(line, soft_wrap=True, highlight=False, markup=False)


async def _all_read(follower: Follower) -> None:
    """Until the reader has all that is on the topics now."""
    ends = await follower.ends()
    while not await follower.is_at(ends):  # noqa: ASYNC110 - a position tells nothing by itself
        await asyncio.sleep(_CHECK_S)


def _shown(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
