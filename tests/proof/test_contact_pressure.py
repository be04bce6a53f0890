"""Contact pressure: what customers had to bear, and where service went before sales."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.proof.contact_pressure import ContactPressure, most_within, personal_channels

NUMBERS = count()
WEEK = timedelta(days=7)


def watching() -> ContactPressure:
    return ContactPressure({"email", "call"}, "UTC", ("serve", "solve"))


def mail(at: str, customer: str = "ann", channel: str = "email", **more: Any) -> dict[str, Any]:
    return {
        "kind": "action",
        "action_id": f"{next(NUMBERS):032x}",
        "customer_id": customer,
        "channel": channel,
        "purpose": "marketing",
        "goal": "sell",
        "recipient": {"timezone": None},
        "decided_at": f"2024-03-{at}:00.000Z",
        **more,
    }


def stopped(id_: str, outcome: str, rule: str) -> dict[str, Any]:
    return {"kind": "decision", "action_id": id_, "outcome": outcome, "reasons": [{"rule": rule, "detail": "so"}]}


def choice(won: dict[str, Any], *others: dict[str, Any], **excluded: int) -> dict[str, Any]:
    return {"kind": "arbitration", "chosen": [won], "next": list(others), "excluded": excluded}


def candidate(goal: str, priority: float) -> dict[str, Any]:
    return {"goal": goal, "factors": {"priority": priority}}


def test_of_nothing_there_is_nothing() -> None:
    figures = watching().figures()
    assert (figures.messages, figures.mean, figures.p95, figures.most, figures.crowded) == (0, 0.0, 0, 0, 0)


def test_weeks_count_in_which_a_customer_got_something() -> None:
    pressure = watching()
    pressure.take([mail("04T10:00"), mail("10T10:00"), mail("11T10:00"), mail("04T10:00", "bob")])
    figures = pressure.figures()
    assert (figures.messages, figures.customers, figures.most) == (4, 2, 2)
    assert figures.mean == 4 / 3


def test_what_is_on_a_page_is_no_message() -> None:
    pressure = watching()
    pressure.take([mail("04T10:00", channel="web"), mail("04T10:00", channel="call", purpose="service")])
    figures = pressure.figures()
    assert (figures.messages, figures.marketing) == (1, 0)
    assert pressure.by_goal() == {("sell", "web"): 1, ("sell", "call"): 1}


def test_night_and_day_are_those_of_the_customer() -> None:
    pressure = watching()
    zone = {"timezone": "America/Chicago"}
    pressure.take([mail("04T18:00"), mail("04T21:00"), mail("06T06:59"), mail("07T07:00")])
    pressure.take([mail("11T04:00", "bob", recipient=zone), mail("11T18:00", "bob", recipient=zone)])
    figures = pressure.figures()
    assert figures.at_night == 3
    assert figures.same_day == 1


def test_more_than_three_within_any_seven_days_are_too_many() -> None:
    pressure = watching()
    pressure.take(mail(f"{day}T10:00") for day in ("07", "08", "12", "14"))
    assert pressure.figures().crowded == 0
    pressure.take([mail("13T10:00")])
    assert pressure.figures().crowded == 1


def test_a_message_that_is_held_again_is_counted_once() -> None:
    pressure = watching()
    pressure.take([stopped("a", "held", "cap"), stopped("a", "held", "cap"), stopped("a", "refused", "cap")])
    pressure.take([stopped("b", "published", "fallback")])
    assert pressure.stopped == {("cap", "held"): 1, ("cap", "refused"): 1}


def test_what_waited_for_service_went_out_later_or_not() -> None:
    pressure = watching()
    sent = mail("04T10:00")
    pressure.take([stopped(sent["action_id"], "held", "quiet"), stopped("b", "refused", "quiet"), sent])
    assert (len(pressure.withheld), pressure.sent_later) == (2, 1)


def test_service_that_is_worth_less_and_goes_first_is_a_conflict() -> None:
    pressure = watching()
    pressure.take([choice(candidate("solve", 0.1), candidate("sell", 0.2))])
    pressure.take([choice(candidate("solve", 0.3), candidate("sell", 0.2))])
    pressure.take([choice(candidate("sell", 0.3), candidate("solve", 0.2)), choice(candidate("solve", 0.1), quiet=2)])
    assert len(pressure.outranked) == 1
    assert pressure.hushed == 1


def test_what_needs_an_address_of_the_person_is_personal() -> None:
    assert personal_channels({"email": ("traits.email",), "web": ("id",), "ads": ("traits.email", "id")}) == {"email"}


@given(st.lists(st.integers(0, 60)))
def test_the_most_within_a_week_is_what_counting_by_hand_gives(hours: list[int]) -> None:
    moments = [datetime(2024, 3, 1, tzinfo=UTC) + timedelta(hours=8 * each) for each in hours]
    by_hand = max((sum(end - WEEK < each <= end for each in moments) for end in moments), default=0)
    assert most_within(WEEK, moments) == by_hand
