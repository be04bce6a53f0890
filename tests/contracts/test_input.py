"""The models of what comes in, held against the intake that reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from orchestrator.contracts.events import InputEvent
from orchestrator.contracts.known_events import (
    CallEnded,
    CallStarted,
    ConsentChanged,
    MessageBounced,
    MessageReaction,
    MessageUnsubscribed,
)
from orchestrator.errors import BadRecord
from orchestrator.events.intake import Intake, Limits
from orchestrator.shop.clickstream import events

ROOT = Path(__file__).resolve().parents[2]
GOLD: list[dict[str, Any]] = orjson.loads((ROOT / "tests/events/gold.json").read_bytes())
INTAKE = Intake(Limits(65_536, 0, 0, event_clock=True, strict={}))
KNOWN: dict[str, type[BaseModel]] = {
    "Call Started": CallStarted,
    "Call Ended": CallEnded,
    "Message Bounced": MessageBounced,
    "Message Unsubscribed": MessageUnsubscribed,
    "Message Opened": MessageReaction,
    "Message Clicked": MessageReaction,
    "Consent Changed": ConsentChanged,
}


@pytest.mark.parametrize("sample", GOLD, ids=lambda sample: sample["from"])
def test_gold(sample: dict[str, Any]) -> None:
    InputEvent.model_validate(sample["record"])


def test_the_shop_speaks_by_the_contract() -> None:
    seen = set()
    for line in events():
        if line.defect in ("not_json", "no_identity", "absurd_time"):
            continue
        record = orjson.loads(line.value)
        InputEvent.model_validate(record)
        model = KNOWN.get(record.get("event"))
        if model is not None:
            seen.add(record["event"])
            model.model_validate(record)

    assert seen == set(KNOWN)


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        (CallStarted, {"properties": {"direction": "inbound"}}),
        (CallEnded, {"properties": {"call_id": "1", "direction": "sideways"}}),
        (CallEnded, {"properties": {"call_id": "1", "direction": "inbound", "duration_s": -1}}),
        (MessageBounced, {"properties": {"kind": "hard"}}),
        (ConsentChanged, {"properties": {"given": "yes"}}),
        (ConsentChanged, {"properties": None}),
        (MessageReaction, {"event": "Message Burnt"}),
    ],
)
def test_known_events_that_are_wrong(model: type[BaseModel], changes: dict[str, Any]) -> None:
    example: dict[str, Any] = model.model_json_schema()["examples"][0]

    model.model_validate(example)
    with pytest.raises(ValidationError):
        model.model_validate({**example, **changes})


texts = st.text(max_size=8)
numbers = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | texts
values = scalars | st.lists(scalars, max_size=2) | st.dictionaries(texts, scalars, max_size=2)
ids = st.sampled_from(["u-1", "", " ", "x" * 257, "\u0000"]) | values
stamps = st.sampled_from(["2026-01-02", "1999-12-31T00:00:00Z", "3000-01-01", 1_767_323_045_678, 5]) | values
calls = st.fixed_dictionaries(
    {"type": st.sampled_from(["track", "identify", "page", "screen", "alias", "group"]), "userId": ids},
    optional={
        "event": st.sampled_from(["Order Completed", " ", "x" * 201]) | values,
        **dict.fromkeys(("messageId", "anonymousId", "previousId", "groupId"), ids),
        "timestamp": stamps,
        **dict.fromkeys(("properties", "traits", "context", "name", "category"), values),
    },
)


@given(calls)
def test_the_model_takes_what_the_intake_takes(record: dict[str, Any]) -> None:
    try:
        INTAKE.read("events.click", 0, 0, orjson.dumps(record), (), 1_767_323_045_678, 1_767_323_045_678)
        taken = True
    except BadRecord:
        taken = False
    if taken:
        InputEvent.model_validate(record)
