"""What becomes of a day's places if partition numbers share them out beforehand, and if they ask for each.

``python -m benchmarks.capacity`` prints the first table of docs/decisions/010-capacity.md: how many of the places are
used, and for whom; no broker is needed. With ``--latency`` it prints the second: what asking for a place takes.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.__main__ import percentiles
from benchmarks.bench import PROJECT, Bench, latency
from orchestrator.engine.ledger import Ledger
from orchestrator.kafka.broker import EmbeddedBroker
from orchestrator.streams.homes import home
from orchestrator.testing import JourneyTestDriver

PLACES = 200
PARTITIONS = (16, 64)
DEFINITIONS = f"""
channels:
  call:
    address: id
    consent: none
    content: {{queue: {{type: line}}}}
    queues:
      sales: {{capacity: {{most: {PLACES}, per: day}}, open: {{mon-sun: "09:00-17:00"}}}}
---
action: call-back
channel: call
value: event.properties.worth
expires: 12 hours
content: {{queue: sales}}
---
journey: ask
entry: {{on: Call Wanted}}
steps: [{{act: call-back}}]
"""


@dataclass(frozen=True, slots=True)
class Asker:
    """A customer who asked in the night, and how much a call with them is worth."""

    id: str
    worth: int


@dataclass(frozen=True, slots=True)
class Served:
    """How many of the places were used, and for how many of those who matter most."""

    used: int
    best: int


def askers(count: int, partitions: int, skewed: bool, chance: random.Random) -> list[Asker]:
    """So many, with even homes or with half of them in a sixteenth of the partition numbers, as a campaign may have."""
    found: list[Asker] = []
    crowded, number = max(1, partitions // 16), 0
    while len(found) < count:
        number += 1
        id_ = f"c{number}"
        if skewed and len(found) < count // 2 and home(id_, partitions) >= crowded:
            continue
        found.append(Asker(id_, chance.randint(1, 1_000_000)))
    return found


def split(asking: Sequence[Asker], partitions: int) -> Served:
    """Each partition number has its share of the places, and gives them to the best of its own."""
    served: list[Asker] = []
    for number in range(partitions):
        own = [asker for asker in asking if home(asker.id, partitions) == number]
        own.sort(key=lambda asker: -asker.worth)
        served += own[: Ledger(number, partitions).share(PLACES)]
    return _served(asking, {asker.id for asker in served})


def asked(asking: Sequence[Asker], partitions: int) -> tuple[Served, float]:
    """The engine as it is: all ask before it opens; and the microseconds for each who asked."""
    driver = JourneyTestDriver.of_text(DEFINITIONS, "2026-01-05T06:00:00Z", partitions)
    began = time.perf_counter()
    for asker in asking:
        driver.track(asker.id, "Call Wanted", {"worth": asker.worth})
    driver.advance("11 hours")
    spent = time.perf_counter() - began
    published = {action["customer_id"] for action in driver.actions}
    return _served(asking, published), spent * 1_000_000 / len(asking)


def _served(asking: Sequence[Asker], served: set[str]) -> Served:
    best = sorted(asking, key=lambda asker: -asker.worth)[:PLACES]
    return Served(len(served), sum(asker.id in served for asker in best))


async def asking_takes(bench: Bench, rate: int, seconds: float) -> None:
    """Prints what an action takes without a capacity, and with one that has a place for each."""
    limited = bench.folder / "project"
    shutil.copytree(PROJECT, limited)
    (limited / "channels.yaml").write_text("channels: {crm: {capacity: {most: 100000000, per: day}}}")
    print(f"{rate} events/s, exactly once, an action for each fifth")
    print("| event to action | p50 ms | p99 ms | p99.9 ms | actions |\n|---|---|---|---|---|")
    for name, project in (("without a capacity", PROJECT), ("with a place for each", limited)):
        measured = await latency(bench, "exactly_once", rate, seconds, project, f"{name.replace(' ', '-')}-")
        row = " | ".join(f"{value:.0f}" for value in percentiles(measured))
        print(f"| {name} | {row} | {len(measured)} |", flush=True)


def places_used() -> None:
    """Prints how many places are used, split and asked for."""
    print(f"{PLACES} places for a day; of the split, the best of each partition number are served")
    print("| partitions | askers | homes | split: used | best served | asked for: used | best served | µs each |")
    print("|---|---|---|---|---|---|---|---|")
    for partitions in PARTITIONS:
        for count in (PLACES, PLACES * 3 // 2, PLACES * 5):
            for skewed in (False, True):
                asking = askers(count, partitions, skewed, random.Random(7))
                before = split(asking, partitions)
                now, spent = asked(asking, partitions)
                homes = "skewed" if skewed else "even"
                print(
                    f"| {partitions} | {count} | {homes} | {before.used} | {before.best} | {now.used} | {now.best} "
                    f"| {spent:.0f} |",
                    flush=True,
                )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capacity", description=__doc__)
    parser.add_argument("--latency", action="store_true")
    parser.add_argument("--rate", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=10)
    arguments = parser.parse_args()
    if not arguments.latency:
        places_used()
        return
    with (
        tempfile.TemporaryDirectory(prefix="orchestrator-bench-") as folder,
        EmbeddedBroker(Path(folder) / "kafka", 0) as broker,
    ):
        asyncio.run(asking_takes(Bench(broker.start(), Path(folder)), arguments.rate, arguments.seconds))


if __name__ == "__main__":
    main()
