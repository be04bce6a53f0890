"""Runs the benchmarks: ``python -m benchmarks [--only PART ...] [--events N] [--rounds N] [--rate R]``."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
from pathlib import Path

from benchmarks import decisions, load, requests, scale
from benchmarks.bench import PARTITIONS, PLAIN_SHARE, Bench, latency, throughput
from orchestrator.engine import IS_COMPILED
from orchestrator.kafka.broker import EmbeddedBroker

PARTS = ("speed", "latency", "journeys", "timers", "decide", "decisions")
TIMERS = 100_000


async def speed(arguments: argparse.Namespace, bench: Bench) -> None:
    """Beside a plain Faust agent that does the same work."""
    print(f"{arguments.events} events, {PARTITIONS} partitions, one worker, an action for each fifth event")
    rates: dict[str, list[float]] = {}
    for round_ in range(arguments.rounds):
        for name, events in (
            ("plain", arguments.events // PLAIN_SHARE),
            ("at-least-once", arguments.events),
            ("exactly-once", arguments.events),
        ):
            rate = await throughput(bench, name, events, load.CUSTOMERS + round_)
            rates.setdefault(name, []).append(rate)
            print(f"  round {round_ + 1}  {name:<14} {rate:>9,.0f} events/s", flush=True)
    base = statistics.median(rates["plain"])
    print("\n| how | events/s (median) | times the plain agent |\n|---|---|---|")
    for name, values in rates.items():
        print(f"| {name} | {statistics.median(values):,.0f} | {statistics.median(values) / base:.1f} |")


async def steady(arguments: argparse.Namespace, bench: Bench) -> None:
    """From the event to the reader of its action, at rates that the worker keeps up with."""
    print("\n| latency, event to action | p50 ms | p99 ms | p99.9 ms | actions |\n|---|---|---|---|---|")
    for guarantee in ("at_least_once", "exactly_once"):
        for rate in arguments.rate:
            measured = await latency(bench, guarantee, rate, arguments.seconds)
            row = " | ".join(f"{value:.0f}" for value in percentiles(measured))
            print(f"| {guarantee.replace('_', '-')}, {rate}/s | {row} | {len(measured)} |", flush=True)


async def journeys(arguments: argparse.Namespace, bench: Bench) -> None:
    """What journeys cost that do not listen."""
    rates = await scale.journeys_that_exist(bench, arguments.events // 2, arguments.rounds)
    print(f"\n| journeys, of which {scale.LISTENING} listen | events/s (median) | of that with the fewest |")
    print("|---|---|---|")
    base = statistics.median(rates[scale.LISTENING])
    for count, values in rates.items():
        print(f"| {count:,} | {statistics.median(values):,.0f} | {statistics.median(values) / base:.2f} |", flush=True)


async def timers(arguments: argparse.Namespace, bench: Bench) -> None:
    """What a burst of timers does to fresh events."""
    seen = await scale.burst(bench, TIMERS)
    print(f"\n{TIMERS:,} waits that end within one second: {seen.fired:,} fired, {seen.out_of_order} out of order")
    print(f"all were acted on {seen.took_s:.1f} s after the first was due; fresh events at {scale.FRESH_PER_S}/s had:")
    print("\n| event to action | p50 ms | p99 ms | p99.9 ms | actions |\n|---|---|---|---|---|")
    for name, measured in (("before", seen.before), ("meanwhile", seen.meanwhile)):
        row = " | ".join(f"{value:.0f}" for value in percentiles(measured))
        print(f"| {name} | {row} | {len(measured)} |", flush=True)


async def decide(arguments: argparse.Namespace, bench: Bench) -> None:
    """What a program waits for that asks while events stream."""
    most = await throughput(bench, "exactly-once", arguments.events // 2, requests.CUSTOMERS, run="decide-")
    rate = int(most / 2)
    print(f"\nthe stream at {rate:,} events/s, half of {most:,.0f}; {requests.PER_S} requests/s")
    print("\n| POST /v1/decide | p50 ms | p99 ms | p99.9 ms | answers |\n|---|---|---|---|---|")
    for name, measured in (await requests.measure(bench, rate, arguments.seconds)).items():
        row = " | ".join(f"{value:.0f}" for value in percentiles(measured))
        print(f"| {name} | {row} | {len(measured)} |", flush=True)


async def choose(arguments: argparse.Namespace, bench: Bench) -> None:
    """What it costs to choose the best of many actions."""
    decisions.main()


def percentiles(measured: list[float]) -> list[float]:
    """The 50th, the 99th and the 99.9th."""
    ordered = sorted(measured)
    return [ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.99, 0.999)]


async def run(arguments: argparse.Namespace, bench: Bench) -> None:
    """The parts that were asked for, in turn."""
    parts = {
        "speed": speed,
        "latency": steady,
        "journeys": journeys,
        "timers": timers,
        "decide": decide,
        "decisions": choose,
    }
    for name in arguments.only or PARTS:
        await parts[name](arguments, bench)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="*", choices=PARTS)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=int, nargs="*", default=[2_000, 5_000])
    arguments = parser.parse_args()
    print(f"the engine is {'compiled' if IS_COMPILED else 'not compiled'}")
    with (
        tempfile.TemporaryDirectory(prefix="orchestrator-bench-") as folder,
        EmbeddedBroker(Path(folder) / "kafka", 0) as broker,
    ):
        asyncio.run(run(arguments, Bench(broker.start(), Path(folder))))


if __name__ == "__main__":
    main()
