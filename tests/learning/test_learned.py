"""``orchestrator models``: what was learned, as a person reads it."""

from __future__ import annotations

from orchestrator.console.learned import actions_table, channel_rows, channels_table
from orchestrator.learning.outcomes import Outcomes
from orchestrator.learning.snapshot import Part, snapshot, table
from tests.learning.lines import line


def test_it_shows_counts_and_rates() -> None:
    counts = Outcomes()
    for number in range(1_000):
        counts.take(line("published", sent_hour=9))
        if number < 300:
            counts.take(line("clicked", sent_hour=9, hour=21, followed=True))
    learned = snapshot({"outcomes/0": Part(0, 1, counts)}, 0)

    assert actions_table(table(learned)) == [
        ("ACTION", "CHANNEL", "PUBLISHED", "OPENED", "CLICKED", "CONVERTED", "FOLLOWED", "PROPENSITY"),
        ("lights", "email", "1000", "300", "300", "0", "300", "30.00%"),
    ]
    assert channels_table(channel_rows(learned)) == [
        ("CHANNEL", "PUBLISHED", "READ", "BEST SENT AT", "MOST OPENED AT"),
        ("email", "1000", "30.00%", "09:00", "21:00"),
    ]
