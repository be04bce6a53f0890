"""The example shop's events, ready for Kafka: ``python -m orchestrator.shop.clickstream > events.jsonl``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator

from orchestrator.shop.defects import with_defects
from orchestrator.shop.folder import shop_folder
from orchestrator.shop.line import Line
from orchestrator.shop.person import person
from orchestrator.shop.product import read_catalogue
from orchestrator.shop.story import story
from orchestrator.shop.visit import read_visits

SEED = 7
_DAY_MS = 86_400_000


def events(seed: int = SEED, shift_ms: int = 0) -> Iterator[Line]:
    """All records in order of their time stamps; the same arguments give the same bytes.

    Args:
        seed: another one makes other people, carts and logins around the same clicks.
        shift_ms: moves all times; a topic that deletes by age would drop events of 2024 at once.

    Raises:
        UsageError: when the shop's data is missing.
    """
    folder = shop_folder()
    catalogue = read_catalogue(folder)
    told: list[Line] = []
    for visits in read_visits(folder):
        told += story(person(visits[0].user_id, seed), visits, catalogue, shift_ms)
    yield from with_defects(told, seed)


def synthetic_notice() -> list[str]:
    """What to say about these events wherever they are shown."""
    return [
        "Who clicked, paid, failed or asked for help, and when: a public clickstream of 600 users (Apache-2.0), 2024.",
        "That clickstream looks simulated itself.",
        "Made up around it: people, products, prices, carts, visitor ids, logins, consents, calls, mail opens, scores.",
        "Nobody here exists: mail addresses are at example.com, .net and .org, phone numbers are kept for fiction.",
        "Wrong on purpose: about one record in 1,000 comes twice, a few come hours or days late, 20 are useless.",
    ]


def main() -> None:
    """Writes the records to the standard output as JSON Lines."""
    parser = argparse.ArgumentParser(prog="python -m orchestrator.shop.clickstream", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED, help="makes other people and carts (default: %(default)s)")
    parser.add_argument("--shift-days", type=int, default=0, help="moves all times (default: %(default)s)")
    arguments = parser.parse_args()
    try:
        for line in events(arguments.seed, arguments.shift_days * _DAY_MS):
            sys.stdout.buffer.write(line.to_json())
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader, perhaps head, has enough; without this Python complains once more while it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
