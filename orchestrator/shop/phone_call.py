"""Calls between customers and the call centre."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from orchestrator.shop.person import Person
from orchestrator.shop.visit import Row, Visit

_MINUTE_MS = 60_000
_AGENTS = 9
_ABANDONED = 0.14


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why somebody calls: how often it happens, how long after, and how it may end."""

    share: float
    after_minutes: tuple[int, int]
    queue: str
    reason: str
    endings: tuple[tuple[str, str], ...]


_OCCASIONS = {
    "payment_error": Occasion(
        share=0.34,
        after_minutes=(4, 45),
        queue="orders",
        reason="payment failed",
        endings=(
            ("resolved", "Card was declined by the bank. Customer will use another card and finish the order online."),
            ("resolved", "Explained the bank's confirmation step. Customer tries again."),
            ("callback_needed", "Payment provider was slow. Promised a call when it works again."),
            ("unresolved", "Customer does not want to pay by card and will think about it."),
        ),
    ),
    "checkout_bug": Occasion(
        share=0.34,
        after_minutes=(4, 45),
        queue="orders",
        reason="checkout failed",
        endings=(
            ("resolved", "Address had no house number. Corrected it together."),
            ("callback_needed", "Checkout button did nothing. Passed on to the web team, call back with news."),
        ),
    ),
    "purchase": Occasion(
        share=0.06,
        after_minutes=(1_500, 5_600),
        queue="delivery",
        reason="where is my order",
        endings=(
            ("resolved", "Parcel is with the carrier. Gave the expected day."),
            ("resolved", "Changed the delivery to the neighbour."),
            ("callback_needed", "Parcel has not moved for two days. Asked the carrier, call back tomorrow."),
        ),
    ),
    "support_chat": Occasion(
        share=0.08,
        after_minutes=(60, 1_500),
        queue="support",
        reason="question after chat",
        endings=(
            ("resolved", "Answered the question from the chat."),
            ("unresolved", "Question is with the product team."),
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class PhoneCall:
    """One call. ``start_ms`` and ``end_ms`` are the times of its two events."""

    start_ms: int
    end_ms: int
    properties: dict[str, Any]
    ending: dict[str, Any]


def phone_calls(person: Person, visit: Visit, known_from: int) -> Iterator[PhoneCall]:
    """The calls that one visit leads to, once the shop knows whose it is."""
    rng = person.rng(f"calls:{visit.id}")
    for action, occasion in _OCCASIONS.items():
        row = next((row for row in visit.rows[known_from:] if row.action == action), None)
        if row is not None and rng.random() < occasion.share:
            yield from _conversation(f"call_{visit.id.removeprefix('sess_')}-{action[0]}", occasion, row, rng)


def _conversation(call_id: str, occasion: Occasion, row: Row, rng: Random) -> Iterator[PhoneCall]:
    start_ms = row.at_ms + rng.randint(*occasion.after_minutes) * _MINUTE_MS
    if rng.random() >= _ABANDONED:
        yield _answered(call_id, "inbound", occasion, start_ms, rng)
        return
    ending = {"outcome": "abandoned", "duration_s": rng.randint(40, 300), "transcript_summary": "Hung up in the queue."}
    yield _call(call_id, "inbound", occasion, start_ms, ending)
    yield _answered(f"{call_id}-back", "outbound", occasion, start_ms + rng.randint(30, 180) * _MINUTE_MS, rng)


def _answered(call_id: str, direction: str, occasion: Occasion, start_ms: int, rng: Random) -> PhoneCall:
    outcome, summary = rng.choice(occasion.endings)
    ending = {
        "agent_id": f"agent-{rng.randint(1, _AGENTS):02d}",
        "outcome": outcome,
        "duration_s": rng.randint(70, 620),
        "transcript_summary": summary,
    }
    return _call(call_id, direction, occasion, start_ms, ending)


def _call(call_id: str, direction: str, occasion: Occasion, start_ms: int, ending: dict[str, Any]) -> PhoneCall:
    properties = {"call_id": call_id, "direction": direction, "queue": occasion.queue, "reason": occasion.reason}
    return PhoneCall(start_ms, start_ms + ending["duration_s"] * 1_000, properties, properties | ending)
