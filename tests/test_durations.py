"""Durations: what people write, in milliseconds, and back."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError

from orchestrator.durations import DurationMs, format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "duration_ms"),
    [
        ("0 seconds", 0),
        ("500ms", 500),
        ("500 milliseconds", 500),
        ("1s", 1_000),
        ("12 seconds", 12_000),
        ("90m", 5_400_000),
        ("1.5 hours", 5_400_000),
        ("1 hour 30 minutes", 5_400_000),
        ("1 hour, 30 min", 5_400_000),
        (" 2 Days ", 172_800_000),
        ("1w", 604_800_000),
    ],
)
def test_a_duration_is_milliseconds(text: str, duration_ms: int) -> None:
    assert parse_duration(text) == duration_ms


@pytest.mark.parametrize(
    "text", ["", "7", "days", "7 fortnights", "-1 day", "1 day ago", "1 hours 5", "4000 days", "1e3 s"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("duration_ms", "text"),
    [(0, "0 seconds"), (1, "1 millisecond"), (5_400_000, "90 minutes"), (86_400_000, "1 day"), (604_800_000, "1 week")],
)
def test_the_shortest_exact_text(duration_ms: int, text: str) -> None:
    assert format_duration(duration_ms) == text
    assert parse_duration(text) == duration_ms


def test_a_field_reads_text_only_and_writes_it_back() -> None:
    class Wait(BaseModel):
        delay: DurationMs

    assert Wait.model_validate({"delay": "2 hours"}).delay == 7_200_000
    assert Wait.model_validate({"delay": "120 minutes"}).model_dump() == {"delay": "2 hours"}
    with pytest.raises(ValidationError, match="with its unit"):
        Wait.model_validate({"delay": 7_200_000})
