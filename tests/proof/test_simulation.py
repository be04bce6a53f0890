"""Simulations: what they add up to, and that nothing is there but what a worker would do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from orchestrator.engine.customer import Consent, Customer, Instance, Pointer
from orchestrator.errors import UsageError
from orchestrator.proof.profiles import as_of
from orchestrator.proof.recordings import read_when, recorded
from orchestrator.proof.report import report
from orchestrator.proof.simulation import Past, Simulation, simulate
from orchestrator.proof.tally import Tally
from orchestrator.settings import Settings
from orchestrator.testing.texts import pack_of

WORLD = """
    action: letter
    channel: email
    content: {subject: "Your {{ journey.entry.properties.name | default('cart') }}", html: <p>Hi</p>, text: Hi}
    ---
    action: note
    channel: crm
    purpose: service
    content: {object: note, fields: {text: hi}}
    ---
    journey: cart
    entry: {on: Product Added, if: event.properties.total > 20.0, reentry: after 1 day}
    exit: [{on: Order Completed}]
    steps:
      - wait: {event: Cart Viewed, timeout: 1 hour, timed_out: [{act: letter}]}
      - act: note
"""
HOUR = 3_600_000


def event(name: str, hours: float, user: str = "ada", **fields: Any) -> Past:
    at = 1_767_603_600_000 + int(hours * HOUR)
    call = {"type": "track", "event": name, "userId": user, "messageId": f"{name}-{user}-{hours}", "timestamp": at}
    return Past("events.click", user.encode(), orjson.dumps({**call, "properties": {"total": 64.0}, **fields}), at)


def consent(user: str = "ada") -> list[Past]:
    call = {
        "type": "identify",
        "userId": user,
        "traits": {"email": f"{user}@example.org"},
        "timestamp": 1_767_603_600_000,
    }
    identified = Past("events.profile", user.encode(), orjson.dumps(call), 1_767_603_600_000)
    said = {"channel": "email", "purpose": "marketing", "given": True}
    return [identified, event("Consent Changed", 0, user, properties=said)]


def outcome(*past: Past, until: int = 0, text: str = WORLD) -> dict[str, Any]:
    tally = Tally()
    simulation = Simulation(pack_of(text), Settings(project=Path()), [tally])
    tally.attend(simulation)
    simulate(simulation, past, until)
    return tally.outcome(simulation)


def test_who_would_enter() -> None:
    found = outcome(event("Product Added", 0), event("Product Added", 2, "bo"), event("Product Added", 3))
    (cart,) = found["journeys"]
    assert (cart["entered"], cart["customers"]) == (2, 2)
    assert cart["sample"] == [
        {"customer": "ada", "at": "2026-01-05T09:00:00.000Z", "event": "Product Added"},
        {"customer": "bo", "at": "2026-01-05T11:00:00.000Z", "event": "Product Added"},
    ]
    assert cart["not_let_in"] == {"too soon after the last entry": 1}


def test_what_would_be_sent_when_and_where() -> None:
    found = outcome(*consent(), event("Product Added", 0), event("Cart Viewed", 20))
    (cart,) = found["journeys"]
    assert [(action["channel"], action["action"], action["days"]) for action in cart["actions"]] == [
        ("crm", "note", {"2026-01-05": 1}),
        ("email", "letter", {"2026-01-05": 1}),
    ]
    assert cart["actions"][1]["sample"] == [
        {"customer": "ada", "at": "2026-01-05T10:00:00.000Z", "says": "Your cart"},
    ]
    assert found["actions"] == 2


def test_waits_end_between_events_and_after_the_last_only_if_asked() -> None:
    assert outcome(event("Product Added", 0))["actions"] == 0
    assert outcome(event("Product Added", 0), until=HOUR)["actions"] == 1
    assert outcome(event("Product Added", 0), event("Page", 1))["actions"] == 1


def test_numbers_of_each_step() -> None:
    past = [event("Product Added", 0, user) for user in ("ada", "bo", "cy", "di")]
    past += [event("Cart Viewed", 0.1, "ada"), event("Order Completed", 0.2, "bo"), event("Product Added", 0.9, "ed")]
    (cart,) = outcome(*past, event("Page", 1))["journeys"]
    wait, letter, note = cart["steps"]
    assert (wait["entered"], wait["left"], wait["waiting"], wait["exited"]) == (5, 4, 1, 1)
    assert wait["ways"] == {"received": 1, "timed out": 2}
    assert (letter["entered"], note["entered"]) == (2, 3)


def test_refusals_by_rule() -> None:
    (cart,) = outcome(event("Product Added", 0), until=HOUR)["journeys"]
    assert cart["against"] == [
        {
            "action": "letter",
            "outcome": "refused",
            "rule": "consent",
            "count": 1,
            "detail": "no consent to marketing on email",
        }
    ]


RICH = """
    action: note
    channel: crm
    purpose: service
    content: {object: note, fields: {text: hi}}
    ---
    journey: rich
    holdout: 50
    entry: {on: Product Added, cap: {most: 5}}
    goal: [{on: Order Completed, value: event.properties.total}]
    steps:
      - split: {experiment: colours, arms: [{arm: red, weight: 50, steps: [{act: note}]}, {arm: plain, weight: 50}]}
      - wait: 1 day
"""


def test_experiments_goals_holdouts_and_caps() -> None:
    past = [event("Product Added", 0, f"user-{number}") for number in range(40)]
    past += [event("Order Completed", 1, f"user-{number}") for number in range(40)]
    found = outcome(*past, text=RICH)
    (rich,) = found["journeys"]
    assert (rich["entered"], rich["cap_hits"]) == (5, 40 - rich["held_out"] - 5)
    assert sum(rich["arms"]["colours"].values()) == 5
    assert rich["goals"] == [{"goal": "goal-1", "reached": 5, "value": 320.0}]
    assert "  goal goal-1 reached 5 times, worth 320.00" in list(report(found))


def test_what_cannot_be_used_is_counted() -> None:
    past = [Past("events.click", b"", b"{", None), event("Product Added", 1), event("Product Added", 1)]
    found = outcome(*past, event("Product Added", -30, "bo"))
    assert found["dead_letters"] == {"not_json": 1}
    assert (found["duplicates"], found["late"]) == (1, 1)
    lines = list(report(found))
    assert "  1 record could not be used (not_json 1)" in lines
    assert "  1 event came twice and counted once" in lines


def test_without_events_there_is_nothing() -> None:
    found = outcome()
    assert found["from"] is None
    assert next(report(found)) == "there was nothing to simulate: no event was read"


def test_the_report_is_readable() -> None:
    lines = list(report(outcome(*consent(), event("Product Added", 0), event("Product Added", 0, "bo"), until=HOUR)))
    assert "3 actions would go out, 0 withdrawn in time" in lines
    assert any("entered 2 times, by 2 customers" in line for line in lines)
    assert "  ✕ letter refused once by the rule consent, such as: no consent to marketing on email" in lines


def test_the_same_events_give_the_same_outcome() -> None:
    past = [*consent(), event("Product Added", 0), event("Cart Viewed", 0.5)]
    assert outcome(*past) == outcome(*past)


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(event("Product Added", 0).value + b"\n" + event("Order Completed", 1).value)
    assert [past.topic for past in recorded(str(path))] == ["events.click", "events.purchase"]


@pytest.mark.parametrize(
    ("text", "moment"),
    [("2026-01-05T09:00:00Z", 1_767_603_600_000), ("2026-01-05", 1_767_571_200_000), ("1 hour", 6_400_000)],
)
def test_moments_are_dates_or_how_long_ago(text: str, moment: int) -> None:
    assert read_when("--from", text, lambda: 10_000_000) == moment


def test_what_is_no_moment_is_told() -> None:
    with pytest.raises(UsageError, match="--from yesterday: write a moment, for example 2026-03-01"):
        read_when("--from", "yesterday", lambda: 0)


def ada() -> Customer:
    stay = Instance("cart", "v", "cart", "u:ada", 100, {"id": "e"}, "wait-1", 500)
    return Customer(
        "u:ada",
        first_seen=100,
        last_seen=900,
        traits={"email": "a", "phone": "b", "locale": "de"},
        trait_times={"email": 100, "phone": 600},
        aliases={"tab": 100, "phone": 700},
        consents={"email/marketing": Consent(True, 200), "sms/marketing": Consent(False, 800)},
        instances={"cart": stay},
        next_due=500,
    )


def test_a_customer_is_known_as_before() -> None:
    assert as_of(ada(), 500) == Customer(
        "u:ada",
        first_seen=100,
        last_seen=500,
        traits={"email": "a", "locale": "de"},
        trait_times={"email": 100},
        aliases={"tab": 100},
        consents={"email/marketing": Consent(True, 200)},
    )


def test_who_came_later_is_not_known() -> None:
    assert as_of(ada(), 100) is None
    assert as_of(Pointer("a:tab", "u:ada", 300), 300) is None
    assert as_of(Pointer("a:tab", "u:ada", 300), 301) is not None
