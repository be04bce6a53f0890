"""Records as trackers, senders and back offices write them, and the events that they are."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
import pytest

from orchestrator.events.intake import Intake, Limits

GOLD: list[dict[str, Any]] = orjson.loads(Path(__file__).with_name("gold.json").read_bytes())
INTAKE = Intake(Limits(262_144, 86_400_000, 60_000, event_clock=False, strict={}))


@pytest.mark.parametrize("sample", GOLD, ids=lambda sample: sample["from"])
def test_gold(sample: dict[str, Any]) -> None:
    """What a sample doesn't name is taken over as it stands in the record."""
    record = sample["record"]
    headers = [(name, value.encode()) for name, value in sample.get("headers", {}).items()]

    event = asdict(
        INTAKE.read("events.click", 0, 7, orjson.dumps(record), headers, 1_767_323_045_950, 1_767_323_046_000)
    )

    unnamed = {
        "at": 1_767_323_045_950,
        "previous_id": None,
        "properties": record.get("properties", {}),
        "traits": {},
        "context": record.get("context", {}),
        "traceparent": None,
    }
    assert event == unnamed | sample["event"]
